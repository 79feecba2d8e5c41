"""The seam for whatever proposes candidates."""

from __future__ import annotations

from typing import Protocol

from lamarck.records import Attempt, Candidate, Context, Record, Spend, Task


class Proposal(Record, frozen=True, kw_only=True):
    """What one step of a generator brought: a candidate, or why there is none, and what it cost either way."""

    candidate: Candidate | None
    spend: Spend
    context: Context | None = None
    reply: str | None = None
    note: str = ""


class Generator(Protocol):
    """Proposes candidates; never accepts one. Raises `ModelUnavailable` and `LimitSpent`.

    A bad reply raises nothing: it is a proposal without a candidate.
    """

    name: str

    def propose(self, task: Task, history: tuple[Attempt, ...], *, seed: int) -> Proposal | None:
        """The next candidate given what was tried, or None when this generator has no more to offer."""
