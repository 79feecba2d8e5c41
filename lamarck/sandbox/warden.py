"""The warden: a small trusted process that starts every job of one Lamarck process, and outlives none of them.

Run by path with `python -I -S`, a socket's number and the parent's process id; imports the standard library alone
and never a candidate's code. It exists because

- it has one thread, so it can fork safely, and "die with the parent" (which Linux ties to the parent's *thread*)
  means what it says;
- a fork of it takes a millisecond, a new interpreter for each job ten;
- as subreaper it inherits whatever a dying job leaves, kills it and reaps it: `ended` is said when nothing is left;
- it notices when Lamarck dies, however it dies, kills the jobs and removes their cgroups.

Protocol, over that socket: each request is one packet with file descriptors [specification, control, stdout, stderr,
status, *passed], and for a job that waits to be released one more. The specification is a memory file: 8 bytes
length, JSON, then the contents of the job's files. Over `control` the job's answers come back as JSON packets: `pid`,
or `error`, then `ended` with CPU seconds; any packet, or the end of the stream, from the other side kills the job.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
from typing import Any, NoReturn

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
CLONE_NEWNS = 0x00020000
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_SLAVE = 2, 4, 4096, 16384, 1 << 19
LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF = 444, 446
LANDLOCK_SCOPES = 3  # abstract unix sockets and signals, which Linux 6.12 (version 6 of the interface) can scope
STAGE = "/tmp"  # noqa: S108  bubblewrap needs this folder anyway; a private tmpfs covers it
FIRST_ID, IDS = 0x70000000, 1 << 22  # above every range that distributions and containers hand out

libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    encoded = [None if text is None else text.encode() for text in (source, target, kind)]
    result = libc.mount(*encoded, ctypes.c_ulong(flags), None if data is None else data.encode())
    _checked(result, f"mount {source} on {target}")


# --- one job, in the process that becomes bubblewrap ----------------------------------------------------------------


def unprivileged_ids(pid: int) -> tuple[int, int]:
    """A user id that no other running job has (one that shares a user shares its process limit), and the group id
    that all jobs have, so that two jobs can share a folder."""
    largest = (0, 0)
    with open("/proc/self/uid_map", encoding="ascii") as lines:
        for line in lines:
            first, _, count = map(int, line.split())
            if first <= FIRST_ID and first + count >= FIRST_ID + 1 + IDS:
                return FIRST_ID + 1 + pid % IDS, FIRST_ID
            largest = max(largest, (count, first))
    count, first = largest
    spare = count - 20_000  # leaves the ids of people and services alone
    if spare < 1_000:
        raise OSError(0, "no unprivileged user ids are left in this user namespace")
    return first + 20_001 + pid % (spare - 1), first + 20_000


def _stage(spec: dict[str, Any], group: int) -> tuple[list[str], str]:
    """As root: bind what the job needs, and bubblewrap, at a place that an unprivileged user reaches, in a mount
    namespace of its own, which the kernel takes down with the last process in it."""
    binds = [(source, writable) for source, _, writable in spec["binds"]]
    _checked(libc.unshare(CLONE_NEWNS), "unshare")
    _mount("none", "/", None, MS_REC | MS_SLAVE)
    sources = [os.open(source, os.O_PATH | os.O_CLOEXEC) for source, _ in binds]
    programs = [os.open(source, os.O_PATH | os.O_CLOEXEC) for source, _ in spec["program"]]
    _mount("lamarck", STAGE, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=0755")
    staged = [_bind(fd, f"{STAGE}/{index}") for index, fd in enumerate(sources)]
    for place, (_, writable) in zip(staged, binds, strict=True):
        if writable:
            os.chown(place, -1, group)
            os.chmod(place, os.stat(place).st_mode & 0o777 | 0o070)  # noqa: S103  a group that only jobs have
    program = [_bind(fd, f"{STAGE}/{place}") for fd, (_, place) in zip(programs, spec["program"], strict=True)]
    return staged, program[0]


def _bind(fd: int, place: str) -> str:
    source = f"/proc/self/fd/{fd}"
    os.makedirs(os.path.dirname(place), exist_ok=True)
    if os.path.isdir(source):
        os.mkdir(place)
    else:
        os.close(os.open(place, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
    _mount(source, place, None, MS_BIND | MS_REC)
    return place


def _scope_with_landlock() -> None:
    """Where the kernel has it: no signal and no abstract socket beyond the job, even were a namespace to fail."""
    attributes = struct.pack("=QQQ", 0, 0, LANDLOCK_SCOPES)
    ruleset = libc.syscall(LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset >= 0:
        libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS: the condition for restricting oneself
        libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0)
        os.close(ruleset)


def _memory_file(content: bytes) -> int:
    fd = os.memfd_create("lamarck", os.MFD_CLOEXEC)
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def become_job(spec: dict[str, Any], files: list[bytes], fds: list[int]) -> NoReturn:
    """Take on the job's limits and identity and become bubblewrap. `fds`: stdout, stderr, status, *passed."""
    os.setsid()
    for signal_number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, signal.SIG_DFL)
    os.umask(spec["umask"])
    for folder in spec["cgroups"]:
        with open(f"{folder}/cgroup.procs", "w", encoding="ascii") as procs:
            procs.write("0")

    sources, executable = [source for source, _, _ in spec["binds"]], spec["program"][0][0]
    is_root = os.geteuid() == 0
    if is_root:
        user, group = unprivileged_ids(os.getpid())
        sources, executable = _stage(spec, group)

    wanted: list[int] = [0, 1, 2, *spec["pass_fds"]]
    above = max(wanted) + 1
    given = [os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC), fds[0], fds[1], *fds[3:]]
    given = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, above) for fd in given]

    def private(content: bytes) -> int:
        return fcntl.fcntl(_memory_file(content), fcntl.F_DUPFD, above)

    places = {"status": str(fcntl.fcntl(fds[2], fcntl.F_DUPFD, above)), "seccomp": str(private(files.pop()))}
    if spec["is_released"]:
        places["block"] = str(fcntl.fcntl(fds[3 + len(spec["pass_fds"])], fcntl.F_DUPFD, above))
        given.pop()
    places |= {f"file {index}": str(private(content)) for index, content in enumerate(files)}
    places |= {f"source {index}": source for index, source in enumerate(sources)}
    arguments = [item if isinstance(item, str) else places[item[0]] for item in spec["arguments"]]
    argument_fd = private(b"".join(item.encode() + b"\0" for item in arguments))
    for target, fd in zip(wanted, given, strict=True):
        os.dup2(fd, target, inheritable=True)

    os.chdir("/")
    for which, soft, hard in spec["rlimits"]:
        ceiling = resource.getrlimit(which)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)  # noqa: PLW2901
        resource.setrlimit(which, (soft, hard))
    if is_root:
        os.setgroups([])
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)
    _checked(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    _scope_with_landlock()
    os.execve(executable, ["bwrap", "--args", str(argument_fd), "--", *spec["argv"]], {})  # noqa: S606


# --- all jobs, in the warden -----------------------------------------------------------------------------------------


class Job:
    """A job as the warden sees it."""

    def __init__(self, pid: int, control: socket.socket, cgroups: list[str]) -> None:
        self.pid = pid
        self.control = control
        self.cgroups = cgroups
        self.status: int | None = None  # once bubblewrap itself is reaped
        self.heirs: set[int] = set()  # what it left to the subreaper
        self.cpu_seconds = 0.0


class Warden:
    def __init__(self, requests: socket.socket, parent: int) -> None:
        self.requests = requests
        self.jobs: dict[int, Job] = {}  # by file descriptor of the control socket
        self.poll = select.poll()
        woken, waker = socket.socketpair()
        woken.setblocking(False)
        waker.setblocking(False)
        self.woken, self.waker = woken, waker
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.parent = os.pidfd_open(parent)
        if os.getppid() != parent:
            raise SystemExit("the parent is gone already")
        for fd in (requests.fileno(), woken.fileno(), self.parent):
            self.poll.register(fd, select.POLLIN)

    def serve(self) -> None:
        while True:
            for fd, _ in self.poll.poll(200 if any(job.status is not None for job in self.jobs.values()) else None):
                if fd == self.requests.fileno():
                    if not self.accept():
                        return
                elif fd == self.parent:
                    return
                elif fd == self.woken.fileno():
                    with contextlib.suppress(BlockingIOError):
                        self.woken.recv(4096)
                elif fd in self.jobs:
                    self.poll.unregister(fd)  # a request to kill, or nobody is listening any more
                    self.kill(self.jobs[fd])
            self.reap()

    def accept(self) -> bool:
        message, fds, _, _ = socket.recv_fds(self.requests, 64, 250, socket.MSG_CMSG_CLOEXEC)
        if not message:
            return False
        specification, control_fd, *rest = fds
        control = socket.socket(fileno=control_fd)
        spec, files = read_specification(specification)
        pid = os.fork()
        if pid == 0:
            try:
                become_job(spec, files, rest)
            except BaseException as error:
                with contextlib.suppress(OSError):
                    control.send(json.dumps({"error": f"{type(error).__name__}: {error}"}).encode()[:4000])
            finally:
                os._exit(127)
        for fd in (specification, *rest):
            os.close(fd)
        job = Job(pid, control, spec["cgroups"])
        self.jobs[control.fileno()] = job
        self.poll.register(control.fileno(), select.POLLIN)
        self.tell(job, {"pid": pid})
        return True

    def tell(self, job: Job, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            job.control.send(json.dumps(message).encode(), socket.MSG_DONTWAIT)

    def kill(self, job: Job) -> None:
        for pid in {*job.heirs, *([job.pid] if job.status is None else []), *members(job.cgroups)}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                pid = 0
            if pid == 0:
                break
            for job in self.jobs.values():
                if pid == job.pid or pid in job.heirs:
                    job.cpu_seconds += usage.ru_utime + usage.ru_stime
                    job.heirs.discard(pid)
                    if pid == job.pid:
                        job.status = status
                    break
        ending = [job for job in self.jobs.values() if job.status is not None]
        if ending:
            self.adopt(ending)
            for job in ending:
                if not job.heirs:
                    self.end(job)

    def adopt(self, ending: list[Job]) -> None:
        """Every child that is no job was left by one whose bubblewrap is gone: it has to go too."""
        known = {job.pid for job in self.jobs.values() if job.status is None}
        for pid in children(os.getpid()) - known:
            for job in ending:
                job.heirs.add(pid)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def end(self, job: Job) -> None:
        del self.jobs[job.control.fileno()]
        with contextlib.suppress(KeyError):
            self.poll.unregister(job.control.fileno())
        self.tell(job, {"ended": job.status, "cpu_seconds": job.cpu_seconds})
        job.control.close()

    def close(self) -> None:
        """Lamarck is gone: end everything, and remove the cgroups that it can't remove any more."""
        for job in list(self.jobs.values()):
            self.kill(job)
        deadline = time.monotonic() + 10
        while self.jobs and time.monotonic() < deadline:
            folders = [job.cgroups for job in self.jobs.values()]
            self.reap()
            time.sleep(0.005)
            remaining = [job.cgroups for job in self.jobs.values()]
            for folder in (f for gone in folders if gone not in remaining for f in gone):
                remove_cgroup(folder)


def members(folders: list[str]) -> set[int]:
    pids: set[int] = set()
    for folder in folders:
        with contextlib.suppress(OSError), open(f"{folder}/cgroup.procs", encoding="ascii") as procs:
            pids |= {int(line) for line in procs if int(line) > 0}
    return pids


def children(pid: int) -> set[int]:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as listed:
        return set(map(int, listed.read().split()))


def remove_cgroup(folder: str) -> None:
    deadline = time.monotonic() + 1
    while True:
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            return
        except OSError:  # the last process is not wholly gone yet
            if time.monotonic() > deadline:
                return
            time.sleep(0.002)
        else:
            return


def read_specification(fd: int) -> tuple[dict[str, Any], list[bytes]]:
    with open(fd, "rb", closefd=False) as stream:
        stream.seek(0)
        (length,) = struct.unpack("=Q", stream.read(8))
        spec = json.loads(stream.read(length))
        return spec, [stream.read(size) for size in spec["sizes"]]


def main() -> None:
    requests = socket.socket(fileno=int(sys.argv[1]))
    requests.set_inheritable(False)
    _checked(libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    warden = Warden(requests, int(sys.argv[2]))
    try:
        warden.serve()
    finally:
        warden.close()


if __name__ == "__main__":
    main()
