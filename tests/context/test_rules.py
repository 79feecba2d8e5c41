"""Which pieces go into a prompt, and in which order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lamarck.context.rules import RuleContext, describe_failure
from lamarck.generators.prompt import render
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Attempt,
    CheckOutcome,
    Decision,
    Evidence,
    Failure,
    Origin,
    SourceFile,
    Task,
    TestResult,
    Verdict,
    make_candidate,
    make_task,
)

STUB = 'def double(x: int) -> int:\n    """Twice x.\n\n    >>> double(2)\n    4\n    """\n'
TEST = "from double import double\n\ndef test_it():\n    assert double(3) == 6\n"


def task(**more: object) -> Task:
    fields: dict[str, object] = {
        "goal": "Double a number.",
        "module": "double",
        "entry_point": "double",
        "stubs": (SourceFile(path="double.py", text=STUB),),
        "acceptance": (
            Acceptance(kind=AcceptanceKind.DOCTEST, content=STUB, path="double.py"),
            Acceptance(kind=AcceptanceKind.PYTEST, content=TEST, path="test_double.py"),
        ),
    }
    return make_task(**(fields | more))


def failed() -> Attempt:
    evidence = Evidence(
        check="tests",
        check_version="1",
        candidate_id="c",
        outcome=CheckOutcome.FAILED,
        results=(
            TestResult(id="test_double.py::test_ok", outcome=CheckOutcome.PASSED),
            TestResult(
                id="test_double.py::test_it",
                outcome=CheckOutcome.FAILED,
                failure=Failure(message="assert 7 == 6", expression="assert double(3) == 6", expected="6", got="7"),
            ),
        ),
    )
    code = make_candidate(
        files=(SourceFile(path="double.py", text="def double(x):\n    return x + 4\n"),),
        entry_point="double",
        origin=Origin(generator="model"),
    )
    return Attempt(
        number=1,
        generator="model",
        candidate=code,
        verdict=Verdict(decision=Decision.REJECTED, evidence=(evidence,)),
    )


def test_a_fresh_prompt_shows_goal_stub_and_tests_once() -> None:
    context = RuleContext().build(task(), related=(), failed=None, tokens=2000)
    system, user = render(task(), context)
    assert "expert Python" in system.content
    assert user.content.count("Twice x.") == 1, "the doctest stands in the stub already"
    assert "assert double(3) == 6" in user.content
    assert "This attempt is wrong" not in user.content


def test_a_goal_that_stands_in_the_stub_is_not_said_twice() -> None:
    stub = task(goal="`double`: Twice x.")
    assert RuleContext().build(stub, related=(), failed=None, tokens=2000).pieces[0].kind != "goal"
    other = task(goal="Something that no stub says.")
    assert RuleContext().build(other, related=(), failed=None, tokens=2000).pieces[0].kind == "goal"


def test_a_repair_prompt_attributes_the_failure() -> None:
    context = RuleContext().build(task(), related=(), failed=failed(), tokens=2000)
    user = render(task(), context)[1].content
    for part in ("return x + 4", "test_double.py::test_it", "expected: 6", "got: 7", "Find the mistake"):
        assert part in user
    assert "test_ok" not in user


def test_examples_read_as_code() -> None:
    examples = Acceptance(
        kind=AcceptanceKind.EXAMPLES,
        content='[{"call": "double(1)", "equals": "2"}, {"call": "double(None)", "raises": "TypeError"}]',
        path="examples.json",
    )
    context = RuleContext().build(task(acceptance=(examples,)), related=(), failed=None, tokens=2000)
    user = render(task(), context)[1].content
    assert "double(1) == 2" in user
    assert "double(None) raises TypeError" in user


def test_several_files_are_asked_for_by_name() -> None:
    both = task(stubs=(SourceFile(path="pkg/a.py", text=STUB), SourceFile(path="pkg/b.py", text="")))
    system, user = render(both, RuleContext().build(both, related=(), failed=None, tokens=2000))
    assert "per file" in system.content
    assert "`pkg/a.py`, `pkg/b.py`" in user.content


@given(st.integers(50, 3000), st.integers(0, 400))
def test_long_tests_are_cut_to_the_budget(tokens: int, lines: int) -> None:
    long = Acceptance(
        kind=AcceptanceKind.PYTEST, content=TEST + "    assert double(3) == 6\n" * lines, path="test_l.py"
    )
    context = RuleContext().build(task(acceptance=(long,)), related=(), failed=None, tokens=tokens)
    goal_and_stub = sum(p.tokens for p in context.pieces if p.source == "task")
    assert sum(p.tokens for p in context.pieces) <= max(tokens, goal_and_stub)


def test_many_failures_are_summed_up() -> None:
    results = tuple(TestResult(id=f"t::{n}", outcome=CheckOutcome.FAILED) for n in range(9))
    told = describe_failure(
        Evidence(check="tests", check_version="1", candidate_id="c", outcome=CheckOutcome.FAILED, results=results)
    )
    assert "t::2" in told
    assert "t::3" not in told
    assert "6 more tests fail" in told
