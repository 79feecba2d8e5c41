"""The seam for everything that measures a candidate."""

from __future__ import annotations

from typing import Protocol

from lamarck.records import Candidate, Evidence, Task
from lamarck.settings import Level

__all__ = ["LEVELS", "Check", "Level"]

LEVELS: tuple[Level, ...] = ("quick", "standard", "deep")


class Check(Protocol):
    """Measures one thing about a candidate.

    Never raises because the candidate is bad: that is a `failed` outcome. When the check itself breaks, the outcome is
    `errored`, with the reason in the log. Raises only `EnvironmentProblem` (no sandbox) and `BadInput` (the task's own
    tests are unusable). Equal code, tests, environment and version give equal outcomes.
    """

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str:
        """Changes whenever equal input may give another outcome: of the check and of the tools it uses."""

    @property
    def required(self) -> bool:
        """For admission."""

    @property
    def level(self) -> Level:
        """The lowest level at which it runs: quick in every loop, standard in CI, deep in the background."""

    def applies(self, task: Task) -> bool:
        """False when the task gives this check nothing to measure; then it is not missing either."""

    def run(self, task: Task, candidate: Candidate) -> Evidence: ...
