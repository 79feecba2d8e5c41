"""Check 'properties': laws from examples and annotations, and what they are worth."""

from __future__ import annotations

import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.checks.agreement.calls import Call, order
from lamarck.checks.check import Check
from lamarck.checks.judge.judge import Judge
from lamarck.checks.properties.properties import Properties
from lamarck.checks.properties.shrinking import smaller
from lamarck.checks.verdict import PROPERTIES, decide
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    CheckOutcome,
    Decision,
    Evidence,
    Origin,
    SourceFile,
    make_candidate,
    make_task,
)
from lamarck.sandbox.interpreter import find_interpreter
from lamarck.sandbox.selection import choose_sandbox
from lamarck.settings import SandboxSettings

TESTS = """\
from code_ import top, shout


def test_top():
    assert top([1, 2]) == 2
    assert top([4, 2, 7]) == 7
    assert top([9]) == 9
    assert top([3, 3, 1, 5]) == 5


def test_shout():
    assert shout("a b") == "A B"
    assert shout("x") == "X"
    assert shout("hello") == "HELLO"
"""
RIGHT = """\
def top(items: list[int]) -> int:
    if not items:
        raise ValueError("nothing")
    return max(items)


def shout(text: str) -> str:
    return text.upper()
"""
WRONG = RIGHT.replace(
    "    return max(items)", "    best = 0\n    for item in items:\n        best = max(best, item)\n    return best"
)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(choose_sandbox(SandboxSettings()), find_interpreter(None, pathlib.Path("/")), test_seconds=5.0)


def run(check: Check, code: str, tests: str = TESTS) -> Evidence:
    task = make_task(
        goal="x",
        module="code_",
        acceptance=(Acceptance(kind=AcceptanceKind.PYTEST, content=tests, path="test_code.py"),),
    )
    candidate = make_candidate(
        files=(SourceFile(path="code_.py", text=code),), entry_point=None, origin=Origin(generator="user")
    )
    assert check.applies(task)
    return check.run(task, candidate)


def test_right_code_keeps_its_laws(judge: Judge) -> None:
    found = run(Properties(judge), RIGHT)
    assert found.outcome is CheckOutcome.PASSED, found.log
    names = {r.id for r in found.results}
    assert {"type::top", "one-of::top", "idempotent::shout", "arguments::shout", "order-blind::top"} <= names
    assert found.measurements[PROPERTIES] == 1.0


def test_a_counter_example_is_shrunk_and_asked_about(judge: Judge) -> None:
    found = run(Properties(judge), WRONG)
    assert found.outcome is CheckOutcome.FAILED
    assert "top returns one of the items" in found.log
    assert found.differences[0].call == "top([-1])"
    assert found.differences[0].behaviours[0].equals == "0"
    assert 0 < found.measurements[PROPERTIES] < 1


JOIN = """\
def join(one: list[int], two: list[int]) -> list[int]:
    return sorted(set(one) | set(two))
"""
JOIN_TESTS = """\
from code_ import join


def test_join():
    assert join([1], [2]) == [1, 2]
    assert join([2, 1], [1]) == [1, 2]
    assert join([], []) == []
    assert join([3], [3]) == [3]
"""


def test_how_calls_are_grouped_is_tried(judge: Judge) -> None:
    assert ("associative::join", "passed") in {
        (r.id, r.outcome) for r in run(Properties(judge), JOIN, JOIN_TESTS).results
    }
    wrong = JOIN.replace("return", "if len(one) + len(two) > 7:\n        return sorted([*one, *two])\n    return")
    found = run(Properties(judge), wrong, JOIN_TESTS)
    assert ("associative::join", "failed") in {(r.id, r.outcome) for r in found.results}, found.log
    told = next(f.message for f in found.findings if f.rule == "associative")
    assert told.startswith("join(join(a, b), b) == join(a, join(b, b)): not for join(")


def test_a_law_rejects_nothing(judge: Judge) -> None:
    found = run(Properties(judge), WRONG)
    task = make_task(goal="x", module="code_")
    verdict = decide(task, found.candidate_id, (found,), required=(), accept_claimed="never", own_code=True)
    assert verdict.decision is not Decision.REJECTED


def test_a_law_that_the_earlier_version_breaks_is_dropped(judge: Judge) -> None:
    found = run(Properties(judge, reference={"code_.py": WRONG}), WRONG.replace("best = 0", "best = 0 + 0"))
    assert found.outcome is CheckOutcome.PASSED, found.log
    assert found.measurements["dropped"] >= 1


def test_a_law_that_the_earlier_version_keeps_is_not(judge: Judge) -> None:
    found = run(Properties(judge, reference={"code_.py": RIGHT}), WRONG)
    assert found.outcome is CheckOutcome.FAILED
    assert "top([-1])" in found.log


def test_a_law_that_most_inputs_break_is_no_law(judge: Judge) -> None:
    """The examples alone would say that double(double(x)) == double(x)."""
    tests = "from code_ import double\n\n\ndef test():\n" + "".join(
        f"    assert double({x!r}) == {x!r}\n" for x in ("", " ", "  ")
    )
    found = run(Properties(judge), "def double(text: str) -> str:\n    return text.strip() * 2 or text\n", tests)
    assert "double(double" not in found.log
    assert found.measurements["dropped"] >= 1


def test_what_cannot_be_called_is_skipped(judge: Judge) -> None:
    found = run(Properties(judge), "def top(items):\n    return max(items)\n", "def test():\n    pass\n")
    assert found.outcome is CheckOutcome.SKIPPED
    assert "tell what its functions take" in found.log


def test_code_that_cannot_be_imported_says_nothing(judge: Judge) -> None:
    found = run(Properties(judge), RIGHT + "\nraise SystemError('no')\n")
    assert found.outcome in {CheckOutcome.SKIPPED, CheckOutcome.ERRORED}


values = st.recursive(
    st.integers() | st.text(max_size=5) | st.floats(allow_nan=False), lambda inner: st.lists(inner, max_size=4)
)


@given(st.lists(values, min_size=1, max_size=3))
def test_what_is_smaller_is_smaller(arguments: list[object]) -> None:
    call = Call("f", tuple(arguments))
    for other in smaller(call):
        assert order(other) < order(call)
        assert other.function == "f"
        assert len(other.args) == len(call.args)


def test_a_counter_example_comes_with_a_test_that_fails_on_the_code(judge: Judge) -> None:
    found = run(Properties(judge), WRONG)
    (test,) = (d.test for d in found.differences)
    assert test == (
        "def test_top_one_of():\n"
        '    """top returns one of the items that it was given."""\n'
        "    assert top([-1]) in [-1]\n"
    )
