"""Which sandbox runs jobs on this machine."""

from __future__ import annotations

import shutil
import sys

from lamarck.errors import SandboxUnavailable
from lamarck.sandbox.engine import ENGINES
from lamarck.sandbox.mend import may_be_denied
from lamarck.sandbox.sandbox import Sandbox
from lamarck.settings import SandboxSettings


def choose_sandbox(settings: SandboxSettings) -> Sandbox:
    """What `settings.backend` names; else what isolates best here: bubblewrap where a job can have a cgroup, docker or
    podman where their image was made, bubblewrap with its memory watched.

    Raises `SandboxUnavailable` (with the mend) rather than isolate less.
    """
    if not sys.platform.startswith("linux"):
        raise SandboxUnavailable(
            f"there is no sandbox for {sys.platform} yet",
            "run Lamarck in a Linux container or virtual machine (on Windows: WSL2)",
        )
    if settings.backend in ENGINES:
        return _container(settings.backend, settings)
    if settings.backend == "bubblewrap" or not any(map(shutil.which, ENGINES)):
        return _bubblewrap(settings)
    try:
        chosen = _bubblewrap(settings, must_hold=may_be_denied())
    except SandboxUnavailable as error:
        container, missing = _any_container(settings)
        if container is not None:
            return container
        raise SandboxUnavailable(str(error), f"{error.mend}; or use a container: {missing.mend}") from error
    from lamarck.sandbox.cgroup import find_places

    return chosen if find_places() is not None else (_any_container(settings)[0] or chosen)


def _bubblewrap(settings: SandboxSettings, *, must_hold: bool = False) -> Sandbox:
    """must_hold: try it now; else the first job does."""
    from lamarck.sandbox.bubblewrap import BubblewrapSandbox, find_bubblewrap
    from lamarck.sandbox.pool import WarmSandbox

    find_bubblewrap()  # says what is missing now, not at the first job
    cold = BubblewrapSandbox(allow_degraded=settings.allow_degraded)
    if must_hold:
        cold.self_test()
    return WarmSandbox(cold)


def _container(name: str, settings: SandboxSettings) -> Sandbox:
    from lamarck.sandbox.containers import ContainerSandbox

    return ContainerSandbox.of(name, image=settings.image, allow_degraded=settings.allow_degraded)


def _any_container(settings: SandboxSettings) -> tuple[Sandbox | None, SandboxUnavailable]:
    """The first that is there, else why the last one is not."""
    error = SandboxUnavailable("there is no container engine", "install docker or podman")
    for name in filter(shutil.which, ENGINES):
        try:
            return _container(name, settings), error
        except SandboxUnavailable as missing:
            error = missing
    return None, error
