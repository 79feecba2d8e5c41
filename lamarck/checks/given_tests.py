"""Checks 'tests', 'derived-tests' and 'generated-tests': what the task's tests say, measured by the judge."""

from __future__ import annotations

import re
import time

from lamarck.checks.check import Level
from lamarck.checks.gate import Means
from lamarck.checks.hollow import Body, emptied, has_known_shape, hollow_for, is_stubbed
from lamarck.checks.judge.judge import JUDGE_VERSION, Judge, JudgeReport, Subject, SubjectReport
from lamarck.checks.stages import Noted, StageCache
from lamarck.errors import BadInput
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Candidate,
    CheckOutcome,
    Evidence,
    SourceFile,
    Task,
    Trust,
    content_id,
)

_NAMES = {Trust.GIVEN: "tests", Trust.DERIVED: "derived-tests", Trust.GENERATED: "generated-tests"}
_HOLLOWS: tuple[Body, ...] = ("none", "raise")
_SAID: dict[str, str] = {"none": "`return None`", "raise": "`raise NotImplementedError`"}


class GivenTests:
    """Runs the task's tests of one trust against a candidate. Only given tests are required for admission.

    Given tests have to prove something: when a body of `return None` or `raise NotImplementedError` passes all of
    them, or when they don't collect, `run` and `preflight` raise `BadInput`. That is measured once per set of tests.
    """

    level: Level = "quick"

    what = "tests"  # as they are called in messages

    def __init__(self, judge: Judge, trust: Trust = Trust.GIVEN, *, kept: StageCache | None = None) -> None:
        """kept: where it is known which tests prove something; None: in this instance."""
        self._judge = judge
        self._trust = trust
        self.name = _NAMES[trust]
        self.version = JUDGE_VERSION
        self.required = trust is Trust.GIVEN
        self._proven = Noted(kept, f"proven {JUDGE_VERSION} {judge.environment}")

    def decisive(self, task: Task) -> tuple[Acceptance, ...]:
        """What of the task this check runs: everything of its trust but specifications, which are a check of their
        own."""
        return tuple(a for a in task.tests(self._trust) if a.kind is not AcceptanceKind.BDD)

    def must_prove(self, task: Task) -> bool:
        """Whether tests that prove nothing are refused."""
        return self._trust is Trust.GIVEN

    def applies(self, task: Task) -> bool:
        return bool(self.decisive(task))

    def preflight(self, task: Task) -> None:
        """Raises `BadInput` for given tests that do not collect or prove nothing, before anything is spent on them."""
        if self.must_prove(task) and self.applies(task) and self._key(task) not in self._proven:
            if self._judge.judge(task, self.decisive(task), (), hollow=hollow_for(task, "either")).decides:
                self._proven.add(self._key(task))
                return
            hollows = _subjects({body: hollow_for(task, body) for body in _HOLLOWS})
            report = self._judge.judge(task, self.decisive(task), hollows)
            self._refuse(task, report, report.subjects)

    def run(self, task: Task, candidate: Candidate) -> Evidence:
        begin = time.monotonic()
        subjects: tuple[Subject, ...] = (Subject(label=candidate.id[:12], files=candidate.files),)
        if not self.must_prove(task) or self._key(task) in self._proven:
            report = self._judge.judge(task, self.decisive(task), subjects)
        else:
            report = self._judged_and_proven(task, candidate, subjects)
        return self._evidence(candidate, report, time.monotonic() - begin)

    def _judged_and_proven(self, task: Task, candidate: Candidate, subjects: tuple[Subject, ...]) -> JudgeReport:
        """Hollow code is tried inside the judge, and only where that does not tell is it judged as candidates are. Its
        shape is that of the user's stub; where there is none, what the tests use of it, and besides, the candidate's,
        whose names and classes fit the tests better."""
        if not has_known_shape(task):
            subjects += _subjects({body: emptied(candidate.files, body) for body in _HOLLOWS})
        report = self._judge.judge(task, self.decisive(task), subjects, hollow=hollow_for(task, "either"))
        hollows = report.subjects[1:]
        if report.broke is not None:
            return report
        if not report.decides and report.collect_error is None:
            more = _subjects({body: hollow_for(task, body) for body in _HOLLOWS})
            if has_known_shape(task) and not is_stubbed(task):
                more += _subjects({body: emptied(candidate.files, body) for body in _HOLLOWS})
            usual = self._judge.judge(task, self.decisive(task), more)
            if usual.broke is not None:
                return report
            hollows += usual.subjects
        self._refuse(task, report, hollows)
        return report

    def _key(self, task: Task) -> str:
        return content_id(task.module, self.decisive(task), task.support)

    def _refuse(self, task: Task, report: JudgeReport, hollows: tuple[SubjectReport, ...]) -> None:
        if report.collect_error is not None:
            raise _uncollectable(report.collect_error)
        for subject in hollows:
            if subject.passed:
                raise BadInput(
                    f"the {self.what} prove nothing: a body of {_SAID[subject.label]} passes "
                    f"{_all(len(subject.results))}",
                    "assert something about a result that only right code gives",
                )
        if report.broke is None:
            self._proven.add(self._key(task))

    def _evidence(self, candidate: Candidate, report: JudgeReport, seconds: float) -> Evidence:
        subject = report.subjects[0]
        passed = sum(r.outcome is CheckOutcome.PASSED for r in subject.results)
        outcome = CheckOutcome.PASSED if subject.passed else CheckOutcome.FAILED
        log = "\n".join(x for x in (subject.import_error, subject.stop, subject.log.strip()) if x)
        if report.broke is not None:
            outcome, log = CheckOutcome.ERRORED, report.broke
        elif report.collect_error is not None:
            # Tests that a model wrote may be unusable; that is no fault of the candidate's.
            outcome, log = CheckOutcome.ERRORED, f"the tests do not collect: {report.collect_error}"
        return Evidence(
            check=self.name,
            check_version=self.version,
            candidate_id=candidate.id,
            outcome=outcome,
            trust=self._trust,
            assurance=subject.assurance,
            score=passed / len(subject.results) if outcome is not CheckOutcome.ERRORED else None,
            measurements={"passed": passed, "total": len(subject.results)},
            results=subject.results if outcome is not CheckOutcome.ERRORED else (),
            enforcement=report.enforcement,
            log=log,
            environment=report.environment,
            replay_command=f"lamarck verify {candidate.id[:12]}",
            seconds=seconds,
        )


def build(means: Means) -> GivenTests:
    return GivenTests(means.judge, kept=means.kept)


def build_derived(means: Means) -> GivenTests:
    return GivenTests(means.judge, trust=Trust.DERIVED)


def build_generated(means: Means) -> GivenTests:
    return GivenTests(means.judge, trust=Trust.GENERATED)


def _subjects(hollows: dict[Body, tuple[SourceFile, ...]]) -> tuple[Subject, ...]:
    return tuple(Subject(label=body, files=files, one_failure_is_enough=True) for body, files in hollows.items())


def _all(count: int) -> str:
    return "the only one" if count == 1 else f"all {count} of them"


def _uncollectable(problem: str) -> BadInput:
    """problem: one line that names file and line, as the judge tells it."""
    if mismatch := re.search(r"ImportPathMismatchError: \('([\w.]+)'", problem):
        why = f"several test files are called {mismatch[1]}.py, and no package tells them apart"
        return BadInput(why, "rename one, or put an __init__.py beside each")
    missing = re.search(r"No module named '([\w.]+)'", problem)
    mend = (
        f"install {missing[1]} there, or choose another environment with --python" if missing else "mend the test file"
    )
    where = ", and the environment's packages are all that there is" if missing else ""
    return BadInput(f"the tests do not collect: {problem}{where}", mend)
