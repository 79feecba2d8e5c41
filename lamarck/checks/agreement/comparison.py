"""The seam for whatever compares candidates that all pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from lamarck.records import Candidate, Evidence, Record, Task


class Comparison(Record, frozen=True, kw_only=True):
    """chosen: id of the earliest candidate of the largest agreeing group, counted in replies; evidence: on it. groups:
    ids of candidates that did the same, the largest group first; empty where nothing could be compared."""

    chosen: str
    evidence: Evidence
    groups: tuple[tuple[str, ...], ...] = ()


class Compare(Protocol):
    """Compares candidates; accepts and rejects none. Equal arguments give equal groups."""

    def obstacle(self, task: Task, candidate: Candidate) -> str | None:
        """Why it is not worth looking for another candidate to compare with this one, in one line; None when it is.
        Runs nothing."""

    def compare(
        self,
        task: Task,
        candidates: Sequence[Candidate],
        *,
        written: Mapping[str, int] = {},
        replay_command: str = "",
    ) -> Comparison:
        """candidates: different ones that pass the same tests, earliest first; at least one. written: how many replies
        wrote each, by id; one where it is not told.

        Raises `EnvironmentProblem` when they cannot be run; what cannot be compared is evidence that says why.
        """
