"""Children with a time limit: each does one thing, says something, and is gone with all that it left behind."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

_WALL_FACTOR = 6.0  # of its CPU time, that a child may take on a busy machine
_WALL_SECONDS = 2.0  # and so many on top
_MEMORY_BYTES = 512 << 20  # on top of what its parent has
_MOST_SAID = 4_000_000

Say = Callable[[dict[str, Any]], None]


class Child:
    """One of them. number: whose answer it is."""

    def __init__(self, number: int, work: Callable[[Say], None], cpu: float) -> None:
        self.number = number
        self.said = bytearray()
        self.read, write = os.pipe()
        self.deadline = time.monotonic() + cpu * _WALL_FACTOR + _WALL_SECONDS
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.read)
            _work(work, write, cpu)
        os.close(write)

    def end(self, *, kill: bool) -> dict[str, Any]:
        """What it said, with `stop`: None | time | died, and the CPU seconds that it took."""
        if kill:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        _, status, usage = os.wait4(self.pid, 0)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)  # what it started and left
        os.close(self.read)
        stop = None
        if kill or (os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGPROF, signal.SIGXCPU)):
            stop = "time"
        elif not (os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0):
            stop = "died"
        return {
            "id": self.number,
            "told": [json.loads(line) for line in self.said.splitlines(keepends=True) if line.endswith(b"\n")],
            "stop": stop,
            "cpu": usage.ru_utime + usage.ru_stime,
        }


def _work(work: Callable[[Say], None], write: int, cpu: float) -> NoReturn:
    status = 1
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, cpu)
        seconds = int(cpu) + 2  # for a variant that meddles with the timer
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        with open("/proc/self/statm", encoding="ascii") as file:
            size = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + _MEMORY_BYTES, size + _MEMORY_BYTES))

        def say(message: dict[str, Any]) -> None:
            data = json.dumps(message).encode() + b"\n"
            while data:
                data = data[os.write(write, data) :]

        work(say)
        status = 0
    finally:
        os._exit(status)


class Children:
    """At most so many at a time. `finished` gives what those said that are over, in the order in which they end."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._alive: dict[int, Child] = {}

    @property
    def is_full(self) -> bool:
        return len(self._alive) >= self.most

    def __len__(self) -> int:
        return len(self._alive)

    def start(self, number: int, work: Callable[[Say], None], cpu: float) -> None:
        child = Child(number, work, cpu)
        self._alive[child.read] = child

    def finished(self, *others: int) -> Iterator[dict[str, Any]]:
        """Waits until one is over or one of the descriptors `others` can be read."""
        deadline = min((c.deadline for c in self._alive.values()), default=None)
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        readable, _, _ = select.select([*self._alive, *others], [], [], left)
        for descriptor in readable:
            child = self._alive.get(descriptor)
            if child is None:
                continue
            part = os.read(descriptor, 1 << 16)
            child.said += part
            if not part or len(child.said) > _MOST_SAID:
                del self._alive[descriptor]
                yield child.end(kill=bool(part))
        for descriptor, child in list(self._alive.items()):
            if time.monotonic() >= child.deadline:
                del self._alive[descriptor]
                yield child.end(kill=True)
