"""Everything Lamarck raises on purpose.

LamarckError                     one clear line: what is wrong, and how to mend it
├── BadInput                     exit 2: the task, the tests, the settings or the arguments
├── LimitSpent                   exit 4: tokens, seconds or money of this run are used up
└── EnvironmentProblem           exit 5: this machine lacks something
    ├── SandboxUnavailable       isolation cannot be enforced, so nothing is run
    ├── ModelUnavailable         no weights, no engine, endpoint down
    │   ├── ModelCorrupt         the weights' digest differs
    │   └── EndpointFailed       an endpoint was slow, refused or answered nonsense
    └── LibraryUnavailable       the library cannot be read or written
        ├── LibraryLocked        another process holds it longer than the time-out
        ├── LibraryTooNew        a later version of Lamarck wrote it
        ├── LibraryCorrupt       the file fails its integrity check
        └── DiskFull             no space left
"""

from __future__ import annotations

from typing import ClassVar


class LamarckError(Exception):
    """An expected failure. `str(error)` is what is wrong; `mend` says what to do about it."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, mend: str = "") -> None:
        super().__init__(what)
        self.mend = mend

    @property
    def line(self) -> str:
        """What is wrong and how to mend it, in one line."""
        what = " ".join(str(self).split())
        return f"{what}; {self.mend}" if self.mend else what


class BadInput(LamarckError):
    """What the user gave cannot be worked with."""

    exit_code = 2


class LimitSpent(LamarckError):
    """A limit of the run is spent. `which` is 'tokens', 'seconds', 'usd' or 'daily_usd'."""

    exit_code = 4

    def __init__(self, what: str, mend: str = "", *, which: str) -> None:
        super().__init__(what, mend)
        self.which = which


class EnvironmentProblem(LamarckError):
    """This machine lacks something that Lamarck needs."""

    exit_code = 5


class SandboxUnavailable(EnvironmentProblem):
    """Isolation cannot be enforced here."""


class ModelUnavailable(EnvironmentProblem):
    """The model cannot be used: no weights, no engine, or no endpoint."""


class ModelCorrupt(ModelUnavailable):
    """The weights on disk are not the pinned ones."""


class EndpointFailed(ModelUnavailable):
    """An endpoint was slow, refused, or answered something that is no completion."""


class LibraryUnavailable(EnvironmentProblem):
    """The library cannot be read or written."""


class LibraryLocked(LibraryUnavailable):
    """Another process holds the library longer than the time-out."""


class LibraryTooNew(LibraryUnavailable):
    """A later version of Lamarck wrote the file."""


class LibraryCorrupt(LibraryUnavailable):
    """The file fails its integrity check."""


class DiskFull(LibraryUnavailable):
    """No space is left where something must be written."""
