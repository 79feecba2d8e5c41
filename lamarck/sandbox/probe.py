"""What isolates here, found by trying to break it: each attempt first succeeds outside, against something alive."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from lamarck.errors import SandboxUnavailable
from lamarck.records import JobLimits
from lamarck.sandbox.escapes import ATTEMPTS
from lamarck.sandbox.sandbox import (
    Enforcement,
    Job,
    Mount,
    Outcome,
    ProbeAttempt,
    ProbeRow,
    Requirement,
    Sandbox,
    StopReason,
)
from lamarck.temporary import temporary_folder

_ESCAPES = Path(__file__).with_name("escapes.py")
# Attempts that change nothing outside and that any user may make: outside, each of them has to succeed.
CONTROLS = (
    *("tcp", "udp", "dns", "abstract_socket", "abstract_datagram", "path_socket", "path_datagram", "host_name"),
    *("secret_file", "secret_by_link", "secret_by_root", "secret_by_folder", "secret_by_descriptor"),
    *("secret_environment", "secret_command_line", "shared_memory", "message_queue", "write_outside"),
    *("signal_other", "limit_other", "trace", "other_memory"),
)
_MEND = "please report what `lamarck doctor` says: the flags were accepted and did not hold"
_MEMORY_MB, _PROCESSES, _CPU_SECONDS = 96, 8, 0.4

_HOLD = "import sys; held = [open('secret') for _ in range(2)]; print(flush=True); sys.stdin.read()"
_EAT_MEMORY = """
import os
fd = os.memfd_create("x")  # which no limit on address space sees
for _ in range(40):
    os.write(fd, bytes(10 << 20))
print("ate 400 MiB")
"""
_EAT_CPU = """
import os
os.fork()  # no limit per process sees the sum
while True:
    pass
"""
_EAT_PROCESSES = """
import os, time
made = 0
try:
    while made < 100:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        made += 1
    time.sleep(1)  # for whoever only watches
except OSError:
    pass
print(made)
"""


def probe_rows(sandbox: Sandbox) -> tuple[ProbeRow, ...]:
    """One row per requirement. Never raises for a sandbox that is not there: every row then says why."""
    try:
        with _canaries() as targets:
            names = [attempt.__name__ for attempts in ATTEMPTS.values() for attempt in attempts]
            controls = _outside({**targets, "only": names, "outside": True})
            outcomes = _run_all(
                sandbox,
                {
                    "escapes": (_ESCAPES.read_text(), JobLimits(wall_seconds=30), {**targets, "only": names}),
                    "memory": (_EAT_MEMORY, JobLimits(memory_mb=_MEMORY_MB, wall_seconds=20, file_mb=1024), {}),
                    "cpu": (_EAT_CPU, JobLimits(cpu_seconds=_CPU_SECONDS, wall_seconds=20), {}),
                    "processes": (_EAT_PROCESSES, JobLimits(processes=_PROCESSES, wall_seconds=20), {}),
                },
            )
    except SandboxUnavailable as error:
        return tuple(
            ProbeRow(requirement=r, enforcement=Enforcement.ABSENT, how=str(error), mend=error.mend)
            for r in Requirement
        )
    return (
        _escape_row(Requirement.NETWORK, outcomes["escapes"], controls),
        _escape_row(Requirement.FILES, outcomes["escapes"], controls),
        _limit_row(
            Requirement.MEMORY, outcomes["memory"], StopReason.MEMORY, f"a job of {_MEMORY_MB} MiB that eats 400"
        ),
        _limit_row(
            Requirement.CPU, outcomes["cpu"], StopReason.CPU_TIME, f"two processes that spin, {_CPU_SECONDS} s together"
        ),
        _process_row(outcomes["processes"]),
        _escape_row(Requirement.PRIVILEGES, outcomes["escapes"], controls),
    )


# --- what attempts aim at --------------------------------------------------------------------------------------------


@contextmanager
def _canaries() -> Iterator[dict[str, Any]]:
    """Listeners that answer, and secrets in a file, in memory and in another process: what a job must not reach."""
    token, argument = secrets.token_hex(12), secrets.token_hex(12)
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder("probe"))
        (folder / "secret").write_text(token)
        targets: dict[str, Any] = {
            "token": token,
            "argument": argument,
            "folder": str(folder),
            "secret_file": str(folder / "secret"),
            "host_name": os.uname().nodename,
        }
        targets |= _listeners(stack, folder, token)
        targets["shared_memory"] = _in_shared_memory(stack, token)
        targets["message_queue"] = _message_queue(stack)
        holder = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _HOLD, argument],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={f"LAMARCK_PROBE_{token[:6].upper()}": token},
            cwd=folder,
        )
        stack.enter_context(holder)  # which closes its input and waits for it
        assert holder.stdout is not None
        holder.stdout.readline()
        yield {**targets, "holder": holder.pid}


def _listeners(stack: ExitStack, folder: Path, token: str) -> dict[str, Any]:
    """name → where it listens."""
    places: dict[str, tuple[int, int, Any]] = {
        "tcp": (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
        "tcp6": (socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0)),
        "udp": (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
        "udp6": (socket.AF_INET6, socket.SOCK_DGRAM, ("::1", 0)),
        "dns": (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
        "abstract": (socket.AF_UNIX, socket.SOCK_STREAM, f"\0lamarck-{token}"),
        "abstract_datagram": (socket.AF_UNIX, socket.SOCK_DGRAM, f"\0lamarck-{token}-datagram"),
        "path_socket": (socket.AF_UNIX, socket.SOCK_STREAM, str(folder / "socket")),
        "path_datagram": (socket.AF_UNIX, socket.SOCK_DGRAM, str(folder / "datagram")),
    }
    done = threading.Event()
    found: dict[str, Any] = {}
    for name, (family, kind, address) in places.items():
        try:
            listener = stack.enter_context(socket.socket(family, kind))
            listener.bind(address)
        except OSError:  # no IPv6 here
            found[name] = 0
            continue
        if kind == socket.SOCK_STREAM:
            listener.listen()
        _answer(stack, done, listener, token)
        own = listener.getsockname()
        found[name] = own[1] if type(own) is tuple else (own.decode() if type(own) is bytes else own).lstrip("\0")
    return found


def _in_shared_memory(stack: ExitStack, token: str) -> str:
    """The name of a file there that holds the token; of none where there is no such folder."""
    folder = Path("/dev/shm")  # noqa: S108
    if not os.access(folder, os.W_OK):
        return "none"
    place = stack.enter_context(temporary_folder("probe", folder)) / "token"
    place.write_text(token, encoding="utf-8")
    return str(place.relative_to(folder))


def _message_queue(stack: ExitStack) -> int:
    """The key of a System V queue."""
    libc = ctypes.CDLL(None, use_errno=True)
    while True:
        key = secrets.randbelow(1 << 30) + 1
        queue = libc.msgget(key, 0o1000 | 0o2000 | 0o600)  # IPC_CREAT | IPC_EXCL
        if queue >= 0:
            stack.callback(libc.msgctl, queue, 0, None)  # IPC_RMID
            return key
        if ctypes.get_errno() != errno.EEXIST:
            return 0  # a kernel without them


def _answer(stack: ExitStack, done: threading.Event, listener: socket.socket, token: str) -> None:
    """Tell the token to everybody who comes, until `done`."""
    listener.settimeout(0.02)
    is_stream = listener.type == socket.SOCK_STREAM

    def serve() -> None:
        while not done.is_set():
            try:
                if is_stream:
                    with listener.accept()[0] as connection:
                        connection.sendall(token.encode())
                else:
                    listener.sendto(token.encode(), listener.recvfrom(64)[1])
            except OSError:  # nobody came, or left before the answer
                continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    stack.callback(thread.join)
    stack.callback(done.set)


def _outside(targets: dict[str, Any]) -> dict[str, str | None]:
    """The same attempts without a sandbox, where those have to succeed that need no privilege. What they change, they
    change for themselves alone."""
    place = Path(targets["folder"]) / "targets.json"
    place.write_text(json.dumps(targets))
    said = subprocess.run(
        [sys.executable, "-I", "-S", str(_ESCAPES), str(place)],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=30,
        check=True,
    )
    found: dict[str, str | None] = json.loads(said.stdout)
    return found


# --- running and reading them ----------------------------------------------------------------------------------------


def _run_all(sandbox: Sandbox, jobs: dict[str, tuple[str, JobLimits, dict[str, Any]]]) -> dict[str, Outcome]:
    mounts = (Mount(source=Path(os.path.realpath(sys.base_prefix))),)
    program = os.path.realpath(sys.executable)
    running = {}
    try:
        for name, (code, limits, argument) in jobs.items():
            job = Job(
                argv=(program, "-I", "-S", "/job/attempt.py", "/job/targets.json"),
                files={"attempt.py": code.encode(), "targets.json": json.dumps(argument).encode()},
                mounts=mounts,
                limits=limits,
            )
            running[name] = sandbox.start(job)
        return {name: job.wait() for name, job in running.items()}
    except BaseException:
        for each in running.values():
            each.kill()
        raise


def _escape_row(requirement: Requirement, outcome: Outcome, controls: dict[str, str | None]) -> ProbeRow:
    try:
        found: dict[str, str | None] = json.loads(outcome.stdout)
    except ValueError:
        said = outcome.stderr.decode(errors="replace").strip()[-300:]
        how = f"the attempts did not finish ({outcome.reason}): {said}"
        return ProbeRow(requirement=requirement, enforcement=Enforcement.ABSENT, how=how, mend=_MEND)
    attempts = tuple(
        ProbeAttempt(name=a.__name__, held=found[a.__name__] is None, got=found[a.__name__] or "",
                     outside=controls.get(a.__name__) or "")
        for a in ATTEMPTS[requirement]
    )  # fmt: skip
    escaped = [f"{a.name}: {a.got}" for a in attempts if not a.held]
    unproven = [a.name for a in attempts if a.name in CONTROLS and not a.outside]
    if escaped:
        enforcement, how, mend = Enforcement.ABSENT, "; ".join(escaped), _MEND
    elif unproven:
        how = f"could not be tried against anything alive: {', '.join(unproven)}"
        enforcement, mend = Enforcement.DEGRADED, "let this user open local sockets and temporary files"
    else:
        shown = sum(bool(a.outside) for a in attempts)
        how = f"{len(attempts)} attempts held, {shown} of which succeed here without a sandbox"
        enforcement, mend = Enforcement.ENFORCED, ""
    return ProbeRow(requirement=requirement, enforcement=enforcement, how=how, mend=mend, attempts=attempts)


def _limit_row(requirement: Requirement, outcome: Outcome, expected: StopReason, what: str) -> ProbeRow:
    if outcome.reason is not expected:
        how = f"{what}: was not stopped for it ({outcome.reason})"
        return ProbeRow(requirement=requirement, enforcement=Enforcement.ABSENT, how=how, mend=_MEND)
    enforcement = Enforcement(outcome.enforcement[requirement])
    how = f"{what}: stopped after {outcome.seconds:.1f} s"
    if enforcement is Enforcement.ENFORCED:
        return ProbeRow(requirement=requirement, enforcement=enforcement, how=how)
    mend = "for a hard limit run as root, or in a cgroup of your own: `systemd-run --user --scope -p Delegate=yes`"
    return ProbeRow(requirement=requirement, enforcement=enforcement, how=f"{how}, by watching", mend=mend)


def _process_row(outcome: Outcome) -> ProbeRow:
    requirement = Requirement.PROCESSES
    if outcome.reason is StopReason.PROCESSES:
        how, mend = "watched: a job with too many processes is killed", "use Linux 5.14 or later, or run as root"
        return ProbeRow(requirement=requirement, enforcement=Enforcement.DEGRADED, how=how, mend=mend)
    made = outcome.stdout.decode(errors="replace").strip()
    if made.isdigit() and 0 < int(made) < _PROCESSES:
        how = f"a job of {_PROCESSES} processes could start {made} more"
        return ProbeRow(requirement=requirement, enforcement=Enforcement.ENFORCED, how=how)
    how = f"a job of {_PROCESSES} processes started {made or 'none'} ({outcome.reason})"
    return ProbeRow(requirement=requirement, enforcement=Enforcement.ABSENT, how=how, mend=_MEND)
