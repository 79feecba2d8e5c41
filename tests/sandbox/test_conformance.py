"""What every sandbox does. A new backend joins by its name in the fixture `sandbox`."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sandbox_parts import processes_with, wait_until

from lamarck.errors import SandboxUnavailable
from lamarck.sandbox import supervision
from lamarck.sandbox.cgroup import PREFIX, find_places
from lamarck.sandbox.sandbox import Enforcement, Job, Mount, Requirement, Sandbox, StopReason

MakeJob = Callable[..., Job]


# --- what must work --------------------------------------------------------------------------------------------------


def test_says_what_a_job_said(sandbox: Sandbox, python_job: MakeJob) -> None:
    code = "import sys\nprint('out'); print('err', file=sys.stderr); sys.stdout.buffer.write(bytes([0, 255, 27]))"
    code += "\nsys.exit(3)"
    outcome = sandbox.run(python_job(code))
    assert outcome.reason is StopReason.EXITED
    assert outcome.exit_code == 3
    assert outcome.stderr == b"err\n"
    assert sorted(outcome.stdout) == sorted(b"out\n\x00\xff\x1b")
    assert 0 < outcome.cpu_seconds < outcome.seconds + 5
    assert set(outcome.enforcement) == set(Requirement)
    assert {v for k, v in outcome.enforcement.items() if k != Requirement.MEMORY} == {Enforcement.ENFORCED}


def test_environment_and_folders_are_the_given_ones(sandbox: Sandbox, python_job: MakeJob) -> None:
    os.environ["LAMARCK_TEST_SECRET"] = "do not tell"
    try:
        code = "import json, os, sys; print(json.dumps([dict(os.environ), os.getcwd(), sys.stdin.read()]))"
        found, folder, read = json.loads(sandbox.run(python_job(code, env={"GREETING": "hé = llo\n", "B": ""})).stdout)
    finally:
        del os.environ["LAMARCK_TEST_SECRET"]
    assert {k: v for k, v in found.items() if k not in ("PWD", "LC_CTYPE")} == {"GREETING": "hé = llo\n", "B": ""}
    assert folder == "/scratch"
    assert read == ""


def test_files_are_there_and_read_only(sandbox: Sandbox, python_job: MakeJob) -> None:
    files = {f"folder {i % 7}/deep/name {i}.txt": f"content {i}".encode() for i in range(300)}
    files["large.bin"] = os.urandom(3_000_000)
    code = """
import hashlib, json, pathlib
found = {str(p.relative_to("/job")): hashlib.sha256(p.read_bytes()).hexdigest()
         for p in pathlib.Path("/job").rglob("*") if p.is_file()}
for attempt in ("/job/large.bin", "/job/new"):
    try:
        open(attempt, "wb")
        found["wrote"] = attempt
    except OSError:
        pass
print(json.dumps(found))
"""
    outcome = sandbox.run(python_job(code, files=files))
    assert json.loads(outcome.stdout) == {k: hashlib.sha256(v).hexdigest() for k, v in files.items()}, outcome


def test_mounts_are_read_only_and_at_their_targets(sandbox: Sandbox, python_job: MakeJob, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x").write_text("x")
    (tmp_path / "one").write_text("one")
    job = python_job(
        "import os, errno\nprint(open('/given/x').read(), open('/single').read(), os.access('/given', os.W_OK))\n"
        "try:\n    open('/given/x', 'a')\nexcept OSError as error:\n"
        "    print(error.errno in (errno.EROFS, errno.EACCES))"
    )
    mounts = (
        *job.mounts,
        Mount(source=tmp_path / "data", target="/given"),
        Mount(source=tmp_path / "one", target="/single"),
    )
    outcome = sandbox.run(Job(argv=job.argv, mounts=mounts))
    assert outcome.stdout.decode().split("\n")[:2] == ["x one False", "True"], outcome
    assert (tmp_path / "data" / "x").read_text() == "x"


def test_mounts_below_temporary_folders_are_there(sandbox: Sandbox, python_job: MakeJob, tmp_path: Path) -> None:
    """A project in /tmp has its packages there; the job's own /tmp must not hide them, nor lay them open."""
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        folder = Path(place) / "project" / "packages"
        folder.mkdir(parents=True)
        (folder / "x").write_text("x")
        (folder.parent / "y").write_text("y")
        os.chmod(place, 0o755)
        job = python_job(
            f"import os\nprint(open({str(folder / 'x')!r}).read(), open({str(folder.parent / 'y')!r}).read())\n"
            f"for name in ({str(folder / 'x')!r}, {str(folder / 'z')!r}, {str(folder.parent / 'y')!r}):\n"
            "    try:\n        open(name, 'a')\n    except OSError:\n        print('no')\n"
            "open('/tmp/own', 'w').write('own')\nprint(sorted(os.listdir('/tmp')))"
        )
        mounts = (*job.mounts, Mount(source=folder), Mount(source=folder.parent / "y"))
        for _ in range(2):
            outcome = sandbox.run(Job(argv=job.argv, mounts=mounts))
            lines = outcome.stdout.decode().splitlines()
            assert lines[:4] == ["x y", "no", "no", "no"], outcome
            assert "own" in lines[4]
        assert sorted(p.name for p in folder.iterdir()) == ["x"]
        assert (folder / "x").read_text() == "x"


def test_ordinary_programs_work(sandbox: Sandbox, python_job: MakeJob) -> None:
    code = """
import asyncio, concurrent.futures, getpass, multiprocessing, os, sqlite3, subprocess, sys, tempfile, threading

def square(x):
    return x * x

async def ask():
    async def answer(reader, writer):
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()
    server = await asyncio.start_server(answer, "localhost", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    writer.write(b"hello\\n")
    line = await reader.readline()
    writer.close()
    server.close()
    return line

assert asyncio.run(ask()) == b"hello\\n"
with multiprocessing.get_context("fork").Pool(3) as pool:
    assert pool.map(square, range(5)) == [0, 1, 4, 9, 16]
queue = multiprocessing.get_context("fork").Queue()
queue.put("through shared memory")
assert queue.get() == "through shared memory"
with concurrent.futures.ThreadPoolExecutor(8) as executor:
    assert sum(executor.map(square, range(10))) == 285
with tempfile.TemporaryDirectory() as folder, open(os.path.join(folder, "x"), "w") as stream:
    stream.write("x")
with tempfile.NamedTemporaryFile() as stream:
    stream.write(b"x")
assert subprocess.run([sys.executable, "-I", "-S", "-c", "print(6 * 7)"], capture_output=True).stdout == b"42\\n"
assert sqlite3.connect("/scratch/base").execute("select 1").fetchone() == (1,)
assert getpass.getuser() == "job"
assert os.path.exists("/dev/null") and open("/dev/urandom", "rb").read(3)
print("all of it")
"""
    outcome = sandbox.run(python_job(code))
    assert outcome.stdout == b"all of it\n", outcome.stderr.decode()


def test_the_environment_of_the_interpreter_is_there(sandbox: Sandbox, python_job: MakeJob) -> None:
    code = "import msgspec, pytest, sys; print(msgspec.json.encode([1]).decode(), pytest.__name__, sys.prefix)"
    outcome = sandbox.run(python_job(code, flags=("-I",)))
    assert outcome.stdout.startswith(b"[1] pytest "), outcome.stderr.decode()


def test_numpy_works(sandbox: Sandbox, python_job: MakeJob) -> None:
    pytest.importorskip("numpy")
    outcome = sandbox.run(
        python_job("import numpy; print(int((numpy.eye(300) @ numpy.eye(300)).sum()))", flags=("-I",))
    )
    assert outcome.stdout == b"300\n", outcome.stderr.decode()


def test_passed_descriptors_arrive_and_no_others(sandbox: Sandbox, python_job: MakeJob) -> None:
    ours, theirs = socket.socketpair()
    extra, far = socket.socketpair()
    number = 300  # beyond what the job may open itself
    os.dup2(far.fileno(), number)
    kept = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(kept, True)
    code = """
import json, os, socket, sys
first, second = (socket.socket(fileno=int(n)) for n in sys.argv[1:])
listed = sorted(int(n) for n in os.listdir("/proc/self/fd"))
first.sendall(first.recv(100).upper())
second.sendall(json.dumps(listed).encode())
"""
    try:
        running = sandbox.start(python_job(code, str(theirs.fileno()), str(number), pass_fds=(theirs.fileno(), number)))
        ours.sendall(b"question")
        assert ours.recv(100) == b"QUESTION"
        listed = set(json.loads(extra.recv(1000)))
        assert running.wait().exit_code == 0
        # one more is the listing's own
        assert {0, 1, 2, theirs.fileno(), number} <= listed
        assert len(listed) == 6
        theirs.close()
        assert ours.recv(1) == b""  # nobody holds the job's end any more
    finally:
        for each in (ours, theirs, extra, far):
            each.close()
        os.close(number)
        os.close(kept)


def test_two_jobs_share_a_folder(sandbox: Sandbox, python_job: MakeJob) -> None:
    shared = sandbox.make_shared_folder()
    ours, theirs = socket.socketpair()
    code = """
import os, pathlib, socket, sys
wire = socket.socket(fileno=int(sys.argv[1]))
os.chdir("it")
os.mkdir("folder")
pathlib.Path("folder/first").write_text("from the first")
wire.sendall(b"!")
wire.recv(1)
print(pathlib.Path("folder/second").read_text(), pathlib.Path("top").read_text(), os.path.exists("folder/first"))
"""
    first = sandbox.start(python_job(code, str(theirs.fileno()), shared={"it": shared}, pass_fds=(theirs.fileno(),)))
    assert ours.recv(1) == b"!"
    code = """
import os, pathlib
os.chdir("it")
print(pathlib.Path("folder/first").read_text())
pathlib.Path("folder/second").write_text("from the second")
pathlib.Path("top").write_text("on top")
os.unlink("folder/first")
"""
    second = sandbox.run(python_job(code, shared={"it": shared}))
    assert second.stdout == b"from the first\n", second.stderr.decode()
    ours.sendall(b"!")
    outcome = first.wait()
    assert outcome.stdout == b"from the second on top False\n", outcome.stderr.decode()
    assert (shared / "top").read_text() == "on top"
    shutil.rmtree(shared)
    assert not shared.exists()
    ours.close()
    theirs.close()


def test_a_job_sees_the_shared_folders_that_it_was_given(sandbox: Sandbox, python_job: MakeJob) -> None:
    folders = {name: sandbox.make_shared_folder() for name in ("one", "two")}
    for name, folder in folders.items():
        (folder / "from").write_text(name)
    code = """
import os
print(sorted(os.listdir()), [open(f"{n}/from").read() for n in sorted(os.listdir())], os.listdir(".."))
for place in ("../scratch/two", "one/../../opt/lamarck/shared", "/opt/lamarck/shared", "/proc/1/root",
              "/proc/self/root/opt"):
    try: print([n for n in os.listdir(place) if n != "lamarck"])
    except OSError: print([])
open("private", "w").write("x")
"""
    both = sandbox.run(python_job(code, shared=folders)).stdout.decode().splitlines()
    one = sandbox.run(python_job(code, shared={"one": folders["one"]})).stdout.decode().splitlines()
    assert both[0].startswith("['one', 'two'] ['one', 'two']")
    assert both[1] == "['from']"
    assert one[0].startswith("['one'] ['one']")
    assert one[1:] == ["[]"] * 5
    assert [sorted(os.listdir(folder)) for folder in folders.values()] == [["from"], ["from"]]
    for folder in folders.values():
        shutil.rmtree(folder)


def test_a_private_scratch_dies_with_its_job(sandbox: Sandbox, python_job: MakeJob) -> None:
    assert sandbox.run(python_job("open('left', 'w').write('x'); open('/tmp/left', 'w')")).exit_code == 0
    code = "import os; print([os.path.exists(f'{folder}/left') for folder in ('/scratch', '/tmp')])"
    assert sandbox.run(python_job(code)).stdout == b"[False, False]\n"


# --- what is limited -------------------------------------------------------------------------------------------------


def test_a_signal_is_told(sandbox: Sandbox, python_job: MakeJob) -> None:
    outcome = sandbox.run(python_job("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"))
    assert (outcome.reason, outcome.exit_code) == (StopReason.SIGNALLED, 139)


@pytest.mark.parametrize("stream", [1, 2])
def test_output_is_capped(sandbox: Sandbox, python_job: MakeJob, stream: int) -> None:
    code = f"import os\nwhile True: os.write({stream}, b'x' * 1000)"
    outcome = sandbox.run(python_job(code, limits={"output_bytes": 50_000}))
    assert outcome.reason is StopReason.OUTPUT
    assert len(outcome.stdout) + len(outcome.stderr) == 50_000
    assert outcome.exit_code is None


def test_output_of_exactly_the_cap_is_no_offence(sandbox: Sandbox, python_job: MakeJob) -> None:
    outcome = sandbox.run(python_job("print('x' * 49_999)", limits={"output_bytes": 50_000}))
    assert (outcome.reason, len(outcome.stdout)) == (StopReason.EXITED, 50_000)


def test_wall_time_is_limited(sandbox: Sandbox, python_job: MakeJob) -> None:
    code = (
        "import signal, time\n"
        "for s in range(1, 65):\n"
        "    try: signal.signal(s, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass\n"
        "print('ready', flush=True); time.sleep(60)"
    )
    outcome = sandbox.run(python_job(code, limits={"wall_seconds": 0.5}))
    assert outcome.reason is StopReason.WALL_TIME
    assert outcome.stdout == b"ready\n"
    assert 0.5 <= outcome.seconds < 15


@pytest.mark.parametrize("forks", [0, 2])
def test_cpu_time_is_limited(sandbox: Sandbox, python_job: MakeJob, forks: int) -> None:
    code = f"import os\nfor _ in range({forks}): os.fork()\nwhile True: pass"
    outcome = sandbox.run(python_job(code, limits={"cpu_seconds": 0.5}))
    assert outcome.reason is StopReason.CPU_TIME
    assert outcome.cpu_seconds >= 0.5


EATERS = {
    "one process": "x = []\nfor _ in range(60): x.append(bytearray(5 << 20)); time.sleep(0.01)",
    "memory files": "fd = os.memfd_create('x')\nfor _ in range(60): os.write(fd, bytes(5 << 20)); time.sleep(0.01)",
    "shared memory": (
        "for i in range(12):\n    for f in ('/tmp', '/dev/shm', '/scratch'):\n"
        "        open(f'{f}/{i}', 'wb').write(bytes(5 << 20)); time.sleep(0.01)"
    ),
    "processes": (
        "for _ in range(12):\n    if os.fork() == 0:\n        x = bytearray(25 << 20)\n        time.sleep(30)\n"
        "time.sleep(30)"
    ),
}


@pytest.mark.parametrize("eater", EATERS)
def test_memory_is_limited(sandbox: Sandbox, python_job: MakeJob, eater: str) -> None:
    outcome = sandbox.run(python_job(f"import os, time\n{EATERS[eater]}", limits={"memory_mb": 100, "file_mb": 1000}))
    assert outcome.reason is StopReason.MEMORY, outcome
    assert outcome.exit_code is None


def test_address_space_is_limited_at_once(sandbox: Sandbox, python_job: MakeJob) -> None:
    outcome = sandbox.run(python_job("bytearray(10 << 30)", limits={"memory_mb": 100}))
    assert outcome.exit_code == 1
    assert b"MemoryError" in outcome.stderr


@pytest.mark.parametrize("kind", ["processes", "threads"])
def test_processes_are_limited(sandbox: Sandbox, python_job: MakeJob, kind: str) -> None:
    code = {
        "processes": "if os.fork() == 0: time.sleep(60)",
        "threads": "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    }[kind]
    code = f"""
import os, threading, time
made = 0
try:
    while made < 50:
        {code}
        made += 1
except (OSError, RuntimeError):
    pass
os.write(1, str(made).encode())
os._exit(0)
"""
    outcome = sandbox.run(python_job(code, limits={"processes": 10}))
    assert 7 <= int(outcome.stdout) <= 10, outcome


def test_one_file_is_limited(sandbox: Sandbox, python_job: MakeJob) -> None:
    code = "try:\n    open('x', 'wb').write(bytes(3 << 20))\nexcept OSError as error:\n    print(error.strerror)"
    outcome = sandbox.run(python_job(code, limits={"file_mb": 2}))
    assert outcome.stdout == b"File too large\n"


def test_a_private_scratch_is_limited(sandbox: Sandbox, python_job: MakeJob) -> None:
    code = """
import time
try:
    for i in range(100):
        open(str(i), "wb").write(bytes(1 << 20))
except OSError as error:
    print(i, error.strerror, flush=True)
time.sleep(30)
"""
    outcome = sandbox.run(python_job(code, limits={"scratch_mb": 8}))
    assert outcome.reason is StopReason.SCRATCH
    assert outcome.stdout == b"8 No space left on device\n"


@pytest.mark.parametrize("folder", ["/scratch", "/tmp", "/dev/shm"])
def test_the_number_of_files_is_limited(sandbox: Sandbox, python_job: MakeJob, folder: str) -> None:
    code = f"import os, time\nfor i in range(11_000): os.mknod(f'{folder}/{{i}}')\ntime.sleep(30)"
    assert sandbox.run(python_job(code)).reason is StopReason.SCRATCH


SCRATCH_EATERS = {
    "bytes": "for i in range(40): os.makedirs(f'{i}/x'); open(f'{i}/x/y', 'wb').write(bytes(1 << 20))",
    "files": "for i in range(11_000): os.mknod(str(i))",
}


@pytest.mark.parametrize("eater", SCRATCH_EATERS)
def test_a_shared_folder_is_limited(sandbox: Sandbox, python_job: MakeJob, eater: str) -> None:
    code = f"import os, time\nos.chdir('it')\n{SCRATCH_EATERS[eater]}\ntime.sleep(30)"
    memory = Path("/dev/shm")  # where there is one: many files take a disk many seconds
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        outcome = sandbox.run(python_job(code, shared={"it": Path(folder)}, limits={"scratch_mb": 8}))
    assert outcome.reason is StopReason.SCRATCH


def test_open_files_are_limited(sandbox: Sandbox, python_job: MakeJob) -> None:
    code = "import os\nn = 0\ntry:\n    while n < 5000: os.pipe(); n += 2\nexcept OSError: print(n)"
    outcome = sandbox.run(python_job(code, limits={"open_files": 64}))
    assert 30 < int(outcome.stdout) <= 80


# --- what is out of reach --------------------------------------------------------------------------------------------


@contextmanager
def tcp_canary() -> Iterator[int]:
    """A listener that answers everybody, so that silence means isolation."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = threading.Event()
        listener.settimeout(0.02)

        def serve() -> None:
            while not done.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.sendall(b"reached")

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            done.set()
            thread.join()


def test_the_network_is_out_of_reach(sandbox: Sandbox, python_job: MakeJob) -> None:
    with tcp_canary() as port:
        with socket.create_connection(("127.0.0.1", port)) as control:
            assert control.recv(20) == b"reached"
        code = f"import socket; print(socket.create_connection(('127.0.0.1', {port}), 2).recv(20))"
        outcome = sandbox.run(python_job(code))
    assert outcome.exit_code == 1
    assert b"ConnectionRefusedError" in outcome.stderr
    outcome = sandbox.run(python_job("import socket; socket.create_connection(('192.0.2.1', 80), 5)"))
    assert b"Network is unreachable" in outcome.stderr


def test_secrets_are_out_of_reach(sandbox: Sandbox, python_job: MakeJob, tmp_path: Path) -> None:
    secret = secrets.token_hex(16)
    (tmp_path / "secret").write_text(secret)
    os.environ["LAMARCK_TEST_SECRET"] = secret
    code = """
import glob, os, sys
for path in [sys.argv[1], "/etc/shadow", "/etc/machine-id", *glob.glob("/proc/[0-9]*/environ"),
             *glob.glob("/proc/[0-9]*/cmdline"), *glob.glob("/home/*"), *glob.glob("/run/*")]:
    try:
        print(path, open(path, "rb").read())
    except OSError as error:
        print(path, error.strerror)
print(sorted(p for p in os.listdir("/proc") if p.isdigit()))
"""
    try:
        outcome = sandbox.run(python_job(code, str(tmp_path / "secret")))
    finally:
        del os.environ["LAMARCK_TEST_SECRET"]
    said = outcome.stdout.decode()
    assert outcome.exit_code == 0, outcome.stderr.decode()
    assert secret not in said
    assert f"{tmp_path}/secret No such file or directory" in said
    assert "/etc/shadow No such file or directory" in said
    assert "/etc/machine-id No such file or directory" in said


def test_nothing_outside_is_writable(sandbox: Sandbox, python_job: MakeJob) -> None:
    code = """
import os
writable = []
for folder, folders, files in os.walk("/"):
    folders[:] = [f for f in folders if os.path.join(folder, f) not in ("/proc", "/usr/lib", "/usr/share")]
    for name in [".", *files]:
        path = os.path.join(folder, name)
        try:
            if name == ".":
                open(os.path.join(folder, "probe-me"), "x").close()
                os.unlink(os.path.join(folder, "probe-me"))
            elif not path.startswith("/dev/") and not os.path.islink(path):
                os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
            else:
                continue
        except OSError:
            continue
        writable.append(os.path.normpath(path))
import json
print(json.dumps(writable))
"""
    outcome = sandbox.run(python_job(code))
    # Below the job's own /tmp stand the folders that lead to mounts, where the interpreter itself lies in a /tmp.
    found = {path for path in json.loads(outcome.stdout) if not path.startswith("/tmp/")}
    assert found == {"/tmp", "/scratch", "/dev/shm"}


# --- what is left over -----------------------------------------------------------------------------------------------

DAEMON = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    for number in range(1, 32):
        try: signal.signal(number, signal.SIG_IGN)
        except OSError: pass
    if os.fork() == 0:
        os.write(1, b"daemon ")
        time.sleep(600)
    os._exit(0)
os.wait()
time.sleep(0.4)  # for the test to see it
{ending}
"""


@pytest.mark.parametrize("ending", ["pass", "time.sleep(600)", "os.kill(os.getpid(), 9)"])
def test_daemons_end_with_their_job(sandbox: Sandbox, python_job: MakeJob, ending: str) -> None:
    token = secrets.token_hex(8)
    running = sandbox.start(python_job(DAEMON.format(ending=ending), token, limits={"wall_seconds": 1.0}))
    assert wait_until(lambda: len(processes_with(token)) >= 2)  # the control: they can be seen from here
    outcome = running.wait()
    assert b"daemon" in outcome.stdout
    assert processes_with(token) == []


def test_a_fork_bomb_leaves_the_next_job_healthy(sandbox: Sandbox, python_job: MakeJob) -> None:
    token = secrets.token_hex(8)
    bomb = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
    outcome = sandbox.run(python_job(bomb, token, limits={"wall_seconds": 0.7, "processes": 30}))
    assert outcome.reason is StopReason.WALL_TIME
    assert processes_with(token) == []
    assert sandbox.run(python_job("print('healthy')")).stdout == b"healthy\n"


def test_kill_from_another_thread(sandbox: Sandbox, python_job: MakeJob) -> None:
    token = secrets.token_hex(8)
    running = sandbox.start(python_job("import time; time.sleep(600)", token))
    assert wait_until(lambda: processes_with(token) != [])
    threading.Thread(target=running.kill).start()
    outcome = running.wait()
    assert (outcome.reason, outcome.exit_code) == (StopReason.KILLED, None)
    assert processes_with(token) == []
    running.kill()
    assert running.wait() is outcome


def test_kill_at_once(sandbox: Sandbox, python_job: MakeJob) -> None:
    for _ in range(5):
        running = sandbox.start(python_job("import time; time.sleep(600)"))
        running.kill()
        assert running.wait().reason is StopReason.KILLED


def test_an_interrupted_run_ends_its_job(sandbox: Sandbox, python_job: MakeJob) -> None:
    token = secrets.token_hex(8)

    def is_waited_for() -> bool:
        frame = sys._current_frames().get(threading.main_thread().ident or 0)
        while frame is not None and frame.f_code.co_filename != supervision.__file__:
            frame = frame.f_back
        return frame is not None and frame.f_code.co_name == "wait" and processes_with(token) != []

    def interrupt() -> None:
        wait_until(is_waited_for)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        sandbox.run(python_job("import time; time.sleep(600)", token))
        thread.join()
    thread.join()
    assert processes_with(token) == []


def test_a_stolen_pipe_does_not_hold_up_the_end(sandbox: Sandbox, python_job: MakeJob) -> None:
    """A job hands its standard output to somebody who lives on."""
    ours, theirs = socket.socketpair()
    code = "import socket, sys; socket.send_fds(socket.socket(fileno=int(sys.argv[1])), [b'x'], [1]); print('done')"
    started = time.monotonic()
    outcome = sandbox.run(python_job(code, str(theirs.fileno()), pass_fds=(theirs.fileno(),)))
    _, fds, _, _ = socket.recv_fds(ours, 10, 1)
    assert outcome.stdout == b"done\n"
    assert time.monotonic() - started < 15
    os.close(fds[0])
    ours.close()
    theirs.close()


def state_at_rest(state: Callable[[], tuple[int, ...]]) -> tuple[int, ...]:
    """Once it stays the same: what ends and what replaces it takes a moment."""
    seen = [state()]
    while len(seen) < 5 or len(set(seen[-5:])) > 1:
        time.sleep(0.05)
        seen.append(state())
        assert len(seen) < 200
    return seen[-1]


def test_many_jobs_leave_nothing(sandbox: Sandbox, python_job: MakeJob, tmp_path: Path) -> None:
    def state() -> tuple[int, ...]:
        places = find_places()
        return (
            sum(len(list(p.glob(f"{PREFIX}{os.getpid()}-*"))) for _, p in (places.folders if places else ())),
            len(os.listdir("/proc/self/fd")),
            threading.active_count(),
            len(Path("/proc/self/mountinfo").read_text().splitlines()),
        )

    codes = [
        "pass",
        "raise SystemExit(3)",
        "import os; os.kill(os.getpid(), 9)",
        "import time; time.sleep(9)",
        "print('x' * 9999)",
    ]
    token = secrets.token_hex(8)
    before: tuple[int, ...] = ()
    for number in range(5):
        if number == 1:
            sandbox.prepare(python_job("pass"), 99)  # a warm pool has as many zygotes as it may have, from now on
            before = state_at_rest(state)
        running = [
            sandbox.start(
                python_job(code, token, files={"a/b": b"x"}, limits={"wall_seconds": 0.6, "output_bytes": 2000})
            )
            for code in codes
        ]
        for each in running:
            each.wait()
    assert wait_until(lambda: state() == before), (before, state())
    assert processes_with(token) == []


def test_jobs_at_once_from_many_threads(sandbox: Sandbox, python_job: MakeJob) -> None:
    answers: list[bytes] = []

    def work(number: int) -> None:
        answers.append(sandbox.run(python_job(f"print({number})")).stdout.strip())

    threads = [threading.Thread(target=work, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, answers)) == list(range(12))


def test_a_job_outlives_the_thread_that_started_it(sandbox: Sandbox, python_job: MakeJob) -> None:
    held = []
    thread = threading.Thread(target=lambda: held.append(sandbox.start(python_job("import time; time.sleep(0.5)"))))
    thread.start()
    thread.join()
    assert held[0].wait().exit_code == 0


# --- what is refused -------------------------------------------------------------------------------------------------


def test_a_program_that_is_not_there(sandbox: Sandbox, python_job: MakeJob) -> None:
    with pytest.raises(SandboxUnavailable, match="no-such-program"):
        sandbox.run(Job(argv=("/usr/no-such-program",)))


def test_a_mount_that_is_not_there(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(SandboxUnavailable, match="is gone"):
        sandbox.run(Job(argv=("/bin/true",), mounts=(Mount(source=tmp_path / "gone"),)))


@pytest.mark.parametrize(
    "fields",
    [
        {"argv": ()},
        {"argv": ("python",)},
        {"argv": ("/bin/true", "nul\0")},
        {"files": {"../x": b""}},
        {"files": {"/x": b""}},
        {"files": {"a//x": b""}},
        {"env": {"A=B": "c"}},
        {"env": {"A": "\0"}},
        {"pass_fds": (2,)},
        {"pass_fds": (7, 7)},
        {"shared": {"x": Path("relative")}},
        {"shared": {"../x": Path("/tmp")}},
    ],
    ids=str,
)
def test_a_job_that_makes_no_sense(sandbox: Sandbox, fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must"):
        sandbox.run(Job(**{"argv": ("/bin/true",), **fields}))  # type: ignore[arg-type]


def test_nothing_runs_after_a_refusal_and_the_next_job_does(sandbox: Sandbox, python_job: MakeJob) -> None:
    gc.collect()  # what other tests left lying goes now, not while it is counted
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with pytest.raises(SandboxUnavailable):
            sandbox.run(Job(argv=("/usr/no-such-program",)))
        with pytest.raises(ValueError):
            sandbox.run(Job(argv=("x",)))
    assert len(os.listdir("/proc/self/fd")) == before
    assert sandbox.run(python_job("print(1)")).stdout == b"1\n"


def test_every_requirement_is_probed(sandbox: Sandbox) -> None:
    rows = {row.requirement: row for row in sandbox.probe()}
    assert set(rows) == set(Requirement)
    for requirement, row in rows.items():
        allowed = {Enforcement.ENFORCED} | ({Enforcement.DEGRADED} if requirement is Requirement.MEMORY else set())
        assert row.enforcement in allowed, row
        assert row.how
        assert row.mend or row.enforcement is Enforcement.ENFORCED
