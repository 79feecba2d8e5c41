from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lamarck.errors import SandboxUnavailable
from lamarck.records import JobLimits
from lamarck.sandbox.bubblewrap import BubblewrapSandbox
from lamarck.sandbox.containers import ContainerSandbox
from lamarck.sandbox.engine import IMAGE, find_engine
from lamarck.sandbox.interpreter import Interpreter, find_interpreter
from lamarck.sandbox.pool import WarmSandbox
from lamarck.sandbox.probe import probe_rows
from lamarck.sandbox.sandbox import Job, Mount, Outcome, ProbeRow, Running, Sandbox

sys.path.insert(0, str(Path(__file__).parent))  # sandbox_parts is imported by name, here and alone

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


class AlwaysWarm:
    """Every job that can is forked from a zygote, so that the same is asked of warm jobs as of cold ones."""

    def __init__(self, pool: WarmSandbox) -> None:
        self.pool = pool
        self.name = "warm"

    def start(self, job: Job) -> Running:
        running = self.pool.start(replace(job, preload=""))
        assert self.pool.refused is None
        return running

    def run(self, job: Job) -> Outcome:
        outcome = self.pool.run(replace(job, preload=""))
        assert self.pool.refused is None
        return outcome

    def probe(self) -> tuple[ProbeRow, ...]:
        return probe_rows(self)

    def prepare(self, job: Job, count: int = 1) -> None:
        self.pool.prepare(replace(job, preload=""), count)

    def make_shared_folder(self) -> Path:
        return self.pool.make_shared_folder()


@pytest.fixture(scope="session")
def warm() -> Iterator[Sandbox]:
    pool = WarmSandbox(BubblewrapSandbox())
    yield AlwaysWarm(pool)
    pool.close()


@pytest.fixture(scope="session")
def warm_watching() -> Iterator[Sandbox]:
    pool = WarmSandbox(BubblewrapSandbox(make_group=lambda **_: None))
    yield AlwaysWarm(pool)
    pool.close()


@pytest.fixture(scope="session")
def docker() -> Sandbox:
    return container_sandbox("docker")


@pytest.fixture(scope="session")
def podman() -> Sandbox:
    return container_sandbox("podman")


def container_sandbox(name: str) -> Sandbox:
    """Where the engine runs, with an image that is made if it is not there: empty folders, nothing is pulled."""
    try:
        engine = find_engine(name)
        if not engine.has_image(IMAGE):
            engine.make_image(IMAGE)
    except SandboxUnavailable as error:
        pytest.skip(f"no {name} here: {error}")
    plain = [
        "run",
        "--rm",
        "--pull=never",
        "--network=none",
        "--volume=/usr:/usr:ro",
        "--entrypoint=/usr/bin/true",
        *("--ulimit=nofile=1024:1024", "--ulimit=nproc=4096:4096"),  # its defaults may need a privilege
        IMAGE,
    ]
    trial = subprocess.run([engine.program, *plain], capture_output=True, timeout=60)
    if trial.returncode != 0:  # it runs nothing at all, whatever is asked of it
        pytest.skip(f"{name} does not work here: {trial.stderr.decode(errors='replace').strip()[-200:]}")
    return ContainerSandbox.of(name)


@pytest.fixture(scope="session", params=["bubblewrap", "watching", "warm", "warm_watching", "docker", "podman"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Every sandbox there is, for the conformance suite."""
    chosen: Sandbox = request.getfixturevalue(request.param)
    return chosen
