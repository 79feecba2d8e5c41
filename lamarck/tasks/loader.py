"""The seam between what users write and a `Task`."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lamarck.records import JobLimits, Limits, Task

# The judge brings pytest, whatever the environment holds.
_ALWAYS = frozenset(sys.stdlib_module_names) | {"pytest", "_pytest"}
DEFAULT_IMPORTABLE = frozenset({"hypothesis"})


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a task is read against: the limits of a run and of a job, and the top-level names that can be imported.

    A task may lower the limits and never raise them.
    """

    limits: Limits = field(default_factory=Limits)
    job_limits: JobLimits = field(default_factory=JobLimits)
    importable: frozenset[str] = DEFAULT_IMPORTABLE

    def resolves(self, module: str) -> bool:
        """Whether the top-level package of `module` is of the standard library or of the user's environment."""
        top = module.partition(".")[0]
        return top in _ALWAYS or top in self.importable


class TaskLoader(Protocol):
    """Reads one form of task. Runs no code of the user's, and touches no network. Constructed with `Surroundings`.

    Raises `BadInput` with one clear line (file and line where there is one) and the mend.
    """

    name: str

    def accepts(self, source: str, tests: tuple[Path, ...]) -> bool:
        """Whether this form is what `source` looks like. Exactly one built-in loader accepts any given source."""

    def load(self, source: str, tests: tuple[Path, ...]) -> Task: ...
