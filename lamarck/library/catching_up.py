"""What has no vector yet gets one while a process is at work: in the background, a few at a time.

An embedder that came, or whose model changed, finds a library that is searched by words alone. `lamarck gc` embeds all
of it at once; whoever does not ask for that has it done bit by bit, by a thread that lets every other one go first.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from typing import Protocol

from lamarck.errors import LamarckError

_LATER = 1.0  # seconds: a command that only looks something up is over by then
_FEW = 8  # artifacts between two commits; as many as closing waits for
_NICE = 15
_log = logging.getLogger("lamarck.library")


class Embeds(Protocol):
    def embed_some(self, most: int) -> int:
        """Give at most so many artifacts their vectors; how many got one, 0 when none lacks one."""


class CatchingUp:
    """Begins `after` seconds from now and ends by itself, or with `close`, which waits for what is under way."""

    def __init__(self, library: Embeds, *, after: float = _LATER) -> None:
        self._library = library
        self._after = after
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="lamarck-embeds", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def wait(self) -> None:
        """Until nothing lacks a vector."""
        self._thread.join()

    def _work(self) -> None:
        if self._stop.wait(self._after):
            return
        with contextlib.suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)  # on Linux of this thread alone
        done = 0
        try:
            while not self._stop.is_set() and (some := self._library.embed_some(_FEW)):
                done += some
        except LamarckError as error:
            _log.info("embedding in the background ended: %s", error.line)
        if done:
            _log.info("%d artifacts got their vectors in the background", done)
