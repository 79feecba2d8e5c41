"""Exercism: instructions, a stub and its tests are shown, as a user of the exercise sees them; the tests score."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from lamarck.benchmarks.problem import Problem, hidden_tests
from lamarck.benchmarks.suites.rows import json_lines
from lamarck.records import SourceFile

_KEYS = ("id", "instructions", "stub", "tests", "support", "example")


def exercism(path: Path) -> Iterator[Problem]:
    """One problem a row. Raises `BadInput` for a file of another form."""
    for row in json_lines(path, _KEYS):
        folder = row["id"]
        config = {"files": {"solution": [*row["stub"]], "test": [*row["tests"]], "editor": [*row["support"]]}}
        shown = {
            **row["stub"],
            **row["tests"],
            **row["support"],
            ".docs/instructions.md": row["instructions"],
            ".meta/config.json": json.dumps(config),
        }
        solution = zip(row["stub"], row["example"].values(), strict=True)
        yield Problem(
            id=row["id"],
            files=tuple(SourceFile(path=f"{folder}/{p}", text=t) for p, t in shown.items()),
            source=folder,
            hidden=tuple(hidden_tests(p, t) for p, t in row["tests"].items()),
            hidden_support=tuple(SourceFile(path=p, text=t) for p, t in row["support"].items()),
            reference=tuple(SourceFile(path=p, text=t) for p, t in solution),
        )
