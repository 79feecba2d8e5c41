"""Watches one job from its start to its end: output, limits, and the answer."""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lamarck.errors import SandboxUnavailable
from lamarck.records import JobLimits
from lamarck.sandbox import watch
from lamarck.sandbox.cgroup import JobCgroup
from lamarck.sandbox.mend import explain
from lamarck.sandbox.profile import OVERHEAD_PROCESSES
from lamarck.sandbox.sandbox import Outcome, Running, StopReason

_TICK_SECONDS = 0.05
_END_SECONDS = 20.0  # how long the kernel may take to end killed processes before we say that something is wrong


@dataclass(frozen=True, kw_only=True)
class Ends:
    """The supervisor's ends of what connects it to a job; closed by the supervision."""

    control: socket.socket
    stdout: int
    stderr: int


def connect(ours: ExitStack, theirs: ExitStack) -> tuple[Ends, list[int]]:
    """Our ends, and the descriptors of the others, each closed by its stack: [control, stdout, stderr]."""
    control, far_control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.enter_context(far_control)
    ours.enter_context(control)
    reading, writing = [], []
    for _ in range(2):
        ends = os.pipe()
        ours.callback(os.close, ends[0])
        theirs.callback(os.close, ends[1])
        reading.append(ends[0])
        writing.append(ends[1])
    return Ends(control=control, stdout=reading[0], stderr=reading[1]), [far_control.fileno(), *writing]


def outcome_of(running: Running) -> Outcome:
    """Wait for it; on any exception (KeyboardInterrupt too) it is killed first."""
    try:
        return running.wait()
    except BaseException:
        running.kill()
        running.wait()
        raise


class SupervisedJob:
    """A `Running`. A thread of its own reads the output and enforces the limits, whether or not anybody waits."""

    def __init__(
        self,
        *,
        name: str,
        ends: Ends,
        limits: JobLimits,
        cgroup: JobCgroup | None,
        shared: tuple[Path, ...],
        limits_processes: bool,
        enforcement: Mapping[str, str],
        keeper: object,
        is_trusted: bool = False,
    ) -> None:
        """is_trusted: Lamarck's own, which runs until it is killed."""
        self._is_trusted = is_trusted
        self._name = name  # of bubblewrap's two processes
        self._ends = ends
        self._limits = limits
        self._cgroup = cgroup
        self._shared = shared
        self._enforcement = enforcement
        self._limits_processes = limits_processes  # whether an rlimit or cgroup does; else they are watched
        self._keeper = keeper  # the warden lives as long as its jobs
        self._output: dict[int, bytearray] = {ends.stdout: bytearray(), ends.stderr: bytearray()}
        self._reason: StopReason | None = None
        self._said: dict[str, Any] = {}  # by the warden: see its protocol
        self._outcome: Outcome | None = None
        self._failure: BaseException | None = None
        self._lock = threading.Lock()
        self._begin = time.monotonic()
        self._peak_cpu = 0.0
        self._done = threading.Event()
        threading.Thread(target=self._supervise, name="lamarck-job", daemon=True).start()

    def wait(self) -> Outcome:
        """Raises `SandboxUnavailable` when the sandbox itself could not be set up: then nothing was run."""
        # Not Thread.join, which takes the thread for ended when Ctrl-C interrupts it (Python 3.11); and in slices,
        # since a signal that another thread receives does not wake this one.
        while not self._done.wait(0.5):
            pass
        if self._failure is not None:
            raise self._failure
        assert self._outcome is not None
        return self._outcome

    def is_over(self, seconds: float = 0.0) -> bool:
        return self._done.wait(seconds)

    def kill(self) -> None:
        self._stop(StopReason.KILLED)

    # --- the thread -------------------------------------------------------------------------------------------------

    def _supervise(self) -> None:
        try:
            self._watch()
            self._drain()
            self._outcome = self._conclude()
        except BaseException as error:
            self._failure = error
        finally:
            self._close()
            self._done.set()

    def _watch(self) -> None:
        poll = select.poll()
        ends = self._ends
        for fd in (ends.control.fileno(), ends.stdout, ends.stderr):
            poll.register(fd, select.POLLIN)
        never = math.inf
        next_look = never if self._is_trusted else self._begin + _TICK_SECONDS
        stopped_at: float | None = None
        while "ended" not in self._said:
            until = self._until()
            due = min(next_look, until if self._reason is None else time.monotonic() + _TICK_SECONDS)
            for fd, _ in poll.poll(None if due == never else max(0.0, due - time.monotonic()) * 1000 + 1):
                if fd == ends.control.fileno():
                    self._hear()
                elif not self._read(fd):
                    poll.unregister(fd)
            now = time.monotonic()
            if self._reason is not None:
                stopped_at = stopped_at or now
                if now > stopped_at + _END_SECONDS:
                    raise SandboxUnavailable("the kernel did not end a killed job", "look for a stuck file system")
            elif now >= until:
                self._stop(StopReason.WALL_TIME)
            if now >= next_look:
                self._look()
                # a look at a large shared folder takes time, which is not to become a burden
                next_look = now + max(_TICK_SECONDS, 5 * (time.monotonic() - now))

    def _until(self) -> float:
        """When its time is up, in monotonic seconds."""
        return math.inf if self._is_trusted else self._begin + self._limits.wall_seconds

    def _hear(self) -> None:
        try:
            packet = self._receive()
        except ConnectionResetError:
            return  # it ended without having read our word to end it; what it said is still to be read
        if packet:
            self._said |= json.loads(packet)
        else:
            self._said |= {"ended": None, "error": "the process that starts jobs is gone"}
            self._end_orphans()

    def _receive(self) -> bytes:
        return self._ends.control.recv(8192)

    def _end_orphans(self) -> None:
        """bubblewrap dies with the warden, and its inner process with bubblewrap, but not while it is being set up."""
        deadline, quiet = time.monotonic() + _END_SECONDS, 0
        while quiet < 3 and time.monotonic() < deadline:  # one that is being made meanwhile is seen the next time
            left = watch.processes_called(self._name)
            quiet = 0 if left else quiet + 1
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)

    def _read(self, fd: int) -> bool:
        """Take what a pipe holds; False at its end."""
        chunk = os.read(fd, 65536)
        room = self._limits.output_bytes - sum(map(len, self._output.values()))
        self._output[fd] += chunk[: max(room, 0)]
        if len(chunk) > room:
            self._stop(StopReason.OUTPUT)
        return bool(chunk)

    def _look(self) -> None:
        """The limits that no kernel enforces for us, and those whose hits have to be told apart."""
        limits, cgroup = self._limits, self._cgroup
        if cgroup is not None:
            self._peak_cpu = max(self._peak_cpu, cgroup.cpu_seconds() or 0.0)
            if cgroup.memory_kills():
                self._stop(StopReason.MEMORY)
        if cgroup is None or not (self._limits_processes or cgroup.limits_processes):
            pid, inner = self._said.get("pid", 0), self._said.get("child-pid", 0)
            usage = watch.usage_of(pid, inner)
            self._peak_cpu = max(self._peak_cpu, usage.cpu_seconds)
            if usage.memory_bytes > limits.memory_mb << 20:
                self._stop(StopReason.MEMORY)
            if usage.processes > limits.processes + OVERHEAD_PROCESSES:
                self._stop(StopReason.PROCESSES)
        if self._peak_cpu > limits.cpu_seconds:
            self._stop(StopReason.CPU_TIME)
        if watch.overflows(self._said.get("child-pid", 0)):
            self._stop(StopReason.SCRATCH)
        if any(watch.exceeds(folder, limits.scratch_mb << 20) for folder in self._shared):
            self._stop(StopReason.SCRATCH)

    def _stop(self, reason: StopReason) -> None:
        with self._lock:
            if self._reason is not None or self._outcome is not None:
                return
            self._reason = reason
            with contextlib.suppress(OSError):
                self._ends.control.send(b"kill")

    def _drain(self) -> None:
        """What the pipes still hold. Never until their end: another sandbox may have been passed the writing end."""
        for fd in (self._ends.stdout, self._ends.stderr):
            os.set_blocking(fd, False)
            with contextlib.suppress(BlockingIOError):
                while self._read(fd):
                    if sum(map(len, self._output.values())) >= self._limits.output_bytes:
                        break

    def _conclude(self) -> Outcome:
        seconds = time.monotonic() - self._begin
        measured = self._cgroup.cpu_seconds() if self._cgroup is not None else None
        cpu_seconds = max(measured or 0.0, float(self._said.get("cpu_seconds", 0.0)), self._peak_cpu)
        stderr = bytes(self._output[self._ends.stderr])
        code: int | None = self._said.get("exit-code")
        with self._lock:
            reason = self._reason
            if self._cgroup is not None and self._cgroup.memory_kills():
                reason = StopReason.MEMORY
            elif reason is None and code is not None and cpu_seconds >= self._limits.cpu_seconds:
                reason = StopReason.CPU_TIME
            if reason is None and code is None:
                raise explain(self._said.get("error") or stderr.decode(errors="replace").strip())
            if reason is None:
                # bubblewrap folds a signal into the exit code the way shells do
                reason = StopReason.SIGNALLED if code is not None and code > 128 else StopReason.EXITED
            self._reason = reason
        return Outcome(
            reason=reason,
            exit_code=code if reason in (StopReason.EXITED, StopReason.SIGNALLED) else None,
            stdout=bytes(self._output[self._ends.stdout]),
            stderr=stderr,
            seconds=seconds,
            cpu_seconds=cpu_seconds,
            enforcement=self._enforcement,
        )

    def _close(self) -> None:
        with self._lock:
            self._ends.control.close()
            os.close(self._ends.stdout)
            os.close(self._ends.stderr)
        if self._cgroup is not None:
            self._cgroup.remove()
