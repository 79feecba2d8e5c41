"""Which lines and branches each given test runs: one judging of a candidate with probes in its files.

The judge reads and clears the probes' buffer after every test, so which test ran what is no word of the candidate's.
What stands in the buffer is: its own process writes it, and could write more. Where the probes write is drawn anew each
time, and a write elsewhere is found out; that, and mutants that survive where a line is said to have run, is all that
speaks against a lie. So it is claimed evidence.
"""

from __future__ import annotations

import ast
import random
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lamarck.checks.gate import Means
from lamarck.checks.graded import trees
from lamarck.checks.judge.inside.probes import Probe, probes_in
from lamarck.checks.judge.judge import Judge, JudgeReport, Probes, Subject, SubjectReport
from lamarck.records import Candidate, SourceFile, Task, Trust, content_id

_SPARE = 4  # places in the buffer for each probe
_KEPT = 8  # traces


@dataclass(frozen=True, kw_only=True)
class Trace:
    """probes: path → every probe of the file. ran: test → path → numbers of its probes that the test ran; the test ""
    stands for what ran before the first one. strays: how often somebody wrote where no probe does."""

    report: JudgeReport
    probes: Mapping[str, Sequence[Probe]]
    ran: Mapping[str, Mapping[str, frozenset[int]]]
    strays: int = 0

    @property
    def subject(self) -> SubjectReport:
        return self.report.subjects[0]

    def hit(self, path: str) -> frozenset[int]:
        return frozenset().union(*(files.get(path, frozenset()) for files in self.ran.values()))

    def tests_of(self, path: str, first: int, last: int) -> tuple[str, ...]:
        """Tests that ran a line of that range, import time apart."""
        wanted = self._between(path, first, last)
        return tuple(test for test, files in self.ran.items() if test and wanted & files.get(path, frozenset()))

    def imported(self, path: str, first: int, last: int) -> bool:
        """Whether a line of that range ran at all, before the first test or in one."""
        return bool(self._between(path, first, last) & self.hit(path))

    def _between(self, path: str, first: int, last: int) -> set[int]:
        return {n for n, p in enumerate(self.probes.get(path, ())) if p.kind == "line" and first <= p.line <= last}


@dataclass
class Tracer:
    """Traces of equal code and tests are made once."""

    judge: Judge
    _known: OrderedDict[str, Trace] = field(default_factory=OrderedDict)

    def trace(self, task: Task, candidate: Candidate) -> Trace:
        key = content_id(candidate.id, task.module, task.support, task.acceptance, task.job_limits)
        if key not in self._known:
            self._known[key] = self._traced(task, candidate)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return self._known[key]

    def _traced(self, task: Task, candidate: Candidate) -> Trace:
        probes = {path: probes_in(tree) for path, tree in trees(candidate.files).items()}
        count = sum(map(len, probes.values()))
        size = max(_SPARE * count, 64)
        drawn = iter(random.SystemRandom().sample(range(size), count))
        slots = {path: [next(drawn) for _ in found] for path, found in probes.items()}
        report = self.judge.judge(
            task,
            task.tests(Trust.GIVEN),
            (Subject(label=candidate.id[:12], files=candidate.files),),
            probes=Probes(size=size, slots=slots),
        )
        meant = {slot for found in slots.values() for slot in found}
        ran, strays = {}, 0
        for test, buffer in report.subjects[0].covered.items():
            written = {place for place, value in enumerate(buffer) if value}
            strays += len(written - meant)
            ran[test] = {
                path: frozenset(n for n, slot in enumerate(found) if slot in written) for path, found in slots.items()
            }
        return Trace(report=report, probes=probes, ran=ran, strays=strays)


def tracer_of(means: Means) -> Tracer:
    """One for all checks of a gate."""
    tracer: Tracer = means.shared.setdefault("tracer", Tracer(means.judge))
    return tracer


def lines_of(probes: Sequence[Probe], numbers: frozenset[int]) -> set[int]:
    return {p.line for n, p in enumerate(probes) if p.kind == "line" and n in numbers}


def ranges(lines: set[int]) -> Iterator[tuple[int, int]]:
    """Runs of lines that follow each other, as first and last."""
    first = last = None
    for line in sorted(lines):
        if last is None or first is None or line > last + 1:
            if first is not None and last is not None:
                yield first, last
            first = line
        last = line
    if first is not None and last is not None:
        yield first, last


def shown_ranges(lines: set[int]) -> str:
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges(lines))


def function_at(file: SourceFile, line: int) -> str:
    """The qualified name of the innermost function around a line; empty at the top level."""
    found = ""
    try:
        tree = ast.parse(file.text)
    except (SyntaxError, RecursionError):
        return found
    waiting: list[tuple[ast.AST, str]] = [(tree, "")]
    while waiting:
        node, name = waiting.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                if child.lineno <= line <= (child.end_lineno or child.lineno):
                    found = f"{name}.{child.name}".strip(".")
                    waiting.append((child, found))
            elif isinstance(child, ast.stmt):
                waiting.append((child, name))
    return found
