"""Check 'coverage': the lines and branches that the given tests run, test by test. It ranks and admits nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator

from lamarck.checks.check import Level
from lamarck.checks.gate import Means
from lamarck.checks.judge.judge import JUDGE_VERSION
from lamarck.checks.tracing import Trace, Tracer, lines_of, ranges, shown_ranges, tracer_of
from lamarck.checks.verdict import BRANCH_COVERAGE
from lamarck.checks.waivers import Waivers, is_waived
from lamarck.records import Assurance, Candidate, CheckOutcome, Evidence, Finding, Task, Trust

_MOST_TESTS = 200  # whose lines are told


class CoverageCheck:
    """Fails below `minimum` of the branches (of the lines, where there is no branch). only: files to measure."""

    name = "coverage"
    required = False
    level: Level = "quick"

    def __init__(
        self, tracer: Tracer, waivers: Waivers, *, minimum: float = 0.85, only: frozenset[str] | None = None
    ) -> None:
        self._tracer = tracer
        self._waivers = waivers
        self._minimum = minimum
        self._only = only

    @property
    def version(self) -> str:
        return f"2+judge{JUDGE_VERSION}+{self._minimum:g}{self._waivers.key}"

    def applies(self, task: Task) -> bool:
        return task.language == "python" and bool(task.tests(Trust.GIVEN))

    def run(self, task: Task, candidate: Candidate) -> Evidence:
        begin = time.monotonic()
        trace = self._tracer.trace(task, candidate)
        problem = _problem(trace)
        if problem:
            return self._evidence(candidate, trace, CheckOutcome.ERRORED, log=problem, begin=begin)
        paths = [p for p in trace.probes if self._only is None or p in self._only]
        findings = [self._waivers.mark(f) for path in paths for f in _missing(trace, path)]
        known = {(f.path, f.line) for f in findings if is_waived(f)}
        counted = {"line": [0, 0], "branch": [0, 0]}  # ran, of how many
        for path in paths:
            hit = trace.hit(path)
            for number, probe in enumerate(trace.probes[path]):
                counted[probe.kind][1] += 1
                counted[probe.kind][0] += number in hit or (path, probe.line) in known
        lines, branches = (ran / of if of else 1.0 for ran, of in counted.values())
        share = branches if counted["branch"][1] else lines
        if not counted["line"][1]:
            return self._evidence(candidate, trace, CheckOutcome.SKIPPED, log="there is no statement", begin=begin)
        outcome = CheckOutcome.PASSED if share >= self._minimum else CheckOutcome.FAILED
        what = "branches" if counted["branch"][1] else "lines"
        head = f"the given tests run {share:.0%} of the {what}"
        head += "" if outcome is CheckOutcome.PASSED else f", {self._minimum:.0%} are wanted"
        log = "\n".join([head, "", *_contexts(trace, paths)])
        evidence = self._evidence(candidate, trace, outcome, log=log, begin=begin)
        return evidence.replace(
            score=share,
            findings=tuple(findings),
            measurements={
                BRANCH_COVERAGE: share,
                "line_coverage": lines,
                "branches": counted["branch"][1],
                "lines": counted["line"][1],
            },
        )

    def _evidence(
        self, candidate: Candidate, trace: Trace, outcome: CheckOutcome, *, log: str, begin: float
    ) -> Evidence:
        return Evidence(
            check=self.name,
            check_version=self.version,
            candidate_id=candidate.id,
            outcome=outcome,
            assurance=Assurance.CLAIMED,
            enforcement=trace.report.enforcement,
            environment=trace.report.environment,
            log=log,
            replay_command=f"lamarck verify {candidate.id[:12]}",
            seconds=time.monotonic() - begin,
        )


def _problem(trace: Trace) -> str:
    """Why the trace says nothing."""
    if trace.report.broke is not None:
        return trace.report.broke
    if trace.report.collect_error is not None:
        return f"the tests do not collect: {trace.report.collect_error}"
    if trace.strays:
        return "the code wrote where no probe does: what it says of itself counts for nothing"
    if not any(trace.ran):
        return trace.subject.import_error or trace.subject.stop or "no test told what it ran"
    return ""


def _missing(trace: Trace, path: str) -> Iterator[Finding]:
    """Lines that nothing ran, then branches not taken at lines that ran."""
    probes, hit = trace.probes[path], trace.hit(path)
    every = lines_of(probes, frozenset(range(len(probes))))
    dark = every - lines_of(probes, hit)
    for first, last in ranges(dark):
        where = f"line {first} is" if first == last else f"lines {first}-{last} are"
        yield Finding(rule="not-run", message=f"{where} run by no given test", severity="low", path=path, line=first)
    for number, probe in enumerate(probes):
        if probe.kind == "branch" and number not in hit and probe.line not in dark:
            message = f"no given test takes the way '{probe.way}' from here"
            yield Finding(rule="branch", message=message, severity="low", path=path, line=probe.line)


def _contexts(trace: Trace, paths: list[str]) -> Iterator[str]:
    """What each test ran, a line for each file."""
    for test in list(trace.ran)[:_MOST_TESTS]:
        for path in paths:
            if lines := lines_of(trace.probes[path], trace.ran[test].get(path, frozenset())):
                yield f"{test or 'import'}: {path}: {shown_ranges(lines)}"


def build(means: Means) -> CoverageCheck:
    return CoverageCheck(
        tracer_of(means),
        means.waivers,
        minimum=means.settings.checks.minimum_coverage,
        only=None if means.changed is None else frozenset(means.changed.before),
    )
