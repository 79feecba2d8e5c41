"""Waiting for files that processes share."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lamarck.errors import EnvironmentProblem

_FIRST_PAUSE = 0.005
_LONGEST_PAUSE = 0.05

Waiting = Callable[[], None]  # called once, when there is something to wait for; what it raises ends the waiting


def acquire(path: Path, *, waiting: Waiting | None = None, stop: Callable[[], None] | None = None) -> int:
    """An exclusive lock on `path` as a file descriptor; closing it, or the end of the process, releases the lock.

    stop: called at every look at the lock; what it raises ends the waiting. Polls, because a blocked `flock` can be
    ended neither by Ctrl-C in another thread nor by a deadline. Raises `EnvironmentProblem`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise EnvironmentProblem(
            f"{path}: cannot be opened: {error.strerror}", "check its folder's permissions"
        ) from error
    pause, told = _FIRST_PAUSE, False
    try:
        while not _try_lock(descriptor, path):
            if stop is not None:
                stop()
            if not told and waiting is not None:
                waiting()
            told = True
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def holding(path: Path, *, waiting: Waiting | None = None) -> Iterator[None]:
    """The lock of `acquire` while the block runs."""
    descriptor = acquire(path, waiting=waiting)
    try:
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int, path: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.EWOULDBLOCK, errno.EINTR}:
            return False
        raise EnvironmentProblem(f"{path}: cannot be locked: {error.strerror}", "keep it on a local disk") from error
    return True


class Turnstile:
    """Lets one process at a time through, with as many of its threads as it likes.

    Who waits holds the gate while it waits for the room, so a process that leaves and comes straight back, or whose
    threads overlap for ever, queues behind the one that was there first. None as path: no other process is minded.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._mutex = threading.Lock()
        self._inside = 0
        self._room = -1

    def enter(self, *, waiting: Waiting | None = None, stop: Callable[[], None] | None = None) -> None:
        if self._path is None:
            return
        gate = acquire(self._path.with_name(self._path.name + ".gate"), waiting=waiting, stop=stop)
        try:
            with self._mutex:
                if self._inside > 0:
                    self._inside += 1
                    return
            room = acquire(self._path, waiting=waiting, stop=stop)
            with self._mutex:
                self._room, self._inside = room, 1
        finally:
            os.close(gate)

    def leave(self) -> None:
        if self._path is None:
            return
        with self._mutex:
            self._inside -= 1
            if self._inside == 0:
                os.close(self._room)
                self._room = -1
