"""What the given tests run of the code, test by test; and that probes change nothing but themselves."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from lamarck.checks.coverage import CoverageCheck
from lamarck.checks.gate import Means, build_checks
from lamarck.checks.judge.inside.probes import probes_in, put_probes
from lamarck.checks.tracing import Tracer
from lamarck.checks.verdict import BRANCH_COVERAGE
from lamarck.checks.waivers import Waivers
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Assurance,
    Candidate,
    CheckOutcome,
    Evidence,
    Origin,
    SourceFile,
    Task,
    make_candidate,
    make_task,
)

SIGN = '''"""Signs."""


def sign(number):
    """Minus one, nought or one."""
    if number > 0:
        return 1
    if number == 0:
        return 0
    return -1
'''
Run = Callable[..., Evidence]


@pytest.fixture(scope="module")
def check(means: Means) -> CoverageCheck:
    (found,) = build_checks(means, names=("coverage",))
    assert isinstance(found, CoverageCheck)
    return found


def task(tests: str, module: str = "signs") -> Task:
    return make_task(
        goal="Tell signs.",
        module=module,
        stubs=(SourceFile(path=f"{module}.py", text=""),),
        acceptance=(Acceptance(kind=AcceptanceKind.PYTEST, content=tests, path=f"test_{module}.py"),),
    )


def code(text: str, module: str = "signs") -> Candidate:
    return make_candidate(
        files=(SourceFile(path=f"{module}.py", text=text),), entry_point=None, origin=Origin(generator="user")
    )


ALL = "from signs import sign\n\n\ndef test_all():\n    assert [sign(n) for n in (5, 0, -5)] == [1, 0, -1]\n"
ONE = """from signs import sign


def test_plus():
    assert sign(5) == 1


def test_nought():
    assert sign(0) == 0
"""


def test_everything_that_runs_is_covered_and_claimed(check: CoverageCheck) -> None:
    evidence = check.run(task(ALL), code(SIGN))
    assert evidence.outcome is CheckOutcome.PASSED, evidence.log
    assert evidence.assurance is Assurance.CLAIMED
    assert dict(evidence.measurements) == {BRANCH_COVERAGE: 1.0, "line_coverage": 1.0, "branches": 4, "lines": 6}
    assert evidence.findings == ()


def test_what_no_test_runs_is_told_by_line_and_by_branch(check: CoverageCheck) -> None:
    evidence = check.run(task(ONE), code(SIGN))
    assert evidence.outcome is CheckOutcome.FAILED
    assert evidence.measurements[BRANCH_COVERAGE] == 0.75
    assert [(f.rule, f.line) for f in evidence.findings] == [("not-run", 10), ("branch", 8)]
    assert "test_signs.py::test_plus: signs.py: 6-7" in evidence.log
    assert "test_signs.py::test_nought: signs.py: 6, 8-9" in evidence.log
    assert "import: signs.py: 4" in evidence.log


def test_a_waived_line_counts_as_run(means: Means) -> None:
    own = CoverageCheck(Tracer(means.judge), Waivers(["not-run: cannot happen", "branch: cannot happen"]))
    assert own.run(task(ONE), code(SIGN)).outcome is CheckOutcome.PASSED


def test_tests_that_do_not_collect_say_nothing(check: CoverageCheck) -> None:
    evidence = check.run(task("import no_such_module\n\n\ndef test_x():\n    assert 1\n"), code(SIGN))
    assert evidence.outcome is CheckOutcome.ERRORED
    assert BRANCH_COVERAGE not in evidence.measurements


def test_without_given_tests_it_does_not_apply(check: CoverageCheck) -> None:
    assert not check.applies(make_task(goal="x", module="signs"))


def test_code_that_writes_where_no_probe_is_is_found_out(check: CoverageCheck) -> None:
    liar = SIGN + "\n\nimport builtins\n\nbuiltins._lamarck_probes[:] = bytes([1]) * len(builtins._lamarck_probes)\n"
    evidence = check.run(task(ONE), code(liar))
    assert evidence.outcome is CheckOutcome.ERRORED
    assert "counts for nothing" in evidence.log


def test_turning_tracers_off_changes_nothing(check: CoverageCheck) -> None:
    text = "import sys\n\nsys.settrace(None)\nsys.setprofile(None)\n\n\n" + SIGN.partition("\n\n\n")[2]
    assert check.run(task(ALL), code(text)).measurements[BRANCH_COVERAGE] == 1.0


def test_code_that_dies_leaves_what_ran_before(check: CoverageCheck) -> None:
    text = SIGN.replace("        return 0\n", "        import os\n        os._exit(3)\n")
    evidence = check.run(task(ONE), code(text))
    assert evidence.outcome is CheckOutcome.FAILED
    assert evidence.measurements["line_coverage"] > 0.5


ODD = '''"""All sorts of statements."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nowhere import Nothing

COUNT = 0


class Base:
    """With a docstring."""

    limit: int = 3

    def __init__(self) -> None:
        self.__hidden = 1

    def hidden(self):
        return self.__hidden if self.limit else None

    def todo(self): ...


def counted(function):
    def inner(*values):
        global COUNT
        COUNT += 1
        return function(*values)

    return inner


@counted
def kind(value):
    match value:
        case 0:
            return "nought"
        case [first, *_] if first:
            return "list"
        case {"a": _}:
            return "map"
    return "other"


def looped(limit):
    total = 0
    while True:
        total += 1
        if total > limit:
            break
    else:
        raise AssertionError
    for n in range(limit):
        if n == 1: continue
        total += n
    else:
        total += 100
    return total


def guarded(text):
    try:
        number = int(text)
    except ValueError:
        return -1
    else:
        number += 1
    finally:
        global COUNT
        COUNT += 1
    with contextlib.suppress(KeyError):
        {}[number]
    def nested():
        nonlocal number
        number *= 2
        yield number
    return [x for x in nested()][0]


async def waited(value):
    return value if value else (1 if value == 0 else 2)
'''
ODD_TESTS = """
import asyncio

from odd import Base, guarded, kind, looped, waited


def test_odd():
    assert Base().hidden() == 1
    assert Base().todo() is None
    assert Base.__doc__ == "With a docstring."
    assert [kind(v) for v in (0, [1], {"a": 1}, [])] == ["nought", "list", "map", "other"]
    assert looped(3) == 4 + 0 + 2 + 100
    assert guarded("x") == -1
    assert guarded("4") == 10
    assert [asyncio.run(waited(v)) for v in (5, 0)] == [5, 1]
"""


def test_probes_change_nothing_else(check: CoverageCheck, means: Means) -> None:
    wanted, candidate = task(ODD_TESTS, "odd"), code(ODD, "odd")
    (tests,) = build_checks(means, names=("tests",))
    ran = tests.run(wanted, candidate)
    assert ran.outcome is CheckOutcome.PASSED, ran.results
    trace = Tracer(means.judge).trace(wanted, candidate)
    assert trace.subject.passed, trace.subject.results
    evidence = check.run(wanted, candidate)
    told = {(f.rule, f.line) for f in evidence.findings}
    assert told == {
        ("not-run", ODD[: ODD.index("raise AssertionError")].count("\n") + 1),
        ("branch", 23),
        ("branch", 85),
    }


@pytest.mark.parametrize("text", [SIGN, ODD, "x = 1\n", '"""Only a docstring."""\n', ""])
def test_as_many_probes_are_put_as_are_counted_and_lines_stay(text: str) -> None:
    found = probes_in(ast.parse(text))
    tree = ast.parse(text)
    put_probes(tree, list(range(len(found))))
    with pytest.raises(StopIteration):
        if not found:
            raise StopIteration
        put_probes(ast.parse(text), list(range(len(found) - 1)))
    compile(tree, "odd.py", "exec")
    lines = {n.lineno for n in ast.walk(tree) if isinstance(n, ast.stmt)}
    assert lines == {n.lineno for n in ast.walk(ast.parse(text)) if isinstance(n, ast.stmt)}
