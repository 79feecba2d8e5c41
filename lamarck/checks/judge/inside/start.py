"""Started by path inside a sandbox: `start.py ROLE SPEC`, with ROLE judge or candidate and SPEC a JSON text or, after
an @, the path of a JSON file."""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    role, given = sys.argv[1:]
    if given.startswith("@"):
        with open(given[1:], encoding="utf-8") as file:
            given = file.read()
    spec = json.loads(given)
    sys.dont_write_bytecode = True
    sys.path += spec["sites"]
    sys.path.insert(0, os.path.dirname(here))
    package = os.path.basename(here)
    run = __import__(f"{package}.{role}", fromlist=["run"]).run
    sys.path.remove(os.path.dirname(here))
    import site

    site.setquit()
    site.setcopyright()
    run(spec)


main()
