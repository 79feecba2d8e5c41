"""What a great many jobs of all sorts leave behind, and what a supervisor that is killed at any moment: nothing."""

from __future__ import annotations

import ctypes
import gc
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from lamarck.checks.judge.judge import job_for
from lamarck.errors import BadInput, SandboxUnavailable
from lamarck.records import JobLimits, Record
from lamarck.sandbox.bubblewrap import BubblewrapSandbox
from lamarck.sandbox.cgroup import PREFIX, find_places
from lamarck.sandbox.interpreter import own_interpreter
from lamarck.sandbox.pool import WarmSandbox
from lamarck.sandbox.sandbox import StopReason
from lamarck.sandbox.watch import descendants
from lamarck.temporary import temporary_folder

_PR_SET_CHILD_SUBREAPER = 36
_END_SECONDS = 20.0


class Leftovers(Record, frozen=True, kw_only=True):
    """jobs: by kind. unexpected: jobs that did not end as their kind has to. left: what there was more of afterwards
    than before, by sort; empty where nothing leaked."""

    jobs: Mapping[str, int]
    seconds: float
    unexpected: tuple[str, ...]
    left: Mapping[str, int]


# --- what it leaves --------------------------------------------------------------------------------------------------

_HANG_SECONDS = 0.3
_MIX: dict[str, tuple[str, frozenset[StopReason]]] = {
    "passing": ("assert sum([1, 2]) == 3", frozenset({StopReason.EXITED})),
    "passing, with files": (
        "import os\nos.makedirs('a/b'); open('a/b/c', 'w').write('x'); open('/tmp/d', 'w').write('x')",
        frozenset({StopReason.EXITED}),
    ),
    "failing": ("assert 1 == 2", frozenset({StopReason.EXITED})),
    "hanging": ("import time; time.sleep(600)", frozenset({StopReason.WALL_TIME})),
    "leaving a daemon": (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(600)\n    os._exit(0)",
        frozenset({StopReason.EXITED}),
    ),
    "crashing": ("import os; os.kill(os.getpid(), 11)", frozenset({StopReason.SIGNALLED})),
    "flooding": ("while True: print('x' * 1000)", frozenset({StopReason.OUTPUT})),
    "forking without end": (
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
        frozenset({StopReason.WALL_TIME, StopReason.CPU_TIME}),
    ),
    "eating memory": (
        "x = []\nwhile True: x.append(bytearray(1 << 20))",
        frozenset({StopReason.MEMORY, StopReason.EXITED, StopReason.WALL_TIME}),
    ),
    "filling the disk": (
        "for i in range(10**6): open(str(i), 'wb').write(bytes(1 << 20))",
        frozenset({StopReason.SCRATCH, StopReason.EXITED}),
    ),
}
_SHARES = (4, 2, 3, 1, 1, 1, 1, 1, 1, 1)  # of the kinds, in their order
_MIX_LIMITS = JobLimits(
    wall_seconds=_HANG_SECONDS, cpu_seconds=20.0, memory_mb=128, processes=16, scratch_mb=8, output_bytes=20_000
)
_PATIENT = _MIX_LIMITS.replace(wall_seconds=60.0)


def mixed_jobs(count: int, *, allow_degraded: bool, seed: int = 0, at_once: int | None = None) -> Leftovers:
    """Run `count` jobs of all sorts, three of four warm, as many at once as there are processors; then look whether
    there is anything that was not there before the first."""
    dice = random.Random(seed)  # noqa: S311
    plan = dice.choices(list(_MIX), weights=_SHARES, k=count)
    began = time.monotonic()
    with temporary_folder("bench") as folder, _files_below(folder):
        before = _inventory(folder)
        pool = WarmSandbox(BubblewrapSandbox(allow_degraded=allow_degraded))
        unexpected = _run_plan(pool, plan, at_once or os.cpu_count() or 1)
        pool.close()
        del pool
        left = _what_is_left(before, folder)
    return Leftovers(
        jobs={kind: plan.count(kind) for kind in _MIX},
        seconds=time.monotonic() - began,
        unexpected=tuple(unexpected),
        left=left,
    )


def _run_plan(pool: WarmSandbox, plan: list[str], at_once: int) -> list[str]:
    interpreter = own_interpreter()
    like = job_for("candidate", interpreter)
    flags = like.argv[1 : like.argv.index("utf8") + 1]
    waiting, lock = list(enumerate(plan)), threading.Lock()
    unexpected: list[str] = []

    def work() -> None:
        while True:
            with lock:
                if not waiting:
                    return
                number, kind = waiting.pop()
            code, expected = _MIX[kind]
            folder = pool.make_shared_folder() if number % 3 == 0 else None
            job = replace(
                like,
                argv=(interpreter.executable, *flags, "-c", code),
                shared={} if folder is None else {"it": folder},
                limits=_MIX_LIMITS if StopReason.WALL_TIME in expected else _PATIENT,
                preload=None if number % 4 == 3 else "",
            )
            try:
                outcome = pool.run(job)
                if outcome.reason not in expected:
                    unexpected.append(f"{kind}: {outcome.reason}, exit {outcome.exit_code}")
            except SandboxUnavailable as error:
                unexpected.append(f"{kind}: {error}")
            if folder is not None:
                shutil.rmtree(folder)

    threads = [threading.Thread(target=work) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return unexpected


@contextmanager
def _files_below(folder: Path) -> Iterator[None]:
    """So that what Lamarck makes while this runs is found there and nowhere else."""
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def _inventory(folder: Path) -> dict[str, int]:
    gc.collect()  # what nobody holds any more has to be gone, not to be counted
    places = find_places()
    entries = [Path(path, name) for path, folders, names in os.walk(folder) for name in (*folders, *names)]
    return {
        "processes": len(descendants(os.getpid())) - 1,
        "threads": threading.active_count(),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "files and folders": len(entries),
        "bytes": sum(map(_bytes, entries)),
        "cgroups": sum(len(list(p.glob(f"{PREFIX}{os.getpid()}-*"))) for _, p in (places.folders if places else ())),
        "mounts": len(Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()),
    }


def _bytes(path: Path) -> int:
    """0 for a folder, and for what is gone meanwhile."""
    try:
        status = path.lstat()
    except OSError:
        return 0
    return 0 if stat.S_ISDIR(status.st_mode) else status.st_size


def _what_is_left(before: dict[str, int], folder: Path) -> dict[str, int]:
    deadline = time.monotonic() + _END_SECONDS
    while True:
        now = _inventory(folder)
        more = {sort: now[sort] - before[sort] for sort in now if now[sort] > before[sort]}
        if not more or time.monotonic() > deadline:
            return more
        time.sleep(0.05)


# --- supervisors that are killed --------------------------------------------------------------------------------------

_SUPERVISOR = """
import sys
from lamarck.benchmarks.leftovers import supervise
from lamarck.temporary import temporary_folder
supervise(sys.argv[1])
"""


def supervise(folder: str) -> None:
    """What is killed: runs mixed jobs, their files in `folder`, until somebody ends this process."""
    tempfile.tempdir = folder
    pool = WarmSandbox(BubblewrapSandbox())
    sys.stdout.write("up\n")
    sys.stdout.flush()
    while True:
        _run_plan(pool, list(_MIX), 2)


def killed_supervisors(kills: int, *, seed: int = 0) -> tuple[str, ...]:
    """Kill a process that runs jobs, `kills` times at a random moment; answers with what outlived it, empty: nothing.

    Meanwhile this process is the one to which Linux gives the orphans of all below it, so none can hide.
    """
    dice = random.Random(seed)  # noqa: S311
    libc = ctypes.CDLL(None)
    survivors: list[str] = []
    mine = set(descendants(os.getpid()))
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        for number in range(kills):
            with temporary_folder("bench") as folder:
                survivors += [f"kill {number + 1}: {what}" for what in _kill_one(folder, dice, mine)]
    finally:
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
    return tuple(survivors)


def _kill_one(folder: Path, dice: random.Random, mine: set[int]) -> Iterator[str]:
    supervisor = subprocess.Popen(
        [sys.executable, "-c", _SUPERVISOR, str(folder)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    assert supervisor.stdout is not None
    with supervisor.stdout:
        if supervisor.stdout.readline() != b"up\n":
            supervisor.wait()
            raise BadInput("a supervisor did not start", "`lamarck doctor`")
        time.sleep(dice.random() * 1.5)
        supervisor.send_signal(signal.SIGKILL)
        supervisor.wait()
    deadline = time.monotonic() + _END_SECONDS
    while True:
        _reap(mine)
        processes = set(descendants(os.getpid())) - mine
        places = find_places()
        groups = [
            str(group)
            for _, place in (places.folders if places else ())
            for group in place.glob(f"{PREFIX}{supervisor.pid}-*")
        ]
        files = [f"{path}/{name}" for path, folders, names in os.walk(folder) for name in (*folders, *names)]
        if not (processes or groups or files):
            return
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    yield from (f"process {pid}" for pid in processes)
    yield from (f"cgroup {group}" for group in groups)
    yield from (f"file {file}" for file in files)


def _reap(mine: set[int]) -> None:
    """The orphans that came here; not the children that somebody else waits for."""
    for pid in set(descendants(os.getpid())) - mine:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:  # no child of ours, or not yet
            continue
