"""What an arm of a benchmark is: a way from a task to one candidate, within a budget of generated tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lamarck.api import Lamarck, Settings
from lamarck.benchmarks.building import Built
from lamarck.benchmarks.metering import MeteredModel
from lamarck.records import Candidate, CheckOutcome, Evidence, Origin, Record, SourceFile, Task, make_candidate


class Proposed(Record, frozen=True, kw_only=True):
    """What an arm ends with. accepted: what its own tests said; None when it asks nobody. broke: why its tests could
    not be run, which is nobody's failure; the pair is then tried again on resume.
    """

    candidate: Candidate | None
    accepted: bool | None = None
    note: str = ""
    broke: str = ""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What an arm works with. model: None where no arm needs one. folder: empty, for the arm's library. shared: a
    folder that outlives the pair, and the process where results are kept. aider: its program, where it was named.
    """

    lamarck: Lamarck
    settings: Settings
    built: Built
    model: MeteredModel | None
    folder: Path
    shared: Path
    aider: Path | None = None

    @property
    def task(self) -> Task:
        return self.built.task

    def candidate(self, files: tuple[SourceFile, ...], generator: str) -> Candidate:
        origin = Origin(generator=generator)
        return make_candidate(files=files, entry_point=self.task.entry_point, origin=origin)


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way. asks: whether it needs a model."""

    run: Callable[[Bench], Proposed]
    asks: bool = True


def passed_share(evidence: Evidence) -> float:
    """Tests that passed, as a share of all; 0 when there were none."""
    if not evidence.results:
        return 1.0 if evidence.outcome is CheckOutcome.PASSED else 0.0
    return sum(r.outcome is CheckOutcome.PASSED for r in evidence.results) / len(evidence.results)
