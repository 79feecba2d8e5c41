"""A job that a zygote was forked for, watched from outside like any other."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
from collections.abc import Callable
from typing import Any, Protocol

from lamarck.errors import SandboxUnavailable
from lamarck.sandbox.cgroup import LentCgroup
from lamarck.sandbox.profile import OVERHEAD_PROCESSES, ZYGOTE_PROCESSES
from lamarck.sandbox.sandbox import StopReason
from lamarck.sandbox.supervision import SupervisedJob

_CREDENTIALS = struct.Struct("=iii")  # process, user, group


class Parent(Protocol):
    """What a forked job needs of its zygote."""

    def end(self) -> None:
        """End it and every process below it; returns when they are gone."""


class ForkedJob(SupervisedJob):
    """A `Running`.

    ends.control: with SO_PASSCRED, set before the request. released: called once, when nothing of the job is left, with
    why it ended (None: it never began).
    """

    def __init__(
        self, *, parent: Parent, cgroup: LentCgroup | None, released: Callable[[StopReason | None], None], **fields: Any
    ) -> None:
        self._parent = parent
        self._lent = cgroup
        self._released = released
        super().__init__(cgroup=cgroup, keeper=parent, **fields)

    def _receive(self) -> bytes:
        packet, ancillary, _, _ = self._ends.control.recvmsg(8192, socket.CMSG_SPACE(_CREDENTIALS.size))
        if packet and "born" in json.loads(packet):
            # As the kernel says it: the process id here of whoever sent the packet.
            pid = next(_CREDENTIALS.unpack(d)[0] for _, kind, d in ancillary if kind == socket.SCM_CREDENTIALS)
            if pid <= 0:
                raise SandboxUnavailable("the kernel does not say who a warm job is", "please report it")
            with contextlib.suppress(ProcessLookupError, BrokenPipeError):  # it was killed meanwhile
                self._limit()
                self._said |= {"pid": pid, "child-pid": pid}
                self._ends.control.send(b"go")
        return packet

    def _limit(self) -> None:
        if self._lent is None:
            return
        processes = self._limits.processes + OVERHEAD_PROCESSES + ZYGOTE_PROCESSES
        try:
            self._lent.begin(memory_bytes=self._limits.memory_mb << 20, processes=processes)
        except OSError as error:
            raise SandboxUnavailable(f"a job cannot be limited: {error}", "try again, or look at its cgroup") from error

    def _end_orphans(self) -> None:
        self._parent.end()

    def _close(self) -> None:
        super()._close()
        self._released(self._reason)
