"""Confident rules: facts, how precise rules are, and what they say."""

from __future__ import annotations

import pathlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.checks.confident.calibration import Labelled, balanced, calibrate, read_labelled
from lamarck.checks.confident.confident import ConfidentRules
from lamarck.checks.confident.facts import Facts
from lamarck.checks.confident.rules import RULES, Precision, judge, wilson_low
from lamarck.checks.given_tests import GivenTests
from lamarck.checks.judge.judge import Judge
from lamarck.checks.security import SecurityCheck
from lamarck.errors import BadInput
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    CheckOutcome,
    Origin,
    SourceFile,
    Task,
    make_candidate,
    make_task,
)
from lamarck.sandbox.interpreter import find_interpreter
from lamarck.sandbox.selection import choose_sandbox
from lamarck.settings import SandboxSettings

TESTS = """from code_ import add


def test():
    assert add(1, 2) == 3
    assert add(0, 0) == 0
    assert add(2, 5) == 7
"""
RIGHT = "def add(a, b):\n    return a + b\n"
SURE = {rule.name: Precision(fired=100, right=99) for rule in RULES}


def task() -> Task:
    return make_task(
        goal="x", module="code_", entry_point="add", signature="def add(a, b)",
        acceptance=(Acceptance(kind=AcceptanceKind.PYTEST, content=TESTS, path="test_code.py"),),
    )  # fmt: skip


def facts(code: str, passed: int = 0, failed: int = 0, vetoes: int = 0) -> Facts:
    return Facts(task(), (SourceFile(path="code_.py", text=code),), passed, failed, vetoes)


def holding(code: str, passed: int = 0, failed: int = 0) -> set[str]:
    known = facts(code, passed, failed)
    return {rule.name for rule in RULES if rule.holds(known)}


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("syntax", "def add(a, b:\n"),
        ("absent", "def other(a, b):\n    return a + b\n"),
        ("hollow", "def add(a, b):\n    '''The sum.'''\n    return None\n"),
        ("undefined", "def add(a, b):\n    return a + missing\n"),
        ("no-result", "def add(a, b):\n    a + b\n"),
        ("prints", "def add(a, b):\n    print(a + b)\n"),
        ("asks", "def add(a, b):\n    return int(input()) + b\n"),
        ("undone", "def add(a, b):\n    # TODO\n    return a\n"),
        ("endless", "def add(a, b):\n    return add(b, a)\n"),
        ("unused-parameter", "def add(a, b):\n    return a\n"),
    ],
)
def test_what_is_plainly_wrong_is_seen(rule: str, code: str) -> None:
    assert rule in holding(code)
    assert rule not in holding(RIGHT)


def test_right_code_that_passes_is_approved() -> None:
    names = holding(RIGHT, passed=1)
    assert {"passes", "passes-some", "passes-and-short", "passes-and-straight"} <= names
    assert not {r.name for r in RULES if r.says == "reject"} & names


def test_a_failed_test_rejects() -> None:
    word = judge(facts(RIGHT, passed=1, failed=1), SURE)
    assert (word.says, word.rule) == ("reject", "fails")


def test_security_vetoes_whatever_the_confidence() -> None:
    word = judge(facts(RIGHT, passed=1, vetoes=1), SURE)
    assert (word.says, word.rule, word.confidence) == ("reject", "security", 1.0)


def test_who_is_not_sure_enough_asks() -> None:
    unsure = {rule.name: Precision(fired=100, right=80) for rule in RULES}
    word = judge(facts(RIGHT, passed=1), unsure)
    assert word.says is None
    assert 0.7 < word.confidence < 0.85
    assert judge(facts(RIGHT, passed=1), {}).says is None
    assert judge(facts(RIGHT, passed=1), {"passes": Precision(fired=9, right=9)}).says is None


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_lower_end_is_below_the_share(right: int, wrong: int) -> None:
    low = wilson_low(right, right + wrong)
    assert 0.0 <= low <= (right / (right + wrong) if right + wrong else 0.0) + 1e-12
    assert wilson_low(right + 1, right + wrong + 1) >= low


# --- calibration


def labelled(number: int, code: str, *, right: bool, passed: int = 0, failed: int = 0) -> Labelled:
    return Labelled(
        source="own", problem=f"p{number}", task=task(), right=right, tests_passed=passed, tests_failed=failed,
        files=(SourceFile(path="code_.py", text=f"# {number}\n{code}"),),
    )  # fmt: skip


def some() -> list[Labelled]:
    good = [labelled(n, RIGHT, right=True, passed=1) for n in range(60)]
    bad = [labelled(n, "def add(a, b):\n    return a\n", right=False, failed=1) for n in range(80)]
    return good + bad


def test_calibration_counts_and_tries_on_the_other_half() -> None:
    found = calibrate(some())
    assert found.precision["passes"] == Precision(fired=60, right=60)
    assert found.precision["fails"] == Precision(fired=80, right=80)
    assert (found.decided, found.decided_right) == (140, 140)
    assert found.low > 0.95


def test_a_balanced_set_has_as_many_of_both() -> None:
    chosen = balanced(some())
    assert [each.right for each in chosen].count(True) == 60 == len(chosen) / 2
    assert balanced(some()[::-1]) == chosen


def test_labelled_candidates_are_kept_as_lines(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text("".join(each.to_json() + "\n" for each in some()[:3]))
    assert list(read_labelled(path)) == some()[:3]
    path.write_text(path.read_text() + "{}\n")
    with pytest.raises(BadInput, match=":4: no labelled candidate"):
        read_labelled(path)
    with pytest.raises(BadInput, match="cannot be read"):
        read_labelled(tmp_path / "none")


# --- the check


@pytest.mark.parametrize(
    ("code", "outcome", "said"),
    [
        (RIGHT, CheckOutcome.PASSED, "approves"),
        ("def add(a, b):\n    return a - b\n", CheckOutcome.FAILED, "rejects"),
        ("def add(a, b):\n    return eval('a + b')\n", CheckOutcome.FAILED, "veto"),
        ("def add(a, b:\n", CheckOutcome.FAILED, "veto"),
    ],
)
def test_the_check_says_what_the_rules_say(code: str, outcome: CheckOutcome, said: str) -> None:
    judge_ = Judge(choose_sandbox(SandboxSettings()), find_interpreter(None, pathlib.Path("/")), test_seconds=5.0)
    check = ConfidentRules(GivenTests(judge_), SecurityCheck(), SURE)
    candidate = make_candidate(
        files=(SourceFile(path="code_.py", text=code),), entry_point="add", origin=Origin(generator="user")
    )
    assert check.applies(task())
    found = check.run(task(), candidate)
    assert (found.outcome, found.candidate_id) == (outcome, candidate.id)
    assert said in found.log
    unsure = ConfidentRules(GivenTests(judge_), SecurityCheck(), {}).run(task(), candidate)
    assert unsure.outcome is (CheckOutcome.FAILED if said == "veto" else CheckOutcome.SKIPPED)
