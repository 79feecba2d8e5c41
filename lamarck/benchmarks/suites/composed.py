"""Sixty different tasks, of which later ones can be composed of earlier ones. The repository carries them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lamarck.benchmarks.problem import Problem, hidden_tests
from lamarck.benchmarks.suites.rows import json_lines
from lamarck.errors import BadInput
from lamarck.records import SourceFile

_KEYS = ("id", "domain", "made_of", "stub", "task", "tests", "hidden", "reference")


def sequence() -> Path:
    """The tasks in the repository. Raises `BadInput` in an installation without them."""
    path = Path(__file__).parents[3] / "examples" / "composed" / "tasks.jsonl"
    if not path.is_file():
        raise BadInput("the composed tasks are not installed", "name their file with --data tasks.jsonl")
    return path


def composed(path: Path) -> Iterator[Problem]:
    """One problem a row, in the order in which they are to be solved; scored by given and withheld tests."""
    for row in json_lines(path, _KEYS):
        yield Problem(
            id=row["id"],
            files=_files({row["stub"]: row["task"]} | row["tests"]),
            source=row["stub"],
            tests=tuple(row["tests"]),
            hidden=tuple(hidden_tests(p, t) for p, t in (row["tests"] | row["hidden"]).items()),
            reference=_files(row["reference"]),
        )


def made_of(path: Path) -> dict[str, tuple[str, ...]]:
    """The id of each task → the earlier tasks that it can be composed of."""
    return {row["id"]: tuple(row["made_of"]) for row in json_lines(path, _KEYS)}


def _files(texts: dict[str, str]) -> tuple[SourceFile, ...]:
    return tuple(SourceFile(path=p, text=t) for p, t in texts.items())
