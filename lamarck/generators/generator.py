"""The seam for whatever proposes candidates."""

from __future__ import annotations

from typing import Protocol

from lamarck.budget import Budget
from lamarck.policy import Step
from lamarck.records import Attempt, Candidate, Context, Record, Spend, Task


class Proposal(Record, frozen=True, kw_only=True):
    """What one step of a generator brought: a candidate, or why there is none, and what it cost either way."""

    candidate: Candidate | None
    spend: Spend
    context: Context | None = None
    reply: str | None = None
    note: str = ""


class Generator(Protocol):
    """Proposes candidates; never accepts one.

    Reserves the worst case in `budget` before it spends, so it raises `LimitSpent` rather than overspend; raises
    `ModelUnavailable` when a model can't answer. A bad reply raises nothing: it is a proposal without a candidate.
    Deterministic for equal arguments, as far as the model is.
    """

    name: str

    def propose(self, task: Task, history: tuple[Attempt, ...], step: Step, budget: Budget) -> Proposal | None:
        """The candidate for this step, or None when this generator has no more to offer for this task."""
