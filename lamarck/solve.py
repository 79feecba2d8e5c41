"""The loop: propose, prove, choose, keep; stop as soon as enough candidates pass, or for a typed reason.

`prove` is the one way to a verdict. `solve` asks generators in the order of the policy until a candidate is accepted;
`add` proves the user's own code; `judge_again` proves what a run brought by tests that were added since. Every attempt
is in the run log before the next one begins, so a killed run can be resumed and pays nothing twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lamarck.budget import Budget
from lamarck.checks.agreement.comparison import Compare
from lamarck.checks.check import Check
from lamarck.checks.verdict import AGREEMENT, decide
from lamarck.errors import BadInput, EnvironmentProblem, LamarckError, LimitSpent
from lamarck.generators.generator import Generator, Proposal
from lamarck.library.library import Library
from lamarck.policy import TEMPLATES, Rules, Step, next_step, passing, seed_for, written
from lamarck.records import (
    Acceptance,
    Artifact,
    Attempt,
    Candidate,
    CheckOutcome,
    Decision,
    Event,
    Evidence,
    ExitReason,
    Run,
    Spend,
    Task,
    Trust,
    Verdict,
    content_id,
    now,
    tree_hash,
)
from lamarck.settings import AcceptClaimed

Observer = Callable[[Event], None]
WriteTests = Callable[[Task, Step, Budget], tuple[Acceptance | None, Spend, str]]


class Deadline:
    """When the run under way has to end, for a reply that is being written. Set by the loop, read by models."""

    def __init__(self) -> None:
        self.at: float | None = None

    def check(self) -> None:
        """Raises `LimitSpent` once the time is up."""
        if self.at is not None and time.monotonic() >= self.at:
            raise LimitSpent("the seconds of this run are spent", "raise --seconds", which="seconds")


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the loop is made of, chosen in `assemble`. checks: cheapest first."""

    library: Library
    checks: tuple[Check, ...]
    generators: Mapping[str, Generator] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)
    environment: str = ""
    accept_claimed: AcceptClaimed = "ask"
    preflight: Callable[[Task], None] | None = None  # raises BadInput for tests that decide nothing
    write_tests: WriteTests | None = None
    keep_verdicts: bool = True  # so that they may stand in for a run of equal things
    agreement: Compare | None = None  # chooses among candidates where the rules ask for several
    deadline: Deadline = field(default_factory=Deadline)
    observers: tuple[Observer, ...] = ()

    def emit(self, run_id: str, kind: str, text: str = "", **data: object) -> None:
        event = Event(kind=kind, run_id=run_id, at=now(), text=text, data=data)
        for observer in self.observers:
            observer(event)


def prove(
    task: Task,
    candidate: Candidate,
    parts: Parts,
    *,
    own_code: bool = False,
    fresh: bool = False,
    thorough: bool = False,
    tested: bool = True,
) -> Verdict:
    """The verdict on one candidate, from evidence alone.

    Checks run cheapest first and stop at the first required one that fails, unless it is to be thorough. own_code: the
    user wrote it. fresh: do not let a stored verdict of equal code, tests, checks and environment stand in. tested:
    given tests have to pass; else nothing is said about what the code does. Raises `BadInput` when the task's
    own tests are unusable, `EnvironmentProblem` when they cannot be run.
    """
    applicable = tuple(c for c in parts.checks if c.applies(task))
    key = content_id(
        "verdict",
        candidate.id,
        [task.module, task.entry_point, task.stubs, task.support, task.acceptance, task.job_limits],
        [(c.name, c.version) for c in applicable],
        [parts.environment, parts.accept_claimed, own_code, thorough, tested],
    )
    if not fresh and (stored := parts.library.cached_verdict(key)) is not None:
        return stored
    evidence: list[Evidence] = []
    for check in applicable:
        found = check.run(task, candidate)
        evidence.append(found)
        if check.required and found.outcome == "failed" and not thorough:
            break
    verdict = decide(
        task,
        candidate.id,
        tuple(evidence),
        required=required_checks(task, parts),
        accept_claimed=parts.accept_claimed,
        own_code=own_code,
        tested=tested,
    )
    broke = any(e.outcome not in {"passed", "failed"} for e in evidence)  # and may do better next time
    if parts.keep_verdicts and not broke:
        parts.library.cache_verdict(key, verdict)
    return verdict


def required_checks(task: Task, parts: Parts) -> tuple[str, ...]:
    """Names of the checks that admission needs."""
    return tuple(c.name for c in parts.checks if c.required and c.applies(task))


def solve(task: Task, parts: Parts, *, resumed: Run | None = None) -> Run:
    """Run the loop on one task and return the finished run (accepted, rejected, pending or a limit spent).

    resumed: a run of this task that was killed, interrupted or stopped at a limit; its attempts count and are not
    made again. Raises `BadInput`, `EnvironmentProblem` and `KeyboardInterrupt`, after the run log holds why.
    """
    run = resumed or Run(id=content_id(task.id, now())[:32], kind="solve", task=task, started=now())
    return _logged(_Solving(task, parts, run), parts, begin=resumed is None)


def add(task: Task, candidate: Candidate, parts: Parts) -> Run:
    """Prove the user's own code against the user's tests and keep it when it is accepted."""
    run = Run(id=content_id(task.id, candidate.id, now())[:32], kind="add", task=task, started=now())
    return _logged(_Adding(task, parts, run, candidate), parts, begin=True)


def judge_again(run: Run, task: Task, parts: Parts) -> Run:
    """Judge what a run's attempts brought by another version of its task, with tests that were added since; the same
    run, its verdicts replaced. Ends accepted or pending with what is chosen now, else rejected, and can be resumed.
    Raises as `prove` does, and then nothing has changed.
    """
    again = _Again(task, parts, run.replace(task=task, exit_reason=None, artifact_id=None, message=""))
    again.prove_all()
    return _logged(again, parts, begin=True)


# --- one run, from its beginning to its typed end -----------------------------------------------------------------


class _Working:
    """The state of a run under way: what both kinds of run share."""

    def __init__(self, task: Task, parts: Parts, run: Run) -> None:
        self.task = task
        self.parts = parts
        self.run = run
        self.history = list(run.attempts)
        self.budget = Budget(limits=task.limits, spent=run.spend)
        self.started = time.monotonic()
        self.artifact_id: str | None = None
        self.message = ""

    def work(self) -> ExitReason:
        raise AssertionError("each kind of run works in its own way")

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.started

    def keep(self, attempt: Attempt) -> None:
        """Into the run log, before anything else happens."""
        if attempt.generator == "reuse" and attempt.verdict and attempt.verdict.decision is not Decision.ACCEPTED:
            for parent in attempt.candidate.parents if attempt.candidate else ():
                self.parts.library.note_use(parent, accepted=False, seconds=attempt.spend.seconds, run_id=self.run.id)
        self.parts.library.record_attempt(self.run.id, attempt)
        self.history.append(attempt)
        decision = attempt.verdict.decision if attempt.verdict else None
        self.parts.emit(self.run.id, "attempt", attempt.note, attempt=attempt.number, decision=decision, record=attempt)

    def judge(self, candidate: Candidate, *, own_code: bool) -> tuple[Verdict, Spend]:
        self.parts.emit(self.run.id, "checking", candidate=candidate.id, generator=candidate.origin.generator)
        begin = time.monotonic()
        verdict = prove(self.task, candidate, self.parts, own_code=own_code)
        spend = Spend(seconds=time.monotonic() - begin)
        self.parts.emit(self.run.id, "verdict", "; ".join(verdict.reasons), verdict=verdict, seconds=spend.seconds)
        return verdict, spend

    def choose(self, *, several: bool) -> ExitReason:
        """Of the attempts that pass: the first one; or with several, the one that agrees with most others."""
        found = passing(tuple(self.history))
        first = found[0]
        assert first.candidate is not None
        assert first.verdict is not None
        if not several or self.parts.agreement is None:
            return self.finish(first.candidate, first.verdict)
        number = len(self.history) + 1
        step = Step(number=number, generator=AGREEMENT, seed=seed_for(self.run.id, number))
        self.parts.emit(self.run.id, "step", f"agreement of {len(found)} candidates", step=step)
        begin = time.monotonic()
        comparison = self.parts.agreement.compare(
            self.task,
            [a.candidate for a in found if a.candidate is not None],
            written=written(tuple(self.history)),
            replay_command=f"lamarck review compare {self.run.id[:12]}",
        )
        chosen = next(a for a in found if a.candidate is not None and a.candidate.id == comparison.chosen)
        assert chosen.candidate is not None
        assert chosen.verdict is not None
        verdict = decide(
            self.task,
            chosen.candidate.id,
            (*chosen.verdict.evidence, comparison.evidence),
            required=required_checks(self.task, self.parts),
            accept_claimed=self.parts.accept_claimed,
            own_code=False,
        )
        spend = Spend(seconds=time.monotonic() - begin)
        self.budget = self.budget.settle(spend)
        self.keep(
            Attempt(
                number=number,
                generator=AGREEMENT,
                candidate=chosen.candidate,
                verdict=verdict,
                note=comparison.evidence.log,
                spend=spend,
            )
        )
        return self.finish(chosen.candidate, verdict)

    def finish(self, candidate: Candidate, verdict: Verdict) -> ExitReason:
        self.message = "; ".join(verdict.reasons)
        if verdict.decision is Decision.ACCEPTED:
            self.save(candidate, verdict)
            if self.artifact_id is not None:
                self.parts.library.learn(self.task, self.artifact_id, seconds=self.budget.spent.seconds)
        return ExitReason(verdict.decision.value)

    def save(self, candidate: Candidate, verdict: Verdict) -> None:
        """Keep what was accepted. Reused code that fitted as it was counts a use of the artifact it is."""
        library = self.parts.library
        known = {a for a in self._made_of(candidate) if _has(library, a)}
        for parent in known:
            library.record_use(
                parent, run_id=self.run.id, seconds=self.history[-1].spend.seconds if self.history else 0.0
            )
        if candidate.origin.generator == "reuse" and _has(library, candidate.id):
            self.artifact_id = candidate.id
            return
        library.save(
            Artifact(
                id=candidate.id,
                kind="function",
                task=self.task,
                candidate=candidate,
                verdict=verdict,
                created=now(),
                cost=self.budget.spent,
                lineage=tuple(sorted(known)),
            )
        )
        self.artifact_id = candidate.id

    def _made_of(self, candidate: Candidate) -> set[str]:
        """Its parents, and of what a search mended those of the candidate that it mended."""
        found = set(candidate.parents)
        if candidate.origin.generator == "search":
            for attempt in self.history:
                if attempt.candidate is not None and attempt.candidate.id in candidate.parents:
                    found |= self._made_of(attempt.candidate)
        return found


class _Adding(_Working):
    def __init__(self, task: Task, parts: Parts, run: Run, candidate: Candidate) -> None:
        super().__init__(task, parts, run)
        self.candidate = candidate

    def work(self) -> ExitReason:
        verdict, spend = self.judge(self.candidate, own_code=True)
        self.budget = self.budget.settle(spend)
        self.keep(Attempt(number=1, generator="user", candidate=self.candidate, verdict=verdict, spend=spend))
        return self.finish(self.candidate, verdict)


class _Again(_Working):
    def prove_all(self) -> None:
        """Without a word to the run log. What was chosen before is chosen no more."""
        for place, attempt in enumerate(self.history):
            if attempt.generator == AGREEMENT:
                self.history[place] = attempt.replace(candidate=None, verdict=None, note="tests were added since")
            elif attempt.candidate is not None and attempt.verdict is not None:
                verdict, spend = self.judge(attempt.candidate, own_code=False)
                self.budget = self.budget.settle(spend)
                self.history[place] = attempt.replace(verdict=verdict, spend=attempt.spend + spend)

    def work(self) -> ExitReason:
        proven, self.history = self.history, []
        for attempt in proven:
            self.keep(attempt)
        if passing(tuple(self.history)):
            return self.choose(several=True)
        for attempt in self.history:  # what a template or the library brought
            if attempt.candidate and attempt.verdict and attempt.verdict.decision is not Decision.REJECTED:
                return self.finish(attempt.candidate, attempt.verdict)
        self.message = "no candidate of this run passes the tests that were added"
        return ExitReason.REJECTED


class _Solving(_Working):
    def __init__(self, task: Task, parts: Parts, run: Run) -> None:
        super().__init__(task, parts, run)
        self._obstacle: str | None = None  # "": none

    def work(self) -> ExitReason:
        try:
            return self._search()
        except LimitSpent as error:
            if not passing(tuple(self.history)):
                raise
            self.budget = self.budget.settle(_cut_off(error))  # what passed already is not lost for want of more
            return self.choose(several=self.parts.rules.agreement > 1)

    def _rules(self) -> Rules:
        """As set, but without a search for candidates that could not be compared."""
        rules = self.parts.rules
        found = passing(tuple(self.history))
        if rules.agreement <= 1 or not found or self.parts.agreement is None:
            return rules
        if self._obstacle is None:
            assert found[0].candidate is not None
            self._obstacle = self.parts.agreement.obstacle(self.task, found[0].candidate) or ""
        return rules.replace(agreement=1) if self._obstacle else rules

    def _search(self) -> ExitReason:
        exhausted: frozenset[str] = frozenset()
        self.parts.deadline.at = self.started + self.task.limits.seconds
        if not self.task.tests(Trust.GIVEN) and not self.task.tests(Trust.GENERATED):
            self._add_generated_tests()
        while True:
            self.budget.check_seconds(self.elapsed)
            step = next_step(self.run.id, tuple(self.history), self._rules(), exhausted)
            if step is None:
                several = self.parts.rules.agreement > 1
                return self.choose(several=several) if passing(tuple(self.history)) else self._nothing_left()
            if step.generator not in _FREE and self.parts.preflight is not None:
                begin = time.monotonic()
                self.parts.preflight(self.task)  # before a token is paid
                self.parts.emit(self.run.id, "preflight", seconds=time.monotonic() - begin)
            self.parts.emit(self.run.id, "step", step=step)
            generator = self.parts.generators[step.generator]
            proposal = generator.propose(self.task, tuple(self.history), step, self.budget)
            if proposal is None:
                exhausted |= {step.generator}
                continue
            attempt = self._attempt(step, proposal)
            self.budget = self.budget.settle(attempt.spend)
            self.keep(attempt)
            if (reason := self._settled(attempt)) is not None:
                return reason

    def _attempt(self, step: Step, proposal: Proposal) -> Attempt:
        attempt = Attempt(
            number=step.number,
            generator=step.generator,
            tier=step.tier,
            candidate=proposal.candidate,
            verdict=None,
            context=proposal.context,
            reply=proposal.reply,
            note=proposal.note,
            spend=proposal.spend,
        )
        if proposal.candidate is None:
            return attempt
        if (same := self._seen_before(proposal.candidate)) is not None:
            return attempt.replace(note=f"the same syntax tree as attempt {same}: not run again")
        verdict, spend = self.judge(proposal.candidate, own_code=False)
        return attempt.replace(verdict=verdict, spend=proposal.spend + spend)

    def _seen_before(self, candidate: Candidate) -> int | None:
        trees = [tree_hash(f.text) for f in candidate.files]
        if None in trees:
            return None  # what does not parse has no tree to compare
        for attempt in self.history:
            if attempt.generator == TEMPLATES:
                continue  # a model's reply has a verdict of its own, whatever was tried before it was asked
            if attempt.candidate and attempt.verdict and [tree_hash(f.text) for f in attempt.candidate.files] == trees:
                return attempt.number
        return None

    def _settled(self, attempt: Attempt) -> ExitReason | None:
        """What ends the run at once: code of the library or a template, which is compared with nothing."""
        if attempt.candidate is None or attempt.verdict is None:
            return None
        self.message = "; ".join(attempt.verdict.reasons)
        if attempt.generator not in _FREE or attempt.verdict.decision is Decision.REJECTED:
            return None
        if attempt.verdict.decision is Decision.PENDING and _merely_near(attempt.verdict):
            return None
        return self.finish(attempt.candidate, attempt.verdict)

    def _nothing_left(self) -> ExitReason:
        tried = sum(a.candidate is not None for a in self.history)
        self.message = f"none of {tried} candidates was accepted" + (f": {self.message}" if self.message else "")
        return ExitReason.REJECTED

    def _add_generated_tests(self) -> None:
        """For a task that brings no tests: a model writes some, so that a person has something to confirm."""
        if self.parts.write_tests is None:
            return
        step = Step(number=0, generator="tests", seed=seed_for(self.run.id, 0), temperature=0.1)
        self.parts.emit(self.run.id, "step", "writing tests, since the task brings none", step=step)
        tests, spend, _ = self.parts.write_tests(self.task, step, self.budget)
        self.budget = self.budget.settle(spend)
        if tests is not None:
            self.task = self.task.replace(acceptance=(*self.task.acceptance, tests))
            self.run = self.run.replace(task=self.task)
            self.parts.library.begin_run(self.run)  # opens it again, with the tests that a resumed run will find


def _merely_near(verdict: Verdict) -> bool:
    """Code from the library that no test of this task speaks for: nearness alone is nothing to bother a person with."""
    weak = [e for e in verdict.evidence if e.trust in {Trust.DERIVED, Trust.GENERATED}]
    speaks = bool(weak) and all(e.outcome is CheckOutcome.PASSED for e in weak)
    given = any(e.trust is Trust.GIVEN and e.outcome is CheckOutcome.PASSED for e in verdict.evidence)
    return not (speaks or given)


def _has(library: Library, artifact_id: str) -> bool:
    try:
        library.get(artifact_id)
    except BadInput:
        return False
    return True


_FREE = {"reuse", TEMPLATES}  # generators whose proposals cost no token, and end a run at once when they are accepted


def _cut_off(error: LimitSpent) -> Spend:
    """What a reply had cost when a limit ended it."""
    return Spend(calls=1 if error.tokens else 0, completion_tokens=error.tokens)


_LIMITS = {"tokens": ExitReason.TOKENS_SPENT, "seconds": ExitReason.SECONDS_SPENT}


def _logged(working: _Working, parts: Parts, *, begin: bool) -> Run:
    """Work, and whatever happens leave the run log with its typed end."""
    run = working.run
    if begin:
        parts.library.begin_run(run)
    parts.emit(run.id, "run_started", working.task.goal)
    reason = ExitReason.INTERRUPTED
    try:
        try:
            reason = working.work()
        except LimitSpent as error:
            reason, working.message = _LIMITS.get(error.which, ExitReason.USD_SPENT), error.line
            working.budget = working.budget.settle(_cut_off(error))
    except LamarckError as error:
        reason = ExitReason.ENVIRONMENT if isinstance(error, EnvironmentProblem) else ExitReason.BAD_INPUT
        working.message = error.line
        raise
    finally:
        parts.deadline.at = None
        ended = run.replace(
            task=working.task,
            attempts=tuple(working.history),
            spend=working.budget.spent,
            seconds=working.elapsed,
            exit_reason=reason,
            artifact_id=working.artifact_id,
            message=working.message,
        )
        parts.library.end_run(
            run.id,
            exit_reason=reason,
            spend=ended.spend,
            seconds=working.elapsed,
            artifact_id=working.artifact_id,
            message=working.message,
        )
        parts.emit(run.id, "run_ended", working.message, exit_reason=reason)
    return ended
