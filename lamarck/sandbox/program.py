"""What a command line asks of a Python interpreter: its flags, and the code that it runs."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

_WITH_VALUE = ("-X", "-W")


@dataclass(frozen=True)
class Program:
    """python: absolute path. flags: of the interpreter. code: what follows -c; else script: the path of a file."""

    python: str
    flags: tuple[str, ...]
    code: str | None
    script: str | None
    arguments: tuple[str, ...]


def python_program(argv: Sequence[str]) -> Program | None:
    """None for what is no Python, or neither -c nor a script."""
    if not argv or not re.match(r"python[\d.]*$", os.path.basename(argv[0])):
        return None
    position = 1
    while position < len(argv):
        word = argv[position]
        flags = tuple(argv[1:position])
        if word == "-c" and position + 1 < len(argv):
            return Program(argv[0], flags, argv[position + 1], None, tuple(argv[position + 2 :]))
        if not word.startswith("-"):
            return Program(argv[0], flags, None, word, tuple(argv[position + 1 :]))
        if word in ("-", "-m") or word.startswith("--"):
            return None
        position += 2 if word in _WITH_VALUE else 1
    return None
