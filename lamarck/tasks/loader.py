"""The seam between what users write and a `Task`."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from lamarck.records import Task


class TaskLoader(Protocol):
    """Reads one form of task. Runs no code of the user's, and touches no network.

    Raises `BadInput` with one clear line (file and line where there is one) and the mend.
    """

    name: str

    def accepts(self, source: str, tests: tuple[Path, ...]) -> bool:
        """Whether this form is what `source` looks like. Exactly one built-in loader accepts any given source."""

    def load(self, source: str, tests: tuple[Path, ...]) -> Task: ...
