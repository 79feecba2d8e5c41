"""The connection to the warden, the process that starts this process's jobs (see warden.py)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path

from lamarck.errors import SandboxUnavailable
from lamarck.temporary import TemporaryFolder, temporary_name

_PROGRAM = Path(__file__).with_name("warden.py")
_END_SECONDS = 15.0


class Warden:
    """Starts it; ends it (and with it every job) when this object or this process goes. folder: for files of ours that
    must not outlive it. program: what it runs, warden.py or one that speaks as it does. cgroup_places: the folders in
    which this process makes cgroups for jobs, which it could not remove any more if it was killed."""

    def __init__(self, program: Path = _PROGRAM, cgroup_places: Sequence[str] = ()) -> None:
        if not sys.executable:
            raise SandboxUnavailable("the running interpreter does not know its own path", "run Lamarck with python")
        # Named first and made after the warden has begun, which removes it: so it goes however this process ends.
        self.folder = temporary_name("jobs")
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        own = [str(there.fileno()), str(os.getpid()), str(self.folder)]
        with there:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(program), *own, *cgroup_places],
                env={},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(there.fileno(),),
                start_new_session=True,  # Ctrl-C is for Lamarck, which then ends its jobs
            )
        held = TemporaryFolder(self.folder)  # where the warden was killed as well, the next process sweeps it up
        self._requests = here
        self._lock = threading.Lock()
        self._owner = os.getpid()
        weakref.finalize(self, _dismiss, self._process, here, self._owner, held)

    @property
    def is_usable(self) -> bool:
        """Not after a fork of this process (the warden serves its parent alone), nor after its death."""
        return self._owner == os.getpid() and self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def request(self, fds: list[int]) -> None:
        """Raises `SandboxUnavailable` when the warden does not take it."""
        try:
            with self._lock:
                socket.send_fds(self._requests, [b"job"], fds)
        except OSError as error:
            raise SandboxUnavailable(f"the process that starts jobs does not answer: {error}", "try again") from error


def _dismiss(process: subprocess.Popen[bytes], requests: socket.socket, owner: int, held: TemporaryFolder) -> None:
    requests.close()
    if owner != os.getpid():
        return
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    held.remove()  # the warden did, unless somebody killed it
