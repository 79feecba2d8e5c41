"""The figures of the spine: start, library hit, own overhead, judge, crash safety. Each says how it was measured."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lamarck.api import Lamarck, ScriptedModel, Settings
from lamarck.benchmarks import crash_worker
from lamarck.benchmarks.building import build
from lamarck.benchmarks.crash import CrashFigures, crash_rounds
from lamarck.benchmarks.machine import Machine, this_machine
from lamarck.benchmarks.metering import MeteredModel
from lamarck.benchmarks.problem import Problem
from lamarck.benchmarks.significance import quantile
from lamarck.benchmarks.suites.table import load_suite
from lamarck.errors import BadInput
from lamarck.records import AcceptanceKind, Event, ExitReason, Origin, Record, Run, SourceFile, Task, make_candidate
from lamarck.temporary import temporary_folder

STARTS = 12
ROUNDS_OF_HITS = 3
COMMAND_HITS = 12
SOLVES = 30
JUDGE_COLD = 5
JUDGE_WARM = 20
_COMMAND_SECONDS = 120.0

Say = Callable[[str], None]


class Figure(Record, frozen=True, kw_only=True):
    """One measured quantity. values: statistic → value in `unit`. how: closely enough to measure it again. met: whether
    what is wanted was reached; None where nothing is wanted.
    """

    name: str
    unit: str
    values: Mapping[str, float]
    samples: int
    how: str
    wanted: str = ""
    met: bool | None = None
    notes: tuple[str, ...] = ()


class SpineReport(Record, frozen=True, kw_only=True):
    machine: Machine
    figures: tuple[Figure, ...]
    crashes: CrashFigures | None = None


def measure_spine(settings: Settings, *, rounds: int, say: Say) -> SpineReport:
    """Measure everything, one thing after the other, in temporary folders; `rounds` 0 leaves the crashes out.

    say: gets a line whenever something begins. Raises `EnvironmentProblem` without a sandbox.
    """
    figures: list[Figure] = []
    with temporary_folder("bench") as name:
        folder = Path(name)
        say(f"starts of `lamarck --help` ({STARTS})")
        figures.append(help_start())
        say("judge, cold and warm")
        figures += judge_times(settings, folder / "judge")
        say(f"own overhead ({SOLVES} solves)")
        figures.append(own_overhead(settings, folder / "overhead"))
        say(f"library hits ({ROUNDS_OF_HITS} rounds of the shipped tasks, then {COMMAND_HITS} commands)")
        figures += library_hits(settings, folder / "hits")
    crashes = None
    if rounds:
        crashes = crash_rounds(rounds, on_round=lambda n, kept: say(f"crash round {n}/{rounds}, {kept} acknowledged"))
        figures.append(_crash_figure(crashes))
    return SpineReport(machine=this_machine(), figures=tuple(figures), crashes=crashes)


# --- the start -------------------------------------------------------------------------------------------------------


def command() -> list[str]:
    """How this installation's `lamarck` is started: the console script beside the interpreter, else the module."""
    script = Path(sys.executable).parent / "lamarck"
    return [str(script)] if script.is_file() else [sys.executable, "-m", "lamarck"]


def help_start() -> Figure:
    times = [_run([*command(), "--help"], os.environ)[0] for _ in range(STARTS + 1)][1:]
    values = _spread(times, 1000)
    return Figure(
        name="lamarck --help",
        unit="ms",
        values=values,
        samples=len(times),
        how="wall clock of the process from start to exit, after one start that is not counted",
        wanted="p50 under 300 ms",
        met=values["p50"] < 300,
    )


def _run(arguments: Sequence[str], environ: Mapping[str, str]) -> tuple[float, int, str]:
    """(seconds, exit code, what it complained of)."""
    began = time.perf_counter()
    done = subprocess.run(
        arguments,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=_COMMAND_SECONDS,
        check=False,
    )
    return time.perf_counter() - began, done.returncode, done.stderr.decode(errors="replace").strip()


# --- the judge -------------------------------------------------------------------------------------------------------


def judge_times(settings: Settings, folder: Path) -> tuple[Figure, ...]:
    """A file of two tests on a function of two lines: the first judgement of a new Lamarck, and later ones."""
    cold: list[float] = []
    warm: list[float] = []
    known: list[float] = []
    for number in range(JUDGE_COLD):
        with Lamarck(settings, library=folder / f"{number}.sqlite") as lamarck:
            cold.append(_judged(lamarck, _small_task(lamarck, number, folder / str(number)), number))
    with Lamarck(settings, library=folder / "warm.sqlite") as lamarck:
        for number in range(100, 101 + JUDGE_WARM):
            task = _small_task(lamarck, number, folder / str(number))
            warm.append(_judged(lamarck, task, number))
            known.append(_judged(lamarck, task, number, comment="# another candidate\n"))
    how = (
        "2 tests; the first judgement of a test file also runs it on two hollow bodies, to see that it proves something"
    )
    return (
        Figure(
            name="judge, cold",
            unit="ms",
            values=_spread(cold, 1000),
            samples=len(cold),
            how=f"first judgement of a new Lamarck in a running process, with choosing the sandbox; {how}",
        ),
        Figure(
            name="judge, warm, new tests",
            unit="ms",
            values=_spread(warm[1:], 1000),
            samples=JUDGE_WARM,
            how=f"later judgements by the same Lamarck; {how}",
        ),
        Figure(
            name="judge, warm, known tests",
            unit="ms",
            values=_spread(known[1:], 1000),
            samples=JUDGE_WARM,
            how="another candidate on the same 2 tests",
        ),
    )


def _judged(lamarck: Lamarck, task: Task, number: int, *, comment: str = "") -> float:
    files = (SourceFile(path=task.main_path, text=comment + crash_worker.code(number)),)
    candidate = make_candidate(files=files, entry_point=task.entry_point, origin=Origin(generator="user"))
    began = time.perf_counter()
    evidence = lamarck.judge(task, candidate)
    seconds = time.perf_counter() - began
    if evidence.outcome != "passed":
        what = f"the judge says {evidence.outcome} of a right function: {evidence.log[:200]}"
        raise BadInput(what, "`lamarck doctor`")
    return seconds


def _small_task(lamarck: Lamarck, number: int, folder: Path) -> Task:
    folder.mkdir(parents=True, exist_ok=True)
    tests = folder / f"test_plus_{number}.py"
    tests.write_text(crash_worker.tests(number), encoding="utf-8")
    return lamarck.task(crash_worker.goal(number), tests=[tests])


# --- own overhead ----------------------------------------------------------------------------------------------------


class _Preflights:
    """An observer that adds up how long the tests ran before a model was asked."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, event: Event) -> None:
        if event.kind == "preflight":
            self.seconds += float(event.data["seconds"])


def own_overhead(settings: Settings, folder: Path) -> Figure:
    """What a solve takes beyond its model and its tests: library, policy, prompt, extraction, parse, security, log."""
    folder.mkdir(parents=True)
    preflights = _Preflights()
    model = ScriptedModel(crash_worker.answer)
    times: list[float] = []
    with Lamarck(settings, library=folder / "shared.sqlite", observers=[preflights]) as shared:
        for number in range(SOLVES + 1):
            task = _small_task(shared, number, folder / str(number))
            meter = MeteredModel(model, tokens=10**6, seed=0, task=task.id)
            library = folder / str(number) / "library.sqlite"
            with shared.beside(settings=settings, library=library, model=meter) as lamarck:
                lamarck.stats()  # opens the library, which a process does once
                before = preflights.seconds
                began = time.perf_counter()
                run = lamarck.solve(task)
                wall = time.perf_counter() - began
            _expect_accepted(run)
            times.append(wall - meter.inside_seconds - (preflights.seconds - before) - _tests_seconds(run))
    values = _spread(times[1:], 1000)
    return Figure(
        name="own overhead of one attempt",
        unit="ms",
        values=values,
        samples=SOLVES,
        how="wall clock of a solve (empty library, one accepted attempt of a scripted model) less the time inside the"
        " model and inside the runs of the tests; after one solve that is not counted",
        wanted="p50 under 50 ms",
        met=values["p50"] < 50,
    )


def _tests_seconds(run: Run) -> float:
    evidence = [e for a in run.attempts if a.verdict is not None for e in a.verdict.evidence]
    return sum(e.seconds for e in evidence if e.trust is not None)


def _expect_accepted(run: Run) -> None:
    if run.exit_reason is not ExitReason.ACCEPTED:
        raise BadInput(f"a task of the measurement ended {run.exit_reason}: {run.message}", "`lamarck doctor`")


# --- library hits ----------------------------------------------------------------------------------------------------


def library_hits(settings: Settings, folder: Path) -> tuple[Figure, Figure]:
    """The shipped reference solutions are added with their hidden tests; then every task is asked for as a user would,
    with the tests it brings, which the library has never seen. No model is set, so only the library can answer.
    """
    problems, _ = load_suite("own", None)
    settings = settings.replace(models=settings.models.replace(tiers=()))
    warm: list[float] = []
    missed: set[str] = set()
    with Lamarck(settings, library=folder / "seeds.sqlite") as shared:
        tasks = {p.id: build(p, shared, folder / "tasks" / p.id).task for p in problems}
        added = {p.id: _add_reference(shared, p, tasks[p.id], folder / "references" / p.id) for p in problems}
        kept = [p for p in problems if not added[p.id]]
        for number in range(ROUNDS_OF_HITS):
            copy = _copied(folder / "seeds.sqlite", folder / f"round-{number}.sqlite")
            with shared.beside(settings=settings, library=copy) as lamarck:
                lamarck.find("warm the search")
                for problem in kept:
                    task = _asked_again(tasks[problem.id], number)
                    began = time.perf_counter()
                    run = lamarck.solve(task)
                    seconds = time.perf_counter() - began
                    if run.exit_reason is ExitReason.ACCEPTED:
                        warm.append(seconds)
                    else:
                        missed.add(problem.id)
        copy = _copied(folder / "seeds.sqlite", folder / "command.sqlite")
    commanded, failed = _commands([p for p in kept if p.id not in missed], copy, folder)
    served = f"{len(kept) - len(missed)} of {len(kept)} tasks were served"
    notes = (
        served + (f"; not: {', '.join(sorted(missed))}" if missed else ""),
        *(f"not kept: {name}: {why}" for name, why in added.items() if why),
    )
    seen = f"library of {len(kept)} artifacts, tests that it has never seen, no stored verdict, no model"
    values, from_shell = _spread(warm, 1000), _spread(commanded, 1000)
    return (
        Figure(
            name="library hit, warm",
            unit="ms",
            values=values,
            samples=len(warm),
            how=f"wall clock of one solve in a running process; {seen}; {ROUNDS_OF_HITS} rounds on fresh copies",
            wanted="p50 under 150 ms",
            met=bool(warm) and values["p50"] < 150,
            notes=notes,
        ),
        Figure(
            name="library hit, command line",
            unit="ms",
            values=from_shell,
            samples=len(commanded),
            how=f"wall clock of `lamarck solve TASK` from start to exit; {seen}",
            wanted="p50 under 1,500 ms",
            met=bool(commanded) and from_shell["p50"] < 1500,
            notes=tuple(failed),
        ),
    )


def _asked_again(task: Task, number: int) -> Task:
    """The same with tests of other texts: what is known of those of another round says nothing about these."""
    tests = (
        a.replace(content=f"{a.content}\n# round {number}\n") if a.kind is AcceptanceKind.PYTEST else a
        for a in task.acceptance
    )
    return task.replace(acceptance=tuple(tests))


def _add_reference(lamarck: Lamarck, problem: Problem, task: Task, home: Path) -> str:
    """Add a reference as its author would, proven by the hidden tests. Returns why it was not kept; empty: it was."""
    support = {f.path: f.text for f in task.support}
    solution = {f.path: f.text for f in problem.reference}
    hidden = {a.path: a.content for a in problem.hidden}
    for path, text in (support | solution | hidden).items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text, encoding="utf-8")
    try:
        run = lamarck.add([home / p for p in solution], tests=[home / p for p in hidden])
    except BadInput as error:
        return error.line
    return "" if run.exit_reason is ExitReason.ACCEPTED else run.message


def _copied(library: Path, copy: Path) -> Path:
    """A copy of a library that is open, as SQLite itself makes one."""
    source, target = sqlite3.connect(library), sqlite3.connect(copy)
    try:
        source.backup(target)
    finally:
        source.close()
        target.close()
    return copy


def _commands(problems: Sequence[Problem], library: Path, folder: Path) -> tuple[list[float], list[str]]:
    """Seconds of each command that was served, and what went wrong with the others."""
    times: list[float] = []
    wrong: list[str] = []
    environ = os.environ | {"LAMARCK_HOME": str(folder / "home"), "LAMARCK_MODELS_TIERS": ""}
    for problem in problems[:COMMAND_HITS]:
        home = folder / "tasks" / problem.id
        tests = [part for t in problem.tests for part in ("--tests", str(home / t))]
        arguments = [*command(), "solve", str(home / problem.source), *tests, "--library", str(library)]
        seconds, code, complaint = _run(arguments, environ)
        if code == 0:
            times.append(seconds)
        else:
            wrong.append(f"{problem.id}: exit {code}: {complaint[-200:]}")
    return times, wrong


# --- words -----------------------------------------------------------------------------------------------------------


def _crash_figure(crashes: CrashFigures) -> Figure:
    return Figure(
        name="crash rounds",
        unit="",
        values={
            "rounds": crashes.rounds,
            "kills": crashes.kills,
            "acknowledged": crashes.acknowledged,
            "failures": len(crashes.failures),
        },
        samples=crashes.rounds,
        how="four processes a round (two solve, two add, one library), each killed with SIGKILL at a random moment;"
        " then integrity check, parts without counterpart, every acknowledged artifact read, every new one found by its"
        " goal; after the last round, all of them",
        wanted="0 failures",
        met=not crashes.failures,
        notes=crashes.failures[:20],
    )


def _spread(seconds: Sequence[float], scale: float) -> dict[str, float]:
    if not seconds:
        return {}
    ordered = sorted(s * scale for s in seconds)
    return {"min": ordered[0], "p50": quantile(ordered, 0.5), "p95": quantile(ordered, 0.95), "max": ordered[-1]}


def spine_text(report: SpineReport) -> str:
    """The report for a terminal."""
    machine = report.machine
    lines = [machine.line()]
    for figure in report.figures:
        verdict = {True: "reached", False: "MISSED", None: ""}[figure.met]
        values = ", ".join(f"{k} {v:,.0f}" for k, v in figure.values.items())
        wanted = f"  [{figure.wanted}: {verdict}]" if figure.wanted else ""
        lines.append(f"\n{figure.name}: {values} {figure.unit}".rstrip() + wanted)
        lines.append(f"  n = {figure.samples}; {figure.how}")
        lines += [f"  {note}" for note in figure.notes]
    return "\n".join(lines)
