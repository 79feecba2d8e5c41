"""What isolates here, found by trying to break it: each attempt first succeeds outside, against something alive."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
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
    ProbeRow,
    Requirement,
    Sandbox,
    StopReason,
)

_ESCAPES = Path(__file__).with_name("escapes.py")
# Attempts that change nothing outside and that any user may make: outside, each of them has to succeed.
CONTROLS = ("tcp", "udp", "abstract_socket", "path_socket", "secret_file", "secret_environment", "write_outside")
_MEND = "please report what `lamarck doctor` says: the flags were accepted and did not hold"
_MEMORY_MB, _PROCESSES, _CPU_SECONDS = 96, 8, 0.4

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
            controls = _outside({**targets, "only": CONTROLS})
            names = [attempt.__name__ for attempts in ATTEMPTS.values() for attempt in attempts]
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
    """Listeners that answer, a file and an environment that hold a secret: what a job must not reach."""
    token = secrets.token_hex(12)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lamarck-probe-")))
        (folder / "secret").write_text(token)
        abstract = f"lamarck-{token}"
        streams = [socket.socket(socket.AF_INET), socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)]
        streams[0].bind(("127.0.0.1", 0))
        streams[1].bind("\0" + abstract)
        streams[2].bind(str(folder / "socket"))
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.bind(("127.0.0.1", 0))
        done = threading.Event()
        stack.callback(done.set)
        for listener in streams:
            stack.enter_context(listener)
            listener.listen()
            _answer(stack, done, listener, token)
        stack.enter_context(datagrams)
        _answer(stack, done, datagrams, token)
        name = f"LAMARCK_PROBE_{token[:6].upper()}"
        holder = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", "import sys; print(flush=True); sys.stdin.read()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={name: token},
        )
        stack.enter_context(holder)  # which closes its input and waits for it
        assert holder.stdout is not None
        holder.stdout.readline()
        yield {
            "tcp": streams[0].getsockname()[1],
            "udp": datagrams.getsockname()[1],
            "abstract": abstract,
            "path_socket": str(folder / "socket"),
            "folder": str(folder),
            "secret_file": str(folder / "secret"),
            "secret_name": name,
        }


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
    """The attempts that must succeed without a sandbox."""
    said = subprocess.run(
        [sys.executable, "-I", "-S", str(_ESCAPES), json.dumps(targets)],
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
                argv=(program, "-I", "-S", "/job/attempt.py", json.dumps(argument)),
                files={"attempt.py": code.encode()},
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
    names = [attempt.__name__ for attempt in ATTEMPTS[requirement]]
    escaped = [f"{name}: {found[name]}" for name in names if found[name] is not None]
    unproven = [name for name in names if name in CONTROLS and controls.get(name) is None]
    held = [name.replace("_", " ") for name in names if found[name] is None and name not in unproven]
    if escaped:
        return ProbeRow(requirement=requirement, enforcement=Enforcement.ABSENT, how="; ".join(escaped), mend=_MEND)
    if unproven:
        how = f"could not be tried against anything alive: {', '.join(unproven)}"
        mend = "let this user open local sockets and temporary files"
        return ProbeRow(requirement=requirement, enforcement=Enforcement.DEGRADED, how=how, mend=mend)
    return ProbeRow(
        requirement=requirement, enforcement=Enforcement.ENFORCED, how=f"{len(held)} attempts held: {', '.join(held)}"
    )


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
