"""What is particular to warm jobs: they are forked, and nothing of one reaches the next. What every job may expect is
asked of warm ones in test_conformance.py."""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sandbox_parts import processes_with, wait_until

from lamarck.errors import SandboxUnavailable
from lamarck.sandbox.bubblewrap import BubblewrapSandbox
from lamarck.sandbox.cgroup import PREFIX, find_places
from lamarck.sandbox.pool import WarmSandbox
from lamarck.sandbox.sandbox import Job, Mount, StopReason
from lamarck.sandbox.watch import descendants

MakeJob = Callable[..., Job]


@pytest.fixture(scope="module")
def pool() -> Iterator[WarmSandbox]:
    made = WarmSandbox(BubblewrapSandbox())
    yield made
    made.close()


@pytest.fixture(scope="session")
def warm_job(python_job: MakeJob) -> MakeJob:
    def make(code: str, *arguments: str, preload: str = "", **fields: object) -> Job:
        return dataclasses.replace(python_job(code, *arguments, **fields), preload=preload)

    return make


def zygotes(pool: WarmSandbox) -> list[int]:
    """Process ids of bubblewrap around each zygote."""
    held = [*pool._zygotes.busy, *(z for some in pool._zygotes.idle.values() for z in some)]
    return [z._running._said.get("pid", 0) for z in held if z.is_alive]


# --- that they are warm ----------------------------------------------------------------------------------------------


def test_what_is_loaded_ahead_is_there_and_only_for_those_who_ask(pool: WarmSandbox, warm_job: MakeJob) -> None:
    code = "import sys; print('fractions' in sys.modules, __name__, sys.argv)"
    for _ in range(2):
        outcome = pool.run(warm_job(code, "one", preload="import fractions"))
        assert outcome.stdout == b"True __main__ ['-c', 'one']\n", outcome.stderr
    assert pool.refused is None
    assert pool.run(warm_job(code, "two")).stdout == b"False __main__ ['-c', 'two']\n"


def test_a_script_runs_as_the_interpreter_would_run_it(
    pool: WarmSandbox, python_job: MakeJob, warm_job: MakeJob
) -> None:
    code = b"""
import __main__, inspect, json, os, sys
print(json.dumps([sys.argv, __file__, __name__, __main__.__file__, [p for p in sys.path if p.startswith("/job")],
      sorted(n for n in globals() if not n.startswith("_")), sys.flags.isolated,
      os.getpid(), os.getppid(), os.getsid(0), os.getpgid(0),
      sys.stdin.read(), open("/proc/self/cmdline").read().rstrip("\\0").split("\\0"), os.listdir("/proc/self/fd")[:3]]))
sys.exit(7)
"""
    argv = python_job("").argv
    for flags in (("-I", "-S"), ("-B", "-s", "-S", "-X", "utf8")):
        job = dataclasses.replace(
            warm_job("", files={"folder/script.py": code}), argv=(argv[0], *flags, "/job/folder/script.py", "x")
        )
        warm, cold = pool.run(job), pool.run(dataclasses.replace(job, preload=None))
        assert warm.stdout == cold.stdout
        assert (warm.exit_code, cold.exit_code) == (7, 7)


def test_a_failing_preload_leaves_the_job_to_say_so(pool: WarmSandbox, warm_job: MakeJob) -> None:
    outcome = pool.run(warm_job("print('runs')", preload="import nothing_of_that_name"))
    assert outcome.stdout == b"runs\n"


def test_a_mount_that_is_gone_or_another_is_seen(pool: WarmSandbox, warm_job: MakeJob, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "x").write_text("first")
    job = warm_job("print(open('/given/x').read())")
    job = dataclasses.replace(job, mounts=(*job.mounts, Mount(source=data, target="/given")))
    assert pool.run(job).stdout == b"first\n"
    (data / "x").write_text("changed")
    assert pool.run(job).stdout == b"changed\n"
    data.rename(tmp_path / "elsewhere")
    with pytest.raises(SandboxUnavailable, match="is gone"):
        pool.run(job)
    data.mkdir()
    (data / "x").write_text("second")
    assert pool.run(job).stdout == b"second\n"


def test_a_program_ends_as_the_interpreter_would_end_it(
    pool: WarmSandbox, python_job: MakeJob, warm_job: MakeJob
) -> None:
    code = """
import atexit, os, sys, threading, time
held, other = os.pipe()
class Kept:
    def __del__(self): os.write(1, b"finalized\\n")
kept = Kept()
cycle = [Kept()]
cycle.append(cycle)
atexit.register(lambda: print("at exit", os.path.exists("/tmp/late")))
def late():
    time.sleep(0.1)
    open("/tmp/late", "w").close()
threading.Thread(target=late).start()
unclosed = os.fdopen(other, "w")
unclosed.write("written")
reader = os.fork()
if reader == 0:
    os.close(other)
    os.write(2, os.read(held, 100))
    os._exit(0)
print("ran")
"""
    warm, cold = pool.run(warm_job(code)), pool.run(python_job(code))
    assert warm.exit_code == cold.exit_code == 0
    assert warm.stdout.splitlines() == cold.stdout.splitlines()
    assert sorted(warm.stdout.split(b"\n")) == [b"", b"at exit True", b"finalized", b"finalized", b"ran"]


def test_output_that_cannot_be_written_is_told(pool: WarmSandbox, python_job: MakeJob, warm_job: MakeJob) -> None:
    code = "import os; print('x'); os.close(1)"
    assert pool.run(warm_job(code)).exit_code == pool.run(python_job(code)).exit_code == 120


def test_a_job_is_born_in_its_cgroup_and_counts_for_itself(pool: WarmSandbox, warm_job: MakeJob) -> None:
    if find_places() is None:
        pytest.skip("no cgroup can be made here")
    busy = "import time\nend = time.process_time() + 0.4\nwhile time.process_time() < end: pass"
    assert pool.run(warm_job(busy)).cpu_seconds > 0.35
    assert pool.run(warm_job("")).cpu_seconds < 0.3
    eats = "x = bytearray(100 << 20)"
    for megabytes, reason in ((300, StopReason.EXITED), (60, StopReason.MEMORY), (300, StopReason.EXITED)):
        assert pool.run(warm_job(eats, limits={"memory_mb": megabytes})).reason is reason


# --- that nothing of one reaches the next ----------------------------------------------------------------------------

LOOK = """
import builtins, gc, json, os, random, signal, sys
print(json.dumps({
    "files": sorted(f"{d}/{n}" for d in ("/tmp", "/scratch", "/dev/shm", "/opt/lamarck/shared") for n in os.listdir(d)
                    if not os.path.isdir(f"{d}/{n}")),
    "processes": sorted(int(p) for p in os.listdir("/proc") if p.isdigit()),
    "descriptors": sorted(int(n) for n in os.listdir("/proc/self/fd"))[:3],
    "descriptors_count": len(os.listdir("/proc/self/fd")) - 1,
    "marked": [hasattr(builtins, "mark"), hasattr(sys, "mark"), "MARK" in os.environ, "mark" in sys.modules,
               json.dumps([1]) != "[1]"],
    "handlers": [signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, signal.getitimer(signal.ITIMER_REAL)[0]],
    "umask": os.umask(0), "cwd": os.getcwd(), "nice": os.nice(0), "affinity": len(os.sched_getaffinity(0)),
    "host": os.uname().nodename, "limit": sys.getrecursionlimit(), "collects": gc.isenabled(),
}, sort_keys=True))
"""

HARM = {
    "marks": """
import builtins, sys, os, json
builtins.mark = sys.mark = 1
os.environ["MARK"] = "1"
sys.modules["mark"] = sys
json.dumps = lambda *_, **__: "!"
sys.setrecursionlimit(50)
""",
    "files": "for d in ('/tmp', '/scratch', '/dev/shm'): open(d + '/left', 'w').write('x')",
    "fills": """
for d in ("/tmp", "/scratch", "/dev/shm"):
    try:
        for n in range(400): open(f"{d}/{n}", "wb").write(bytes(1 << 20))
    except OSError: pass
""",
    "descriptors": """
import os
for n in range(256):
    try: os.close(n)
    except OSError: pass
os._exit(0)
""",
    "opens": """
import os
try:
    while True: os.pipe()
except OSError: pass
""",
    "daemon": """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: time.sleep(600)
    os._exit(0)
os.wait()
""",
    "kills": """
import os
for n in (-1, 1, 0, os.getppid()):
    for s in (1, 2, 9, 15, 19, 20, 10, 17):
        try: os.kill(n, s) if n else None
        except OSError: pass
""",
    "kills its group": "import os; os.killpg(0, 9)",
    "crashes": "import os; os.kill(os.getpid(), 11)",
    "limits its parent": """
import resource
for w in range(16):
    try: resource.prlimit(1, w, (0, 0))
    except (OSError, ValueError): pass
""",
    "fork bomb": """
import os
while True:
    try: os.fork()
    except OSError: pass
""",
    "memory": "x = []\nwhile True: x.append(bytearray(10 << 20))",
    "hangs": "import time; time.sleep(600)",
    "ignores": """
import signal, time
for s in range(1, 65):
    try: signal.signal(s, signal.SIG_IGN)
    except (OSError, ValueError): pass
signal.setitimer(signal.ITIMER_REAL, 100)
time.sleep(600)
""",
    "floods": "while True: print('x' * 1000)",
    "names": """
import socket
socket.socket(socket.AF_UNIX).bind("\\0left")
open("/proc/self/comm", "w").write("left")
""",
}


def test_the_next_job_is_clean_whatever_one_does(warm_job: MakeJob) -> None:
    pool = WarmSandbox(BubblewrapSandbox(), most=1)
    limits = {"wall_seconds": 0.8, "processes": 20, "memory_mb": 150, "output_bytes": 10_000}
    preload = "import json, random, signal, gc, builtins"
    try:
        first = pool.run(warm_job(LOOK, preload=preload))
        clean = json.loads(first.stdout)
        assert clean["files"] == []
        assert clean["processes"] == [1, 2]
        assert clean["descriptors_count"] == 3
        assert clean == json.loads(pool.run(warm_job(LOOK)).stdout)
        for what, code in HARM.items():
            pool.run(warm_job(code, preload=preload, limits=limits))
            outcome = pool.run(warm_job(LOOK, preload=preload))
            assert json.loads(outcome.stdout) == clean, what
            assert pool.refused is None
    finally:
        pool.close()


def test_system_v_and_posix_names_do_not_stay(pool: WarmSandbox, warm_job: MakeJob) -> None:
    make = (
        "import ctypes; libc = ctypes.CDLL(None); print(libc.msgget(77, 0o3777) >= 0, libc.semget(77, 1, 0o3777) >= 0)"
    )
    for _ in range(2):  # 0o2000: only if it is new
        assert pool.run(warm_job(make)).stdout == b"True True\n"


SCAN = """
import re, sys
head, tail = (half.encode() for half in sys.argv[1:])  # together they would be found here
found = []
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb") as memory:
    for line in maps:
        low, high, access = re.match("(\\w+)-(\\w+) (\\S+)", line).groups()
        if access.startswith("r") and "[v" not in line:
            memory.seek(int(low, 16))
            try:
                held = memory.read(int(high, 16) - int(low, 16))
            except OSError:
                continue
            found += [line for part in held.split(head)[1:] if part.startswith(tail)]
print(found)
"""


def test_memory_holds_nothing_of_an_earlier_job(pool: WarmSandbox, warm_job: MakeJob) -> None:
    token = secrets.token_hex(12)
    code = f"import sys; held = [sys.argv, open('/job/x').read()]  # {token}"
    job = warm_job(code, token, env={"A": "b"}, files={"x": token.encode(), token: b"y"})
    look = warm_job(SCAN, token[:12], token[12:], env={"A": "b"})
    assert pool.run(job).exit_code == 0
    assert pool.run(look).stdout == b"[]\n"
    own = pool.run(warm_job(f"{SCAN}# {token}", token[:12], token[12:], env={"A": "b"}))
    assert own.stdout.startswith(b"['")  # the control: what is there, is found


def test_jobs_do_not_share_their_chances(pool: WarmSandbox, warm_job: MakeJob) -> None:
    code = "import random; print(random.random())"
    said = {pool.run(warm_job(code, preload="import random; random.random()")).stdout for _ in range(3)}
    assert len(said) == 3


def test_a_job_cannot_reach_its_zygote(pool: WarmSandbox, warm_job: MakeJob) -> None:
    code = """
import os, socket, sys
print(os.getppid(), os.path.exists("/proc/1/mem"), len(os.listdir("/proc/self/fd")))
frames, frame = [], sys._getframe()
while frame:
    frames += [type(value).__name__ for value in frame.f_locals.values()]
    frame = frame.f_back
print([name for name in frames if name in ("socket", "Zygote")], [m for m in sys.modules if "lamarck" in m])
for number in range(3, 300):
    try: os.write(number, b"{}")
    except OSError: continue
    print(number)
"""
    assert pool.run(warm_job(code)).stdout == b"1 False 4\n[] []\n"


def test_jobs_of_one_moment_do_not_see_each_other(pool: WarmSandbox, warm_job: MakeJob) -> None:
    ours, theirs = socket.socketpair()
    folder = pool.make_shared_folder()
    (folder / "own").write_text("x")
    code = "import os, socket, sys; socket.socket(fileno=int(sys.argv[1])).recv(1); print(os.listdir('/scratch/it'))"
    first = pool.start(warm_job(code, str(theirs.fileno()), pass_fds=(theirs.fileno(),), shared={"it": folder}))
    other = pool.run(warm_job(LOOK))
    assert json.loads(other.stdout)["processes"] == [1, 2]
    assert json.loads(other.stdout)["files"] == []
    look = "import os; print([d for d, _, f in os.walk('/') if 'own' in f and not d.startswith(('/proc', '/usr'))])"
    assert pool.run(warm_job(look)).stdout == b"[]\n"
    ours.sendall(b"!")
    assert first.wait().stdout == b"['own']\n"
    ours.close()
    theirs.close()


# --- how zygotes come and go -----------------------------------------------------------------------------------------


def test_a_zygote_makes_room_after_its_share_and_after_a_kill(warm_job: MakeJob) -> None:
    pool = WarmSandbox(BubblewrapSandbox(), most=1, most_jobs=3)
    try:
        pool.run(warm_job("pass"))  # after the self-test, the second
        first = zygotes(pool)
        pool.run(warm_job("pass"))
        assert wait_until(lambda: zygotes(pool) != first and len(zygotes(pool)) == 1)
        second = zygotes(pool)
        pool.run(warm_job("import time; time.sleep(60)", limits={"wall_seconds": 0.1}))
        assert wait_until(lambda: zygotes(pool) != second and len(zygotes(pool)) == 1)
        assert not any(Path(f"/proc/{pid}").exists() for pid in first)
        assert pool.run(warm_job("print(1)")).stdout == b"1\n"
    finally:
        pool.close()


def test_there_are_no_more_than_allowed_and_the_rest_starts_cold(warm_job: MakeJob) -> None:
    pool = WarmSandbox(BubblewrapSandbox(), most=2)
    answers: list[bytes] = []

    def work(number: int) -> None:
        answers.append(pool.run(warm_job(f"print({number})")).stdout)

    try:
        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(map(int, answers)) == list(range(8))
        assert len(zygotes(pool)) <= 2
        assert pool.run(warm_job("print(2)", preload="import json")).stdout == b"2\n"  # another kind takes a place
        assert len(zygotes(pool)) <= 2
    finally:
        pool.close()


def test_prepared_jobs_find_their_zygotes(warm_job: MakeJob) -> None:
    pool = WarmSandbox(BubblewrapSandbox(), most=3)
    try:
        pool.prepare(warm_job("pass"), 2)
        pool.prepare(warm_job("pass"), 2)
        assert wait_until(lambda: len(zygotes(pool)) == 2)
        pool.prepare(warm_job("pass"), 9)
        pool.prepare(Job(argv=("/bin/true",), preload=""))
        assert wait_until(lambda: len(zygotes(pool)) == 3)
    finally:
        pool.close()


def test_a_dying_zygote_takes_its_job_along_and_the_next_one_gets_another(warm_job: MakeJob) -> None:
    pool = WarmSandbox(BubblewrapSandbox())
    token = secrets.token_hex(8)
    try:
        running = pool.start(warm_job("import os, time; os.fork(); time.sleep(600)", token))
        assert wait_until(lambda: len(processes_with(token)) == 2)
        victim = next(pid for each in zygotes(pool) for pid in descendants(each) if pid not in zygotes(pool)[:1])
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(SandboxUnavailable):
            running.wait()
        assert processes_with(token) == []
        assert pool.run(warm_job("print('again')")).stdout == b"again\n"
    finally:
        pool.close()


@pytest.mark.parametrize("ending", ["close", "forget"])
def test_a_pool_that_is_closed_or_forgotten_leaves_nothing(ending: str, warm_job: MakeJob) -> None:
    pool = WarmSandbox(BubblewrapSandbox())
    folder = pool.make_shared_folder().parent
    token = secrets.token_hex(8)
    running = pool.start(warm_job("import time; time.sleep(600)", token))
    assert wait_until(lambda: processes_with(token) != [])
    pids = zygotes(pool)
    if ending == "close":
        pool.close()
        assert pool.run(warm_job("print('cold')")).stdout == b"cold\n"
    del pool
    with pytest.raises(SandboxUnavailable):
        running.wait()
    assert wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
    assert wait_until(lambda: not folder.exists())
    assert processes_with(token) == []


def test_where_namespaces_cannot_be_made_everything_starts_cold(
    monkeypatch: pytest.MonkeyPatch, warm_job: MakeJob
) -> None:
    monkeypatch.setattr("lamarck.sandbox.profile._ZYGOTE_CAPABILITIES", ())
    pool = WarmSandbox(BubblewrapSandbox())
    assert pool.run(warm_job("print('cold')")).stdout == b"cold\n"
    assert pool.refused is not None
    assert "clone" in pool.refused or "Operation not permitted" in pool.refused
    assert zygotes(pool) == []


SUPERVISOR = """
import sys
from pathlib import Path
from lamarck.sandbox.bubblewrap import BubblewrapSandbox
from lamarck.sandbox.cgroup import PREFIX, find_places
from lamarck.sandbox.pool import WarmSandbox
from lamarck.sandbox.sandbox import Job, Mount
program, token, *mounts = sys.argv[1:]
pool = WarmSandbox(BubblewrapSandbox())
mounts = tuple(Mount(source=Path(m)) for m in mounts)
def start(code):
    return pool.start(Job(argv=(program, "-I", "-S", "-c", code, token), mounts=mounts, preload=""))
print(pool.make_shared_folder().parent, flush=True)
start("pass").wait()
for _ in range(2):
    start("import os, time; os.fork(); time.sleep(300)")
pool.prepare(Job(argv=(program, "-I", "-c", "pass"), mounts=mounts, preload=""), 2)
print(pool.cold._means()[1].pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("moment", ["at once", "starting", "running"])
def test_nothing_is_left_when_lamarck_is_killed(moment: str, python_job: MakeJob) -> None:
    token = secrets.token_hex(8)
    job = python_job("")
    command = [sys.executable, "-c", SUPERVISOR, job.argv[0], token, *(str(m.source) for m in job.mounts)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout is not None
        folder = Path(supervisor.stdout.readline().decode().strip())
        if moment != "at once":
            warden = int(supervisor.stdout.readline())
        if moment == "running":
            assert wait_until(lambda: len(processes_with(token)) >= 4)
        below = descendants(supervisor.pid)
        supervisor.kill()
        supervisor.wait(20)
    assert wait_until(lambda: processes_with(token) == [])
    assert wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below))
    if moment != "at once":
        assert wait_until(lambda: not Path(f"/proc/{warden}").exists())
    assert wait_until(lambda: not folder.exists() and not folder.parent.exists())
    places = find_places()
    for _, place in places.folders if places else ():
        assert list(place.glob(f"{PREFIX}{supervisor.pid}-*")) == []


def test_stop_reasons_of_warm_jobs_are_typed(pool: WarmSandbox, warm_job: MakeJob) -> None:
    outcome = pool.run(warm_job("import os; os.kill(os.getpid(), 9)"))
    assert (outcome.reason, outcome.exit_code) == (StopReason.SIGNALLED, 137)
