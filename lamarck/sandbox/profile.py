"""What a job may see and use, in the words of bubblewrap and of the warden."""

from __future__ import annotations

import json
import math
import os
import resource
import struct
from pathlib import Path
from typing import Any

from lamarck.errors import SandboxUnavailable
from lamarck.records import JobLimits
from lamarck.sandbox.cgroup import JobCgroup
from lamarck.sandbox.program import Program
from lamarck.sandbox.sandbox import JOB_DIR, SCRATCH_DIR, Job
from lamarck.sandbox.seccomp import filter_program

SHARED_DIR = "/opt/lamarck/shared"  # in a zygote; its jobs see an empty folder there
INNER_ID = 1000  # user and group, as the job sees itself
OVERHEAD_PROCESSES = 2  # bubblewrap's own
ZYGOTE_PROCESSES = 3  # bubblewrap's first process, the zygote, the first process of the job
# In its own user namespace: to make and fill the namespaces of jobs, and to give up what they must not have.
_ZYGOTE_CAPABILITIES = ("CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_SETPCAP")
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32", "/nix/store")
OF_ETC = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/mime.types")
INVENTED = {
    "/etc/passwd": b"job:x:1000:1000:job:/tmp:/bin/false\n",
    "/etc/group": b"job:x:1000:\n",
    "/etc/hosts": b"127.0.0.1 localhost\n::1 localhost\n",
}
TEMPORARY_MB = 64  # each of /tmp and /dev/shm; the memory limit counts them too
_NAMESPACES = (
    "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session", "--hostname",
    "sandbox", "--uid", str(INNER_ID), "--gid", str(INNER_ID), "--cap-drop", "ALL", "--clearenv",
)  # fmt: skip


def specification(
    job: Job,
    name: str,
    program: list[tuple[str, str]],
    cgroup: JobCgroup | None,
    *,
    is_root: bool,
    limits_processes: bool,
    shared: Path | None = None,
) -> int:
    """A memory file (its descriptor) that tells the warden what to start: see warden.py.

    name: what bubblewrap's processes are called. program: bubblewrap and what it needs beside it. limits_processes:
    whether an rlimit does. shared: for a zygote (Lamarck's own process, which warm jobs are forked from): the folder of
    the folders that jobs may share. Raises `ValueError` for a job that makes no sense, `SandboxUnavailable` for one
    whose mounts are not there.
    """
    check(job)
    profile = _Profile(shared)
    profile.system()
    profile.of_job(job)
    text = json.dumps(
        {
            "name": name,
            "program": program,
            "binds": profile.binds,
            "arguments": profile.arguments,
            "argv": job.argv,
            "sizes": [len(content) for content in profile.files],
            "cgroups": [] if cgroup is None else cgroup.paths,
            "pass_fds": job.pass_fds,
            "inner_processes": job.limits.processes if limits_processes and not is_root else None,
            "umask": umask(job),
            "rlimits": [] if shared else rlimits(job.limits, is_root and limits_processes, len(profile.files)),
        }
    ).encode()
    return memory_file(text, profile.files)


def forked_specification(job: Job, program: Program, *, limits_processes: bool) -> int:
    """A memory file (its descriptor) that tells a zygote what to fork for: see inside/zygote.py.

    program: what the job's command line says. limits_processes: whether an rlimit does. Raises `ValueError` and
    `SandboxUnavailable` as `specification`.
    """
    check(job)
    files = [*job.files.values(), filter_program()]
    text = json.dumps(
        {
            "code": program.code,
            "script": program.script,
            "arguments": program.arguments,
            "title": job.argv,
            "files": list(job.files),
            "sizes": [len(content) for content in files],
            "pass_fds": job.pass_fds,
            "shared": {name: folder.name for name, folder in job.shared.items()},
            "scratch_mb": job.limits.scratch_mb,
            "temporary_mb": TEMPORARY_MB,
            "under_temporary": _under_temporary(job),
            "umask": umask(job),
            "rlimits": rlimits(job.limits, limits_processes, 0, overhead=ZYGOTE_PROCESSES),
        }
    ).encode()
    return memory_file(text, files)


def _under_temporary(job: Job) -> list[str]:
    """Where the job is shown something below the places that are new for every job, outermost first."""
    targets = sorted({mount.target or str(mount.source) for mount in job.mounts}, key=len)
    return [target for target in targets if target.startswith(("/tmp/", "/dev/shm/"))]  # noqa: S108


def memory_file(text: bytes, files: list[bytes]) -> int:
    fd = os.memfd_create("lamarck-job", os.MFD_CLOEXEC)
    try:
        with open(fd, "wb", closefd=False) as stream:
            stream.write(struct.pack("=Q", len(text)) + text)
            stream.writelines(files)
    except BaseException:
        os.close(fd)
        raise
    return fd


def umask(job: Job) -> int:
    """Jobs that share a folder are different users of one group."""
    return 0o002 if job.shared else 0o022


class _Profile:
    """bubblewrap's arguments as they grow. A list in place of a text is filled in by the warden: ["source 0"] is the
    place of the first of `binds`, ["file 0"] a descriptor with the first of `files`; the last file is the filter."""

    def __init__(self, shared: Path | None) -> None:
        self._shared = shared  # a zygote's
        self.arguments: list[str | list[str]] = list(_NAMESPACES)
        for capability in _ZYGOTE_CAPABILITIES if shared else ():
            self.arguments += ["--cap-add", capability]
        self.binds: list[tuple[str, str, bool]] = []  # source, target, is writable
        self.files: list[bytes] = []

    def system(self) -> None:
        for place in SYSTEM:
            if os.path.islink(place):
                self.arguments += ["--symlink", os.readlink(place), place]
            elif os.path.isdir(place):
                self.arguments += ["--ro-bind", place, place]
        for place in OF_ETC:
            self.arguments += ["--ro-bind-try", place, place]
        for place, content in INVENTED.items():
            self._file(place, content)
        self.arguments += ["--proc", "/proc", "--dev", "/dev"]
        self._tmpfs("/tmp", TEMPORARY_MB, "1777")  # noqa: S108  the job's own
        self._tmpfs("/dev/shm", TEMPORARY_MB, "1777")  # noqa: S108

    def of_job(self, job: Job) -> None:
        for mount in job.mounts:
            self._bind(str(mount.source), mount.target or str(mount.source), "--ro-bind")
        self.arguments += ["--dir", JOB_DIR]
        for path, content in job.files.items():
            self._file(f"{JOB_DIR}/{path}", content)
        self._tmpfs(SCRATCH_DIR, job.limits.scratch_mb, "0777")
        for name, folder in job.shared.items():
            self._bind(str(folder), f"{SCRATCH_DIR}/{name}", "--bind")
        for key, value in job.env.items():
            self.arguments += ["--setenv", key, value]
        self.arguments += ["--chdir", SCRATCH_DIR]
        if self._shared is not None:
            self._bind(str(self._shared), SHARED_DIR, "--bind")
        else:  # a zygote's jobs mount /proc again, which Linux allows where nothing in the first one is hidden
            # bubblewrap's own process: a job runs as the same user and could write its memory
            self._tmpfs("/proc/1", 0, "0555")
            self.arguments += ["--remount-ro", "/proc/1"]
        for place in ("/dev", "/"):
            self.arguments += ["--remount-ro", place]
        self.arguments += ["--seccomp", ["seccomp"], "--json-status-fd", ["status"], "--block-fd", ["release"]]
        self.files.append(filter_program(makes_namespaces=self._shared is not None))

    def _file(self, place: str, content: bytes) -> None:
        self.arguments += ["--perms", "0444", "--file", [f"file {len(self.files)}"], place]
        self.files.append(content)

    def _tmpfs(self, place: str, megabytes: int, mode: str) -> None:
        self.arguments += ["--perms", mode, "--size", str(max(megabytes << 20, 4096)), "--tmpfs", place]

    def _bind(self, source: str, target: str, how: str) -> None:
        if target == source and is_of_the_system(target):
            return  # shown already, and bubblewrap could not make a place for it in a read-only folder
        self.arguments += [how, [f"source {len(self.binds)}"], target]
        self.binds.append((source, target, how == "--bind"))


def is_of_the_system(place: str) -> bool:
    """Whether every job is shown it anyway."""
    return any(place == system or place.startswith(f"{system}/") for system in SYSTEM)


def check(job: Job) -> None:
    """Raises `ValueError` for a job that makes no sense, `SandboxUnavailable` for one whose mounts are not there."""
    if not job.argv or not job.argv[0].startswith("/"):
        raise ValueError("a job's argv[0] must be an absolute path")
    if any(fd < 3 for fd in job.pass_fds) or len(set(job.pass_fds)) != len(job.pass_fds):
        raise ValueError("pass_fds must be distinct and above 2")
    texts: list[str] = [
        *job.argv,
        *job.files,
        *job.env,
        *job.env.values(),
        *job.shared,
        *(m.target for m in job.mounts),
    ]
    if any("\0" in text for text in texts):
        raise ValueError("a job's arguments, environment and paths must not hold a NUL character")
    if any(not key or "=" in key for key in job.env):
        raise ValueError("a name in a job's environment must not be empty or hold '='")
    if any(not name or "/" in name or name in (".", "..") for name in job.shared):
        raise ValueError("a shared folder's name must be one plain part of a path")
    for path in job.files:
        if any(part in ("", ".", "..") for part in path.split("/")):
            raise ValueError(f"a job's file must have a plain relative path: {path!r}")
    sources = [mount.source for mount in job.mounts] + list(job.shared.values())
    for source in sources:
        if not source.is_absolute():
            raise ValueError(f"what a job mounts must have an absolute path: {source}")
        if not source.exists():
            raise SandboxUnavailable(f"{source} is gone, and a job needs it", "restore it or choose another")


def rlimits(
    limits: JobLimits, limits_processes: bool, files: int, overhead: int = OVERHEAD_PROCESSES
) -> list[tuple[int, int, int]]:
    """(which, soft, hard) for each. Per process: what bounds a whole job is its cgroup or the watching."""
    cpu = math.ceil(limits.cpu_seconds)
    address_space = 2 * (limits.memory_mb << 20) + (512 << 20)  # a bound on reservations, not the memory limit
    equal: list[tuple[int, Any]] = [
        (resource.RLIMIT_AS, address_space),
        (resource.RLIMIT_FSIZE, limits.file_mb << 20),
        # bubblewrap holds a descriptor for each of the job's files until the job begins
        (resource.RLIMIT_NOFILE, max(limits.open_files, 32) + files),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 65536),
    ]
    if limits_processes:
        equal.append((resource.RLIMIT_NPROC, limits.processes + overhead))
    return [*((which, value, value) for which, value in equal), (resource.RLIMIT_CPU, cpu, cpu + 1)]
