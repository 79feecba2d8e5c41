"""Candidates against each other, in the real judge and sandbox."""

from __future__ import annotations

import pathlib

import pytest

from lamarck.checks.agreement.agreement import Agreement, Comparison
from lamarck.checks.judge.judge import Judge
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Candidate,
    CheckOutcome,
    JobLimits,
    Origin,
    SourceFile,
    Task,
    Trust,
    make_candidate,
    make_task,
)
from lamarck.sandbox.interpreter import find_interpreter
from lamarck.sandbox.selection import choose_sandbox
from lamarck.settings import SandboxSettings

STUB = 'def largest(xs: list[int]) -> int:\n    """\n    >>> largest([1, 3, 2])\n    3\n    """\n'
BY_MAX = "def largest(xs):\n    return max(xs)\n"
BY_SORTING = "def largest(xs):\n    return sorted(xs)[-1]\n"
SECOND = "def largest(xs):\n    return xs[1]\n"


@pytest.fixture(scope="module")
def agreement() -> Agreement:
    judge = Judge(choose_sandbox(SandboxSettings()), find_interpreter(None, pathlib.Path("/")), test_seconds=5.0)
    return Agreement(judge, count=24)


def task(stub: str = STUB, name: str = "largest") -> Task:
    doctests = Acceptance(kind=AcceptanceKind.DOCTEST, content=stub, path="code_.py")
    return make_task(
        goal="g",
        module="code_",
        entry_point=name,
        stubs=(SourceFile(path="code_.py", text=stub),),
        acceptance=(doctests,),
        job_limits=JobLimits(wall_seconds=30.0),
    )


def candidate(text: str) -> Candidate:
    files = (SourceFile(path="code_.py", text=text),)
    return make_candidate(files=files, entry_point=None, origin=Origin(generator="model"))


def compared(agreement: Agreement, wanted: Task, *texts: str) -> tuple[Comparison, list[list[int]]]:
    """The comparison, and its groups as numbers of the candidates."""
    candidates = [candidate(text) for text in texts]
    numbers = {c.id: number for number, c in enumerate(candidates)}
    found = agreement.compare(wanted, candidates, replay_command="again")
    assert found.evidence.candidate_id == found.chosen
    assert found.evidence.trust is Trust.GENERATED
    return found, [[numbers[each] for each in group] for group in found.groups]


def test_what_was_written_more_often_weighs_more(agreement: Agreement) -> None:
    candidates = [candidate(text) for text in (SECOND, BY_MAX, BY_SORTING)]
    found = agreement.compare(task(), candidates, written={candidates[0].id: 3})
    assert found.chosen == candidates[0].id
    assert found.evidence.measurements["replies"] == 5
    assert found.evidence.measurements["replies_agreeing"] == 3
    assert "one of 3 candidates was written 3 times in 5 replies" in found.evidence.log
    fewer = agreement.compare(task(), candidates, written={candidates[1].id: 2})
    assert fewer.chosen == candidates[1].id
    assert "2 of 3 candidates agree (3 of 4 replies)" in fewer.evidence.log


def test_the_largest_group_and_the_smallest_difference(agreement: Agreement) -> None:
    found, groups = compared(agreement, task(), SECOND, BY_MAX, BY_SORTING)
    assert groups == [[1, 2], [0]]
    assert found.chosen == candidate(BY_MAX).id
    assert found.evidence.outcome is CheckOutcome.PENDING
    assert found.evidence.measurements["agreeing"] == 2
    assert found.evidence.measurements["candidates"] == 3
    first = found.evidence.differences[0]
    assert first.call == "largest([2, 1])"
    assert [(b.shows, b.equals, len(b.candidates)) for b in first.behaviours] == [("2", "2", 2), ("1", "1", 1)]
    assert "2 of 3 candidates agree on" in found.evidence.log
    assert "smallest input on which they differ: largest([2, 1]) -> 2 / 1" in found.evidence.log
    assert found.evidence.replay_command == "again"
    assert found.evidence.enforcement


def test_all_agree(agreement: Agreement) -> None:
    found, groups = compared(agreement, task(), BY_SORTING, BY_MAX)
    assert groups == [[0, 1]]
    assert found.evidence.outcome is CheckOutcome.PASSED
    assert found.evidence.differences == ()
    assert "2 of 2 candidates agree on" in found.evidence.log
    # IndexError and ValueError for [] are no question: neither was meant.
    assert found.evidence.measurements["inputs_without_sense"] == 1


def test_an_exception_raised_on_purpose_counts(agreement: Agreement) -> None:
    refusing = "def largest(xs):\n    if not xs:\n        raise ValueError('empty')\n    return max(xs)\n"
    none = "def largest(xs):\n    return max(xs) if xs else None\n"
    found, groups = compared(agreement, task(), refusing, none)
    assert groups == [[0], [1]]
    (only,) = found.evidence.differences
    assert only.call == "largest([])"
    assert [(b.shows, b.equals, b.raises) for b in only.behaviours] == [
        ("raises ValueError", None, "ValueError"),
        ("None", "None", None),
    ]


def test_of_groups_of_one_size_the_earliest(agreement: Agreement) -> None:
    found, groups = compared(agreement, task(), SECOND, BY_MAX)
    assert groups == [[0], [1]]
    assert found.chosen == candidate(SECOND).id


def test_of_groups_of_one_size_the_one_that_is_near_the_others(agreement: Agreement) -> None:
    refusing = "def largest(xs):\n    if not xs:\n        raise ValueError('empty')\n    return max(xs)\n"
    none = "def largest(xs):\n    return max(xs) if xs else None\n"
    found, groups = compared(agreement, task(), SECOND, refusing, none)
    assert groups == [[1], [2], [0]]
    assert found.evidence.log.startswith("no two of 3 candidates agree on ")


def test_who_is_left_out(agreement: Agreement) -> None:
    found, groups = compared(
        agreement,
        task(),
        "import random\n\n\ndef largest(xs):\n    return random.random()\n",
        "import os\n\n\ndef largest(xs):\n    return max(xs) if xs else os._exit(0)\n",
        "def largest(xs):\n    while xs == [0]:\n        pass\n    return max(xs)\n",
        "calls = []\n\n\ndef largest(xs):\n    calls.append(1)\n    return max(xs) + len(calls) % 2\n",
        "raise RuntimeError('no import')\n\n\ndef largest(xs): ...\n",
        BY_MAX,
        BY_SORTING,
    )
    assert groups == [[5, 6]]
    assert found.evidence.measurements["left_out"] == 5
    for why in (
        "did not do the same twice on largest([",
        "died on largest([])",
        "hung on largest([0])",
        "answered nothing",
    ):
        assert why in found.evidence.log


def test_what_becomes_of_an_argument(agreement: Agreement) -> None:
    sorting = "def largest(xs):\n    xs.sort()\n    return xs[-1]\n"
    found, groups = compared(agreement, task(), BY_MAX, sorting, BY_SORTING)
    assert groups == [[0, 2], [1]]
    told = found.evidence.differences[0].behaviours[1]
    assert told.shows == "2, leaving [1, 2] of argument 1"


def test_noise_of_floats_and_objects_of_their_own(agreement: Agreement) -> None:
    stub = 'def mean(xs: list[float]):\n    """\n    >>> mean([1.0, 3.0])\n    2.0\n    """\n'
    head = "from dataclasses import dataclass\n\n\n@dataclass\nclass Mean:\n    value: float\n\n\n"
    _, groups = compared(
        agreement,
        task(stub, "mean"),
        head + "def mean(xs):\n    return Mean(sum(xs) / len(xs)) if xs else Mean(0.0)\n",
        head + "def mean(xs):\n    return Mean(sum(x / len(xs) for x in xs)) if xs else Mean(0)\n",
        head + "def mean(xs):\n    return Mean(xs[0]) if xs else Mean(0)\n",
    )
    assert groups == [[0, 1], [2]]


def test_generators_sets_and_keyword_arguments(agreement: Agreement) -> None:
    head = "def firsts(words, *, count=1):\n"
    stub = head + '    """\n    >>> firsts(["ab", "c"], count=1) == {"a", "c"}\n    True\n    """\n'
    _, groups = compared(
        agreement,
        task(stub, "firsts"),
        head + "    return {w[:count] for w in words}\n",
        head + "    found = set()\n    for w in words:\n        found.add(w[:count])\n    return found\n",
        head + "    return {w[:1] for w in words}\n",
    )
    assert groups == [[0, 1], [2]]


@pytest.mark.parametrize(
    ("stub", "name", "why"),
    [
        ("class Stack:\n    def push(self, x): ...\n", "Stack", "Stack is no plain function"),
        ("async def fetch(x: int): ...\n", "fetch", "fetch is no plain function"),
        ("def f(x): ...\n", "f", "neither tests nor annotations tell what f takes"),
        ("def f(path: Path): ...\n", "f", "neither tests nor annotations tell what f takes"),
    ],
)
def test_what_cannot_be_compared_is_said(agreement: Agreement, stub: str, name: str, why: str) -> None:
    wanted = task(stub, name)
    first, second = candidate(stub), candidate(stub + "X = 1\n")
    assert why in (agreement.obstacle(wanted, first) or "")
    found = agreement.compare(wanted, [first, second])
    assert found.chosen == first.id
    assert found.evidence.outcome is CheckOutcome.SKIPPED
    assert found.evidence.log.startswith(f"not compared: {why}")


def test_one_alone(agreement: Agreement) -> None:
    assert agreement.obstacle(task(), candidate(BY_MAX)) is None
    found = agreement.compare(task(), [candidate(BY_MAX)])
    assert found.evidence.outcome is CheckOutcome.SKIPPED
    assert found.evidence.log == "no other candidate passed"


def test_tests_that_show_enough(agreement: Agreement) -> None:
    rich = Agreement(agreement._judge, below=1)
    why = "no other candidate was looked for: the tests show 1 different calls"
    assert rich.obstacle(task(), candidate(BY_MAX)) == why
    assert rich.compare(task(), [candidate(BY_MAX)]).evidence.log == why
    assert Agreement(agreement._judge, below=2).obstacle(task(), candidate(BY_MAX)) is None
    # What is there already is compared all the same.
    assert rich.compare(task(), [candidate(BY_MAX), candidate(BY_SORTING)]).evidence.outcome is CheckOutcome.PASSED
