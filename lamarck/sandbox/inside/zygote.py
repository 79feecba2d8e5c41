"""The zygote: boots once in a sandbox, loads what jobs of its kind need, and forks for each of them.

It never runs a job's code itself, and serves one job at a time. For each it clones a process into new namespaces (the
first process of the job), which hardens itself, forks the process that runs the job's code, and waits. When the first
process is gone, so is every process of the job: the kernel sees to that.

Protocol: like the warden's (see `warden.py`). Each request is one packet with descriptors [specification, control,
stdout, stderr, *passed]. Over `control` come `born` from the job's first process, whose process id outside the kernel
adds, and which then waits for `go`; `error` when it cannot be set up; `exit-code` and `ended` from the zygote. Any
other packet, or the end of the stream, kills the job.
"""

from __future__ import annotations

import array
import atexit
import ctypes
import fcntl
import gc
import json
import os
import select
import signal
import socket
import struct
import sys
import types
from typing import Any, NoReturn

from . import hardening

MOST_FDS = 250
_SIGNALS = set(signal.valid_signals())


class Work:
    """What a job's process is to run."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.code: str | None = spec["code"]
        self.script: str | None = spec["script"]
        self.arguments: list[str] = spec["arguments"]


class Zygote:
    def __init__(self, channel: int) -> None:
        self._channel = channel
        self._title = _title_place()

    def next_work(self) -> Work:
        """Serves jobs until nobody asks any more; returns only in a job's process."""
        while True:
            fds = self._receive()
            if not fds:
                os._exit(0)
            specification, control, *given = fds
            started, starting = os.pipe2(os.O_CLOEXEC)
            pid = hardening.fork_into(hardening.NAMESPACES)
            if pid == 0:
                os.close(self._channel)
                os.close(started)
                return self._begin(specification, control, given, starting)
            # The specification is not read here: memory that held it would be handed on to the next job.
            for fd in (specification, starting, *given):
                os.close(fd)
            _attend(pid, control, started)

    def _receive(self) -> list[int]:
        """The descriptors of one request; none at the end."""
        found = array.array("i")
        with socket.socket(fileno=os.dup(self._channel)) as channel:
            size = socket.CMSG_SPACE(MOST_FDS * found.itemsize)
            _, packets, _, _ = channel.recvmsg(64, size, socket.MSG_CMSG_CLOEXEC)
        for _, _, data in packets:
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
        return list(found)

    # --- in the first process of a job -----------------------------------------------------------------------------

    def _begin(self, specification: int, control: int, given: list[int], starting: int) -> Work:
        try:
            hardening.die_with_parent()
            os.setsid()
            spec, files = _read_specification(specification)
            _send(control, {"born": True})
            if os.read(control, 16) != b"go":
                os._exit(1)
            os.write(starting, b"g")
            wanted = [1, 2, *spec["pass_fds"]]
            control, starting = _place(given, wanted, [control, starting])  # before there is a limit to numbers
            hardening.harden(spec, files)
            pid = os.fork()
        except BaseException as error:  # the boundary: what failed is told, and nothing is run
            _send(control, {"error": f"{type(error).__name__}: {error}"[:4000]})
            os._exit(1)
        if pid:
            os.write(starting, b"s")
            _wait_as_first(pid)
        _close_all_but(wanted)
        _show_title(spec["title"], self._title)
        hardening.set_dumpable(True)
        os.umask(spec["umask"])
        os.chdir("/scratch")
        return Work(spec)


def _wait_as_first(job: int) -> NoReturn:
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # what the job sends here changes nothing
    os.closerange(0, 1 << 16)
    while True:
        pid, status = os.wait()
        if pid == job:
            os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


def _place(given: list[int], wanted: list[int], own: list[int]) -> list[int]:
    """Put the descriptors `given` where they are `wanted`; returns where `own` are now, out of their way."""
    above = max(wanted) + 1
    moved = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, above) for fd in (*given, *own)]
    for fd in own:
        os.close(fd)
    for target, fd in zip(wanted, moved, strict=False):
        os.dup2(fd, target, inheritable=True)
    return moved[len(given) :]


def _close_all_but(wanted: list[int]) -> None:
    kept = sorted(wanted)
    for low, high in zip([2, *kept], [*kept, 1 << 16], strict=True):
        if low + 1 < high:
            os.closerange(low + 1, high)


# --- in the zygote ---------------------------------------------------------------------------------------------------


def _attend(pid: int, control: int, started: int) -> None:
    """Wait for the end of a job's first process; kill it when asked to."""
    os.read(started, 1)  # until it was told to go, it reads `control` itself
    watched = os.pidfd_open(pid)
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(watched, select.POLLIN)
    is_over = False
    while not is_over:
        for fd, _ in poll.poll():
            if fd == control:
                poll.unregister(control)
                signal.pidfd_send_signal(watched, signal.SIGKILL)
            else:
                is_over = True
    _, status, usage = os.wait4(pid, 0)
    if os.read(started, 1) == b"s":
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
        _send(control, {"exit-code": code})
    _send(control, {"ended": status, "cpu_seconds": usage.ru_utime + usage.ru_stime})
    for fd in (watched, control, started):
        os.close(fd)


def _send(control: int, message: dict[str, Any]) -> None:
    try:
        os.write(control, json.dumps(message).encode())
    except OSError:  # nobody listens any more
        return


def _read_specification(fd: int) -> tuple[dict[str, Any], list[bytes]]:
    with open(fd, "rb", closefd=False) as stream:
        stream.seek(0)
        (length,) = struct.unpack("=Q", stream.read(8))
        spec = json.loads(stream.read(length))
        return spec, [stream.read(size) for size in spec["sizes"]]


def _title_place() -> tuple[int, int]:
    """Where the kernel looks for this process's command line."""
    with open("/proc/self/stat", "rb") as stat:
        fields = stat.read().rpartition(b")")[2].split()
    return int(fields[45]), int(fields[46])


def _show_title(words: list[str], place: tuple[int, int]) -> None:
    begin, end = place
    if end > begin > 0:
        text = b"".join(word.encode("utf-8", "surrogateescape") + b"\0" for word in words)[: end - begin - 1]
        ctypes.memmove(begin, text.ljust(end - begin, b"\0"), end - begin)


# --- the frame of it all ---------------------------------------------------------------------------------------------


def _preload(code: str) -> None:
    """What fails here, fails again in the job, which tells it."""
    if code:
        module = types.ModuleType("__preload__")
        try:
            exec(compile(code, "<preload>", "exec"), module.__dict__)  # noqa: S102  Lamarck's own
        except Exception:
            import traceback

            traceback.print_exc()


def main() -> None:
    """`channel preload padding` on the command line; the padding makes room for the command lines of jobs."""
    sys.path.pop(0)  # where this package is
    channel, preload = int(sys.argv[1]), sys.argv[2]
    os.set_inheritable(channel, False)
    _preload(preload)
    hardening.set_dumpable(False)
    sys.stdout.flush()
    sys.stderr.flush()
    gc.collect()
    gc.freeze()
    os.write(channel, b"ready")
    run(Zygote(channel).next_work())


def run(work: Work) -> None:
    """As the interpreter itself runs a script, or the code after -c."""
    package = __name__.rpartition(".")[0]
    for name in [each for each in sys.modules if each.partition(".")[0] == package]:
        del sys.modules[name]
    loaded = {*sys.modules} - {"__main__"}
    _execute(work)
    _end(loaded)


def _execute(work: Work) -> None:
    main_module = types.ModuleType("__main__")
    main_module.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = main_module
    sys.argv[:] = [work.script or "-c", *work.arguments]
    if not sys.flags.safe_path:
        sys.path.insert(0, os.path.dirname(work.script) if work.script else "")
    if work.script is not None:
        main_module.__file__ = work.script
        with open(work.script, "rb") as stream:
            text: str | bytes = stream.read()
    else:
        text = work.code or ""
    exec(compile(text, work.script or "<string>", "exec"), main_module.__dict__)  # noqa: S102  in the job's process


def _end(loaded: set[str]) -> NoReturn:
    """What the interpreter does when a program has run to its end, for what the program made. What was `loaded` ahead
    is left as it is: to take it apart costs several times what a small job does."""
    import threading

    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as a program's end does
    atexit._run_exitfuncs()
    is_written = _flushed()
    for name in [name for name in sys.modules if name not in loaded]:
        del sys.modules[name]
    gc.collect()  # finalizers run, files that nobody closed are written
    is_written = _flushed() and is_written
    os._exit(0 if is_written else 120)  # as its own end says it


def _flushed() -> bool:
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (AttributeError, OSError, ValueError):
        return False
    return True
