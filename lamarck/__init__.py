"""Code that is written once, proven, and inherited.

    import lamarck

    with lamarck.Lamarck() as lm:
        run = lm.solve("slugify.py", tests=["test_slugify.py"])
        print(run.exit_reason, lm.code(run))

The names below are imported when they are first used, so that `import lamarck` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "Artifact",
    "Candidate",
    "Decision",
    "Evidence",
    "ExitReason",
    "Hit",
    "Lamarck",
    "LamarckError",
    "Limits",
    "Run",
    "Saving",
    "Task",
    "Verdict",
    "Verification",
    "__version__",
]

if TYPE_CHECKING:
    from lamarck.api import Hit, Lamarck, Saving, Verification
    from lamarck.errors import LamarckError
    from lamarck.records import Artifact, Candidate, Decision, Evidence, ExitReason, Limits, Run, Task, Verdict

_PLACES = {
    **dict.fromkeys(("Hit", "Lamarck", "Saving", "Verification"), "lamarck.api"),
    **dict.fromkeys(
        ("Artifact", "Candidate", "Decision", "Evidence", "ExitReason", "Limits", "Run", "Task", "Verdict"),
        "lamarck.records",
    ),
    "LamarckError": "lamarck.errors",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'lamarck' has no attribute '{name}'")
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
