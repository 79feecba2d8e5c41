"""What the gate costs, and what it lets through: its quick level, what is known already, all mutants of a module; and
QuixBugs, whose right programs it has to accept and whose wrong ones it has to reject."""

from __future__ import annotations

import ast
import builtins
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lamarck.api import CheckReport, Lamarck, Settings
from lamarck.benchmarks.machine import Machine, this_machine
from lamarck.benchmarks.problem import Problem
from lamarck.benchmarks.significance import quantile
from lamarck.benchmarks.spine import Figure
from lamarck.benchmarks.suites.quixbugs import quixbugs
from lamarck.records import Record, SourceFile
from lamarck.temporary import temporary_folder

ROUNDS = 15
MUTATION_ROUNDS = 3
QUICK_MS = 300.0
KNOWN_MS = 20.0
MUTATION_SECONDS = 12.0

Say = Callable[[str], None]


class Judged(Record, frozen=True, kw_only=True):
    """One program: what the gate said of it as it should be, as it is wrong, and as it is wrong with half of its tests.

    left: how many of its cases the wrong one passes; with those alone, laws: those that it breaks; asked: calls that
    the gate names because no test would notice a mutant; shows_bug: whether one of them gives another value with the
    program as it should be, so that whoever is asked what it should give finds the mistake.
    """

    name: str
    right: str
    wrong: str
    half: str
    left: int = 0
    laws: tuple[str, ...] = ()
    asked: int = 0
    shows_bug: bool = False
    seconds: float = 0.0


class GateReport(Record, frozen=True, kw_only=True):
    machine: Machine
    figures: tuple[Figure, ...]
    programs: tuple[Judged, ...] = ()


def measure_gate(settings: Settings, *, data: Path | None, rounds: int | None = None, say: Say) -> GateReport:
    """data: the rows of QuixBugs; None leaves them out. Everything happens in temporary folders."""
    rounds = rounds or ROUNDS
    with temporary_folder("bench") as name:
        folder = Path(name)
        (folder / "one").mkdir()
        module = _sample(folder / "one")
        own = settings.replace(checks=type(settings.checks)())  # whatever a project asks for
        with Lamarck(own, library=folder / "library.sqlite", folder=folder) as lamarck:
            _check(lamarck, module, "standard")  # from now on everything is loaded, and the pool is warm
            figures = [
                _quick(lamarck, module, rounds, say, new_tests=False),
                _quick(lamarck, module, rounds, say, new_tests=True),
                _known(lamarck, module, rounds, say),
                *([_mutation(lamarck, module, say)] if MUTATION_ROUNDS else []),
            ]
            programs = tuple(_programs(lamarck, data, folder, say)) if data is not None else ()
    return GateReport(machine=this_machine(), figures=(*figures, *_shares(programs)), programs=programs)


def _sample(folder: Path) -> Path:
    shipped = Path(__file__).parent / "gate_sample"
    for name in ("intervals.py", "test_intervals.py"):
        (folder / name).write_text((shipped / f"{name}.txt").read_text(encoding="utf-8"), encoding="utf-8")
    return folder / "intervals.py"


def _check(lamarck: Lamarck, module: Path, level: str, *, fresh: bool = False) -> CheckReport:
    tests = [module.with_name(f"test_{module.name}")]
    return lamarck.check(module, tests=tests, level=level, fresh=fresh)  # type: ignore[arg-type]


# --- what it costs ------------------------------------------------------------------------------------------------


def _quick(lamarck: Lamarck, module: Path, rounds: int, say: Say, *, new_tests: bool) -> Figure:
    what = "new code and new tests" if new_tests else "new code"
    say(f"the quick level, {what}: {rounds} rounds")
    tests = module.with_name(f"test_{module.name}")
    took: list[float] = []
    parts: dict[str, list[float]] = {}
    for number in range(rounds):
        for path in (module, tests) if new_tests else (module,):
            _append(path, f"# round {number}")
        begin = time.perf_counter()
        report = _check(lamarck, module, "quick")
        took.append(1000 * (time.perf_counter() - begin))
        for evidence in report.verdict.evidence:
            parts.setdefault(evidence.check, []).append(1000 * evidence.seconds)
        assert report.verdict.decision == "accepted", report.verdict.reasons
    shares = ", ".join(f"{name} {quantile(sorted(values), 0.5):.0f}" for name, values in parts.items())
    return Figure(
        name=f"quick level, {what}",
        unit="ms",
        values={"p50": quantile(sorted(took), 0.5), "p95": quantile(sorted(took), 0.95)},
        samples=rounds,
        how="60 lines with 8 test functions, from reading the files to the report; pool warm, the code unknown",
        wanted="" if new_tests else f"p50 under {QUICK_MS:.0f} ms",
        met=None if new_tests else quantile(sorted(took), 0.5) < QUICK_MS,
        notes=(f"of these, ms: {shares}",),
    )


def _append(path: Path, line: str) -> None:
    text = path.read_text(encoding="utf-8").rstrip("\n").split("\n# round")[0].rstrip("\n")
    path.write_text(f"{text}\n{line}\n", encoding="utf-8")


def _known(lamarck: Lamarck, module: Path, rounds: int, say: Say) -> Figure:
    say("unchanged code")
    _check(lamarck, module, "quick")
    took = []
    for _ in range(2 * rounds):
        begin = time.perf_counter()
        report = _check(lamarck, module, "quick")
        took.append(1000 * (time.perf_counter() - begin))
        assert len(report.served) == len(report.verdict.evidence), report.served
    return Figure(
        name="unchanged code",
        unit="ms",
        values={"p50": quantile(sorted(took), 0.5), "p95": quantile(sorted(took), 0.95)},
        samples=len(took),
        how="the same again in the same process, from reading the files to the report",
        wanted=f"p50 under {KNOWN_MS:.0f} ms",
        met=quantile(sorted(took), 0.5) < KNOWN_MS,
    )


def _mutation(lamarck: Lamarck, module: Path, say: Say) -> Figure:
    took, verdicts, figures = [], [], {}
    for number in range(MUTATION_ROUNDS):
        say(f"all mutants, round {number + 1} of {MUTATION_ROUNDS}")
        report = _check(lamarck, module, "deep", fresh=True)
        evidence = next(e for e in report.verdict.evidence if e.check == "mutation")
        took.append(evidence.seconds)
        verdicts.append(evidence.log)
        figures = dict(evidence.measurements)
    same = len(set(verdicts)) == 1
    return Figure(
        name="all mutants",
        unit="s",
        values={"p50": quantile(sorted(took), 0.5), "longest": max(took)},
        samples=len(took),
        how="the same module at level deep, nothing known; every test on every mutant that it reaches",
        wanted=f"under {MUTATION_SECONDS:.0f} s, the same verdicts every time",
        met=max(took) < MUTATION_SECONDS and same,
        notes=(
            f"{figures['of']:.0f} mutants, {figures['killed']:.0f} killed, {figures['hung']:.0f} of them by a limit",
            f"{1000 * quantile(sorted(took), 0.5) / max(figures['tried'], 1):.0f} ms a mutant",
            "the same verdicts every time" if same else "the verdicts DIFFER from round to round",
        ),
    )


# --- what it lets through -----------------------------------------------------------------------------------------


def _programs(lamarck: Lamarck, data: Path, folder: Path, say: Say) -> Iterator[Judged]:
    problems = list(quixbugs(data))
    begin = time.monotonic()
    for done, problem in enumerate(problems):
        if done and done % 5 == 0:
            left = (time.monotonic() - begin) / done * (len(problems) - done)
            say(f"QuixBugs {done}/{len(problems)}, about {left:.0f} s left")
        yield _program(lamarck, problem, folder / f"program-{done}")


def _program(lamarck: Lamarck, problem: Problem, folder: Path) -> Judged:
    begin = time.monotonic()
    hidden = SourceFile(path=problem.hidden[0].path, text=problem.hidden[0].content)
    shown = next(f for f in problem.files if f.path in problem.tests)
    wrong = next(f for f in problem.files if f.path == problem.source)
    support = [f for f in (*problem.files, *problem.hidden_support) if f not in {wrong, shown}]

    def report(kind: str, code: SourceFile, tests: SourceFile, level: str) -> CheckReport:
        return _one(lamarck, folder / kind, [code, tests, *support], problem.source, tests.path, level)

    right, as_wrong, half = (
        report("right", problem.reference[0], hidden, "quick"),
        report("wrong", wrong, hidden, "quick"),
        report("half", wrong, shown, "quick"),
    )
    judged = Judged(
        name=problem.id,
        right=str(right.verdict.decision),
        wrong=str(as_wrong.verdict.decision),
        half=str(half.verdict.decision),
    )
    text, left = _passing(hidden.text, as_wrong)
    if left:
        alone = report("left", wrong, SourceFile(path=hidden.path, text=text), "standard")
        laws = next((e for e in alone.verdict.evidence if e.check == "properties"), None)
        pinned = _pinned(alone, problem.source.removesuffix(".py"))
        again = SourceFile(path="test_pinned.py", text="\n\n\n".join(pinned) + "\n")
        shows = bool(pinned) and report("pinned", problem.reference[0], again, "quick").verdict.decision == "rejected"
        judged = judged.replace(
            left=left,
            laws=tuple(r.id for r in laws.results if r.outcome == "failed") if laws else (),
            asked=max(len(pinned) - 1, 0),
            shows_bug=shows,
        )
    return judged.replace(seconds=time.monotonic() - begin)


def _passing(text: str, report: CheckReport) -> tuple[str, int]:
    """The test file with nothing but the cases that passed, and how many these are. A case is an item of the list that
    the tests are parametrized by, told by its number in their ids, or a test function of its own."""
    results = [r for e in report.verdict.evidence if e.check == "tests" for r in e.results]
    passed = {r.id.rpartition("::")[2] for r in results if r.outcome == "passed"}
    numbers = {int(m[1]) for name in passed if (m := re.search(r"\[input_data(\d+)", name))}
    tree = ast.parse(text)
    left = 0
    for node in list(tree.body):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List) and numbers:
            node.value.elts = [e for n, e in enumerate(node.value.elts) if n in numbers]
            left += len(node.value.elts)
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test") and not numbers:
            if node.name in passed:
                left += 1
            else:
                tree.body.remove(node)
    return ast.unparse(tree) + "\n", left


def _pinned(report: CheckReport, module: str) -> list[str]:
    """Imports, then as tests what the code does with each call that would notice a mutant; empty without such calls."""
    evidence = next((e for e in report.verdict.evidence if e.check == "mutation"), None)
    tests = []
    for number, difference in enumerate(evidence.differences if evidence else ()):
        now = difference.behaviours[0]
        if now.equals is not None:
            tests.append(f"def test_{number}():\n    assert {difference.call} == {now.equals}")
        elif now.raises is not None and now.raises in dir(builtins):
            tests.append(f"def test_{number}():\n    with pytest.raises({now.raises}):\n        {difference.call}")
    return [f"import pytest\nfrom {module} import *", *tests] if tests else []


def _one(
    lamarck: Lamarck, folder: Path, files: Sequence[SourceFile], source: str, tests: str, level: str
) -> CheckReport:
    folder.mkdir(parents=True)
    for file in files:
        (folder / file.path).write_text(file.text, encoding="utf-8")
    return lamarck.check(folder / source, tests=[folder / tests], level=level)  # type: ignore[arg-type]


def _shares(programs: tuple[Judged, ...]) -> Iterator[Figure]:
    if not programs:
        return
    right = sum(p.right == "accepted" for p in programs)
    wrong = sum(p.wrong == "rejected" for p in programs)
    half = sum(p.half == "rejected" for p in programs)
    open_ones = [p for p in programs if p.left]
    laws = {p.name for p in open_ones if p.laws}
    noticed = {p.name for p in open_ones if p.shows_bug}
    missed = [p.name for p in programs if p.right != "accepted" or p.wrong != "rejected"]
    yield Figure(
        name="QuixBugs",
        unit="programs",
        values={"right accepted": right, "wrong rejected": wrong, "of": len(programs)},
        samples=2 * len(programs),
        how="each program as it should be and as it is wrong, with all of its tests, at level quick",
        wanted="all of both",
        met=right == wrong == len(programs),
        notes=tuple(f"not so: {name}" for name in missed),
    )
    yield Figure(
        name="QuixBugs with half of the tests",
        unit="wrong programs",
        values={"rejected": half, "of": len(programs)},
        samples=len(programs),
        how="every other case withheld, at level quick",
    )
    yield Figure(
        name="QuixBugs with only the tests that the wrong program passes",
        unit="wrong programs",
        values={
            "break a law": len(laws),
            "shown by a call that a mutant needs": len(noticed),
            "either": len(laws | noticed),
            "of": len(open_ones),
        },
        samples=len(open_ones),
        how="at level standard; a call shows the mistake when the right program answers it otherwise",
        notes=(f"{sum(p.asked for p in open_ones)} calls named, {sum(len(p.laws) for p in open_ones)} laws broken",),
    )


def gate_text(report: GateReport) -> str:
    """The report for a terminal."""
    lines = [report.machine.line()]
    for figure in report.figures:
        verdict = {True: "reached", False: "MISSED", None: ""}[figure.met]
        values = ", ".join(f"{k} {v:,.1f}" if v != int(v) else f"{k} {v:,.0f}" for k, v in figure.values.items())
        wanted = f"  [{figure.wanted}: {verdict}]" if figure.wanted else ""
        lines.append(f"\n{figure.name}: {values} {figure.unit}{wanted}")
        lines.append(f"  n = {figure.samples}; {figure.how}")
        lines += [f"  {note}" for note in figure.notes]
    return "\n".join(lines)
