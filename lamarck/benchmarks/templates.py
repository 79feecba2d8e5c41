"""What templates serve: routine requests and the public suites, without a model, scored by hidden tests.

A hit is a request whose given tests accept a template's program, as it is or mended by search, a wrong hit one whose
hidden tests then refuse it.
Near misses only look routine: the right thing is to leave them alone, or to fail their given tests.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from lamarck.api import Lamarck, Settings
from lamarck.benchmarks.building import Built, build
from lamarck.benchmarks.machine import Machine, this_machine
from lamarck.benchmarks.problem import Problem
from lamarck.benchmarks.rows import appended
from lamarck.benchmarks.significance import quantile
from lamarck.benchmarks.suites.routine import later_requests, near_misses, requests
from lamarck.benchmarks.suites.table import load_suite
from lamarck.errors import BadInput, LamarckError
from lamarck.records import CheckOutcome, ExitReason, Record
from lamarck.temporary import temporary_folder

_FILES = {"humaneval": "humaneval.jsonl", "mbpp": "mbpp.jsonl", "exercism": "exercism.jsonl"}
_TIMINGS = 5  # of each request; the least counts: the first reads the templates, others meet a busy machine
ROUTINE, NEAR, LATER = "routine", "near misses", "routine, later"

Say = Callable[[str], None]


class TemplateRow(Record, frozen=True, kw_only=True):
    """One request. tried: templates that matched, in order. hit: which one the given tests accepted. mended: by search,
    so that it is not the template's program as it stands. right: what the hidden tests say of it. milliseconds: of
    matching and rendering all of them, CPU time; first: until the first of them stands."""

    suite: str
    task: str
    tried: tuple[str, ...]
    hit: str | None
    mended: bool = False
    right: bool | None
    milliseconds: float
    first: float = 0.0
    note: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.suite, self.task


class TemplatesReport(Record, frozen=True, kw_only=True):
    rows: tuple[TemplateRow, ...]
    templates: int
    families: int
    machine: Machine


def measure_templates(settings: Settings, *, data: Path | None, rows: Path | None, say: Say) -> TemplatesReport:
    """data: a folder with humaneval.jsonl, mbpp.jsonl, exercism.jsonl or some of them; the routine requests are always
    measured. Raises `BadInput`."""
    with (
        temporary_folder("bench") as scratch,
        appended(rows, TemplateRow) as (known, keep),
        Lamarck(settings, library=Path(scratch) / "library.sqlite") as lamarck,
    ):
        done = {r.key: r for r in known}
        found: list[TemplateRow] = []
        for number, (suite, problem) in enumerate(_problems(data)):
            row = done.get((suite, problem.id))
            if row is None:
                row = _row(lamarck, suite, problem, Path(scratch) / str(number))
                keep(row)
                if row.tried:
                    end = "no hit" if row.hit is None else "right" if row.right else "WRONG"
                    say(f"{suite} {row.task}: {', '.join(row.tried)}: {end}, {row.milliseconds:.1f} ms")
            found.append(row)
        templates = lamarck.templates.list()
    return TemplatesReport(
        rows=tuple(found),
        templates=len(templates),
        families=len({t.family for t in templates}),
        machine=this_machine(),
    )


def _problems(data: Path | None) -> Iterator[tuple[str, Problem]]:
    near = near_misses(requests())
    for problem in load_suite("routine", None)[0]:
        yield (NEAR if problem.id in near else ROUTINE), problem
    yield from ((LATER, problem) for problem in load_suite("routine", later_requests())[0])
    for suite, file in _FILES.items():
        if data is not None and (data / file).is_file():
            yield from ((suite, problem) for problem in load_suite(suite, data / file)[0])


def _row(lamarck: Lamarck, suite: str, problem: Problem, folder: Path) -> TemplateRow:
    row = TemplateRow(suite=suite, task=problem.id, tried=(), hit=None, right=None, milliseconds=0.0)
    try:
        built = build(problem, lamarck, folder)
    except BadInput as error:
        return row.replace(note=error.line)
    first = _timed(lambda: next(iter(lamarck.templates.each_candidate(built.task)), None))
    every = _timed(lambda: lamarck.templates.candidates(built.task))
    return _tried(lamarck, built, row.replace(milliseconds=every, first=first), folder)


def _timed(made: Callable[[], object]) -> float:
    times = []
    for _ in range(_TIMINGS):
        begun = time.process_time()
        made()
        times.append(1000 * (time.process_time() - begun))
    return min(times)


def _tried(lamarck: Lamarck, built: Built, row: TemplateRow, folder: Path) -> TemplateRow:
    """By the loop as it is, without models and with an empty library: what it accepts is what a user would get."""
    candidates = lamarck.templates.candidates(built.task)
    row = row.replace(tried=tuple(str(c.origin.template_version) for c in candidates))
    if not candidates:
        return row
    settings = lamarck.settings
    bare = settings.replace(models=settings.models.replace(tiers=()))
    try:
        with lamarck.beside(settings=bare, library=folder / "library.sqlite") as alone:
            run = alone.solve(built.task)
    except LamarckError as error:
        return row.replace(note=error.line)
    made = {a.candidate.id: a.candidate for a in run.attempts if a.candidate}
    hit = made.get(run.artifact_id or "")
    if run.exit_reason is not ExitReason.ACCEPTED or hit is None:
        return row.replace(note=f"{run.exit_reason} {run.message}".strip())
    right = lamarck.judge(built.scoring, hit).outcome is CheckOutcome.PASSED
    mended = hit.origin.generator == "search"
    begun = made[hit.parents[0]] if mended else hit
    return row.replace(hit=str(begun.origin.template_version), mended=mended, right=right)


def templates_text(report: TemplatesReport) -> str:
    lines = [
        report.machine.line(),
        "",
        f"{report.templates} templates in {report.families} families",
        "",
        "ms: CPU time of matching and rendering all that may be tried, median; of those where something matched;",
        "there until the first program stands",
        f"{'suite':<16}{'requests':>9}{'matched':>9}{'hits':>6}{'mended':>8}{'wrong':>7}"
        f"{'ms':>8}{'matched':>9}{'first':>8}",
    ]
    suites: Mapping[str, list[TemplateRow]] = {
        suite: [r for r in report.rows if r.suite == suite] for suite in dict.fromkeys(r.suite for r in report.rows)
    }
    for suite, rows in suites.items():
        matched = [r for r in rows if r.tried]
        hits, wrong = sum(r.hit is not None for r in rows), sum(r.right is False for r in rows)
        times = [[r.milliseconds for r in rows], [r.milliseconds for r in matched], [r.first for r in matched]]
        shown = [f"{quantile(t, 0.5):.2f}" if t else "-" for t in times]
        lines.append(
            f"{suite:<16}{len(rows):>9}{len(matched):>9}{hits:>6}{sum(r.mended for r in rows):>8}{wrong:>7}"
            f"{shown[0]:>8}{shown[1]:>9}{shown[2]:>8}"
        )
    bad = [f"{r.suite} {r.task}: {r.hit}" for r in report.rows if r.right is False]
    if bad:
        lines += ["", "wrong hits:", *(f"  {b}" for b in bad)]
    return "\n".join(lines)
