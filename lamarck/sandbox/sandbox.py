"""The seam between Lamarck and code that nobody trusts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from lamarck.records import JobLimits, Record

JOB_DIR = "/job"  # the job's own files, read-only
SCRATCH_DIR = "/scratch"  # the writable folder (besides a private /tmp), also the working folder


class Enforcement(StrEnum):
    ENFORCED = "enforced"
    DEGRADED = "degraded"
    ABSENT = "absent"


class Requirement(StrEnum):
    NETWORK = "network"
    FILES = "files"
    MEMORY = "memory"
    CPU = "cpu"
    PROCESSES = "processes"
    PRIVILEGES = "privileges"


class ProbeAttempt(Record, frozen=True, kw_only=True):
    """One way out that was tried. got: what it brought, where it was not held. outside: what the same attempt brought
    without a sandbox; nothing where it needs a privilege or a part of the kernel that is missing here."""

    name: str
    held: bool
    got: str = ""
    outside: str = ""


class ProbeRow(Record, frozen=True, kw_only=True):
    """One requirement as it was found by trying to break it, and what mends it."""

    requirement: Requirement
    enforcement: Enforcement
    how: str
    mend: str = ""
    attempts: tuple[ProbeAttempt, ...] = ()


class StopReason(StrEnum):
    """Why a job ended."""

    EXITED = "exited"
    SIGNALLED = "signalled"
    WALL_TIME = "wall_time"
    CPU_TIME = "cpu_time"
    MEMORY = "memory"
    OUTPUT = "output"
    SCRATCH = "scratch"
    PROCESSES = "processes"  # where only watching limits them; elsewhere fork fails in the job
    KILLED = "killed"  # by its supervisor


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A host file or folder, bound read-only at `target` (an absolute path; default: the same path)."""

    source: Path
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to run. `argv[0]` is absolute. `files` (relative POSIX path → content) appear read-only below JOB_DIR.

    `shared`: name → host folder, bound read-write at SCRATCH_DIR/name, which several jobs may have; all else below
    SCRATCH_DIR is private and dies with the job. `pass_fds` stay open in the job under the same numbers; everything
    else is closed. `env` is the whole environment. Standard input is empty. `preload`: Python code of Lamarck's own
    that may have run before, in a process that the job is forked from; None starts it cold, as everything that takes
    time has to be.
    """

    argv: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    shared: Mapping[str, Path] = field(default_factory=dict)
    pass_fds: tuple[int, ...] = ()
    limits: JobLimits = field(default_factory=JobLimits)
    preload: str | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a job ended. seconds and cpu_seconds are taken outside the job; stdout and stderr together are capped at
    `limits.output_bytes`. exit_code: 128 + the signal's number for a job that a signal ended, None for a stopped one.
    """

    reason: StopReason
    exit_code: int | None
    stdout: bytes
    stderr: bytes
    seconds: float
    cpu_seconds: float
    enforcement: Mapping[str, str]  # requirement → enforced | degraded | absent


class Running(Protocol):
    """A started job."""

    def wait(self) -> Outcome:
        """Block until the job and all of its descendants are gone. May be called again; the answer stays."""

    def is_over(self, seconds: float = 0.0) -> bool:
        """Whether the job and all of its descendants are gone, after waiting for that so long at most."""

    def kill(self) -> None:
        """End the job and all of its descendants. Safe to call at any time, from any thread."""


class Sandbox(Protocol):
    """Runs jobs where they can reach nothing. Decides neither pass nor fail.

    Fail closed: `start` raises `SandboxUnavailable` (with the mend) when a requirement is absent, or degraded without
    the user's explicit choice; memory by watchdog is the one degradation that is allowed by default and recorded.
    """

    name: str

    def probe(self) -> tuple[ProbeRow, ...]:
        """Live escape attempts, one row per requirement. Never reads versions instead. About a second."""

    def prepare(self, job: Job, count: int = 1) -> None:
        """So many jobs like this one are about to be started at once: do ahead what can be done. Returns at once and
        never raises; `start` says what is wrong."""

    def make_shared_folder(self) -> Path:
        """A new folder for `Job.shared`; with one from elsewhere, a job may start later. The caller removes it."""

    def start(self, job: Job) -> Running: ...

    def run(self, job: Job) -> Outcome:
        """`start` and `wait`; on any exception (KeyboardInterrupt too) the job is killed first."""
