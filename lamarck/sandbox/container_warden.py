"""The container warden: a small trusted process that asks a container engine for every job of one Lamarck process.

Run by path with `python -I -S`, a socket's number, the parent's process id and a folder; imports the standard library
alone. It speaks as warden.py does: each request is one packet with file descriptors [specification, control, stdout,
stderr, *passed], and over `control` come JSON packets: `child-pid` when the job's container is there, `exit-code` and
`cpu_seconds`, or `error`; at last `ended`, when nothing is left. Any packet from the other side, or the end of the
stream, ends the job; after `exit-code` it lets the container go.

The container's first process (inside/first.py) connects to a socket in a folder that only this container is shown, and
is handed the descriptors over it: a socket carries what an engine's command line cannot. When this process dies, that
connection ends, and with it the container, which the engine then removes (`--rm`).
"""

from __future__ import annotations

import array
import contextlib
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from typing import Any

MOST_FDS = 250
PATIENCE_SECONDS = 3.0  # for a container to end because nobody holds its connection any more
_ENGINE_SECONDS = 15.0


class Job:
    """One container: the engine's client that runs it, the door through which it is handed what it needs."""

    def __init__(self, spec: dict[str, Any], specification: int, control: socket.socket, given: list[int]) -> None:
        self.name: str = spec["name"]
        self.control = control
        self.folder: str = spec["folder"]
        self.given = [specification, *given]
        self.connection: socket.socket | None = None
        self.let_go_at: float | None = None
        self._engine: list[str] = spec["engine"]
        self._environment: dict[str, str] = spec["environment"]
        self._complaints = os.memfd_create("complaints", os.MFD_CLOEXEC)
        self._remover: subprocess.Popen[bytes] | None = None
        self._files(spec)
        self.door: socket.socket | None = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._open_door()
        self.client = self._call(spec["arguments"])

    def _files(self, spec: dict[str, Any]) -> None:
        contents = read_specification(self.given[0])[1]
        os.mkdir(self.folder, 0o700)
        os.mkdir(f"{self.folder}/files", 0o755)
        os.mkdir(f"{self.folder}/door", 0o755)
        for path, content in zip(spec["files"], contents, strict=False):  # the last content is the filter
            place = f"{self.folder}/files/{path}"
            os.makedirs(os.path.dirname(place), mode=0o755, exist_ok=True)
            with open(place, "xb") as file:
                file.write(content)
            os.chmod(place, 0o444)

    def _open_door(self) -> None:
        assert self.door is not None
        os.chdir(f"{self.folder}/door")  # a socket's path may have 107 bytes, and a temporary folder's more
        self.door.bind("socket")
        os.chdir("/")
        os.chmod(f"{self.folder}/door/socket", 0o777)  # noqa: S103  the folder above is ours alone
        self.door.listen(1)

    def _call(self, arguments: list[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*self._engine, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._complaints,
            env=self._environment,
            cwd="/",
        )

    def tell(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            self.control.send(json.dumps(message).encode(), socket.MSG_DONTWAIT)

    def answer(self) -> None:
        """Somebody is at the door: the container's first process, since nobody else is shown it."""
        assert self.door is not None
        self.connection, _ = self.door.accept()
        self.close_door()
        credentials = self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid = struct.unpack("3i", credentials)[0]
        with contextlib.suppress(OSError):  # it is gone already, as its client will tell
            socket.send_fds(self.connection, [b"job"], self.given)
        self._close_given()
        self.tell({"pid": pid, "child-pid": pid})

    def hear(self) -> bool:
        """What the first process says; False at its end."""
        assert self.connection is not None
        try:
            packet = self.connection.recv(8192)
        except OSError:
            packet = b""
        if packet:
            said = json.loads(packet)
            self.tell({key: said[key] for key in ("exit-code", "cpu_seconds", "error") if key in said})
        return bool(packet)

    def let_go(self) -> None:
        """Without anybody at the other end of its connection a container ends."""
        if self.let_go_at is None:
            self.let_go_at = time.monotonic()
        self.close_door()
        self.close_connection()

    def remove(self) -> bool:
        """Have the engine remove it, in case it does not end by itself; whether that has been done."""
        if self._remover is None:
            self._remover = self._call(["rm", "--force", self.name])
        return self._remover.poll() is not None

    def complaint(self) -> str:
        lines = os.pread(self._complaints, 1 << 16, 0).decode(errors="replace").strip().splitlines()
        said = [line for line in lines if "warning" not in line.lower()] or lines
        return said[0] if said else ""

    def close_door(self) -> None:
        if self.door is not None:
            self.door.close()
            self.door = None
            with contextlib.suppress(OSError):
                os.unlink(f"{self.folder}/door/socket")

    def close_connection(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def _close_given(self) -> None:
        for fd in self.given:
            os.close(fd)
        self.given = []

    def close(self) -> None:
        self.let_go()
        self._close_given()
        os.close(self._complaints)
        self.control.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class ContainerWarden:
    def __init__(self, requests: socket.socket, parent: int, folder: str) -> None:
        self.folder = folder
        self.requests = requests
        self.jobs: list[Job] = []
        woken, waker = socket.socketpair()
        for end in (woken, waker):
            end.setblocking(False)
        self.woken, self.waker = woken, waker
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            self.parent = os.pidfd_open(parent)
        except ProcessLookupError:
            self.parent = -1
        self.is_orphan = self.parent < 0 or os.getppid() != parent

    def serve(self) -> None:
        while True:
            events = self._wait()
            if self.parent in events:
                return
            if self.woken.fileno() in events:
                with contextlib.suppress(BlockingIOError):
                    self.woken.recv(4096)
            for job in self.jobs:
                self._serve(job, events)
            if self.requests.fileno() in events and not self._accept():
                return
            for job in list(self.jobs):
                self._look_after(job)

    def _wait(self) -> set[int]:
        poll = select.poll()
        for fd in (self.requests.fileno(), self.woken.fileno(), self.parent):
            poll.register(fd, select.POLLIN)
        for job in self.jobs:
            if job.let_go_at is None:
                poll.register(job.control, select.POLLIN)
            for end in (job.door, job.connection):
                if end is not None:
                    poll.register(end, select.POLLIN)
        is_leaving = any(job.let_go_at is not None for job in self.jobs)
        return {fd for fd, _ in poll.poll(100 if is_leaving else None)}

    @staticmethod
    def _serve(job: Job, events: set[int]) -> None:
        if job.let_go_at is None and job.control.fileno() in events:
            job.let_go()
        if job.door is not None and job.door.fileno() in events:
            job.answer()
        elif job.connection is not None and job.connection.fileno() in events and not job.hear():
            job.close_connection()

    def _accept(self) -> bool:
        fds = self._receive()
        if not fds:
            return False
        specification, control_fd, *given = fds
        control = socket.socket(fileno=control_fd)
        try:
            spec, _ = read_specification(specification)
            self.jobs.append(Job(spec, specification, control, given))
        except Exception as error:  # the boundary: what failed is told, and nothing is run
            with contextlib.suppress(OSError):
                control.send(json.dumps({"error": f"{type(error).__name__}: {error}"[:4000], "ended": None}).encode())
            for fd in (specification, *given):
                os.close(fd)
            control.close()
        return True

    def _receive(self) -> list[int]:
        found = array.array("i")
        size = socket.CMSG_SPACE(MOST_FDS * found.itemsize)
        _, packets, _, _ = self.requests.recvmsg(64, size, socket.MSG_CMSG_CLOEXEC)
        for _, _, data in packets:
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
        return list(found)

    def _look_after(self, job: Job) -> None:
        code = job.client.poll()
        if code is None:
            if job.let_go_at is not None and time.monotonic() > job.let_go_at + PATIENCE_SECONDS:
                job.remove()
            return
        if job.door is not None:  # nobody came: the engine could not start it, and may have left half of it
            job.tell({"error": job.complaint() or f"the container engine ended with {code}"})
            job.let_go()
        if code not in (0, 1, 137) and not job.remove():
            return  # until that is done
        job.tell({"ended": code})
        job.close()
        self.jobs.remove(job)

    def close(self) -> None:
        """Lamarck is gone: end everything, and remove what it can't remove any more."""
        for job in self.jobs:
            job.let_go()
        deadline = time.monotonic() + _ENGINE_SECONDS
        while self.jobs and time.monotonic() < deadline:
            for job in list(self.jobs):
                self._look_after(job)
            time.sleep(0.01)
        shutil.rmtree(self.folder, ignore_errors=True)


def read_specification(fd: int) -> tuple[dict[str, Any], list[bytes]]:
    with open(fd, "rb", closefd=False) as stream:
        stream.seek(0)
        (length,) = struct.unpack("=Q", stream.read(8))
        spec = json.loads(stream.read(length))
        return spec, [stream.read(size) for size in spec["sizes"]]


def main() -> None:
    requests = socket.socket(fileno=int(sys.argv[1]))
    requests.set_inheritable(False)
    warden = ContainerWarden(requests, int(sys.argv[2]), sys.argv[3])
    try:
        if not warden.is_orphan:
            warden.serve()
    finally:
        warden.close()


if __name__ == "__main__":
    main()
