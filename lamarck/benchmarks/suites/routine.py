"""Routine requests that the repository carries, written without knowledge of the templates that they measure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lamarck.benchmarks.problem import Problem, hidden_tests
from lamarck.benchmarks.suites.rows import HINT, json_lines
from lamarck.errors import BadInput
from lamarck.records import SourceFile

FORMS = ("sentence", "stub", "tests")
_KEYS = ("id", "family", "form", "near_miss", "task", "tests", "reference")


def requests() -> Path:
    """The requests in the repository. Raises `BadInput` in an installation without them."""
    return _carried("requests.jsonl")


def later_requests() -> Path:
    """Those that were written when the templates were there, by others who did not know them. As `requests`."""
    return _carried("later.jsonl")


def _carried(name: str) -> Path:
    path = Path(__file__).parents[3] / "examples" / "routine" / name
    if not path.is_file():
        raise BadInput("the routine requests are not installed", "name their file with --data requests.jsonl")
    return path


def routine(path: Path) -> Iterator[Problem]:
    """One problem a row. What scores are its `hidden` tests and the given ones. Raises `BadInput`."""
    for row in json_lines(path, _KEYS):
        if row["form"] not in FORMS or (row["form"] == "stub") is not ("stub" in row):
            raise BadInput(f"{path}: {row['id']} is of no form that is known", HINT)
        yield _problem(row)


def near_misses(path: Path) -> dict[str, tuple[SourceFile, ...]]:
    """The id of each request that only looks routine → the usual answer to what it looks like, which is wrong."""
    rows = json_lines(path, _KEYS)
    return {row["id"]: _files(row["lure"]) for row in rows if row["near_miss"]}


def _problem(row: dict[str, Any]) -> Problem:
    first, *others = {"sentence": [row["task"]], "stub": [row.get("stub")], "tests": []}[row["form"]] + [*row["tests"]]
    stub = {row["stub"]: row["task"]} if row["form"] == "stub" else {}
    scoring = row["tests"] | row.get("hidden", {})
    return Problem(
        id=row["id"],
        files=_files(stub | row["tests"]),
        source=first,
        tests=tuple(others),
        hidden=tuple(hidden_tests(p, t) for p, t in scoring.items()),
        reference=_files(row["reference"]),
    )


def _files(texts: dict[str, str]) -> tuple[SourceFile, ...]:
    return tuple(SourceFile(path=p, text=t) for p, t in texts.items())
