"""Labelled candidates out of what models answered in benchmarks: the reply's code, and whether hidden tests pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lamarck.api import Lamarck
from lamarck.benchmarks.building import Built, build
from lamarck.benchmarks.suites.table import load_suite
from lamarck.checks.confident.calibration import Labelled
from lamarck.checks.judge.judge import Judge, JudgeReport, Subject
from lamarck.checks.security import SecurityCheck
from lamarck.checks.verdict import vetoes
from lamarck.errors import BadInput
from lamarck.generators.extraction import extract
from lamarck.models.bank import Bank
from lamarck.models.model import Reply
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Candidate,
    CheckOutcome,
    Origin,
    Task,
    Trust,
    make_candidate,
)
from lamarck.sandbox.interpreter import find_interpreter
from lamarck.sandbox.selection import choose_sandbox
from lamarck.settings import Settings
from lamarck.temporary import temporary_folder

_TOGETHER = 8  # candidates of one judgement


def label(
    bank_path: Path, suite: str, data: Path | None, settings: Settings, *, say: Callable[[str], None]
) -> Iterator[Labelled]:
    """Every different candidate that the bank's replies hold for problems of the suite, judged in the sandbox."""
    problems, _ = load_suite(suite, data)
    bank = Bank.of_lines(bank_path) if bank_path.suffix == ".jsonl" else Bank(bank_path)
    try:
        asked = [("\n".join(m.content for m in e.request.messages), e.reply) for e in bank.entries()]
    finally:
        bank.close()
    if not asked:
        raise BadInput(f"{bank_path}: holds no reply", "name a bank that a benchmark recorded")
    judge = Judge(choose_sandbox(settings.sandbox), find_interpreter(None, Path.cwd()), test_seconds=5.0)
    with temporary_folder("bench") as folder, Lamarck(settings, library=Path(folder) / "library.sqlite") as lamarck:
        for number, problem in enumerate(problems):
            try:
                built = build(problem, lamarck, Path(folder) / str(number))
            except BadInput:
                continue
            candidates = list(_candidates(built.task, asked))
            say(f"{problem.id}: {len(candidates)} candidates")
            for start in range(0, len(candidates), _TOGETHER):
                yield from _labelled(judge, suite, built, candidates[start : start + _TOGETHER])


def _candidates(task: Task, asked: Sequence[tuple[str, Reply]]) -> Iterator[Candidate]:
    found: dict[str, Candidate] = {}
    marks = [a.content.strip() for a in task.acceptance if a.kind is AcceptanceKind.PYTEST]
    marks += [s.text.strip() for s in task.stubs if s.text.strip()]
    for prompt, reply in asked:
        if not (task.entry_point and task.entry_point in prompt and any(m in prompt for m in marks)):
            continue
        stub = task.stubs[0].text if task.stubs else ""
        extraction = extract(reply.text, (task.main_path,), task.entry_point, signature=task.signature, stub=stub)
        if extraction is not None:
            candidate = make_candidate(
                files=extraction.files, entry_point=task.entry_point, origin=Origin(generator="model")
            )
            found.setdefault(candidate.id, candidate)
    yield from found.values()


def _labelled(judge: Judge, suite: str, built: Built, candidates: list[Candidate]) -> Iterator[Labelled]:
    subjects = tuple(Subject(label=c.id, files=c.files) for c in candidates)
    hidden = _judged(judge, built.scoring, built.scoring.acceptance, subjects)
    given = built.task.tests(Trust.GIVEN)
    shown = _judged(judge, built.task, given, subjects) if given else None
    if hidden is None:
        return
    security = SecurityCheck()
    for place, candidate in enumerate(candidates):
        results = shown.subjects[place].results if shown is not None else ()
        passed = sum(r.outcome is CheckOutcome.PASSED for r in results)
        ran = shown.subjects[place].passed if shown is not None else False
        yield Labelled(
            source=suite,
            problem=built.problem.id,
            task=built.task,
            files=candidate.files,
            right=hidden.subjects[place].passed,
            tests_passed=passed,
            tests_failed=(len(results) - passed) or int(shown is not None and not ran),
            vetoes=sum(map(vetoes, security.run(built.task, candidate).findings)),
        )


def _judged(
    judge: Judge, task: Task, acceptance: tuple[Acceptance, ...], subjects: tuple[Subject, ...]
) -> JudgeReport | None:
    report = judge.judge(task, acceptance, subjects)
    return None if report.broke or report.collect_error else report
