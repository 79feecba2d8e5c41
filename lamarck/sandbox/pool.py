"""Warm sandboxes: jobs that say what to load ahead are forked from a process that has loaded it.

A zygote is a process of Lamarck's own in a sandbox of its own, one for each job that runs at the same time. It never
runs a job's code: each job is cloned from it into new namespaces and gives up there what a cold job never had. So a
job that starts warm sees and may do what a cold one does; that is tested with a job before any other is trusted to it,
and where this kernel does not allow it, every job starts cold.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import py_compile
import shutil
import socket
import tempfile
import threading
import weakref
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from lamarck.errors import SandboxUnavailable
from lamarck.sandbox.bubblewrap import BubblewrapSandbox
from lamarck.sandbox.cgroup import JobCgroup, LentCgroup
from lamarck.sandbox.forked import ForkedJob
from lamarck.sandbox.profile import forked_specification
from lamarck.sandbox.program import Program, python_program
from lamarck.sandbox.sandbox import Job, Mount, Outcome, ProbeRow, Running, StopReason
from lamarck.sandbox.selftest import MOST_PROCESSES, read_self_test, self_test_job
from lamarck.sandbox.supervision import SupervisedJob, connect, outcome_of
from lamarck.sandbox.warden import unprivileged_ids

_INSIDE = Path(__file__).parent / "inside"
_INSIDE_TARGET = "/opt/lamarck/_lamarck_zygote"
_BOOT = "import sys; sys.path.insert(0, '/opt/lamarck'); from _lamarck_zygote import zygote; zygote.main()"
_TITLE_BYTES = 2000  # room for the command lines of jobs
MOST_JOBS = 200  # of one zygote
_CLEAN_ENDS = (StopReason.EXITED, StopReason.SIGNALLED)


@dataclass(frozen=True)
class Kind:
    """Jobs of one kind can be forked from one zygote. mounts: with device and inode, so that a folder that was made
    anew under the same name is another one."""

    python: str
    flags: tuple[str, ...]
    mounts: tuple[tuple[str, str, int, int], ...]
    environment: tuple[tuple[str, str], ...]
    preload: str


class Zygote:
    """One, from here. It serves one job at a time."""

    def __init__(self, kind: Kind, running: SupervisedJob, requests: socket.socket, cgroup: JobCgroup | None) -> None:
        self.kind = kind
        self.cgroup = cgroup  # its jobs are born in it
        self.served = 0
        self._running = running
        self._requests = requests

    @property
    def is_alive(self) -> bool:
        return not self._running.is_over()

    def request(self, fds: list[int]) -> None:
        """Raises `OSError`."""
        self.served += 1
        socket.send_fds(self._requests, [b"job"], fds)

    def said(self) -> str:
        """What it complained of; ends it."""
        self._running.kill()
        try:
            return self._running.wait().stderr.decode(errors="replace").strip()
        except SandboxUnavailable as error:
            return str(error)

    def end(self) -> None:
        self.dismiss()
        with contextlib.suppress(SandboxUnavailable):
            self._running.wait()

    def dismiss(self) -> None:
        """`end` without waiting."""
        self._running.kill()
        self._requests.close()


@dataclass
class _Zygotes:
    """All of a pool, apart from it: they have to go when it does."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    idle: dict[Kind, list[Zygote]] = field(default_factory=dict)
    busy: set[Zygote] = field(default_factory=set)
    coming: int = 0  # places that are kept for those that are about to be started
    shared: Path | None = None  # where the folders are that jobs share

    def count(self) -> int:
        return self.coming + len(self.busy) + sum(map(len, self.idle.values()))

    def dismiss_all(self) -> None:
        with self.lock:
            everyone = [*self.busy, *(z for zygotes in self.idle.values() for z in zygotes)]
            self.idle.clear()
            self.busy.clear()
        for zygote in everyone:
            zygote.dismiss()
        if self.shared is not None:
            shutil.rmtree(self.shared, ignore_errors=True)


class WarmSandbox:
    """bubblewrap with a warm pool. Jobs without `preload` start cold.

    most: how many zygotes there may be, default four and two for each processor; jobs beyond that start cold.
    most_jobs: after so many, and after every job that had to be killed, a zygote makes room for a new one.
    """

    def __init__(self, cold: BubblewrapSandbox, *, most: int | None = None, most_jobs: int = MOST_JOBS) -> None:
        self.cold = cold
        self.name = cold.name
        self.refused: str | None = None  # why there are no warm sandboxes here
        self._most = 4 + 2 * (os.cpu_count() or 1) if most is None else most
        self._most_jobs = most_jobs
        self._owner = os.getpid()
        self._zygotes = _Zygotes()
        self._test_lock = threading.Lock()
        self._is_tested = False
        _compile_inside()
        self._close = weakref.finalize(self, self._zygotes.dismiss_all)

    # --- what every sandbox does --------------------------------------------------------------------------------------

    def start(self, job: Job) -> Running:
        """Raises `SandboxUnavailable`."""
        found = self._kind(job)
        if found is not None:
            running = self._start_warm(job, *found)
            if running is not None:
                return running
        return self.cold.start(job)

    def run(self, job: Job) -> Outcome:
        return outcome_of(self.start(job))

    def probe(self) -> tuple[ProbeRow, ...]:
        from lamarck.sandbox.probe import probe_rows

        return probe_rows(self)

    def prepare(self, job: Job, count: int = 1) -> None:
        found = self._kind(job)
        if found is None:
            return
        kind = found[0]
        with contextlib.suppress(SandboxUnavailable, OSError, ValueError):
            while True:
                with self._zygotes.lock:
                    alike = len(self._zygotes.idle.get(kind, ()))
                    if alike >= count or self._zygotes.count() >= self._most:
                        return
                    self._zygotes.coming += 1
                self._put(self._boot(kind))

    def make_shared_folder(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self._shared())) if self._close.alive else self.cold.make_shared_folder()

    def _shared(self) -> Path:
        with self._zygotes.lock:
            if self._zygotes.shared is None or not self._zygotes.shared.exists():  # it goes with the warden
                self._zygotes.shared = self.cold.make_shared_folder()
            return self._zygotes.shared

    def close(self) -> None:
        """End all zygotes and what they run. Afterwards every job starts cold."""
        self.refused = self.refused or "it was closed"
        self._close()

    # --- which jobs ---------------------------------------------------------------------------------------------------

    def _kind(self, job: Job) -> tuple[Kind, Program] | None:
        """None for a job that has to start cold."""
        if job.preload is None or self.refused is not None or os.getpid() != self._owner:
            return None
        program = python_program(job.argv)
        if program is None or (any(folder.parent != self._zygotes.shared for folder in job.shared.values())):
            return None
        mounts = []
        for mount in job.mounts:
            try:
                status = mount.source.stat()
            except OSError:
                return None  # the cold start says what is wrong
            mounts.append((str(mount.source), mount.target, status.st_dev, status.st_ino))
        environment = tuple(job.env.items())
        return Kind(program.python, program.flags, tuple(mounts), environment, job.preload), program

    # --- zygotes ------------------------------------------------------------------------------------------------------

    def _boot(self, kind: Kind) -> Zygote:
        """Start one in a place that was kept for it. What it is asked meanwhile, it does when it is ready."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            job = Job(
                argv=(kind.python, *kind.flags, "-c", _BOOT, str(theirs.fileno()), kind.preload, " " * _TITLE_BYTES),
                mounts=(
                    *(Mount(source=Path(source), target=target) for source, target, _, _ in kind.mounts),
                    Mount(source=_INSIDE, target=_INSIDE_TARGET),
                ),
                env=dict(kind.environment),
                pass_fds=(theirs.fileno(),),
            )
            cgroup = self.cold.group_for(job)
            try:
                zygote = Zygote(kind, self.cold.start_zygote(job, self._shared(), cgroup), ours, cgroup)
            except BaseException:
                ours.close()
                if cgroup is not None:
                    cgroup.remove()
                with self._zygotes.lock:
                    self._zygotes.coming -= 1
                raise
        with self._zygotes.lock:
            self._zygotes.coming -= 1
            self._zygotes.busy.add(zygote)
        return zygote

    def _take(self, kind: Kind) -> Zygote | None:
        """One that is idle or new, from now on busy; None where there is no room."""
        leaving: Zygote | None = None
        with self._zygotes.lock:
            idle = self._zygotes.idle
            while idle.get(kind):
                zygote = idle[kind].pop()
                if zygote.is_alive:
                    self._zygotes.busy.add(zygote)
                    return zygote
            if self._zygotes.count() >= self._most:
                others = [zygotes for zygotes in idle.values() if zygotes]
                if not others:
                    return None
                leaving = others[0].pop(0)
            self._zygotes.coming += 1
        if leaving is not None:
            leaving.dismiss()
        return self._boot(kind)

    def _put(self, zygote: Zygote) -> None:
        """It is idle from now on."""
        with self._zygotes.lock:
            self._zygotes.busy.discard(zygote)
            if self._close.alive:
                self._zygotes.idle.setdefault(zygote.kind, []).append(zygote)
                return
        zygote.dismiss()

    def _replace(self, zygote: Zygote) -> None:
        """It goes, and another one comes for it."""
        with self._zygotes.lock:
            self._zygotes.busy.discard(zygote)
            self._zygotes.coming += 1
        zygote.dismiss()
        with contextlib.suppress(SandboxUnavailable, OSError):
            self._put(self._boot(zygote.kind))

    # --- jobs ---------------------------------------------------------------------------------------------------------

    def _start_warm(self, job: Job, kind: Kind, program: Program) -> Running | None:
        with self._test_lock:
            if not self._is_tested:
                self._self_test(kind)
                self._is_tested = True
        if self.refused is not None:
            return None
        zygote = self._take(kind)
        return None if zygote is None else self._fork(zygote, job, program)

    def _fork(self, zygote: Zygote, job: Job, program: Program) -> ForkedJob:
        pool = weakref.ref(self)

        def released(reason: StopReason | None) -> None:
            alive = pool()
            if alive is None:
                zygote.dismiss()
            elif reason in _CLEAN_ENDS and zygote.served < alive._most_jobs and zygote.is_alive:
                alive._put(zygote)
            else:
                alive._replace(zygote)

        cgroup = None if zygote.cgroup is None else LentCgroup(zygote.cgroup)
        try:
            with ExitStack() as theirs, ExitStack() as ours:  # closed in any case; closed where the launch fails
                spec = forked_specification(job, program, limits_processes=self.cold.limits_processes)
                theirs.callback(os.close, spec)
                ends, far = connect(ours, theirs)
                ends.control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
                for folder in job.shared.values():
                    self._open_to_jobs(folder)
                zygote.request([spec, *far, *job.pass_fds])
                ours.pop_all()
        except BaseException as error:
            if cgroup is not None:
                cgroup.remove()
            self._replace(zygote)
            if isinstance(error, OSError):
                raise SandboxUnavailable(f"a warm sandbox does not answer: {error}", "try again") from error
            raise
        return ForkedJob(
            parent=zygote,
            released=released,
            name=" ".join(job.argv[:1]),
            ends=ends,
            limits=job.limits,
            cgroup=cgroup,
            shared=tuple(job.shared.values()),
            limits_processes=self.cold.limits_processes,
            enforcement=self.cold.enforcement(cgroup),
        )

    def _open_to_jobs(self, folder: Path) -> None:
        """As the warden does it for a cold job: jobs are different users of one group."""
        if os.geteuid() == 0:
            uid_map = Path("/proc/self/uid_map").read_text(encoding="ascii")
            os.chown(folder, -1, unprivileged_ids(os.getpid(), uid_map)[1])
            folder.chmod(folder.stat().st_mode & 0o777 | 0o070)

    def _self_test(self, kind: Kind) -> None:
        """A job of our own looks around, in a zygote of any kind: a warm one has to find what a cold one finds."""
        with self._zygotes.lock:  # of those that were prepared, the last is the one that nobody waits for longest
            kind = next((k for k, zygotes in reversed(self._zygotes.idle.items()) if zygotes), kind)
        zygote = self._take(kind)
        if zygote is None:
            self.refused = "there is no room for any"
            return
        job = self_test_job(preload=kind.preload)
        program = python_program(job.argv)
        assert program is not None
        try:
            children = read_self_test(self._fork(zygote, job, program).wait())
            if not 0 < children <= MOST_PROCESSES:
                self.refused = "the processes of a warm job cannot be limited here"
        except SandboxUnavailable as error:
            self.refused = f"{error}: {zygote.said()[-1000:].rpartition(chr(10))[2]}"
        if self.refused is not None:
            self._close()


def _compile_inside() -> None:
    """What runs inside is bound read-only: without byte code beside it, every zygote would compile it again."""
    for source in _INSIDE.glob("*.py"):
        with contextlib.suppress(OSError, py_compile.PyCompileError):
            cached = Path(importlib.util.cache_from_source(str(source)))
            if not cached.exists() or cached.stat().st_mtime < source.stat().st_mtime:
                py_compile.compile(str(source), quiet=2)
