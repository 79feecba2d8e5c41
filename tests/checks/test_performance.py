"""Check 'performance': equal first, then timed; and what paired times say."""

from __future__ import annotations

import pathlib
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.checks.agreement.calls import Call
from lamarck.checks.judge.judge import Judge
from lamarck.checks.performance.performance import Performance
from lamarck.checks.performance.ratios import compared, exponent, interval
from lamarck.checks.performance.timed import NotTimed, Version
from lamarck.checks.verdict import PERFORMANCE
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    CheckOutcome,
    Evidence,
    JobLimits,
    Origin,
    SourceFile,
    make_candidate,
    make_task,
)
from lamarck.sandbox.interpreter import find_interpreter
from lamarck.sandbox.selection import choose_sandbox
from lamarck.settings import SandboxSettings

OLD = """\
def squares(items: list[int]) -> int:
    total = 0
    for one in items:
        for _ in range(40):
            total += one
    return total // 40 * 2
"""
FAST = "def squares(items: list[int]) -> int:\n    return sum(items) * 40 // 40 * 2\n"
OTHER = FAST.replace("* 2", "* 2 + (len(items) > 3)")
TESTS = "from code_ import squares\n\n\ndef test():\n    assert squares([1, 2, 3] * 9) == 108\n"


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(choose_sandbox(SandboxSettings()), find_interpreter(None, pathlib.Path("/")), test_seconds=5.0)


def run(judge: Judge, new: str, old: str = OLD) -> Evidence:
    task = make_task(
        goal="x", module="code_",
        acceptance=(Acceptance(kind=AcceptanceKind.PYTEST, content=TESTS, path="test_code.py"),),
    )  # fmt: skip
    check = Performance(judge, judge._sandbox, judge._interpreter, earlier={"code_.py": old})
    candidate = make_candidate(
        files=(SourceFile(path="code_.py", text=new),), entry_point=None, origin=Origin(generator="user")
    )
    assert check.applies(task)
    return check.run(task, candidate)


def test_much_faster_code_is_found(judge: Judge) -> None:
    found = run(judge, FAST)
    assert found.outcome is CheckOutcome.PASSED
    assert found.measurements["ratio"] > 2
    assert found.measurements[PERFORMANCE] == 1.0
    assert "faster" in found.log


def test_what_does_something_else_is_not_timed(judge: Judge) -> None:
    found = run(judge, OTHER)
    assert found.outcome is CheckOutcome.FAILED
    assert PERFORMANCE not in found.measurements
    assert "so it is not timed" in found.log
    assert found.differences[0].behaviours[1].shows.endswith("(before)")


@pytest.mark.parametrize(
    "change", ["items.append(0)\n    return sum(items) * 2", "raise KeyError(1)", "return [sum(items) * 2]"]
)
def test_values_changes_and_exceptions_are_compared(judge: Judge, change: str) -> None:
    found = run(judge, f"def squares(items: list[int]) -> int:\n    {change}\n")
    assert found.outcome is CheckOutcome.FAILED
    assert found.measurements["differing"] > 0


def test_equal_text_is_skipped(judge: Judge) -> None:
    assert run(judge, OLD).outcome is CheckOutcome.SKIPPED


def test_code_that_breaks_is_no_pass(judge: Judge) -> None:
    assert run(judge, "raise SystemExit(1)\n").outcome in {CheckOutcome.SKIPPED, CheckOutcome.ERRORED}


def test_without_an_earlier_version_there_is_nothing_to_measure(judge: Judge) -> None:
    check = Performance(judge, judge._sandbox, judge._interpreter, earlier=None)
    assert not check.applies(make_task(goal="x", module="m"))


def version(judge: Judge, text: str) -> Version:
    files = (SourceFile(path="code_.py", text=text),)
    return Version(judge._sandbox, judge._interpreter, files, "code_", (Call("f", (3,)),), JobLimits())


def test_a_process_cannot_forge_its_time(judge: Judge) -> None:
    """It may set any clock of its own back: nobody asks it."""
    lying = (
        "import time\n"
        "time.perf_counter = time.monotonic = time.process_time = lambda: 0.0\n\n\n"
        "def f(n):\n    return sum(i * i % 7 for i in range(n * 40000))\n"
    )
    with version(judge, lying) as timed:
        clocked, digest = timed.run(1, 0)
        again, same = timed.run(2, 0)
    assert min(clocked.wall, clocked.cpu or 1.0) > 0.001
    assert again.wall > 0.002
    assert digest == same
    assert timed.pid > 0


def test_a_process_that_ends_is_told(judge: Judge) -> None:
    with pytest.raises(NotTimed, match="imported"), version(judge, "raise SystemExit(3)\n"):
        pass
    with pytest.raises(NotTimed, match="ended"), version(judge, "import os\ndef f(n):\n    os._exit(0)\n") as timed:
        timed.run(1, 0)


# --- what times say


def rounds(*medians: float) -> list[list[tuple[float, float]]]:
    return [[(median, 1.0)] * 3 for median in medians]


def test_a_gain_is_claimed_by_all_rounds_or_not_at_all() -> None:
    assert compared(rounds(*[1.1] * 8)).faster
    assert not compared(rounds(*[1.1] * 7, 0.99)).faster
    assert not compared(rounds(*[1.1] * 7)).faster
    assert not compared(rounds(*[1.04] * 8)).faster
    assert compared(rounds(*[0.8] * 8)).slower
    assert not compared(rounds(*[0.95] * 8)).slower


@given(st.integers(min_value=1, max_value=300))
def test_the_interval_holds_the_median(count: int) -> None:
    low, high = interval(count)
    assert 0 <= low <= (count - 1) / 2 <= high < count
    assert low + high == count - 1


@given(st.floats(min_value=0.2, max_value=3.0), st.floats(min_value=1e-6, max_value=1.0))
def test_the_exponent_is_that_of_a_power_law(power: float, factor: float) -> None:
    sizes = [2.0**n for n in range(5, 11)]
    found = exponent(sizes, [factor * size**power for size in sizes])
    assert found is not None
    assert abs(found - power) < 1e-6
    assert statistics.median(sizes) > 0
