"""The seam that turns a task and what is known into the pieces of one prompt."""

from __future__ import annotations

from typing import Protocol

from lamarck.records import Artifact, Attempt, Context, Task


class ContextEngineer(Protocol):
    """Chooses, labels and orders pieces; writes neither prose nor code. Deterministic."""

    version: str

    def build(self, task: Task, *, related: tuple[Artifact, ...], failed: Attempt | None, tokens: int) -> Context:
        """Pieces for one prompt, within about `tokens`.

        related: proven artifacts that may help, best first. failed: the attempt to repair; None asks for a fresh one.
        """
