"""Suites as people write them, with code that is right and, in `cheats`, code that only looks right to them.

Each file of `cases` holds the tests, an honest candidate and any number of cheats, all of the module `code_`. In
`unusual` stand honest candidates alone: what they do is rare, and no reason to doubt them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lamarck.checks.judge.judge import Judge, JudgeReport, Subject
from lamarck.records import Acceptance, AcceptanceKind, CheckOutcome, JobLimits, SourceFile, make_task

CASES = Path(__file__).parent / "cases"
_PART = re.compile(r"^--- (\w+)\n", re.M)


def cases(kind: str) -> list[Path]:
    return sorted((CASES / kind).glob("*.case"))


def judged(judge: Judge, path: Path) -> JudgeReport:
    _, *parts = _PART.split(path.read_text(encoding="utf-8"))
    texts = list(zip(parts[::2], parts[1::2], strict=True))
    [tests] = [text for kind, text in texts if kind == "tests"]
    task = make_task(
        goal=path.stem,
        module="code_",
        acceptance=(Acceptance(kind=AcceptanceKind.PYTEST, content=tests, path="test_code.py"),),
        job_limits=JobLimits(wall_seconds=60.0),
    )
    subjects = tuple(
        Subject(label=kind, files=(SourceFile(path="code_.py", text=text),)) for kind, text in texts if kind != "tests"
    )
    return judge.judge(task, task.acceptance, subjects)


@pytest.mark.parametrize("path", cases("cheats"), ids=lambda path: path.stem)
def test_cheats_are_not_believed(patient_judge: Judge, path: Path) -> None:
    report = judged(patient_judge, path)
    assert (report.collect_error, report.broke) == (None, None)
    honest, *cheats = report.subjects
    assert [(r.id, r.failure) for r in honest.results if r.outcome is not CheckOutcome.PASSED] == []
    assert cheats
    assert [cheat.passed for cheat in cheats] == [False] * len(cheats)


@pytest.mark.parametrize("path", cases("unusual"), ids=lambda path: path.stem)
def test_what_is_unusual_is_no_cheat(patient_judge: Judge, path: Path) -> None:
    [honest] = judged(patient_judge, path).subjects
    assert [(r.id, r.failure) for r in honest.results if r.outcome is not CheckOutcome.PASSED] == []
    assert honest.passed


def test_there_are_many_of_both() -> None:
    assert len(cases("unusual")) >= 45
    assert sum(path.read_text(encoding="utf-8").count("--- cheat\n") for path in cases("cheats")) >= 105


def test_a_library_that_is_missing_is_not_the_candidates_to_bring(patient_judge: Judge) -> None:
    tests = (
        "from speedlib import given\nfrom code_ import f\n\n@given(int)\ndef test_f(n=0):\n    assert f(n) == abs(n)\n"
    )
    task = make_task(
        goal="no library",
        module="code_",
        acceptance=(Acceptance(kind=AcceptanceKind.PYTEST, content=tests, path="test_code.py"),),
        job_limits=JobLimits(wall_seconds=60.0),
    )
    code = SourceFile(path="code_.py", text="def f(n): return None\n")
    fake = SourceFile(path="speedlib.py", text="def given(*a):\n    return lambda f: lambda: None\n")
    report = patient_judge.judge(task, task.acceptance, (Subject(label="cheat", files=(code, fake)),))
    assert not report.subjects[0].passed
    assert "speedlib" in (report.collect_error or "")


SUPPORT = SourceFile(
    path="nodes.py",
    text="""
class Node:
    def __init__(self, value, next_=None):
        self.value = value
        self.next = next_

    def next(self):
        return self.next

    def is_sorted(self):
        return self.next is None or (self.value <= self.next.value and self.next.is_sorted())
""",
)
SORTS = """
def sort(node):
    values = []
    while node is not None:
        values.append(node.value)
        node = node.next
    for value in sorted(values, reverse=True):
        node = Node(value, node)
    return node
"""
PRETENDS = """
def sort(node):
    node.is_sorted = lambda: True
    return node
"""


def test_instances_of_given_classes_keep_their_methods(patient_judge: Judge) -> None:
    """An attribute may hide a method, as many a Node does; a candidate's function in its place decides nothing."""
    tests = (
        "from code_ import sort\nfrom nodes import Node\n\ndef test_sort():\n    found = sort(Node(2, Node(1)))\n"
        "    assert found.is_sorted()\n    assert found.next is None or found.next.value\n"
    )
    task = make_task(
        goal="sort nodes",
        module="code_",
        support=(SUPPORT,),
        acceptance=(Acceptance(kind=AcceptanceKind.PYTEST, content=tests, path="test_code.py"),),
        job_limits=JobLimits(wall_seconds=60.0),
    )
    subjects = tuple(
        Subject(label=label, files=(SourceFile(path="code_.py", text=f"from nodes import Node\n{text}"),))
        for label, text in (("honest", SORTS), ("cheat", PRETENDS))
    )
    report = patient_judge.judge(task, task.acceptance, subjects)
    assert [s.passed for s in report.subjects] == [True, False]
