"""Check 'mutation': whether the given tests notice small edits of the code. Each survivor is a test that is missing.

A mutant is judged like any candidate. At `standard` a sample is tried, in `deep` all; what no test reaches is not run.
What became of a mutant is kept under everything it depends on: the edit, the pieces of code that the tests of its
line run, and the tests; so after a change only the mutants of what is concerned are tried again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import msgspec

from lamarck.checks.check import Level
from lamarck.checks.gate import Changed, Means
from lamarck.checks.judge.judge import JUDGE_VERSION, Judge, Subject, SubjectReport
from lamarck.checks.mutants import MUTATORS_VERSION, Distinct, Mutant, possible_mutants_of
from lamarck.checks.noticing import noticing
from lamarck.checks.pieces import Piece, pieces_of
from lamarck.checks.stages import StageCache
from lamarck.checks.tracing import Trace, Tracer, tracer_of
from lamarck.checks.waivers import Waivers, is_waived
from lamarck.records import (
    Assurance,
    Candidate,
    CheckOutcome,
    Difference,
    Evidence,
    Finding,
    JobLimits,
    Record,
    SourceFile,
    Task,
    Trust,
    content_id,
)

_TOGETHER = 6  # mutants that one judge is given at once
_CPU_SECONDS = 0.5  # of a mutant, beyond ten times what the tests took: it hangs
_WALL_SECONDS = 30.0  # of one that waits rather than works
_MOST_MUTANTS_OF_FILE = 5_000

Progress = Callable[[str, int, int], None]


class Fate(Record, frozen=True, kw_only=True):
    """killed_by: tests that noticed. stop: why its process ended before the tests did."""

    killed_by: tuple[str, ...] = ()
    stop: str = ""
    tests: int = 0  # that ran its line

    @property
    def killed(self) -> bool:
        return bool(self.killed_by)


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """One mutant, the tests that run its line, and where its fate is kept."""

    mutant: Mutant
    tests: tuple[str, ...]
    key: str


class MutationCheck:
    """Fails below `minimum` of the mutants killed. sample: how many to try; None: all. changed: only what differs."""

    name = "mutation"
    required = False
    level: Level = "standard"

    def __init__(
        self,
        judge: Judge,
        tracer: Tracer,
        cache: StageCache,
        waivers: Waivers,
        *,
        minimum: float = 0.7,
        sample: int | None = None,
        changed: Changed | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._judge = judge
        self._tracer = tracer
        self._cache = cache
        self._waivers = waivers
        self._minimum = minimum
        self._sample = sample
        self._changed = changed
        self._progress = progress

    @property
    def version(self) -> str:
        how = "all" if self._sample is None else str(self._sample)
        return f"{MUTATORS_VERSION}.3+judge{JUDGE_VERSION}+{self._minimum:g}+{how}{self._waivers.key}"

    def applies(self, task: Task) -> bool:
        return task.language == "python" and bool(task.tests(Trust.GIVEN))

    def run(self, task: Task, candidate: Candidate) -> Evidence:
        begin = time.monotonic()
        trace = self._tracer.trace(task, candidate)
        if not trace.subject.passed or trace.strays:
            why = "the given tests do not pass, so no mutant can be told from the code"
            return self._evidence(candidate, trace, CheckOutcome.SKIPPED, begin).replace(log=why)
        files = {f.path: f for f in self._files(candidate, trace)}
        everything = [m for f in files.values() for m in self._mutants(f)]
        tried = self._sampled(everything, files)
        if not tried:
            why = "there is nothing to mutate in what the tests run"
            return self._evidence(candidate, trace, CheckOutcome.SKIPPED, begin).replace(log=why)
        plans = self._plans(task, candidate, trace, tried)
        fates = self._fates(task, candidate, trace, plans)
        broke = [p for p in plans if p.mutant not in fates]
        if broke:
            why = f"{len(broke)} mutants could not be judged"
            return self._evidence(candidate, trace, CheckOutcome.ERRORED, begin).replace(log=why)
        left = [m for m in fates if not fates[m].killed and not is_waived(self._waivers.mark(_survivor(m, fates[m])))]
        left.sort(key=lambda m: (not fates[m].tests, m.path, m.line, m.column, m.after))
        noticed = noticing(self._judge, task, candidate, left, _limits(task, trace))
        return self._told(candidate, trace, fates, noticed, len(everything), begin)

    # --- which mutants

    def _files(self, candidate: Candidate, trace: Trace) -> Iterator[SourceFile]:
        """Those that a test runs at all: of the others, 'coverage' tells."""
        for file in candidate.files:
            ran = any(test and files.get(file.path) for test, files in trace.ran.items())
            if ran and (self._changed is None or file.path in self._changed.before):
                yield file

    def _mutants(self, file: SourceFile) -> list[Mutant]:
        found = possible_mutants_of(file)[:_MOST_MUTANTS_OF_FILE]
        if self._changed is None:
            return found
        before = self._changed.before.get(file.path)
        if before is None:
            return found
        known = {piece.text for piece in pieces_of(file.replace(text=before))}
        new = [p for p in pieces_of(file) if p.text not in known]
        lines, old = file.text.splitlines(), set(before.splitlines())
        return [
            m
            for m in found
            if any(_holds(p, m.line) for p in new) or (m.early and not set(lines[m.line - 1 : _last(m)]) <= old)
        ]

    def _sampled(self, mutants: Sequence[Mutant], files: Mapping[str, SourceFile]) -> list[Mutant]:
        """The same ones for equal code, and most of them for similar code: drawn by the hash of the edit. Each says
        something else; what a sample leaves out is not even parsed."""
        is_new = {path: Distinct(files[path]) for path in {m.path for m in mutants}}
        if self._sample is None:
            return [m for m in mutants if is_new[m.path](m)]
        drawn = sorted(mutants, key=lambda m: content_id(m.path, m.id, m.column))
        chosen = set(islice((m for m in drawn if is_new[m.path](m)), self._sample))
        return [m for m in mutants if m in chosen]

    # --- what became of them

    def _plans(self, task: Task, candidate: Candidate, trace: Trace, mutants: Sequence[Mutant]) -> list[_Plan]:
        pieces = {f.path: pieces_of(f) for f in candidate.files if f.path in trace.probes}
        run_by = {test: _run_by(trace, pieces, test) for test in trace.ran}
        tests = content_id(task.module, task.tests(Trust.GIVEN), task.support)
        environment = self._judge.environment
        plans = []
        for mutant in mutants:
            covering = _covering(trace, mutant)
            touched = sorted(set().union(*(run_by[test] for test in ("", *covering) if test in run_by)))
            own = next((p.text for p in pieces[mutant.path] if _holds(p, mutant.line)), "")
            where = [mutant.path, mutant.id, own, _place_in(pieces[mutant.path], mutant)]
            key = content_id("mutant", MUTATORS_VERSION, JUDGE_VERSION, where, covering, touched, tests, environment)
            plans.append(_Plan(mutant=mutant, tests=covering, key=key))
        return plans

    def _fates(self, task: Task, candidate: Candidate, trace: Trace, plans: list[_Plan]) -> dict[Mutant, Fate]:
        fates: dict[Mutant, Fate] = {}
        waiting: list[_Plan] = []
        for plan in plans:
            kept = self._cache.get(plan.key)
            if not plan.tests:
                fates[plan.mutant] = Fate()
            elif kept is not None:
                fates[plan.mutant] = msgspec.json.decode(kept, type=Fate)
            else:
                waiting.append(plan)
        limits = _limits(task, trace)
        for start in range(0, len(waiting), _TOGETHER):
            if self._progress is not None:
                self._progress(self.name, len(plans) - len(waiting) + start, len(plans))
            batch = waiting[start : start + _TOGETHER]
            subjects = tuple(
                Subject(label=str(n), files=_with(candidate.files, plan.mutant.file)) for n, plan in enumerate(batch)
            )
            report = self._judge.judge(task, task.tests(Trust.GIVEN), subjects, limits=limits)
            if report.broke is not None:
                continue
            for plan, subject in zip(batch, report.subjects, strict=True):
                fates[plan.mutant] = fate = _fate(plan, subject)
                self._cache.put(plan.key, fate.to_json().encode())
        return fates

    # --- what is told

    def _told(
        self,
        candidate: Candidate,
        trace: Trace,
        fates: dict[Mutant, Fate],
        noticed: Mapping[Mutant, Difference],
        everything: int,
        begin: float,
    ) -> Evidence:
        ordered = sorted(fates, key=lambda m: (m.path, m.line, m.column, m.after))
        findings = [self._waivers.mark(_survivor(m, fates[m], noticed.get(m))) for m in ordered if not fates[m].killed]
        counted = len(fates) - sum(map(is_waived, findings))
        killed = sum(f.killed for f in fates.values())
        share = killed / counted if counted else 1.0
        outcome = CheckOutcome.PASSED if share >= self._minimum else CheckOutcome.FAILED
        return self._evidence(candidate, trace, outcome, begin).replace(
            score=share,
            findings=tuple(findings),
            differences=tuple(noticed[m] for m in ordered if m in noticed),
            measurements={
                "mutation_score": share,
                "tried": len(fates),
                "of": everything if self._sample is not None else len(fates),
                "killed": killed,
                "survived": sum(not f.killed and f.tests > 0 for f in fates.values()),
                "not_run": sum(f.tests == 0 for f in fates.values()),
                "hung": sum(bool(f.stop) for f in fates.values()),
            },
            log="\n".join([_head(killed, counted, self._minimum), "", *(_row(m, fates[m]) for m in ordered)]),
        )

    def _evidence(self, candidate: Candidate, trace: Trace, outcome: CheckOutcome, begin: float) -> Evidence:
        return Evidence(
            check=self.name,
            check_version=self.version,
            candidate_id=candidate.id,
            outcome=outcome,
            assurance=Assurance.JUDGED,
            enforcement=trace.report.enforcement,
            environment=trace.report.environment,
            replay_command=f"lamarck verify {candidate.id[:12]}",
            seconds=time.monotonic() - begin,
        )


def _fate(plan: _Plan, subject: SubjectReport) -> Fate:
    good = {CheckOutcome.PASSED, CheckOutcome.SKIPPED}
    noticed = tuple(r.id for r in subject.results if r.outcome not in good)
    return Fate(killed_by=noticed, stop=subject.stop or "", tests=len(plan.tests))


def _limits(task: Task, trace: Trace) -> JobLimits:
    """Of a mutant: far more than the code itself needs, so that a busy machine changes no verdict."""
    took = sum(r.seconds for r in trace.subject.results)
    return task.job_limits.replace(
        cpu_seconds=min(task.job_limits.cpu_seconds, _CPU_SECONDS + 10 * took),
        wall_seconds=min(task.job_limits.wall_seconds, _WALL_SECONDS + 20 * took),
    )


def _with(files: tuple[SourceFile, ...], other: SourceFile) -> tuple[SourceFile, ...]:
    return tuple(other if f.path == other.path else f for f in files)


def _holds(piece: Piece, line: int) -> bool:
    return piece.first <= line <= piece.last if piece.name else False


def _last(mutant: Mutant) -> int:
    return mutant.line + mutant.before.count("\n")


def _covering(trace: Trace, mutant: Mutant) -> tuple[str, ...]:
    """Tests that run its statement; all of them for what runs when the file is imported: they get what it left."""
    first, last = mutant.statement, max(mutant.statement, _last(mutant))
    if mutant.early:
        return tuple(t for t in trace.ran if t) if trace.imported(mutant.path, first, last) else ()
    return trace.tests_of(mutant.path, first, last)


def _place_in(pieces: Sequence[Piece], mutant: Mutant) -> tuple[int, int]:
    """Line and column from where its piece begins, which a change above leaves alone."""
    first = next((p.first for p in pieces if _holds(p, mutant.line)), 0)
    return mutant.line - first, mutant.column


def _run_by(trace: Trace, pieces: dict[str, list[Piece]], test: str) -> set[str]:
    """Hashes of the pieces that a test runs, and of what stands around them."""
    found: set[str] = set()
    for path, numbers in trace.ran[test].items():
        lines = {trace.probes[path][n].line for n in numbers}
        if lines:
            found |= {content_id(path, p.text) for p in pieces[path] if not p.name or _any_in(p, lines)}
    return found


def _any_in(piece: Piece, lines: set[int]) -> bool:
    return any(piece.body <= line <= piece.last for line in lines)


def _survivor(mutant: Mutant, fate: Fate, noticed: Difference | None = None) -> Finding:
    message = f"a test is missing that notices {mutant.shown}"
    message += f"; {fate.tests} run this line" if fate.tests else "; none runs this line"
    if noticed is not None:
        ours, theirs = (b.shows for b in noticed.behaviours)
        message += f"; {noticed.call} would: {ours}, and so edited {theirs}"
    return Finding(
        rule="survivor" if fate.tests else "unreached",
        message=message,
        severity="low",
        path=mutant.path,
        line=mutant.line,
    )


def _head(killed: int, counted: int, minimum: float) -> str:
    wanted = f", {minimum:.0%} are wanted" if killed < minimum * counted else ""
    return f"the given tests notice {killed} of {counted} small edits{wanted}"


def _row(mutant: Mutant, fate: Fate) -> str:
    """One row of the kill matrix."""
    what = f"killed by {', '.join(fate.killed_by)}" if fate.killed else "survived" if fate.tests else "not run"
    stop = f" ({fate.stop})" if fate.stop else ""
    return f"{mutant.path}:{mutant.line}:{mutant.column} {mutant.shown}: {what}{stop}"


def build(means: Means) -> MutationCheck:
    return MutationCheck(
        means.judge,
        tracer_of(means),
        means.kept or means.shared.setdefault("kept", StageCache(None)),
        means.waivers,
        minimum=means.settings.checks.minimum_mutation,
        sample=None if means.level == "deep" else means.settings.checks.mutants,
        changed=means.changed,
        progress=means.progress,
    )
