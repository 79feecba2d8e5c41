"""What a sandbox costs, side by side in one run; and what a great many jobs, and a killed supervisor, leave behind."""

from __future__ import annotations

import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from lamarck.benchmarks.leftovers import Leftovers, killed_supervisors, mixed_jobs
from lamarck.benchmarks.machine import Machine, this_machine
from lamarck.benchmarks.significance import quantile
from lamarck.benchmarks.spine import Figure
from lamarck.checks.judge.judge import Judge, Subject, job_for
from lamarck.errors import BadInput, SandboxUnavailable
from lamarck.records import Acceptance, AcceptanceKind, Record, SourceFile, make_task
from lamarck.sandbox.bubblewrap import BubblewrapSandbox
from lamarck.sandbox.containers import ContainerSandbox
from lamarck.sandbox.engine import ENGINES, IMAGE, Engine
from lamarck.sandbox.interpreter import Interpreter, own_interpreter
from lamarck.sandbox.pool import WarmSandbox
from lamarck.sandbox.sandbox import Job, Sandbox
from lamarck.settings import Settings
from lamarck.temporary import temporary_folder

ROUNDS = 8
JOBS_A_ROUND = 5

Say = Callable[[str], None]
Run = Callable[[], tuple[str, float | None]]  # runs a job once → what went wrong, or nothing; CPU seconds, if seen

_ASSERTS = """
def add(a, b):
    return a + b
assert add(1, 2) == 3
assert add("a", "b") == "ab"
assert add([1], [2]) == [1, 2]
"""
_CODE = "def add(a, b):\n    return a + b\n"
_TESTS = """from plus import add

def test_numbers():
    assert add(1, 2) == 3

def test_texts():
    assert add("a", "b") == "ab"
"""
_RUN_PYTEST = """
import os, sys
folder, *sites = sys.argv[1:]
sys.path += [site for site in sites if site not in sys.path]
sys.path.insert(0, folder)
import pytest
code = int(pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", folder, "-c", folder + "/pytest.ini", folder]))
sys.stdout.flush()
os._exit(code)
"""


class Cost(Record, frozen=True, kw_only=True):
    """One way to run one kind of job, one after the other.

    milliseconds: statistic → wall clock of a job, from asking for it to its end. cpu: milliseconds of a processor, the
    median, which a busy machine does not lengthen as much; None where nobody sees it. per_second: jobs in a row.
    missing: why it was not measured.
    """

    way: str
    job: str
    milliseconds: Mapping[str, float] = {}
    cpu: float | None = None
    per_second: float | None = None
    samples: int = 0
    missing: str = ""


class SandboxReport(Record, frozen=True, kw_only=True):
    """kills: supervisors that were killed; survivors: what outlived them."""

    machine: Machine
    costs: tuple[Cost, ...]
    figures: tuple[Figure, ...]
    mixed: Leftovers | None = None
    kills: int = 0
    survivors: tuple[str, ...] = ()


def measure_sandboxes(settings: Settings, *, jobs: int, kills: int, say: Say) -> SandboxReport:
    """Costs, then `jobs` mixed jobs, then `kills` supervisors killed at random moments; 0 leaves either out.

    say: gets a line whenever something begins. Raises `SandboxUnavailable`.
    """
    allow = settings.sandbox.allow_degraded
    say(f"costs ({ROUNDS} rounds of {JOBS_A_ROUND} jobs each way)")
    costs, judged = measure_costs(allow_degraded=allow, image=settings.sandbox.image)
    mixed: Leftovers | None = None
    survivors: tuple[str, ...] = ()
    if jobs:
        say(f"{jobs} mixed jobs")
        mixed = mixed_jobs(jobs, allow_degraded=allow)
    if kills:
        say(f"{kills} killed supervisors")
        survivors = killed_supervisors(kills)
    return SandboxReport(
        machine=this_machine(),
        costs=costs,
        figures=tuple(_figures(costs, judged, mixed, kills, survivors)),
        mixed=mixed,
        kills=kills,
        survivors=survivors,
    )


# --- what it costs ---------------------------------------------------------------------------------------------------


def measure_costs(*, allow_degraded: bool, image: str = IMAGE) -> tuple[tuple[Cost, ...], float]:
    """Every way in turn, round by round, so that a busy machine is as busy for all of them.

    Also the ratio of the median times of the judge (tests and candidate apart) and of the same tests in one process,
    both warm.
    """
    interpreter = own_interpreter()
    pool = WarmSandbox(BubblewrapSandbox(allow_degraded=allow_degraded))
    try:
        with temporary_folder("bench") as folder:
            ways = dict(_ways(pool, interpreter, Path(folder), image))
            times: dict[tuple[str, str], list[float]] = {name: [] for name in ways}
            cpu: dict[tuple[str, str], list[float]] = {name: [] for name in ways}
            missing: dict[tuple[str, str], str] = {}
            for number in range(ROUNDS + 1):  # the first does not count
                for name, run in ways.items():
                    if name in missing:
                        continue
                    for _ in range(JOBS_A_ROUND if number else 2):
                        began = time.perf_counter()
                        wrong, cpu_seconds = run()
                        seconds = time.perf_counter() - began
                        if wrong:
                            missing[name] = wrong
                            break
                        if number:
                            times[name].append(seconds)
                            if cpu_seconds is not None:
                                cpu[name].append(cpu_seconds)
            if pool.refused is not None:
                missing |= {name: pool.refused for name in ways if name[0] == "warm pool"}
    finally:
        pool.close()
    costs = tuple(_cost(name, times[name], cpu[name], missing.get(name, "")) for name in ways)
    judge, one = times["judge and candidate apart, warm", "pytest"], times["warm pool", "pytest"]
    return costs, quantile(sorted(judge), 0.5) / quantile(sorted(one), 0.5) if judge and one else 0.0


def _cost(name: tuple[str, str], seconds: list[float], cpu: list[float], missing: str) -> Cost:
    if missing or not seconds:
        return Cost(way=name[0], job=name[1], missing=missing or "no sample")
    ordered = sorted(s * 1000 for s in seconds)
    return Cost(
        way=name[0],
        job=name[1],
        milliseconds={"min": ordered[0], "p50": quantile(ordered, 0.5), "p95": quantile(ordered, 0.95)},
        cpu=quantile(sorted(s * 1000 for s in cpu), 0.5) if cpu else None,
        per_second=len(seconds) / sum(seconds),
        samples=len(seconds),
    )


def _ways(
    pool: WarmSandbox, interpreter: Interpreter, folder: Path, image: str
) -> Iterator[tuple[tuple[str, str], Run]]:
    python, sites = interpreter.executable, interpreter.site_folders
    files = {"plus.py": _CODE, "test_plus.py": _TESTS, "pytest.ini": "[pytest]\n", "run.py": _RUN_PYTEST}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    like = job_for("judge", interpreter)
    flags = like.argv[1 : like.argv.index("utf8") + 1]
    asserts = replace(like, argv=(python, *flags, "-c", _ASSERTS), preload="")
    tests = replace(
        like,
        argv=(python, *flags, "/job/run.py", "/job", *sites),
        files={name: text.encode() for name, text in files.items()},
    )
    plain = (python, *flags, str(folder / "run.py"), str(folder), *sites)
    yield ("plain subprocess", "asserts"), lambda: _plain((python, *flags, "-c", _ASSERTS), like.env)
    yield ("plain subprocess", "pytest"), lambda: _plain(plain, like.env)
    for job, name in ((asserts, "asserts"), (tests, "pytest")):
        yield ("cold bubblewrap", name), _sandboxed(pool, replace(job, preload=None))
        yield ("warm pool", name), _sandboxed(pool, job)
    yield ("judge and candidate apart, warm", "pytest"), _judging(pool, interpreter)
    yield from _engine_ways(interpreter, asserts, tests, image=image)


def _plain(argv: Sequence[str], env: Mapping[str, str]) -> tuple[str, float | None]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        argv, env=dict(env), cwd="/", stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    said = done.stderr.decode(errors="replace")[-200:]
    return "" if done.returncode == 0 else f"exit {done.returncode}: {said}", cpu


def _sandboxed(sandbox: Sandbox, job: Job) -> Run:
    def run() -> tuple[str, float | None]:
        outcome = sandbox.run(job)
        said = (outcome.stdout + outcome.stderr).decode(errors="replace")
        wrong = "" if outcome.exit_code == 0 else f"{outcome.reason}, exit {outcome.exit_code}: {said[-200:]}"
        return wrong, outcome.cpu_seconds

    return run


def _judging(sandbox: Sandbox, interpreter: Interpreter) -> Run:
    judge = Judge(sandbox, interpreter)
    task = make_task(
        goal="add two things",
        module="plus",
        acceptance=(Acceptance(kind=AcceptanceKind.PYTEST, content=_TESTS, path="test_plus.py"),),
    )
    subject = Subject(label="right", files=(SourceFile(path="plus.py", text=_CODE),))

    def run() -> tuple[str, float | None]:
        report = judge.judge(task, task.acceptance, (subject,))
        passed = report.subjects[0].passed
        return "" if passed else f"a right function did not pass: {report.broke or report.subjects}", None

    return run


def _engine_ways(
    interpreter: Interpreter, asserts: Job, tests: Job, *, image: str
) -> Iterator[tuple[tuple[str, str], Run]]:
    """`docker run` as one would write it, and the backend that adds what Lamarck needs, with the first engine that
    works here and an image that is there already."""
    why = "there is no docker and no podman"
    for name in ENGINES:
        try:
            sandbox = ContainerSandbox.of(name, image=image)
            sandbox.run(asserts)
        except (SandboxUnavailable, BadInput) as error:
            why = error.line if shutil.which(name) else why
            continue
        yield (f"{name} run", "asserts"), _engine_run(sandbox.engine, interpreter, image)
        yield (f"{name} backend", "asserts"), _sandboxed(sandbox, asserts)
        yield (f"{name} backend", "pytest"), _sandboxed(sandbox, tests)
        yield (f"judge and candidate apart, {name}", "pytest"), _judging(sandbox, interpreter)
        return
    yield ("docker run", "asserts"), lambda: (why, None)


def _engine_run(engine: Engine, interpreter: Interpreter, image: str) -> Run:
    """With the flags that isolate there as much as here; the interpreter is shown as it is to a job."""
    flags = ["--rm", "--pull=never", "--network", "none", "--read-only", "--memory", "2g", "--cpus", "1"]
    flags += ["--pids-limit", "64", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "65534:65534"]
    for mount in dict.fromkeys(("/usr", *interpreter.mounts)):
        flags += ["--volume", f"{mount}:{mount}:ro"]
    command = (engine.program, "run", *flags, image, interpreter.executable, "-I", "-S", "-c", _ASSERTS)

    def run() -> tuple[str, float | None]:
        wrong, _ = _plain(command, engine.environment())  # the engine's processes are not ours
        return " ".join(wrong.split()), None

    return run


# --- figures and words -----------------------------------------------------------------------------------------------


def _figures(
    costs: Sequence[Cost], judged: float, mixed: Leftovers | None, kills: int, survivors: tuple[str, ...]
) -> Iterator[Figure]:
    rates = {(c.way, c.job): c.per_second for c in costs if c.per_second is not None}
    asserts, tests = rates.get(("warm pool", "asserts")), rates.get(("warm pool", "pytest"))
    docker = next((rates[way, job] for way, job in rates if way.endswith(" run") and job == "asserts"), None)
    n = ROUNDS * JOBS_A_ROUND
    if asserts is not None:
        yield _figure("warm asserts", "a second and slot", asserts, n, "at least 50", asserts >= 50)
    if asserts is not None and docker is not None:
        times = asserts / docker
        yield _figure("warm asserts, against docker run", "times as many", times, n, "at least 20", times >= 20)
    if tests is not None:
        yield _figure("warm pytest", "a second and slot", tests, n, "at least 10", tests >= 10)
    if judged:
        yield _figure("judge, against one process", "times the median", judged, n, "at most 2", judged <= 2)
    if mixed is not None:
        count = sum(mixed.jobs.values())
        bad = (*(f"left: {number} {sort}" for sort, number in mixed.left.items()), *mixed.unexpected[:20])
        value = len(mixed.left) + len(mixed.unexpected)
        yield _figure("mixed jobs", "leaks and wrong ends", value, count, "0", not bad, bad)
    if kills:
        yield _figure("killed supervisors", "survivors", len(survivors), kills, "0", not survivors, survivors[:20])


def _figure(
    name: str, unit: str, value: float, samples: int, wanted: str, met: bool, notes: tuple[str, ...] = ()
) -> Figure:
    return Figure(
        name=name, unit=unit, values={"": value}, samples=samples, how="", wanted=wanted, met=met, notes=notes
    )


def sandboxes_text(report: SandboxReport) -> str:
    """The report for a terminal."""
    heads = ("way", "job", "p50 ms", "min", "p95", "cpu ms", "a second")
    rows = [heads]
    for cost in report.costs:
        if cost.missing:
            rows.append((cost.way, cost.job, f"not measured: {cost.missing[:160]}", "", "", "", ""))
        else:
            ms = cost.milliseconds
            numbers = (
                f"{ms['p50']:.1f}",
                f"{ms['min']:.1f}",
                f"{ms['p95']:.1f}",
                "" if cost.cpu is None else f"{cost.cpu:.1f}",
            )
            rows.append((cost.way, cost.job, *numbers, f"{cost.per_second:.1f}"))
    widths = [max(len(r[i]) for r in rows if not r[2].startswith("not measured")) for i in range(len(heads))]
    widths[:2] = [max(len(r[i]) for r in rows) for i in range(2)]
    lines = [report.machine.line(), ""]
    for row in rows:
        cells = [
            c.ljust(w) if i < 2 or c.startswith("not ") else c.rjust(w)
            for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    lines.append("")
    for figure in report.figures:
        verdict = "reached" if figure.met else "MISSED"
        lines.append(
            f"{figure.name}: {figure.values['']:.3g} {figure.unit}  [{figure.wanted}: {verdict}], n = {figure.samples}"
        )
        lines += [f"  {note}" for note in figure.notes]
    return "\n".join(lines)
