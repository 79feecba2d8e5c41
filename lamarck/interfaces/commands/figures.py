"""The suites of `lamarck bench` that do not run arms: each gives a text, a report, perhaps a plot.

Another suite of the kind is a function from `Wanted` to `Measured` and a line in `FIGURES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lamarck.records import Record
    from lamarck.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What was asked for; a suite reads what it needs of it. say: a line of progress, for a person."""

    settings: Settings
    say: Callable[[str], None]
    data: Path | None = None
    results: tuple[Path, ...] = ()
    arms: tuple[str, ...] = ()
    seed: int = 0
    rounds: int = 10
    jobs: int = 1000
    artifacts: int = 100_000
    embed: int = 0
    server: str | None = None
    resume: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Measured:
    """text: as a person reads it. report: what `--json` writes. svg: makes what `--plot` writes, where there is one."""

    text: str
    report: Record
    svg: Callable[[], str] | None = None


def spine(wanted: Wanted) -> Measured:
    from lamarck.benchmarks.spine import measure_spine, spine_text

    report = measure_spine(wanted.settings, rounds=wanted.rounds, say=wanted.say)
    return Measured(text=spine_text(report), report=report)


def replies(wanted: Wanted) -> Measured:
    from lamarck.benchmarks.replies import measure_replies, read_corpus, replies_text
    from lamarck.errors import BadInput

    if wanted.data is None:
        raise BadInput("the replies are not named", "name a file of them with --data, such as examples/replies.jsonl")
    report = measure_replies(read_corpus(wanted.data), wanted.settings, say=wanted.say)
    return Measured(text=replies_text(report), report=report)


def sandbox(wanted: Wanted) -> Measured:
    from lamarck.benchmarks.bars import bars_svg
    from lamarck.benchmarks.sandboxes import measure_sandboxes, sandboxes_text

    report = measure_sandboxes(wanted.settings, jobs=wanted.jobs, kills=wanted.rounds, say=wanted.say)
    bars = [(c.way, c.job, c.milliseconds["p50"]) for c in report.costs if not c.missing]
    title = "One job" if report.machine.load is None else f"One job, load {report.machine.load:g}"
    return Measured(
        text=sandboxes_text(report),
        report=report,
        svg=lambda: bars_svg(bars, title=title, unit="milliseconds, median"),
    )


def pooled(wanted: Wanted) -> Measured:
    from lamarck.benchmarks.plot import plot_svg
    from lamarck.benchmarks.pooled import pool
    from lamarck.benchmarks.report import as_text

    report, rows = pool(wanted.results, wanted.arms, seed=wanted.seed)
    title = f"{report.header.suite}, {report.header.model}, {report.header.tokens} generated tokens a task at most"
    return Measured(
        text=as_text(report),
        report=report,
        svg=lambda: plot_svg(rows, [a.arm for a in report.arms], title=title),
    )


def library(wanted: Wanted) -> Measured:
    from lamarck.benchmarks.library import library_text, measure_library

    report = measure_library(
        wanted.artifacts,
        data=wanted.data,
        seed=wanted.seed,
        embed=wanted.embed,
        say=wanted.say,
        server=wanted.server,
    )
    return Measured(text=library_text(report), report=report)


def gate(wanted: Wanted) -> Measured:
    from lamarck.benchmarks.gate import gate_text, measure_gate

    report = measure_gate(wanted.settings, data=wanted.data, say=wanted.say)
    return Measured(text=gate_text(report), report=report)


def performance(wanted: Wanted) -> Measured:
    """Of `--jobs` trials, three in five compare code with itself and two have a gain."""
    from lamarck.benchmarks.performance import measure_performance, performance_text

    trials = min(wanted.jobs, 250)
    gains = trials * 2 // 5
    report = measure_performance(wanted.settings, equal=trials - gains, gains=gains, rows=wanted.resume, say=wanted.say)
    return Measured(text=performance_text(report), report=report)


def retrieval(wanted: Wanted) -> Measured:
    from lamarck.benchmarks.retrieval import measure_retrieval, retrieval_text

    report = measure_retrieval(data=wanted.data, among=min(wanted.artifacts, 10_000), say=wanted.say)
    return Measured(text=retrieval_text(report), report=report)


def security(wanted: Wanted) -> Measured:
    """Own samples, and the public ones that `--data` names."""
    from lamarck.benchmarks.security import measure_security, security_text

    report = measure_security(wanted.data, say=wanted.say)
    return Measured(text=security_text(report), report=report)


def reuse(wanted: Wanted) -> Measured:
    from lamarck.benchmarks.reuse import measure_reuse
    from lamarck.benchmarks.reuse_report import reuse_svg, reuse_text

    report = measure_reuse(wanted.settings, requests=wanted.jobs, seed=wanted.seed, say=wanted.say, rows=wanted.resume)
    return Measured(text=reuse_text(report), report=report, svg=lambda: reuse_svg(report))


def seeded(wanted: Wanted) -> Measured:
    """Mutants in the packages of the folder that `--data` names; `--jobs` bugs, 100 at most."""
    from lamarck.benchmarks.fixing import measure_seeded, seeded_text

    bugs = min(wanted.jobs, 100)
    report = measure_seeded(
        wanted.settings, data=wanted.data, bugs=bugs, seed=wanted.seed, rows=wanted.resume, say=wanted.say
    )
    return Measured(text=seeded_text(report), report=report)


def lessons(wanted: Wanted) -> Measured:
    """Bugs of the suites in the folder that `--data` names; `--jobs` of them at most."""
    from lamarck.benchmarks.lessons import lessons_text, measure_lessons

    report = measure_lessons(
        wanted.settings, data=wanted.data, rows=wanted.resume, seed=wanted.seed, jobs=wanted.jobs, say=wanted.say
    )
    return Measured(text=lessons_text(report), report=report)


def templates(wanted: Wanted) -> Measured:
    """The routine requests, and the suites in the folder that `--data` names."""
    from lamarck.benchmarks.templates import measure_templates, templates_text

    report = measure_templates(wanted.settings, data=wanted.data, rows=wanted.resume, say=wanted.say)
    return Measured(text=templates_text(report), report=report)


def loop(wanted: Wanted) -> Measured:
    """The tasks of the committed replies, twice; `--jobs` tasks at most."""
    from lamarck.benchmarks.loop import loop_text, measure_loop

    report = measure_loop(
        wanted.settings, data=wanted.data, rows=wanted.resume, jobs=wanted.jobs, seed=wanted.seed, say=wanted.say
    )
    return Measured(text=loop_text(report), report=report)


def standards(wanted: Wanted) -> Measured:
    """The shipped suites, and those in the folder that `--data` names."""
    from lamarck.benchmarks.standards import measure_standards, standards_text

    report = measure_standards(wanted.settings, data=wanted.data, say=wanted.say)
    return Measured(text=standards_text(report), report=report)


FIGURES: Mapping[str, Callable[[Wanted], Measured]] = {
    "security": security,
    "performance": performance,
    "spine": spine,
    "sandbox": sandbox,
    "replies": replies,
    "pooled": pooled,
    "library": library,
    "retrieval": retrieval,
    "reuse": reuse,
    "gate": gate,
    "seeded": seeded,
    "lessons": lessons,
    "templates": templates,
    "loop": loop,
    "standards": standards,
}
