"""What is timed: this process makes calls when it is told to, and says when it is done. The clocks are elsewhere.

Over the socket: a line of JSON with `calls` (Python text of a list of argument makers) comes once. For every batch
the number of repetitions and the one call to make (-1: all) come and `r` (ready) goes, `g` (go) comes and `d` (done)
goes, and a place comes for which the hash of what that call returned in the last repetition goes.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import json
import os
import socket
import sys
from typing import Any


def main() -> None:
    spec = json.loads(sys.argv[1])
    channel = socket.socket(fileno=spec["descriptor"])
    sys.path[:0] = [spec["folder"], *spec["sites"]]
    os.chdir("/scratch")
    stream = channel.makefile("rb")
    send = channel.sendall
    module = importlib.import_module(spec["module"])
    scope: dict[str, Any] = {}
    exec(json.loads(stream.readline())["calls"], scope)  # noqa: S102  written by Lamarck from plain values
    calls = [(getattr(module, name), arguments) for name, arguments in scope["CALLS"]]
    send(b"h")
    while line := stream.readline():
        repetitions, only = map(int, line.split())
        chosen = calls if only < 0 else [calls[only]]
        prepared = [[(f, *arguments()) for f, arguments in chosen] for _ in range(repetitions)]
        gc.collect()
        gc.disable()
        send(b"r")
        stream.read(1)
        results: list[Any] = []
        for batch in prepared:
            results = [function(*args, **kwargs) for function, args, kwargs in batch]
        send(b"d")
        gc.enable()
        place = int(stream.readline())
        send(hashlib.sha256(repr(results[place]).encode("utf-8", "backslashreplace")).digest())


if __name__ == "__main__":
    main()
