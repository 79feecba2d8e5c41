"""Snapshots of what people read."""

from __future__ import annotations

import io

import pytest
from rich.console import Console, RenderableType

from lamarck.interfaces import report
from lamarck.records import (
    Assurance,
    CheckOutcome,
    Decision,
    Evidence,
    Failure,
    Finding,
    SourceFile,
    Spend,
    TestResult,
    Trust,
    Verdict,
)


def printed(part: RenderableType, *, terminal: bool = False, width: int = 100) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=terminal, markup=False, highlight=False, emoji=False)
    console.print(part, crop=False)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def evidence(check: str = "tests", outcome: CheckOutcome = CheckOutcome.PASSED, **fields: object) -> Evidence:
    return Evidence(check=check, check_version="1", candidate_id="c", outcome=outcome, **fields)  # type: ignore[arg-type]


def failed(name: str, failure: Failure | None) -> TestResult:
    return TestResult(id=f"test_x.py::{name}", outcome=CheckOutcome.FAILED, failure=failure)


PASSED = TestResult(id="test_x.py::test_ok", outcome=CheckOutcome.PASSED)


def verdict(*items: Evidence, decision: Decision = Decision.REJECTED) -> Verdict:
    return Verdict(decision=decision, evidence=items)


def test_the_evidence_table() -> None:
    table = report.evidence_table(
        verdict(
            evidence("parse"),
            evidence(
                "tests",
                CheckOutcome.FAILED,
                trust=Trust.GIVEN,
                assurance=Assurance.JUDGED,
                results=(PASSED, failed("test_a", None)),
                seconds=1.26,
            ),
        )
    )
    assert printed(table) == (
        "check  outcome  trust  assurance  tests   time\n"
        "parse  passed                             0 ms\n"
        "tests  failed   given  judged       1/2  1.3 s"
    )


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (None, "no reason was told"),
        (Failure(message="assert 1 == 2"), "assert 1 == 2"),
        (Failure(message="m", expected="4", got="3"), "expected 4, got 3"),
        (Failure(message="m", inputs="double(2)", expected="4", got="3"), "double(2): expected 4, got 3"),
        (Failure(message="m", exception="ValueError: no"), "raised ValueError: no"),
        (
            Failure(message="m", exception="ValueError: no", candidate_line=7),
            "raised ValueError: no (line 7 of the code)",
        ),
    ],
)
def test_what_a_failed_test_says(failure: Failure | None, said: str) -> None:
    found = verdict(evidence(outcome=CheckOutcome.FAILED, results=(PASSED, failed("test_a", failure))))
    assert list(report.complaints(found)) == [f"test_x.py::test_a: {said}"]


def test_findings_come_worst_first() -> None:
    findings = (
        Finding(rule="B404", message="imports subprocess", severity="low", line=1, path="m.py"),
        Finding(rule="B602", message="shell", severity="high", line=3, path="m.py"),
        Finding(rule="B1", message="somewhere", severity="medium"),
    )
    found = verdict(evidence("security", CheckOutcome.FAILED, findings=findings))
    assert list(report.complaints(found)) == [
        "security B602: shell (m.py:3)",
        "security B1: somewhere",
        "security B404: imports subprocess (m.py:1)",
    ]


def test_findings_of_a_check_that_passed_are_no_complaint() -> None:
    found = verdict(evidence("security", findings=(Finding(rule="B404", message="m", severity="low"),)))
    assert list(report.complaints(found)) == []


def test_a_check_that_broke_says_why() -> None:
    found = verdict(evidence("tests", CheckOutcome.ERRORED, log="the judge\nwas killed"))
    assert list(report.complaints(found)) == ["tests: the judge was killed"]


def test_many_complaints_are_counted() -> None:
    results = tuple(failed(f"test_{n}", Failure(message="m")) for n in range(5))
    told = list(report.complaints(verdict(evidence(outcome=CheckOutcome.FAILED, results=results)), most=2))
    assert told == ["test_x.py::test_0: m", "test_x.py::test_1: m", "… and 3 more"]


def test_no_complaint_steers_a_terminal() -> None:
    failure = Failure(message="m", expected="'\x1b[2J'", got="'\x1b]0;title\x07'")
    found = verdict(evidence(outcome=CheckOutcome.FAILED, results=(failed("test_\x1b[A", failure),)))
    (line,) = report.complaints(found)
    assert "\x1b" not in line and "\x07" not in line


def test_isolation_tells_the_weakest() -> None:
    found = verdict(
        evidence("a", enforcement={"network": "enforced", "memory": "degraded", "cpu": "enforced"}),
        evidence("b", enforcement={"network": "enforced", "memory": "enforced", "cpu": "absent"}),
    )
    text = report.isolation(found)
    assert text is not None
    assert text.plain == "enforced network · degraded memory · absent cpu"
    assert report.isolation(verdict(evidence())) is None


def test_what_was_spent() -> None:
    spend = Spend(calls=1, prompt_tokens=1000, completion_tokens=204, seconds=14.24)
    assert report.spent(spend) == "1 call · 1,204 tokens · 14.2 s · $0"
    assert report.spent(spend.replace(usd=0.5), 20) == "1 call · 1,204 tokens · 20.0 s · $0.5000"


def test_code_is_printed_as_it_is_where_there_are_no_colours() -> None:
    long = "x = '" + "a" * 200 + "'"
    files = (SourceFile(path="a.py", text=f"{long}\n\n\ndef f():\n    return [bold]1[/bold]\n"),)
    assert printed(report.code(files, coloured=False)) == files[0].text.rstrip("\n")


def test_several_files_stand_under_their_names() -> None:
    files = (SourceFile(path="a.py", text="a = 1\n"), SourceFile(path="b/c.py", text="c = 2\n"))
    assert printed(report.code(files, coloured=False)) == "# --- a.py\na = 1\n# --- b/c.py\nc = 2"


def test_code_on_a_terminal_is_coloured_and_whole() -> None:
    text = "value = '" + "a" * 150 + "'"
    coloured = printed(report.code((SourceFile(path="a.py", text=text),), coloured=True), terminal=True, width=80)
    assert "\x1b[" in coloured
    assert coloured.count("a") >= 151
    steering = printed(report.source("x = '\x1b[2J'", coloured=True), terminal=True)
    assert "\x1b[2J" not in steering


def test_markup_in_values_is_text() -> None:
    table = report.facts([("goal", "[bold]x[/bold] :smile:"), ("n", report.word("tokens_spent"))])
    assert printed(table) == "goal  [bold]x[/bold] :smile:\nn     tokens spent"
