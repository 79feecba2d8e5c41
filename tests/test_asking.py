"""Questions that a check leaves to a person, over a real run log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamarck.asking import Asking, laws_file
from lamarck.errors import BadInput
from lamarck.library.library import Library
from lamarck.library.opening import open_library
from lamarck.records import (
    Behaviour,
    CheckOutcome,
    Decision,
    Difference,
    Evidence,
    ExitReason,
    Finding,
    Origin,
    SourceFile,
    Task,
    TestResult,
    Trust,
    Verdict,
    make_candidate,
    make_task,
)

TEST = 'def test_top_one_of():\n    """top returns one of its items."""\n    assert top([-1]) in [-1]\n'
CANDIDATE = make_candidate(
    files=(SourceFile(path="top.py", text="def top(items):\n    return 0\n"),),
    entry_point="top",
    origin=Origin(generator="user"),
)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = open_library(tmp_path / "library.sqlite")
    yield opened
    opened.close()


def task() -> Task:
    return make_task(goal="The largest.", module="top", entry_point="top")


def properties(test: str = TEST) -> Evidence:
    message = "top returns one of its items: not for top([-1]), which gave 0"
    return Evidence(
        check="properties",
        check_version="2",
        candidate_id=CANDIDATE.id,
        outcome=CheckOutcome.FAILED,
        trust=Trust.GENERATED,
        results=(
            TestResult(id="one-of::top", outcome=CheckOutcome.FAILED),
            TestResult(id="type::top", outcome=CheckOutcome.PASSED),
        ),
        findings=(Finding(rule="one-of", message=message),),
        differences=(
            Difference(call="top([-1])", behaviours=(Behaviour(shows="0", candidates=(CANDIDATE.id,)),), test=test),
        ),
        measurements={"properties_share": 0.5},
    )


def ask(library: Library, file: Path, test: str = TEST) -> str:
    (asked,) = Asking(library).laws(task(), CANDIDATE, properties(test), file)
    return asked


def test_equal_questions_of_one_project_are_one(library: Library, tmp_path: Path) -> None:
    assert ask(library, tmp_path / "test_a.py") == ask(library, tmp_path / "test_a.py")
    assert ask(library, tmp_path / "other" / "test_a.py") != ask(library, tmp_path / "test_a.py")


def test_what_no_test_says_is_not_asked(library: Library, tmp_path: Path) -> None:
    assert Asking(library).laws(task(), CANDIDATE, properties(""), tmp_path / "test_a.py") == ()


def test_an_answered_question_is_not_asked_again(library: Library, tmp_path: Path) -> None:
    file = tmp_path / "test_a.py"
    run = library.get_run(ask(library, file))
    answered = Asking(library).answer(run, approve=True, reason="yes")
    assert answered.exit_reason is ExitReason.ACCEPTED
    assert "yes" in answered.message
    assert "assert top([-1]) in [-1]" in file.read_text()
    assert Asking(library).laws(task(), CANDIDATE, properties(), file) == ()
    assert Asking(library).heeded(task(), properties(), file) == properties()
    with pytest.raises(BadInput, match="is not pending"):
        Asking(library).answer(answered, approve=False, reason="")


def test_a_rejected_law_counts_no_more(library: Library, tmp_path: Path) -> None:
    file = tmp_path / "test_a.py"
    Asking(library).answer(library.get_run(ask(library, file)), approve=False, reason="0 is meant")
    heeded = Asking(library).heeded(task(), properties(), file)
    assert heeded.outcome is CheckOutcome.PASSED
    assert [r.id for r in heeded.results] == ["type::top"]
    assert heeded.measurements["properties_share"] == 1.0
    assert "0 is meant" in heeded.findings[0].message


def test_a_file_with_tests_gets_one_more_and_keeps_what_it_has(library: Library, tmp_path: Path) -> None:
    file = tmp_path / "test_a.py"
    file.write_text('"""Mine."""\n\nimport os\n\n\ndef test_top_one_of():\n    assert os.sep\n')
    Asking(library).answer(library.get_run(ask(library, file)), approve=True, reason="")
    text = file.read_text()
    assert text.startswith('"""Mine."""\n\nimport os\nfrom top import top\n')
    assert "assert os.sep" in text
    assert "def test_top_one_of_2():" in text
    compile(text, "test_a.py", "exec")


def test_a_file_that_has_the_test_stays_as_it_is(library: Library, tmp_path: Path) -> None:
    file = tmp_path / "test_a.py"
    file.write_text(f"from top import top\n\n\n{TEST}")
    before = file.read_text()
    Asking(library).answer(library.get_run(ask(library, file)), approve=True, reason="")
    assert file.read_text() == before


def test_a_file_that_does_not_parse_decides_nothing(library: Library, tmp_path: Path) -> None:
    file = tmp_path / "test_a.py"
    file.write_text("def (:\n")
    run = library.get_run(ask(library, file))
    with pytest.raises(BadInput, match="does not parse"):
        Asking(library).answer(run, approve=True, reason="")
    assert library.get_run(run.id).exit_reason is ExitReason.PENDING
    assert file.read_text() == "def (:\n"


def test_an_approval_of_code_holds_for_equal_code_alone(library: Library) -> None:
    from lamarck.checks.review import reviewed

    asking = Asking(library)
    verdict = Verdict(decision=Decision.PENDING, evidence=(), reasons=("no tests",))
    run_id = asking.code(task(), CANDIDATE, verdict, {"top.py": "def top(items):\n    return 1\n"})
    assert asking.decided(task(), CANDIDATE, {"top.py": "def top(items):\n    return 1\n"}) is None
    run = library.get_run(run_id)
    assert [a.generator for a in run.attempts] == ["earlier", "user"]
    decided = reviewed(task(), verdict, CANDIDATE.id, approve=True, reason="read it")
    library.record_attempt(run_id, run.attempts[-1].replace(verdict=decided))
    said = asking.decided(task(), CANDIDATE, {"top.py": "def top(items):\n    return 1\n"})
    assert said is not None
    assert "read it" in said.log
    assert asking.decided(task(), CANDIDATE) is None  # another change
    other = make_candidate(files=(SourceFile(path="top.py", text=""),), entry_point=None, origin=CANDIDATE.origin)
    assert asking.decided(task(), other, {"top.py": "def top(items):\n    return 1\n"}) is None


def test_laws_go_beside_the_tests_of_the_code() -> None:
    tests = [Path("tests/test_cart.py"), Path("tests/inner/test_top.py")]
    assert laws_file(Path("shop/top.py"), tests) == Path.cwd() / "tests/inner/test_top_laws.py"
    assert laws_file(Path("shop/other.py"), tests) == Path.cwd() / "tests/test_other_laws.py"
    assert laws_file(Path("shop/other.py"), []) == Path.cwd() / "shop/test_other_laws.py"
