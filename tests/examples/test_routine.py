"""Every routine request: its reference passes, an empty answer and the usual answer to a near miss do not.

All of a request's subjects run at once, in the real sandbox.
"""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lamarck.api import Lamarck, Settings
from lamarck.benchmarks.building import build
from lamarck.benchmarks.problem import Problem
from lamarck.benchmarks.suites.routine import FORMS, later_requests, near_misses, requests
from lamarck.benchmarks.suites.table import load_suite
from lamarck.checks.hollow import hollow
from lamarck.checks.judge.judge import Judge, Subject, SubjectReport
from lamarck.errors import BadInput
from lamarck.records import AcceptanceKind, CheckOutcome
from lamarck.sandbox.interpreter import find_interpreter
from lamarck.sandbox.selection import choose_sandbox
from lamarck.settings import SandboxSettings

ROWS: list[dict[str, Any]] = [json.loads(line) for line in requests().read_text(encoding="utf-8").splitlines()]
PROBLEMS = load_suite("routine", None)[0]
LATER = load_suite("routine", later_requests())[0]
LURES = near_misses(requests())


@pytest.fixture(scope="module")
def lamarck(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lamarck]:
    folder = tmp_path_factory.mktemp("project")
    with Lamarck(Settings(), library=folder / "library.sqlite", folder=folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return Judge(choose_sandbox(SandboxSettings()), find_interpreter(None, tmp_path_factory.mktemp("project")))


def failed(report: SubjectReport) -> list[str]:
    return [r.id for r in report.results if r.outcome is not CheckOutcome.PASSED]


def count_tests(texts: dict[str, str]) -> int:
    nodes = [n for text in texts.values() for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef)]
    return sum(n.name.startswith("test_") for n in nodes)


def test_what_there_is() -> None:
    plain = [r for r in ROWS if not r["near_miss"]]
    assert (len(plain), len(LURES)) == (50, 15)
    assert {r["form"] for r in plain} == set(FORMS)
    assert len({r["family"] for r in plain}) == 12
    assert min(Counter(r["family"] for r in plain).values()) >= 3
    assert {r["family"] for r in ROWS if r["near_miss"]} == {r["family"] for r in plain}
    later = [json.loads(line) for line in later_requests().read_text(encoding="utf-8").splitlines()]
    assert Counter(r["family"] for r in later) == dict.fromkeys({r["family"] for r in plain}, 5)
    assert not {r["id"] for r in later} & {r["id"] for r in ROWS}


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r["id"])
def test_every_request_has_tests_enough(row: dict[str, Any]) -> None:
    assert 3 <= count_tests(row["tests"] or row["hidden"]) <= 8
    assert row["near_miss"] is ("lure" in row) is ("point" in row)
    if row["near_miss"]:
        assert count_tests(row["hidden"]) >= 1


@pytest.mark.parametrize("problem", (*PROBLEMS, *LATER), ids=lambda p: p.id)
def test_the_reference_passes_and_nothing_else(
    problem: Problem, lamarck: Lamarck, judge: Judge, tmp_path: Path
) -> None:
    built = build(problem, lamarck, tmp_path)
    written = {f.path for f in built.task.stubs} or {built.task.main_path}
    assert written == {f.path for f in problem.reference}
    given = {a.path for a in built.task.acceptance}
    acceptance = built.task.acceptance + tuple(a for a in built.scoring.acceptance if a.path not in given)
    subjects = {"reference": problem.reference, "hollow": hollow(problem.reference, "none")}
    if problem.id in LURES:
        subjects["lure"] = LURES[problem.id]
    report = judge.judge(
        built.task, acceptance, tuple(Subject(label=label, files=files) for label, files in subjects.items())
    )
    assert (report.broke, report.collect_error) == (None, None)
    judged = {s.label: s for s in report.subjects}
    assert failed(judged["reference"]) == []
    # By what its user gives, not only by what scores.
    known = {a.path for a in built.task.acceptance if a.kind is not AcceptanceKind.DOCTEST}
    assert any(not known or name.partition("::")[0] in known for name in failed(judged["hollow"]))
    if problem.id in LURES:
        assert judged["lure"].import_error is None
        assert failed(judged["lure"])


def test_nothing_of_the_answer_is_shown() -> None:
    for row, problem in zip(ROWS, PROBLEMS, strict=True):
        shown = {f.text.strip() for f in problem.files} | {problem.source}
        assert not shown & {t.strip() for k in ("reference", "hidden", "lure") for t in row.get(k, {}).values()}


def test_a_row_of_no_known_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_text(json.dumps(ROWS[0] | {"form": "poem"}) + "\n")
    with pytest.raises(BadInput, match="contact-address is of no form"):
        load_suite("routine", path)
