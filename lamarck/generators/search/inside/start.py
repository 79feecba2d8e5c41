"""Started by path inside a sandbox: `start.py SPEC`, a JSON text or, after an @, the path of a JSON file.

A warm process has imported this as a module and called `warm_up` before.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Sequence

_COMMON = (
    "abc", "bisect", "collections.abc", "copy", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools",
    "heapq", "itertools", "json", "math", "operator", "random", "re", "string", "textwrap", "typing",
)  # fmt: skip

_is_prepared = False


def prepare(sites: Sequence[str]) -> None:
    """Once in a process: the environment's packages can be imported, and nothing of it runs unasked."""
    global _is_prepared  # noqa: PLW0603  a warm process prepares ahead
    if not _is_prepared:
        sys.dont_write_bytecode = True
        sys.path += sites
        _is_prepared = True


def warm_up(sites: Sequence[str], pytest_folders: Sequence[str]) -> None:
    """Ahead of all jobs, in the process that they are forked from."""
    prepare([*sites, *pytest_folders])
    for name in _COMMON:
        importlib.import_module(name)
    importlib.import_module(".server", __package__)


def main() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    (given,) = sys.argv[1:]
    if given.startswith("@"):
        with open(given[1:], encoding="utf-8") as file:
            given = file.read()
    spec = json.loads(given)
    sys.path.insert(0, os.path.dirname(here))
    package = os.path.basename(here)
    importlib.import_module(f"{package}.start").prepare([*spec["sites"], *spec["pytest_folders"]])
    run = importlib.import_module(f"{package}.server").run
    sys.path.remove(os.path.dirname(here))
    run(spec)
    os._exit(0)


if __name__ == "__main__":
    main()
