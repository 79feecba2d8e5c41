"""The check that decides: the task's own tests, and tests that prove nothing."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from lamarck.checks.check import Check
from lamarck.checks.given_tests import GivenTests
from lamarck.checks.judge.judge import Judge, JudgeReport, Subject
from lamarck.errors import BadInput
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Assurance,
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

STUB = "def add(a, b):\n    '''The sum.'''\n"
RIGHT = "def add(a, b):\n    return a + b\n"
TESTS = """from code_ import add


def test_add():
    assert add(2, 3) == 5


def test_zero():
    assert add(0, 0) == 0
"""


class CountingJudge(Judge):
    """A real judge that remembers whom it judged."""

    def __init__(self) -> None:
        super().__init__(choose_sandbox(SandboxSettings()), find_interpreter(None, pathlib.Path("/")), test_seconds=5.0)
        self.judged: list[tuple[str, ...]] = []

    def judge(
        self, task: Task, acceptance: tuple[Acceptance, ...], subjects: tuple[Subject, ...], **more: Any
    ) -> JudgeReport:
        self.judged.append(tuple(s.label for s in subjects))
        return super().judge(task, acceptance, subjects, **more)


@pytest.fixture(scope="module")
def judge() -> CountingJudge:
    return CountingJudge()


def task(
    tests: str = TESTS, *, stub: str = STUB, trust: Trust = Trust.GIVEN, support: dict[str, str] | None = None
) -> Task:
    return make_task(
        goal="the sum",
        module="code_",
        entry_point="add",
        stubs=(SourceFile(path="code_.py", text=stub),),
        support=tuple(SourceFile(path=p, text=t) for p, t in (support or {}).items()),
        acceptance=(Acceptance(kind=AcceptanceKind.PYTEST, content=tests, path="test_code.py", trust=trust),),
        job_limits=JobLimits(wall_seconds=20.0),
    )


def candidate(text: str) -> Candidate:
    files = (SourceFile(path="code_.py", text=text),)
    return make_candidate(files=files, entry_point="add", origin=Origin(generator="user"))


def test_right_code_is_accepted_with_evidence(judge: CountingJudge) -> None:
    check: Check = GivenTests(judge)
    assert check.applies(task())
    assert not check.applies(task(trust=Trust.DERIVED))
    evidence = check.run(task(), candidate(RIGHT))
    assert (evidence.check, evidence.outcome, evidence.trust) == ("tests", CheckOutcome.PASSED, Trust.GIVEN)
    assert evidence.assurance is Assurance.JUDGED
    assert evidence.score == 1.0
    assert evidence.measurements == {"passed": 2, "total": 2}
    assert [r.id for r in evidence.results] == ["test_code.py::test_add", "test_code.py::test_zero"]
    assert evidence.enforcement["network"] == "enforced"
    assert evidence.environment == judge.environment
    assert evidence.replay_command == f"lamarck verify {candidate(RIGHT).id[:12]}"
    assert evidence.seconds > 0


def test_wrong_code_is_rejected_with_the_reason(judge: CountingJudge) -> None:
    wrong = "def add(a, b):\n    total = a - b\n    return total\n"
    evidence = GivenTests(judge).run(task(), candidate(wrong))
    assert evidence.outcome is CheckOutcome.FAILED
    assert evidence.score == 0.5
    [failure] = [r.failure for r in evidence.results if r.failure]
    assert (failure.got, failure.expected, failure.inputs) == ("-1", "5", "add(2, 3)")
    assert (failure.line, failure.expression) == (5, "assert add(2, 3) == 5")


def test_what_a_candidate_raised_is_told_with_its_line(judge: CountingJudge) -> None:
    evidence = GivenTests(judge).run(task(), candidate("def add(a, b):\n    x = a\n    return x / 0 + b\n"))
    failures = [r.failure for r in evidence.results]
    assert [f and f.exception for f in failures] == ["ZeroDivisionError: division by zero"] * 2
    assert [f and f.candidate_line for f in failures] == [3, 3]


def test_code_that_can_not_be_imported_fails_every_test(judge: CountingJudge) -> None:
    evidence = GivenTests(judge).run(task(), candidate("import nowhere\n" + RIGHT))
    assert evidence.outcome is CheckOutcome.FAILED
    assert [r.outcome for r in evidence.results] == [CheckOutcome.FAILED] * 2
    assert "No module named 'nowhere'" in evidence.log


def test_hollow_code_is_tried_once(judge: CountingJudge) -> None:
    check = GivenTests(judge)
    judge.judged.clear()
    check.run(task(), candidate(RIGHT))
    check.run(task(), candidate(RIGHT + "\n"))
    GivenTests(judge).run(task(stub=""), candidate(RIGHT))
    assert [len(labels) for labels in judge.judged] == [1, 1, 1]
    judge.judged.clear()
    other = GivenTests(judge)
    other.preflight(task())
    other.preflight(task())
    other.run(task(), candidate(RIGHT))
    assert [len(labels) for labels in judge.judged] == [0, 1]


@pytest.mark.parametrize(
    "body",
    [
        "assert add(2, 3) == 5",
        "assert add(2, 3) + 1 == 6",
        "assert (add(2, 3)).real == 5",
        "import pytest\n    with pytest.raises(TypeError):\n        add(1, None)",
        "import inspect\n    assert inspect.signature(add) and add(2, 3) == 5",
    ],
)
def test_what_fails_for_what_hollow_code_gives_needs_no_more(judge: CountingJudge, body: str) -> None:
    judge.judged.clear()
    tests = f"from code_ import add\ndef test_a():\n    {body}\n"
    assert GivenTests(judge).run(task(tests), candidate(RIGHT)).outcome is CheckOutcome.PASSED
    assert [len(labels) for labels in judge.judged] == [1]


@pytest.mark.parametrize(
    ("stub", "tests", "judged"),
    [
        (STUB, "from code_ import add, other\ndef test_a():\n    assert add(1, 2) == other\n", [1, 2]),
        ("", "from code_ import add\ndef test_a():\n    [3].index(add(1, 2))\n", [1, 4]),
        (
            STUB,
            "from code_ import add\ndef test_a():\n    while add(1, 2) is None: pass\n    assert add(1, 2)\n",
            [1, 2],
        ),
    ],
)
def test_what_fails_for_other_reasons_is_judged_as_candidates_are(
    judge: CountingJudge, stub: str, tests: str, judged: list[int]
) -> None:
    judge.judged.clear()
    right = candidate(RIGHT + "other = 3\n")
    assert GivenTests(judge).run(task(tests, stub=stub), right).outcome is CheckOutcome.PASSED
    assert [len(labels) for labels in judge.judged] == judged


def test_without_a_stub_classes_are_emptied_besides(judge: CountingJudge) -> None:
    judge.judged.clear()
    tests = "from code_ import Sum\ndef test_a():\n    assert Sum(2).plus(3) == 5\n"
    text = "class Sum:\n    def __init__(self, a): self.a = a\n    def plus(self, b): return self.a + b\n"
    assert GivenTests(judge).run(task(tests, stub=""), candidate(text)).outcome is CheckOutcome.PASSED
    assert [len(labels) for labels in judge.judged] == [3]


@pytest.mark.parametrize("stub", [STUB, ""])
@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ("from code_ import add\ndef test_a():\n    add(1, 2)\n", "`return None` passes the only one"),
        ("def test_a(): pass\ndef test_b(): pass\n", "`return None` passes all 2"),
        (
            "from pytest import raises\nfrom code_ import add\ndef test_a():\n    raises(Exception, add, 1, 2)\n",
            "`raise NotImplementedError` passes",
        ),
    ],
)
def test_tests_that_prove_nothing_are_refused(judge: CountingJudge, stub: str, tests: str, said: str) -> None:
    with pytest.raises(BadInput, match="prove nothing") as caught:
        GivenTests(judge).preflight(task(tests, stub=stub))
    assert said in caught.value.line
    with pytest.raises(BadInput, match="prove nothing"):
        GivenTests(judge).run(task(tests, stub=stub), candidate(RIGHT))


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ("from code_ import add\ndef test_a(:\n    pass\n", "test_code.py:2: SyntaxError"),
        (
            "import nowhere_to_be_found\ndef test_a(): assert 1\n",
            "test_code.py:1: ModuleNotFoundError: No module named",
        ),
        ("from code_ import add\nTOP = undefined\ndef test_a(): assert add\n", "test_code.py:2: NameError"),
        ("from code_ import add\n", "no test was collected"),
        ("from code_ import add\ndef test_a(missing): assert add\n", "there is no fixture 'missing'"),
        ("import pytest\n@pytest.mark.parametrize('a,b', [(1,)])\ndef test_a(a, b): pass\n", "the number of names (2)"),
    ],
)
def test_tests_that_do_not_collect_are_the_users_to_mend(judge: CountingJudge, tests: str, said: str) -> None:
    with pytest.raises(BadInput, match="do not collect") as caught:
        GivenTests(judge).preflight(task(tests))
    assert said in caught.value.line
    assert "\n" not in caught.value.line
    assert caught.value.mend


def test_a_broken_conftest_is_named(judge: CountingJudge) -> None:
    with pytest.raises(BadInput, match=r"conftest.py:2: ZeroDivisionError"):
        GivenTests(judge).preflight(task(support={"conftest.py": "\n1 / 0\n"}))


def test_what_only_the_candidate_lacks_is_no_fault_of_the_tests(judge: CountingJudge) -> None:
    check = GivenTests(judge)
    tests = "from code_ import add, other\nPAIR = other()[0]\ndef test_a():\n    assert add(1, 2) == PAIR\n"
    check.preflight(task(tests, stub=""))
    evidence = check.run(task(tests, stub=""), candidate(RIGHT))
    assert evidence.outcome is CheckOutcome.FAILED
    assert "cannot import name 'other'" in evidence.log
    right = candidate(RIGHT + "def other():\n    return [3]\n")
    assert check.run(task(tests, stub=""), right).outcome is CheckOutcome.PASSED


@pytest.mark.parametrize(
    "text",
    [
        "from operator import add\n",
        "add = lambda a, b: a + b\n",
        "import functools\nadd = functools.partial(sum2 := (lambda a, b: a + b))\n",
    ],
)
def test_code_without_a_body_of_its_own_still_proves_itself(judge: CountingJudge, text: str) -> None:
    """There is no stub, and the hollow version of such code is as good as the code."""
    assert GivenTests(judge).run(task(stub=""), candidate(text)).outcome is CheckOutcome.PASSED


def test_another_name_for_hollow_code_is_hollow(judge: CountingJudge) -> None:
    tests = "from code_ import total\ndef test_a():\n    total(1, 2)\n"
    for stub in ("", "def total(a, b):\n    '''The sum.'''\n"):
        with pytest.raises(BadInput, match="prove nothing"):
            GivenTests(judge).run(task(tests, stub=stub), candidate(RIGHT + "\n\ntotal = add\n"))


def test_generated_tests_are_the_same_check_without_the_power_to_refuse(judge: CountingJudge) -> None:
    check = GivenTests(judge, trust=Trust.GENERATED)
    assert (check.name, check.required) == ("generated-tests", False)
    assert GivenTests(judge, trust=Trust.DERIVED).name == "derived-tests"
    broken = task("import nowhere\ndef test_a(): pass\n", trust=Trust.GENERATED)
    check.preflight(broken)
    evidence = check.run(broken, candidate(RIGHT))
    assert evidence.outcome is CheckOutcome.ERRORED
    assert evidence.results == ()
    assert evidence.score is None
    assert check.run(task(trust=Trust.GENERATED), candidate(RIGHT)).outcome is CheckOutcome.PASSED


def test_skipped_is_not_passed(judge: CountingJudge) -> None:
    tests = TESTS + "\n\nimport pytest\n\n\n@pytest.mark.skip\ndef test_later():\n    assert 0\n"
    evidence = GivenTests(judge).run(task(tests), candidate(RIGHT))
    assert evidence.outcome is CheckOutcome.PASSED
    assert evidence.measurements == {"passed": 2, "total": 3}
    assert evidence.results[-1].outcome is CheckOutcome.SKIPPED
    only = "import pytest\nfrom code_ import add\n@pytest.mark.skip\ndef test_later():\n    assert add(1, 1) == 2\n"
    assert GivenTests(judge).run(task(only), candidate(RIGHT)).outcome is CheckOutcome.FAILED
    after = TESTS + "\n\ndef test_b():\n    import pytest\n    add(1, 1)\n    pytest.skip('x')\n"
    evidence = GivenTests(judge).run(task(after), candidate(RIGHT))
    assert evidence.outcome is CheckOutcome.FAILED
    assert "skipped" in (evidence.results[-1].failure.message if evidence.results[-1].failure else "")


def test_expected_failures_are_not_passed(judge: CountingJudge) -> None:
    tests = TESTS + "\n\nimport pytest\n\n\n@pytest.mark.xfail\ndef test_later():\n    assert add(1, 1) == 3\n"
    assert GivenTests(judge).run(task(tests), candidate(RIGHT)).outcome is CheckOutcome.FAILED
