"""The observer of a run, fed with the events of one."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest
from rich.console import Console

from lamarck.interfaces.progress import Progress
from lamarck.interfaces.terminal import Terminal
from lamarck.policy import Step
from lamarck.records import (
    Attempt,
    CheckOutcome,
    Decision,
    Event,
    Evidence,
    ExitReason,
    Failure,
    Limits,
    Origin,
    SourceFile,
    Spend,
    TestResult,
    Verdict,
    make_candidate,
    make_task,
)

CANDIDATE = make_candidate(
    files=(SourceFile(path="m.py", text="x = 1\n"),),
    entry_point="f",
    origin=Origin(generator="model"),
    parents=("0123456789abcdef",),
)


def event(kind: str, text: str = "", **data: Any) -> Event:
    return Event(kind=kind, run_id="r" * 32, at="", text=text, data=data)


def verdict(decision: Decision, *outcomes: CheckOutcome) -> Verdict:
    results = tuple(
        TestResult(
            id=f"t.py::test_{n}",
            outcome=outcome,
            failure=None if outcome is CheckOutcome.PASSED else Failure(message="m", expected="1", got="2"),
        )
        for n, outcome in enumerate(outcomes)
    )
    outcome = CheckOutcome.PASSED if decision is Decision.ACCEPTED else CheckOutcome.FAILED
    evidence = Evidence(check="tests", check_version="1", candidate_id="c", outcome=outcome, results=results)
    return Verdict(decision=decision, evidence=(evidence,))


def attempt(number: int, generator: str, found: Verdict | None, **fields: Any) -> Event:
    record = Attempt(
        number=number, generator=generator, candidate=CANDIDATE if found else None, verdict=found, **fields
    )
    return event("attempt", record.note, attempt=number, record=record)


P, F = CheckOutcome.PASSED, CheckOutcome.FAILED


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    told = capsys.readouterr()
    assert told.out == ""
    return [line.rpartition(" · ")[0] if "ms" in line[-3:] else line for line in told.err.splitlines()]


def test_a_run_line_by_line(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(terminal, resumable=True)
    progress.name_of = {"0123456789abcdef": "slugify"}.__getitem__
    with progress:
        progress.begin(make_task(goal="make it so\nin detail", module="m"))
        progress(event("run_started"))
        assert terminal.run_under_way == "r" * 32
        progress(event("step", step=Step(number=1, generator="reuse", seed=1)))
        progress(event("checking"))
        progress(attempt(1, "reuse", verdict(Decision.REJECTED, P, F)))
        progress(event("step", step=Step(number=2, generator="model", seed=1, tier="big")))
        progress(event("token", "x"))
        progress(attempt(2, "model", None, note="the reply\nheld no code", spend=Spend(calls=1, prompt_tokens=12)))
        progress(event("step", step=Step(number=3, generator="model", seed=1, tier="big")))
        progress(attempt(3, "model", verdict(Decision.REJECTED, F, F, F), spend=Spend(prompt_tokens=1200)))
        progress(event("step", step=Step(number=4, generator="repair", seed=1, tier="big", repair_of=3)))
        progress(attempt(4, "repair", verdict(Decision.ACCEPTED, P, P)))
        progress(event("run_ended", exit_reason=ExitReason.ACCEPTED))
    assert terminal.run_under_way is None
    assert lines(capsys) == [
        "task: make it so · tests: none given",
        "reuse: slugify (0123456789ab) · tests 1/2 · rejected",
        "    t.py::test_1: expected 1, got 2",
        "model big, sample 1 · 12 tokens · the reply held no code",
        "model big, sample 2 · 1,200 tokens · tests 0/3 · rejected",
        "    t.py::test_0: expected 1, got 2",
        "    t.py::test_1: expected 1, got 2",
        "    … and 1 more",
        "repair of attempt 3 by big · tests 2/2 · accepted",
    ]


def test_an_interrupted_run_stays_under_way(terminal: Terminal) -> None:
    progress = Progress(terminal, resumable=True)
    progress(event("run_started"))
    progress(event("run_ended", exit_reason=ExitReason.INTERRUPTED))
    assert terminal.run_under_way == "r" * 32


def test_what_cannot_be_resumed_is_not_offered(terminal: Terminal) -> None:
    progress = Progress(terminal, resumable=False)
    progress(event("run_started"))
    assert terminal.run_under_way is None


def test_events_of_other_kinds_are_let_pass(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(terminal, resumable=True)
    progress(event("something_new", answer=42))
    assert capsys.readouterr() == ("", "")


class Screen(Terminal):
    """Standard error as a terminal of 120 columns."""

    def __init__(self) -> None:
        super().__init__()
        self.stream = io.StringIO()
        self.err = Console(file=self.stream, force_terminal=True, width=120, highlight=False, markup=False)  # type: ignore[misc]

    @property
    def cursor_is_back(self) -> bool:
        told = self.stream.getvalue()
        return told.rindex("\x1b[?25h") > told.rindex("\x1b[?25l")


def test_the_live_line_tells_step_tokens_and_limits() -> None:
    screen = Screen()
    seconds = 100.0
    progress = Progress(screen, resumable=True, clock=lambda: seconds)
    progress.limits(Limits(tokens=8000, seconds=300))
    told: list[str] = []
    with progress:
        progress(event("run_started"))
        seconds += 10
        progress(event("step", step=Step(number=1, generator="model", seed=1, tier="big")))
        told.append(str(progress._line()))
        seconds += 3
        progress(event("token", "x"))
        seconds += 2
        for _ in range(29):
            progress(event("token", "x"))
        told.append(str(progress._line()))
        progress(event("checking"))
        told.append(str(progress._line()))
        progress(attempt(1, "model", verdict(Decision.ACCEPTED, P), spend=Spend(prompt_tokens=900)))
        assert str(progress._line()) == ""  # nothing is under way
        progress(event("step", step=Step(number=2, generator="model", seed=1, tier="big")))
        told.append(str(progress._line()))
    assert [line[2:] for line in told] == [
        "model big, sample 1 · 10 of 300 s · 0 of 8,000 tokens",
        "model big, sample 1 · ≥ 30 tokens · 15 tokens/s · 5.0 s · 15 of 300 s · 0 of 8,000 tokens",
        "model big, sample 1 · checking · 5.0 s · 15 of 300 s · 0 of 8,000 tokens",
        "model big, sample 2 · 15 of 300 s · 900 of 8,000 tokens",
    ]
    assert "tests 1/1" in screen.stream.getvalue()
    assert screen.cursor_is_back


def test_the_cursor_comes_back_after_an_interruption() -> None:
    screen = Screen()
    with pytest.raises(KeyboardInterrupt), Progress(screen, resumable=True):
        raise KeyboardInterrupt
    assert screen.cursor_is_back


def test_a_name_steers_no_terminal(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(terminal, resumable=True)
    progress(event("step", step=Step(number=1, generator="model", seed=1, tier="\x1b[2Jbig")))
    progress(attempt(1, "model", None, note="\x1b[31mred"))
    assert "\x1b" not in capsys.readouterr().err
    assert sys.stderr is not None
