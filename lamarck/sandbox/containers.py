"""Jobs in containers of docker or podman, with the same view, the same filter and the same limits as elsewhere."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import secrets
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from lamarck.errors import SandboxUnavailable
from lamarck.sandbox.cgroup import JobCgroup, cgroup_of
from lamarck.sandbox.connection import Warden
from lamarck.sandbox.engine import IMAGE, Engine, explain_engine, find_engine
from lamarck.sandbox.profile import (
    INVENTED,
    OF_ETC,
    SYSTEM,
    TEMPORARY_MB,
    check,
    is_of_the_system,
    memory_file,
    rlimits,
    umask,
)
from lamarck.sandbox.sandbox import JOB_DIR, SCRATCH_DIR, Enforcement, Job, Outcome, ProbeRow, Requirement, StopReason
from lamarck.sandbox.seccomp import filter_program
from lamarck.sandbox.selftest import MOST_PROCESSES, read_self_test, self_test_job
from lamarck.sandbox.supervision import SupervisedJob, connect, outcome_of
from lamarck.sandbox.warden import IDS, unprivileged_ids

_WARDEN = Path(__file__).with_name("container_warden.py")
_INSIDE = Path(__file__).parent / "inside"
_INSIDE_TARGET = "/opt/lamarck/_lamarck_first"
_DOOR_TARGET = "/opt/lamarck/door"
_BOOT = "import sys; sys.path.insert(0, '/opt/lamarck'); from _lamarck_first import first; first.main()"
_OWN_PROCESSES = 1  # the first one
_MOST_FILES = 20_000  # in each of a job's own folders, where the watching has not ended it before
_START_SECONDS = 60.0  # what an engine may take on a busy machine, on top of the job's own time


class ContainerSandbox:
    """Runs jobs in containers of an engine that runs on this machine. Linux only.

    Every job is a container of its own, without a network, with a read-only root, no capability, no new privileges,
    bounded memory, processes and one processor. It sees what jobs in bubblewrap see: a few system folders of this
    machine, read-only. As root every job is an unprivileged user of its own; else it is the user who asks.

    image: an image that is there (see `engine.image_archive`); nothing is ever pulled. allow_degraded: run even where
    the engine limits memory or processes no more than by our watching.
    """

    def __init__(self, engine: Engine, *, image: str = IMAGE, allow_degraded: bool = False) -> None:
        self.name = engine.name
        self.engine = engine
        self._image = image
        self._allow_degraded = allow_degraded
        self._test_lock = threading.Lock()
        self._warden_lock = threading.Lock()
        self._warden: Warden | None = None
        self._is_tested = False
        self._limits_processes = True

    @classmethod
    def of(cls, name: str, *, image: str = IMAGE, allow_degraded: bool = False) -> ContainerSandbox:
        """Raises `SandboxUnavailable` when the engine is not installed, does not answer or lacks the image."""
        engine = find_engine(name)
        if not engine.has_image(image):
            raise SandboxUnavailable(
                f"{name} has no image '{image}'",
                f"make it: `lamarck sandbox image --backend {name}` (empty folders; nothing is pulled)",
            )
        return cls(engine, image=image, allow_degraded=allow_degraded)

    def start(self, job: Job) -> ContainedJob:
        """Raises `SandboxUnavailable`; the first call also tests, with a job of its own, what isolates here."""
        with self._test_lock:
            if not self._is_tested:
                self._self_test()
                self._is_tested = True
        return self._start(job)

    def run(self, job: Job) -> Outcome:
        return outcome_of(self.start(job))

    def probe(self) -> tuple[ProbeRow, ...]:
        from lamarck.sandbox.probe import probe_rows

        return probe_rows(self)

    def prepare(self, job: Job, count: int = 1) -> None:
        """Nothing can be done ahead: every job is a new container."""

    def make_shared_folder(self) -> Path:
        return Path(tempfile.mkdtemp(prefix="shared-", dir=self._keeper().folder))

    # --- starting ---------------------------------------------------------------------------------------------------

    def _keeper(self) -> Warden:
        with self._warden_lock:
            if self._warden is None or not self._warden.is_usable:
                self._warden = Warden(_WARDEN)
            return self._warden

    def _start(self, job: Job) -> ContainedJob:
        check(job)
        warden = self._keeper()
        name = f"lamarck-job-{secrets.token_hex(8)}"
        with ExitStack() as theirs, ExitStack() as ours:  # closed in any case; closed where the launch fails
            for folder in job.shared.values():
                _open_to_jobs(folder)
            spec = self._specification(job, name, warden.folder / name)
            theirs.callback(os.close, spec)
            ends, far = connect(ours, theirs)
            warden.request([spec, *far, *job.pass_fds])
            ours.pop_all()
        return ContainedJob(
            engine=self.engine,
            name=name,
            ends=ends,
            limits=job.limits,
            cgroup=None,  # the engine's, which is found once the container is there
            shared=tuple(job.shared.values()),
            limits_processes=self._limits_processes,
            enforcement=dict.fromkeys(map(str, Requirement), str(Enforcement.ENFORCED)),
            keeper=warden,
        )

    def _specification(self, job: Job, name: str, folder: Path) -> int:
        user = _user()
        own = {
            place: content.replace(b"1000:1000", f"{user[0]}:{user[1]}".encode()).replace(b":1000:", b":%d:" % user[1])
            for place, content in INVENTED.items()
        }
        files = {f"job/{path}": content for path, content in job.files.items()}
        files |= {place.lstrip("/"): content for place, content in own.items() if place != "/etc/hosts"}
        contents = [*files.values(), filter_program()]
        text = json.dumps(
            {
                "name": name,
                "folder": str(folder),
                "engine": [self.engine.program],
                "environment": self.engine.environment(),
                "arguments": self.run_arguments(job, name, folder, user),
                "files": list(files),
                "sizes": [len(content) for content in contents],
                "argv": job.argv,
                "env": dict(job.env),
                "pass_fds": job.pass_fds,
                "umask": umask(job),
                "rlimits": rlimits(job.limits, False, 0),
            }
        ).encode()
        return memory_file(text, contents)

    def run_arguments(self, job: Job, name: str, folder: Path, user: tuple[int, int]) -> list[str]:
        """What follows the engine's name on its command line. folder: of the job's files and of its door, on this
        machine. user: its user and group id."""
        limits = job.limits
        memory = f"{limits.memory_mb}m"
        words = ["run", "--rm", "--pull=never", "--name", name, "--hostname", "sandbox", "--log-driver", "none"]
        words += ["--network", "none", "--ipc", "none", "--read-only", "--cap-drop", "ALL"]
        words += ["--security-opt", "no-new-privileges", "--security-opt", "label=disable"]
        words += ["--memory", memory, "--memory-swap", memory, "--cpus", "1"]
        words += ["--pids-limit", str(limits.processes + _OWN_PROCESSES), "--user", f"{user[0]}:{user[1]}"]
        words += ["--workdir", "/", "--entrypoint", os.path.realpath(sys.executable)]
        if self.engine.name == "podman":
            # its own defaults for the two limits need a privilege that it may not have
            words += ["--read-only-tmpfs=false", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096"]
            words += ["--userns=keep-id"] if self.engine.is_rootless else []
        scratch = max(limits.scratch_mb << 20, 4096)
        options = "rw,exec,nosuid,nodev,mode=1777"
        if self.engine.name == "docker":  # podman knows no such option: there files are counted by watching alone
            options += f",nr_inodes={_MOST_FILES}"
        for place, size in ((SCRATCH_DIR, scratch), ("/tmp", TEMPORARY_MB << 20), ("/dev/shm", TEMPORARY_MB << 20)):  # noqa: S108
            words += ["--tmpfs", f"{place}:{options},size={size}"]
        words += ["--tmpfs", "/dev/mqueue:ro,size=4096,mode=0555"]
        for source, target, writable in self._binds(job, folder):
            words += ["--mount", _mount(source, target, writable)]
        return [*words, self._image, "-I", "-S", "-c", _BOOT]

    def _binds(self, job: Job, folder: Path) -> list[tuple[str, str, bool]]:
        """(here, in the container, whether it may be written to)"""
        own = os.path.realpath(sys.base_prefix)  # what the first process runs in
        shown = [(place, place) for place in SYSTEM if os.path.isdir(place) and not os.path.islink(place)]
        shown += [(place, place) for place in OF_ETC if os.path.exists(place)]
        shown += [(f"{folder}/files/etc/{name}", f"/etc/{name}") for name in ("passwd", "group")]
        mounted = [(str(m.source), m.target or str(m.source)) for m in job.mounts]
        mounted += [] if any(target == own for _, target in mounted) else [(own, own)]
        shown += [(s, t) for s, t in mounted if not (s == t and is_of_the_system(t))]
        shown += [(f"{folder}/door", _DOOR_TARGET), (str(_INSIDE), _INSIDE_TARGET)]
        shown += [(f"{folder}/files/job", JOB_DIR)] if job.files else []
        last = {target: source for source, target in shown}  # of two on one place the engine would complain
        binds = [(source, target, False) for target, source in last.items()]
        return binds + [(str(here), f"{SCRATCH_DIR}/{name}", True) for name, here in job.shared.items()]

    # --- testing ----------------------------------------------------------------------------------------------------

    def _self_test(self) -> None:
        """A job of our own looks around: what the flags promise has to be what this engine gives."""
        running = self._start(self_test_job())
        children = read_self_test(outcome_of(running), uid=None)
        self._limits_processes = 0 < children <= MOST_PROCESSES
        if self._allow_degraded:
            return
        mend = "let the engine use cgroups (podman: systemd delegates them), or choose --allow-degraded"
        if not self._limits_processes:
            raise SandboxUnavailable(f"{self.name} does not limit the processes of a container here", mend)


def _user() -> tuple[int, int]:
    """An id that no other running job has, where we may choose."""
    if os.geteuid() == 0:
        uid_map = Path("/proc/self/uid_map").read_text(encoding="ascii")
        return unprivileged_ids(secrets.randbelow(IDS), uid_map)
    return os.geteuid(), os.getegid()


def _open_to_jobs(folder: Path) -> None:
    """Jobs are different users of one group, where we may choose their ids."""
    if os.geteuid() == 0:
        os.chown(folder, -1, _user()[1])
        folder.chmod(folder.stat().st_mode & 0o777 | 0o070)


def _mount(source: str, target: str, writable: bool) -> str:
    """One value of `--mount`, which is a line of comma-separated values."""
    held = io.StringIO()
    fields = ["type=bind", f"source={source}", f"target={target}", *([] if writable else ["readonly"])]
    csv.writer(held, lineterminator="").writerow([*fields, "bind-nonrecursive=true"])
    return held.getvalue()


class ContainedJob(SupervisedJob):
    """A `Running`. Its time begins when its container is there."""

    def __init__(self, *, engine: Engine, **fields: Any) -> None:
        self._engine = engine
        super().__init__(**fields)

    def _until(self) -> float:
        if "child-pid" in self._said:
            return super()._until()
        return self._begin + _START_SECONDS

    def _receive(self) -> bytes:
        packet = self._ends.control.recv(8192)
        message = json.loads(packet) if packet else {}
        if "child-pid" in message:
            self._begin = time.monotonic()
            self._cgroup = self._limited(cgroup_of(message["child-pid"]))
        if "exit-code" in message:
            self._look()  # while the container is still there
            with suppress(OSError):
                self._ends.control.send(b"seen")
        return packet

    def _limited(self, cgroup: JobCgroup | None) -> JobCgroup | None:
        """The container's cgroup, if it limits what it is to limit; else memory is watched, which is recorded."""
        wanted = self._limits.memory_mb << 20
        if cgroup is None or not 0 < (cgroup.memory_limit() or math.inf) <= wanted:
            self._enforcement = {**self._enforcement, Requirement.MEMORY: str(Enforcement.DEGRADED)}
            cgroup = None
        if not (self._limits_processes or (cgroup is not None and cgroup.limits_processes)):
            self._enforcement = {**self._enforcement, Requirement.PROCESSES: str(Enforcement.DEGRADED)}
        return cgroup

    def _end_orphans(self) -> None:
        with suppress(SandboxUnavailable):
            self._engine.remove(self._name)

    def _conclude(self) -> Outcome:
        has_begun, told = "child-pid" in self._said, "exit-code" in self._said or "error" in self._said
        if self._reason is None and not has_begun:
            raise explain_engine(self._engine.name, str(self._said.get("error", "")))
        if self._reason is None and not told:
            # Its first process, which nothing in it can end, is gone: only the kernel takes that for want of memory.
            self._reason = StopReason.MEMORY
        return super()._conclude()

    def _close(self) -> None:
        self._cgroup = None  # the engine removes it
        super()._close()
