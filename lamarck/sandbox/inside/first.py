"""The first process of a container: takes in what the job was given, starts it, waits for it and what it leaves.

It runs Lamarck's code alone. The container's engine has set up what is seen and what is counted; what an engine does
not do (the system-call filter, limits on a process, descriptors) is done here, to the job, before that begins.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import json
import os
import resource
import select
import signal
import socket
import struct
import time
from typing import Any, NoReturn

from . import hardening

DOOR = "/opt/lamarck/door/socket"
_MOST_FDS = 250


def main() -> NoReturn:
    """Who hangs up ends the container, at whatever moment."""
    hardening.set_dumpable(False)  # the job runs as the same user
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.connect(DOOR)
    except OSError:  # nobody wants this job any more
        os._exit(1)
    fds = _receive(connection)
    if not fds:
        os._exit(1)
    specification, *given = fds
    spec, files = _read_specification(specification)
    woken, waker = socket.socketpair()
    for end in (woken, waker):
        end.setblocking(False)
    signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    told, telling = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        above = max([2, *spec["pass_fds"]]) + 1  # out of the way of the job's own
        telling = fcntl.fcntl(telling, fcntl.F_DUPFD_CLOEXEC, above)
        try:
            _become(spec, files[-1], given, telling)
        except BaseException as error:  # the boundary: what failed is told, and nothing is run
            os.write(telling, f"{type(error).__name__}: {error}".encode()[:4000])
        finally:
            os._exit(127)
    for fd in (specification, telling, *given):
        os.close(fd)
    failed = os.read(told, 4096)  # its end, once the job has begun
    if failed:
        _tell(connection, {"error": failed.decode(errors="replace")})
        os._exit(1)
    _attend(connection, woken, pid)


def _receive(connection: socket.socket) -> list[int]:
    found = array.array("i")
    _, packets, _, _ = connection.recvmsg(64, socket.CMSG_SPACE(_MOST_FDS * found.itemsize), socket.MSG_CMSG_CLOEXEC)
    for _, _, data in packets:
        found.frombytes(data[: len(data) - len(data) % found.itemsize])
    return list(found)


def _read_specification(fd: int) -> tuple[dict[str, Any], list[bytes]]:
    with open(fd, "rb", closefd=False) as stream:
        stream.seek(0)
        (length,) = struct.unpack("=Q", stream.read(8))
        spec = json.loads(stream.read(length))
        return spec, [stream.read(size) for size in spec["sizes"]]


def _become(spec: dict[str, Any], program: bytes, given: list[int], telling: int) -> NoReturn:
    """Take on the job's descriptors, limits and filter, and become it."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    os.setsid()
    wanted = [0, 1, 2, *spec["pass_fds"]]
    above = max(wanted) + 1
    given = [os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC), *given]
    moved = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, above) for fd in given]
    for target, fd in zip(wanted, moved, strict=True):
        os.dup2(fd, target, inheritable=True)
    os.umask(spec["umask"])
    os.chdir("/scratch")
    for which, soft, hard in spec["rlimits"]:
        ceiling = resource.getrlimit(which)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)  # noqa: PLW2901
        resource.setrlimit(which, (soft, hard))
    hardening.confine(program)
    hardening.set_dumpable(True)
    argv = spec["argv"]
    try:
        os.execve(argv[0], argv, spec["env"])  # noqa: S606
    except OSError as error:
        os.write(telling, f"{argv[0]}: {error.strerror}".encode()[:4000])
        os._exit(127)


def _attend(connection: socket.socket, woken: socket.socket, job: int) -> NoReturn:
    """Wait for the job's end, end what it left, tell it, and stay until somebody has looked at what it used."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    poll.register(woken, select.POLLIN)
    status: int | None = None
    while status is None:
        for fd, _ in poll.poll():
            if fd == connection.fileno():
                os._exit(137)  # which ends everything
            try:
                woken.recv(4096)
            except BlockingIOError:
                continue
        status = _reap(job)
    _end_the_rest()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
    _tell(connection, {"exit-code": code, "cpu_seconds": usage.ru_utime + usage.ru_stime})
    connection.recv(64)
    os._exit(0)


def _reap(job: int) -> int | None:
    """The status of the job, when it is among those that ended."""
    found = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        if pid == job:
            found = status


def _end_the_rest() -> None:
    while True:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.001)


def _tell(connection: socket.socket, message: dict[str, Any]) -> None:
    try:
        connection.send(json.dumps(message).encode())
    except OSError:  # nobody listens any more
        os._exit(1)
