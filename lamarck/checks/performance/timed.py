"""One version of some code under an outside clock: a process of its own in the sandbox, cold, and told when to run.

Time is what the kernel says that the process used, read from outside between two messages; where that cannot be read
it is the wall clock of this side. The process has to show what it computed, so that it cannot leave the work out.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lamarck.checks.agreement.calls import Call, source
from lamarck.records import JobLimits, SourceFile
from lamarck.sandbox.interpreter import Interpreter
from lamarck.sandbox.sandbox import JOB_DIR, Job, Mount, Sandbox

_INSIDE = Path(__file__).parent / "inside"
_TARGET = "/opt/lamarck/_lamarck_timed"
_FLAGS = ("-B", "-P", "-s", "-S", "-X", "utf8")
_SECONDS = 30.0  # for one message
_DIGEST = 32


class NotTimed(Exception):
    """The version cannot be timed: why, in one line."""


@dataclass(frozen=True)
class Clocked:
    """cpu: seconds that the process used, None where the kernel does not tell; wall: seconds that passed here."""

    wall: float
    cpu: float | None


def calls_text(calls: Sequence[Call]) -> str:
    """`CALLS`, a list of names with makers of fresh arguments, as Python."""
    lines = []
    for call in calls:
        kwargs = ", ".join(f"{source(name)}: {source(value)}" for name, value in call.kwargs)
        lines.append(f"    ({call.function!r}, lambda: ({source(call.args)}, {{{kwargs}}})),")
    return "CALLS = [\n" + "\n".join(lines) + "\n]\n"


class Version:
    """Use it as a context manager. Raises `NotTimed`, and `SandboxUnavailable` where nothing can be isolated."""

    def __init__(
        self,
        sandbox: Sandbox,
        interpreter: Interpreter,
        files: Sequence[SourceFile],
        module: str,
        calls: Sequence[Call],
        limits: JobLimits,
    ) -> None:
        self._sandbox = sandbox
        self._interpreter = interpreter
        self._files = files
        self._module = module
        self._calls = calls
        self._limits = limits
        self.pid = 0

    def __enter__(self) -> Version:
        self._channel, theirs = socket.socketpair()
        self._channel.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)  # who sends is told by the kernel
        self._channel.settimeout(_SECONDS)
        spec = {
            "descriptor": theirs.fileno(),
            "module": self._module,
            "folder": f"{JOB_DIR}/code",
            "sites": list(self._interpreter.site_folders),
        }
        job = Job(
            argv=(self._interpreter.executable, *_FLAGS, f"{_TARGET}/runner.py", json.dumps(spec)),
            files={f"code/{f.path}": f.text.encode("utf-8", "surrogatepass") for f in self._files},
            mounts=(*(Mount(source=Path(m)) for m in self._interpreter.mounts), Mount(source=_INSIDE, target=_TARGET)),
            env={"PATH": "/usr/bin:/bin", "HOME": "/scratch", "LANG": "C.UTF-8", "PYTHONHASHSEED": "0", "TZ": "UTC"},
            pass_fds=(theirs.fileno(),),
            limits=self._limits,
        )
        try:
            self._running = self._sandbox.start(job)
        except BaseException:
            self._channel.close()
            raise
        finally:
            theirs.close()
        try:
            self._send(json.dumps({"calls": calls_text(self._calls)}).encode() + b"\n")
            self._hear(b"h", learn=True)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()
        self._running.kill()
        self._running.wait()

    def run(self, repetitions: int, place: int, *, only: int = -1) -> tuple[Clocked, bytes]:
        """Time that so many repetitions of all calls took (or of one alone), and the hash of what the call at `place`
        of those that were made returned."""
        self._send(b"%d %d\n" % (repetitions, only))
        self._hear(b"r")
        used = self._used()
        begin = time.perf_counter()
        self._send(b"g")
        self._hear(b"d")
        wall = time.perf_counter() - begin
        after = self._used()
        self._send(b"%d\n" % place)
        digest = b""
        while len(digest) < _DIGEST:
            digest += self._receive(_DIGEST - len(digest))
        return Clocked(wall, None if used is None or after is None else after - used), digest

    @property
    def peak_mb(self) -> float | None:
        """The most memory that the process had resident, as the kernel says; None where it does not."""
        with suppress(OSError, ValueError, IndexError):
            for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) / 1024
        return None

    def _used(self) -> float | None:
        """CPU seconds of all its threads; exact, for it waits for a message."""
        if not self.pid:
            return None
        total = 0
        try:
            for thread in Path(f"/proc/{self.pid}/task").iterdir():
                total += int((thread / "schedstat").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None
        return total / 1e9

    def _send(self, data: bytes) -> None:
        try:
            self._channel.sendall(data)
        except OSError as error:
            raise NotTimed(self._why("it ended")) from error

    def _receive(self, size: int) -> bytes:
        try:
            data = self._channel.recv(size)
        except TimeoutError as error:
            raise NotTimed("it did not answer in time") from error
        except OSError as error:
            raise NotTimed(self._why("it ended")) from error
        if not data:
            raise NotTimed(self._why("it ended"))
        return data

    def _hear(self, wanted: bytes, *, learn: bool = False) -> None:
        if learn:
            self._learn(wanted)
        elif self._receive(1) != wanted:
            raise NotTimed("it said what it should not have")

    def _learn(self, wanted: bytes) -> None:
        """The first word, with the number of the process that sent it, as the kernel knows it here."""
        size = struct.calcsize("3i")
        try:
            data, ancillary, _, _ = self._channel.recvmsg(1, socket.CMSG_SPACE(size))
        except TimeoutError as error:
            raise NotTimed("it did not start in time") from error
        except OSError as error:
            raise NotTimed(self._why("it could not be imported")) from error
        if data != wanted:
            raise NotTimed(self._why("it could not be imported"))
        for level, kind, found in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                self.pid = struct.unpack("3i", found[:size])[0]

    def _why(self, what: str) -> str:
        self._running.kill()
        said = self._running.wait().stderr.decode(errors="replace").strip().splitlines()
        return f"{what}: {said[-1][:200]}" if said else what
