"""The warden: a small trusted process that starts every job of one Lamarck process, and outlives none of them.

Run by path with `python -I -S`, a socket's number, the parent's process id, a folder and those of cgroups; imports the
standard library alone and never a candidate's code. It exists because

- it has one thread, so it can fork safely, and "die with the parent" (which Linux ties to the parent's *thread*)
  means what it says;
- a fork of it takes a millisecond, a new interpreter for each job ten;
- as subreaper it inherits whatever a dying job leaves, kills it and reaps it: `ended` is said when nothing is left;
- it notices when Lamarck dies, however it dies, kills the jobs and removes their cgroups and the folder.

Protocol, over that socket: each request is one packet with file descriptors [specification, control, stdout, stderr,
*passed]. The specification is a memory file: 8 bytes length, JSON, then the contents of the job's files. Over
`control` come JSON packets: `pid`, or `error` when nothing could be started; `child-pid` and `exit-code` as
bubblewrap says them; at last `ended` with CPU seconds. Any packet, or the end of the stream, from the other side
kills the job.
"""

from __future__ import annotations

import array
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
KEPT_IDS = 20_000  # of a small range: those of people and services
MOST_FDS = 250
CGROUP_PREFIX = "lamarck-"
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


def unprivileged_ids(pid: int, uid_map: str) -> tuple[int, int]:
    """A user id that no other running job has (one that shares a user shares its process limit), and the group id
    that all jobs have, so that two jobs can share a folder. uid_map: lines of first id, its id outside, and count."""
    count, first = 0, 0
    for line in uid_map.splitlines():
        start, _, length = map(int, line.split())
        if start <= FIRST_ID and start + length > FIRST_ID + IDS:
            return FIRST_ID + 1 + pid % IDS, FIRST_ID
        count, first = max((count, first), (length, start))
    spare = count - KEPT_IDS
    if spare < 1_000:
        raise OSError("no unprivileged user ids are left in this user namespace")
    return first + KEPT_IDS + 1 + pid % (spare - 1), first + KEPT_IDS


def _stage(spec: dict[str, Any], group: int) -> tuple[list[str], str]:
    """As root: bind what the job needs, and bubblewrap, at a place that an unprivileged user reaches, in a mount
    namespace of its own, which the kernel takes down with the last process in it."""
    binds = [(source, writable) for source, _, writable in spec["binds"]]
    _checked(libc.unshare(CLONE_NEWNS), "unshare")
    _mount("none", "/", None, MS_REC | MS_SLAVE)
    sources = [os.open(source, os.O_PATH | os.O_CLOEXEC) for source, _ in binds]
    programs = [(os.open(path, os.O_PATH | os.O_CLOEXEC), place) for path, place in spec["program"] if place]
    _mount("lamarck", STAGE, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=0755")
    staged = [_bind(fd, f"{STAGE}/{index}") for index, fd in enumerate(sources)]
    for place, (_, writable) in zip(staged, binds, strict=True):
        if writable:
            os.chown(place, -1, group)
            os.chmod(place, os.stat(place).st_mode & 0o777 | 0o070)  # noqa: S103  a group that only jobs have
    program = [_bind(fd, f"{STAGE}/{place}") for fd, place in programs]
    return staged, program[0] if program else spec["program"][0][0]


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


def become_job(
    spec: dict[str, Any], files: list[bytes], fds: list[int], status: int, release: int, warden: int
) -> NoReturn:
    """Take on the job's limits and identity and become bubblewrap. `fds`: stdout, stderr, *passed."""
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
        with open("/proc/self/uid_map", encoding="ascii") as uid_map:
            user, group = unprivileged_ids(os.getpid(), uid_map.read())
        sources, executable = _stage(spec, group)

    wanted: list[int] = [0, 1, 2, *spec["pass_fds"]]
    above = max(wanted) + 1
    given = [os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC), *fds]
    given = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, above) for fd in given]

    def private(content: bytes) -> int:
        return fcntl.fcntl(_memory_file(content), fcntl.F_DUPFD, above)

    places = {
        "status": str(fcntl.fcntl(status, fcntl.F_DUPFD, above)),
        "release": str(fcntl.fcntl(release, fcntl.F_DUPFD, above)),
        "seccomp": str(private(files.pop())),
    }
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
    if os.getppid() != warden:  # it died before the line above could mean anything
        os._exit(127)
    _scope_with_landlock()
    os.execve(executable, [spec["name"], "--args", str(argument_fd), "--", *spec["argv"]], {})  # noqa: S606


# --- all jobs, in the warden -----------------------------------------------------------------------------------------


class Job:
    """A job as the warden sees it: bubblewrap, its inner process (the first of the job's pid namespace), the rest."""

    def __init__(self, pid: int, control: socket.socket, spec: dict[str, Any], status: int, release: int) -> None:
        self.pid = pid
        self.control = control
        self.cgroups: list[str] = spec["cgroups"]
        self.inner_processes: int | None = spec["inner_processes"]
        self.status_fd: int | None = status  # where bubblewrap says how it goes
        self.release_fd: int | None = release  # the job begins when something is written here
        self.said = b""
        self.inner: int | None = None
        self.exit_status: int | None = None  # bubblewrap's, once it is reaped
        self.heirs: set[int] = set()  # what it left to the subreaper
        self.cpu_seconds = 0.0

    def tell(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            self.control.send(json.dumps(message).encode(), socket.MSG_DONTWAIT)

    def listen(self) -> bool:
        """Take in and pass on what bubblewrap says; False at its end."""
        assert self.status_fd is not None
        try:
            chunk = os.read(self.status_fd, 4096)
        except BlockingIOError:
            return True
        *lines, self.said = (self.said + chunk).split(b"\n")
        for line in filter(None, lines):
            message = json.loads(line)
            self.tell(message)
            if "child-pid" in message and self.inner is None:
                self.inner = message["child-pid"]
                self.release()
        return bool(chunk)

    def release(self) -> None:
        """Limit the processes of its user namespace, bubblewrap's own one included, and let it begin. Not before
        there is a namespace: before, a limit would count every process of the user outside as well."""
        assert self.release_fd is not None and self.inner is not None
        with contextlib.suppress(ProcessLookupError, BrokenPipeError):  # it died meanwhile
            if self.inner_processes is not None:
                limit = self.inner_processes + 1
                resource.prlimit(self.inner, resource.RLIMIT_NPROC, (limit, limit))
            os.write(self.release_fd, b"go")
        os.close(self.release_fd)
        self.release_fd = None

    def kill(self) -> None:
        pids = {*self.heirs, *members(self.cgroups), *([self.pid] if self.exit_status is None else [])}
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        for fd in (self.status_fd, self.release_fd):
            if fd is not None:
                os.close(fd)
        self.control.close()


class Warden:
    def __init__(self, requests: socket.socket, parent: int, folder: str, places: list[str]) -> None:
        self.folder = folder  # of Lamarck's files that must not outlive it
        self.requests = requests
        self.jobs: list[Job] = []
        self.folders: list[str] = []  # cgroups that Lamarck may have left to be removed
        self.places = places  # where cgroups are made: those of warm jobs are not told one by one
        self.poll = select.poll()
        woken, waker = socket.socketpair()
        woken.setblocking(False)
        waker.setblocking(False)
        self.woken, self.waker = woken, waker
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.parent_pid = parent
        try:
            self.parent = os.pidfd_open(parent)
        except ProcessLookupError:
            self.parent = -1
        self.is_orphan = self.parent < 0 or os.getppid() != parent
        for fd in (requests.fileno(), woken.fileno(), *([] if self.is_orphan else [self.parent])):
            self.poll.register(fd, select.POLLIN)

    def serve(self) -> None:
        while True:
            waits = any(job.exit_status is not None for job in self.jobs)
            for fd, _ in self.poll.poll(100 if waits else None):
                if fd == self.requests.fileno():
                    if not self.accept():
                        return
                elif fd == self.parent:
                    return
                elif fd == self.woken.fileno():
                    with contextlib.suppress(BlockingIOError):
                        self.woken.recv(4096)
                else:
                    self.hear(fd)
            self.reap()

    def hear(self, fd: int) -> None:
        for job in self.jobs:
            if fd == job.control.fileno():  # a request to kill, or nobody is listening any more
                self.poll.unregister(fd)
                job.kill()
            elif fd == job.status_fd and not job.listen():
                self.poll.unregister(fd)
                os.close(fd)
                job.status_fd = None

    def accept(self) -> bool:
        fds = self.receive()
        if not fds:
            return False
        specification, control_fd, *rest = fds
        control = socket.socket(fileno=control_fd)
        spec, files = read_specification(specification)
        status, status_far = os.pipe()
        release_far, release = os.pipe()
        warden = os.getpid()
        pid = os.fork()
        if pid == 0:
            try:
                become_job(spec, files, rest, status_far, release_far, warden)
            except BaseException as error:  # the boundary: what failed is told, and nothing is run
                with contextlib.suppress(OSError):
                    control.send(json.dumps({"error": f"{type(error).__name__}: {error}"}).encode()[:4000])
            finally:
                os._exit(127)
        for fd in (specification, status_far, release_far, *rest):
            os.close(fd)
        os.set_blocking(status, False)
        job = Job(pid, control, spec, status, release)
        self.jobs.append(job)
        self.folders = [*filter(os.path.exists, self.folders), *job.cgroups]
        self.poll.register(control.fileno(), select.POLLIN)
        self.poll.register(status, select.POLLIN)
        job.tell({"pid": pid})
        return True

    def receive(self) -> list[int]:
        """The descriptors of one request; none at the end. Not `socket.recv_fds`, which forgets its flags: a
        descriptor that is not closed on exec reaches every job that is started meanwhile."""
        found = array.array("i")
        size = socket.CMSG_SPACE(MOST_FDS * found.itemsize)
        _, packets, _, _ = self.requests.recvmsg(64, size, socket.MSG_CMSG_CLOEXEC)
        for _, _, data in packets:
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
        return list(found)

    def reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            for job in self.jobs:
                if pid in (job.pid, job.inner):
                    job.cpu_seconds += usage.ru_utime + usage.ru_stime
                if pid == job.pid:
                    job.exit_status = status
                job.heirs.discard(pid)
        ending = [job for job in self.jobs if job.exit_status is not None]
        if ending:
            self.adopt(ending)
            for job in ending:
                if not job.heirs:
                    self.end(job)

    def adopt(self, ending: list[Job]) -> None:
        """Every child that is no job was left by one whose bubblewrap is gone: it has to go too. Mostly that is the
        inner process; one that nobody has named yet may be any of theirs, so all wait for it."""
        inner = {job.inner for job in self.jobs}
        for pid in children(os.getpid()) - {job.pid for job in self.jobs if job.exit_status is None}:
            for job in ending:
                if pid == job.inner or pid not in inner:
                    job.heirs.add(pid)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def end(self, job: Job) -> None:
        if job.status_fd is not None:
            job.listen()  # its last words
        self.jobs.remove(job)
        for fd in (job.control.fileno(), job.status_fd):
            with contextlib.suppress(KeyError):
                if fd is not None:
                    self.poll.unregister(fd)
        job.tell({"ended": job.exit_status, "cpu_seconds": job.cpu_seconds})
        job.close()

    def close(self) -> None:
        """Lamarck is gone: end everything, and remove what it can't remove any more."""
        deadline = time.monotonic() + 10
        while self.jobs and time.monotonic() < deadline:
            for job in self.jobs:
                job.kill()
            self.reap()
            time.sleep(0.002)
        for folder in [*self.folders, *self.forked_cgroups()]:
            remove_cgroup(folder)
        if os.path.exists(self.folder):
            import shutil

            shutil.rmtree(self.folder, ignore_errors=True)

    def forked_cgroups(self) -> list[str]:
        if not (self.is_orphan or select.select([self.parent], [], [], 0)[0]):
            return []  # it lives, and may have other wardens, whose cgroups are called alike
        prefix = f"{CGROUP_PREFIX}{self.parent_pid}-"
        return [f"{p}/{name}" for p in self.places for name in os.listdir(p) if name.startswith(prefix)]


def members(folders: list[str]) -> set[int]:
    pids: set[int] = set()
    for folder in folders:
        with contextlib.suppress(OSError), open(f"{folder}/cgroup.procs", encoding="ascii") as procs:
            pids |= {int(line) for line in procs if int(line) > 0}
    return pids


def children(pid: int) -> set[int]:
    found: set[int] = set()
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as listed:
                found.update(map(int, listed.read().split()))
    except ProcessLookupError:
        return found
    except FileNotFoundError:
        # the process or a thread of it is gone; or the kernel has no such files, and every process has to be asked
        if not os.path.exists(f"/proc/{os.getpid()}/task/{os.getpid()}/children"):
            return children_by_asking(pid)
    return found


def children_by_asking(pid: int) -> set[int]:
    return {each for each in map(int, filter(str.isdigit, os.listdir("/proc"))) if parent_of(each) == pid}


def parent_of(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return int(stat.read().rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


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
    warden = Warden(requests, int(sys.argv[2]), sys.argv[3], sys.argv[4:])
    try:
        if not warden.is_orphan:
            warden.serve()
    finally:
        warden.close()


if __name__ == "__main__":
    main()
