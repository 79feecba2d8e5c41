"""The tasks that Lamarck ships: an index of folders with a task, given tests, a reference and hidden tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from lamarck.benchmarks.problem import Problem, hidden_tests
from lamarck.benchmarks.suites.rows import HINT, read
from lamarck.errors import BadInput
from lamarck.records import SourceFile

_KEYS = ("id", "task", "tests", "reference", "hidden")


def shipped() -> Path:
    """The index in the repository. Raises `BadInput` in an installation without it."""
    path = Path(__file__).parents[3] / "examples" / "tasks" / "index.json"
    if not path.is_file():
        raise BadInput("the shipped tasks are not installed", "name their index with --data examples/tasks/index.json")
    return path


def own(path: Path) -> Iterator[Problem]:
    """One problem an entry of the index, whose paths are relative to it. Raises `BadInput`."""
    try:
        entries = json.loads(read(path))
    except json.JSONDecodeError as error:
        raise BadInput(f"{path}: is not JSON: {error}", HINT) from error
    for number, entry in enumerate(entries if isinstance(entries, list) else [None], 1):
        lacking = [key for key in _KEYS if not isinstance(entry, dict) or key not in entry]
        if lacking:
            raise BadInput(f"{path}: entry {number} lacks {', '.join(lacking)}", HINT)
        yield _problem(entry, path.parent)


def _problem(entry: dict[str, Any], folder: Path) -> Problem:
    home = PurePosixPath(entry["task"]).parts[0]
    shown = [p for p in sorted((folder / home).rglob("*")) if p.is_file() and _is_shown(p.relative_to(folder / home))]
    hidden = PurePosixPath(entry["hidden"])
    return Problem(
        id=entry["id"],
        files=tuple(SourceFile(path=p.relative_to(folder).as_posix(), text=read(p)) for p in shown),
        source=entry["task"],
        tests=tuple(entry["tests"]),
        hidden=(hidden_tests(hidden.name, read(folder / hidden)),),
        reference=tuple(
            SourceFile(path=PurePosixPath(p).relative_to(f"{home}/reference").as_posix(), text=read(folder / p))
            for p in entry["reference"]
        ),
    )


def _is_shown(path: Path) -> bool:
    """Neither a solution nor what scores it, nor what a run left behind."""
    if path.parts[0] in {"reference", "hidden"} or "__pycache__" in path.parts:
        return False
    return ".meta" not in path.parts or path.name == "config.json"  # example solutions lie beside it
