"""MBPP: one sentence and one visible assert are shown; the other asserts score."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lamarck.benchmarks.problem import Problem, hidden_tests
from lamarck.benchmarks.suites.rows import MODULE, json_lines, names_defined, names_read
from lamarck.errors import BadInput
from lamarck.records import SourceFile

_KEYS = ("id", "prompt", "visible_test", "hidden_tests", "imports", "reference")


def mbpp(path: Path) -> Iterator[Problem]:
    """One problem a row. Raises `BadInput` for a file of another form."""
    for row in json_lines(path, _KEYS):
        wanted = sorted(names_read(row["visible_test"]) & names_defined(row["reference"]))
        if not wanted:
            raise BadInput(
                f"{path}: the visible test of {row['id']} calls no function of the reference", "leave it out"
            )
        head = "\n".join([*row["imports"], f"from {MODULE} import {', '.join(wanted)}"])
        yield Problem(
            id=row["id"],
            files=(SourceFile(path="test_shown.py", text=_file(head, [row["visible_test"]])),),
            source=row["prompt"].strip(),
            tests=("test_shown.py",),
            hidden=(hidden_tests("test_hidden.py", _file(head, row["hidden_tests"])),),
            reference=(SourceFile(path=f"{MODULE}.py", text=row["reference"].strip() + "\n"),),
        )


def _file(head: str, asserts: list[str]) -> str:
    tests = [f"def test_{number}():\n    {text.strip()}\n" for number, text in enumerate(asserts, 1)]
    return "\n\n".join([head + "\n", *tests])
