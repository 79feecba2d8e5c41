"""Check 'principles': seven principles that an application of several files is held to, as one section of the report.

Style, no duplication, fail fast, observability, integration tests first, business words kept, fix the generator first.
Points are the mean of what could be measured; a principle for which there is nothing to measure is named and counts for
nothing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from lamarck.checks.check import Level
from lamarck.checks.gate import Means
from lamarck.checks.graded import POINTS, graded, marked, trees
from lamarck.checks.principles.rules import PRINCIPLES, Application, Kept
from lamarck.checks.waivers import Waivers, is_waived
from lamarck.records import Candidate, Evidence, Finding, Task

VERSION = "1"


class Principles:
    name = "principles"
    required = False
    level: Level = "standard"
    runs_code = False

    def __init__(self, waivers: Waivers, *, minimum: float = 8.0) -> None:
        self._waivers = waivers
        self._minimum = minimum

    @property
    def version(self) -> str:
        return f"{VERSION}+{self._minimum:g}{self._waivers.key}"

    def applies(self, task: Task) -> bool:
        return task.language == "python" and len(task.stubs) > 1

    def run(self, task: Task, candidate: Candidate) -> Evidence:
        begin = time.perf_counter()
        app = Application(task, candidate.files, trees(candidate.files))
        kept = [rule(app) for rule in PRINCIPLES]
        findings = marked((f for each in kept for f in each.broken), self._waivers)
        measured = {each.principle.replace(" ", "_"): each.share for each in kept if each.share is not None}
        counted = [1.0 if _excused(each, findings) else s for each in kept if (s := each.share) is not None]
        evidence = graded(
            candidate,
            check=self.name,
            version=self.version,
            points=10 * sum(counted) / len(counted) if counted else None,
            minimum=self._minimum,
            findings=findings,
            measurements={name: round(share, 3) for name, share in measured.items()},
            seconds=time.perf_counter() - begin,
        )
        head = evidence.log.split("\n", 1)[0] if POINTS in evidence.measurements else "nothing to measure"
        told = "\n".join(each.line() for each in kept)
        return evidence.replace(log=f"{head}\n\n{told}")


def _excused(kept: Kept, findings: Sequence[Finding]) -> bool:
    """Whether every place that breaks the principle is waived."""
    rules = {f.rule for f in kept.broken}
    mine = [f for f in findings if f.rule in rules]
    return bool(mine) and all(map(is_waived, mine))


def build(means: Means) -> Principles:
    return Principles(means.waivers, minimum=means.settings.checks.minimum_score)
