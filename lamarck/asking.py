"""What `lamarck check` leaves to a person, and what it makes of the answer: code that waits for an approval, and
counter-examples to laws, which become given tests once somebody says that the law holds.

A question has an id of its own, by what is asked: equal questions are one, and an answered one is not asked again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from lamarck.checks.properties.stated import added_to
from lamarck.checks.review import reviewed
from lamarck.checks.verdict import PROPERTIES, REVIEW, WAIVED
from lamarck.errors import BadInput
from lamarck.library.library import Library
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Attempt,
    Candidate,
    CheckOutcome,
    Decision,
    Difference,
    Evidence,
    ExitReason,
    Finding,
    Origin,
    Run,
    Spend,
    Task,
    Trust,
    Verdict,
    content_id,
    make_candidate,
    make_task,
    now,
)
from lamarck.tasks.reading import read_text
from lamarck.writing import write_whole

LAW = "law"  # the kind of a run that asks whether a law holds


class Asking:
    """Over the run log of one library."""

    def __init__(self, library: Library) -> None:
        self._library = library

    # --- code that waits

    def code(
        self, task: Task, candidate: Candidate, verdict: Verdict, before: Mapping[str, str | None] | None = None
    ) -> str:
        """The id of the run by which a person decides. before: path → text that the code replaces; None: a new file."""
        run_id = _code_id(task, candidate, before)
        self._begin(Run(id=run_id, kind="check", task=task, started=now()))
        if before:
            told = tuple(f.replace(text=before.get(f.path, f.text) or "") for f in candidate.files)
            earlier = make_candidate(files=told, entry_point=candidate.entry_point, origin=Origin(generator="earlier"))
            self._library.record_attempt(
                run_id, Attempt(number=1, generator="earlier", candidate=earlier, verdict=None, note="what it replaces")
            )
        number = 2 if before else 1
        self._library.record_attempt(
            run_id, Attempt(number=number, generator="user", candidate=candidate, verdict=verdict)
        )
        self._end(run_id, ExitReason.PENDING, "; ".join(verdict.reasons))
        return run_id

    def decided(
        self, task: Task, candidate: Candidate, before: Mapping[str, str | None] | None = None
    ) -> Evidence | None:
        """What a person said of equal code for an equal task, as evidence."""
        run = self._known(_code_id(task, candidate, before))
        verdict = next((a.verdict for a in reversed(run.attempts) if a.verdict), None) if run else None
        return next((e for e in verdict.evidence if e.check == REVIEW), None) if verdict else None

    # --- laws

    def heeded(self, task: Task, evidence: Evidence, file: Path) -> Evidence:
        """The evidence of 'properties' without the laws of which a person said that they are none. file: where the
        test goes that is made of one."""
        rejected: dict[int, str] = {}
        for place, difference in enumerate(evidence.differences):
            run = self._known(_law_id(task, difference, file))
            if run is not None and run.exit_reason is ExitReason.REJECTED:
                rejected[place] = run.message
        return _without(evidence, rejected) if rejected else evidence

    def laws(self, task: Task, candidate: Candidate, evidence: Evidence, file: Path) -> tuple[str, ...]:
        """The ids of the runs that ask whether the broken laws hold; of those that nobody answered. file: where the
        test goes that is made of one."""
        asked = []
        for finding, difference in zip(evidence.findings, evidence.differences, strict=False):
            if not difference.test or finding.message.startswith(WAIVED):
                continue
            run_id = _law_id(task, difference, file)
            known = self._known(run_id)
            if known is not None and known.exit_reason is not ExitReason.PENDING:
                continue
            if known is None:
                self._ask(run_id, task, candidate, evidence, finding, difference, file)
            asked.append(run_id)
        return tuple(asked)

    def _ask(
        self,
        run_id: str,
        task: Task,
        candidate: Candidate,
        evidence: Evidence,
        finding: Finding,
        difference: Difference,
        file: Path,
    ) -> None:
        test = Acceptance(kind=AcceptanceKind.PYTEST, content=difference.test, path=str(file), trust=Trust.GENERATED)
        asked = make_task(
            goal=f"Does this law hold? {finding.message.partition(': not for ')[0]}",
            module=task.module,
            entry_point=task.entry_point,
            acceptance=(test,),
        )
        only = evidence.replace(
            results=(), findings=(finding,), differences=(difference,), measurements={}, log=finding.message
        )
        verdict = Verdict(decision=Decision.PENDING, evidence=(only,), reasons=(finding.message,))
        self._begin(Run(id=run_id, kind=LAW, task=asked, started=now()))
        self._library.record_attempt(run_id, Attempt(number=1, generator="user", candidate=candidate, verdict=verdict))
        self._end(run_id, ExitReason.PENDING, finding.message)

    def answer(self, run: Run, *, approve: bool, reason: str) -> Run:
        """A law holds: its test goes into its file, which is then as given as any. Or it does not, and is asked no
        more. Raises `BadInput` when the file cannot be read or written; then nothing is decided."""
        attempt = run.attempts[-1]
        if attempt.candidate is None or attempt.verdict is None or run.exit_reason is not ExitReason.PENDING:
            raise BadInput(f"run {run.id[:12]} is not pending", "`lamarck review list` shows which runs are")
        (test,) = run.task.acceptance
        if approve:
            file = Path(test.path)
            there = read_text(file) if file.exists() else ""
            write_whole(file, added_to(there, test.content, run.task.module, str(file)))
        decided = reviewed(run.task, attempt.verdict, attempt.candidate.id, approve=approve, reason=reason)
        self._library.record_attempt(run.id, attempt.replace(verdict=decided))
        who = next(e.log for e in decided.evidence if e.check == REVIEW)
        self._end(run.id, ExitReason.ACCEPTED if approve else ExitReason.REJECTED, who)
        return self._library.get_run(run.id)

    # --- the run log

    def _known(self, run_id: str) -> Run | None:
        try:
            return self._library.get_run(run_id)
        except BadInput:
            return None

    def _begin(self, run: Run) -> None:
        self._library.begin_run(run)

    def _end(self, run_id: str, reason: ExitReason, message: str) -> None:
        self._library.end_run(run_id, exit_reason=reason, spend=Spend(), seconds=0.0, message=message)


def laws_file(code: Path, tests: Sequence[Path]) -> Path:
    """Where the accepted laws of a file go: `test_NAME_laws.py` beside its given tests, or beside the file itself."""
    mine = [t for t in tests if t.name in {f"test_{code.stem}.py", f"{code.stem}_test.py"}]
    beside = (mine or [t for t in tests if t.suffix == ".py"] or [code])[0]
    return Path(os.path.abspath(beside.parent / f"test_{code.stem}_laws.py"))


def _code_id(task: Task, candidate: Candidate, before: Mapping[str, str | None] | None) -> str:
    return content_id("check", task.id, candidate.id, *([dict(before)] if before else []))[:32]


def _law_id(task: Task, difference: Difference, file: Path) -> str:
    """The file tells projects apart."""
    return content_id(LAW, str(file), task.module, difference.test or difference.call)[:32]


def _without(evidence: Evidence, rejected: Mapping[int, str]) -> Evidence:
    """rejected: place among the findings and differences → who said why that law is none."""
    laws = {f"{evidence.findings[n].rule}::{evidence.differences[n].call.partition('(')[0]}" for n in rejected}
    findings = tuple(
        f.replace(message=f"{WAIVED}{f.message} ({rejected[n]})") if n in rejected else f
        for n, f in enumerate(evidence.findings)
    )
    results = tuple(r for r in evidence.results if r.id not in laws)
    held = sum(r.outcome is CheckOutcome.PASSED for r in results)
    failed = held < len(results)
    share = held / len(results) if results else None
    figures = {k: v for k, v in evidence.measurements.items() if k != PROPERTIES}
    return evidence.replace(
        outcome=CheckOutcome.FAILED if failed else CheckOutcome.PASSED if results else CheckOutcome.SKIPPED,
        results=results,
        findings=findings,
        score=share,
        measurements={
            **figures, "laws": len(results), "held": held, **({} if share is None else {PROPERTIES: share})
        },
    )  # fmt: skip
