"""A specification as it was read, whatever it was written in."""

from __future__ import annotations

from dataclasses import dataclass, field

from lamarck.tasks.steps import Step


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """One case: steps in order, as plain data."""

    name: str
    steps: tuple[Step, ...]
    line: int


@dataclass(frozen=True, kw_only=True)
class Specification:
    """level: tool, workflow or system; target: the function that it is about, None in a feature that names it in its
    steps. names: words of sentences → keys of results. below: names of the specifications that it cascades to."""

    level: str
    target: str | None
    behaviours: tuple[Behaviour, ...]
    module: str | None = None
    names: dict[str, str] = field(default_factory=dict)
    below: tuple[str, ...] = ()
