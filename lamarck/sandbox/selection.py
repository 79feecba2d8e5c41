"""Which sandbox runs jobs on this machine."""

from __future__ import annotations

import sys

from lamarck.errors import SandboxUnavailable
from lamarck.sandbox.sandbox import Sandbox
from lamarck.settings import SandboxSettings


def choose_sandbox(settings: SandboxSettings) -> Sandbox:
    """What isolates on this platform. Raises `SandboxUnavailable` (with the mend) rather than isolate less."""
    if not sys.platform.startswith("linux"):
        raise SandboxUnavailable(
            f"there is no sandbox for {sys.platform} yet",
            "run Lamarck in a Linux container or virtual machine (on Windows: WSL2)",
        )
    from lamarck.sandbox.bubblewrap import BubblewrapSandbox, find_bubblewrap
    from lamarck.sandbox.pool import WarmSandbox

    find_bubblewrap()  # says what is missing now, not at the first job
    return WarmSandbox(BubblewrapSandbox(allow_degraded=settings.allow_degraded))
