"""The composed tasks: every reference passes all tests, its stub and a hollow body fail what is shown."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lamarck.api import Lamarck, Settings
from lamarck.benchmarks.building import build
from lamarck.benchmarks.problem import Problem
from lamarck.benchmarks.suites.composed import made_of, sequence
from lamarck.benchmarks.suites.table import draw, load_suite
from lamarck.checks.hollow import hollow
from lamarck.checks.judge.judge import Judge, Subject
from lamarck.records import CheckOutcome
from lamarck.sandbox.interpreter import find_interpreter
from lamarck.sandbox.selection import choose_sandbox
from lamarck.settings import SandboxSettings

ROWS: list[dict[str, Any]] = [json.loads(line) for line in sequence().read_text(encoding="utf-8").splitlines()]
PROBLEMS = load_suite("composed", None)[0]


@pytest.fixture(scope="module")
def lamarck(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lamarck]:
    folder = tmp_path_factory.mktemp("project")
    with Lamarck(Settings(), library=folder / "library.sqlite", folder=folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return Judge(choose_sandbox(SandboxSettings()), find_interpreter(None, tmp_path_factory.mktemp("project")))


def test_what_there_is() -> None:
    assert len(ROWS) == len({row["id"] for row in ROWS}) == 60
    assert sum(bool(row["made_of"]) for row in ROWS) == 20
    assert len({row["domain"] for row in ROWS}) == 10
    seen: set[str] = set()
    for id_, parts in made_of(sequence()).items():
        assert set(parts) <= seen  # what a task is made of comes before it
        seen.add(id_)


def test_no_two_tasks_want_the_same() -> None:
    assert len({row["task"].partition('"""')[2] for row in ROWS}) == len(ROWS)
    assert len({ast.dump(ast.parse(next(iter(row["reference"].values()))).body[-1]) for row in ROWS}) == len(ROWS)


def test_a_shorter_sequence_is_the_beginning_of_it() -> None:
    assert draw(PROBLEMS, 7, 3, suite="composed") == PROBLEMS[:7]
    assert draw(PROBLEMS, 7, 3) != PROBLEMS[:7]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.id)
def test_the_reference_passes_and_nothing_else(
    problem: Problem, lamarck: Lamarck, judge: Judge, tmp_path: Path
) -> None:
    built = build(problem, lamarck, tmp_path)
    subjects = {
        "reference": problem.reference,
        "stub": built.task.stubs,
        "hollow": hollow(problem.reference, "none"),
    }
    report = judge.judge(
        built.task,
        built.scoring.acceptance,
        tuple(Subject(label=label, files=files) for label, files in subjects.items()),
    )
    assert (report.broke, report.collect_error) == (None, None)
    failed = {s.label: [r.id for r in s.results if r.outcome is not CheckOutcome.PASSED] for s in report.subjects}
    assert failed["reference"] == []
    given = {a.path for a in built.task.acceptance}
    for wrong in ("stub", "hollow"):
        assert any(name.partition("::")[0] in given for name in failed[wrong])
