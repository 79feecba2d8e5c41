"""Runs in the candidate's sandbox: imports what the judge asks for and answers. argv: descriptor, code folder, spec."""

from __future__ import annotations

import builtins
import gc
import io
import json
import os
import random
import sys

here, fd, code, spec = sys.argv[0], int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
sys.path[:0] = [os.path.dirname(here)]
from peer import Peer  # noqa: E402
from wire import Gone, Pipe  # noqa: E402


class Told(io.TextIOBase):
    """Standard output or error of the candidate: kept until the next answer, which takes it along."""

    def __init__(self, stream, parts, cap):
        self.stream, self.parts, self.cap, self.size = stream, parts, cap, 0

    def writable(self):
        return True

    def write(self, text):
        self.size += len(text)
        if self.size <= self.cap:
            self.parts.append([self.stream, str(text)])
        return len(text)


def main():
    parts = []
    sys.stdout, sys.stderr = Told("out", parts, spec["output"]), Told("err", parts, spec["output"])
    sys.stdin = io.StringIO("")
    sys.path[:] = [code, *[p for p in sys.path if p != os.path.dirname(here)], *spec["sites"]]
    for name in ("peer", "wire"):
        sys.modules.pop(name, None)  # the candidate may have modules of these names
    os.umask(0)
    os.makedirs(spec["folder"], exist_ok=True)
    os.chdir(spec["folder"])
    sys.argv[:] = [""]
    random.seed(spec["seed"])
    peer = Peer(Pipe(fd), examines=False, shared=spec["shared"])

    def take():
        taken = parts[:]
        del parts[:]
        return taken

    peer.before_reply = take
    builtins.input = lambda prompt="": peer.ask("input", str(prompt))
    gc.freeze()
    try:
        peer.serve_forever()
    except Gone:
        os._exit(0)


main()
