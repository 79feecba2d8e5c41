from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from lamarck.records import JobLimits
from lamarck.sandbox.bubblewrap import BubblewrapSandbox
from lamarck.sandbox.interpreter import Interpreter, find_interpreter
from lamarck.sandbox.sandbox import Job, Mount, Sandbox

MakeJob = Callable[..., Job]


@pytest.fixture(scope="session")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Interpreter:
    return find_interpreter(None, tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def python_job(interpreter: Interpreter) -> MakeJob:
    """A job that runs Python code, with limits by name."""

    def make(
        code: str,
        *arguments: str,
        flags: tuple[str, ...] = ("-I", "-S"),
        limits: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Job:
        return Job(
            argv=(interpreter.executable, *flags, "-c", code, *arguments),
            mounts=tuple(Mount(source=Path(mount)) for mount in interpreter.mounts),
            limits=JobLimits(**{"wall_seconds": 20.0, **(limits or {})}),
            **fields,
        )

    return make


@pytest.fixture(scope="session")
def bubblewrap() -> Sandbox:
    return BubblewrapSandbox()


@pytest.fixture(scope="session")
def watching() -> Sandbox:
    """Where no cgroup can be made."""
    return BubblewrapSandbox(make_group=lambda **_: None)


@pytest.fixture(scope="session", params=["bubblewrap", "watching"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Every sandbox there is, for the conformance suite."""
    chosen: Sandbox = request.getfixturevalue(request.param)
    return chosen
