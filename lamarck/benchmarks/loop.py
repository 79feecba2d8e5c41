"""The loop over a library that grows: the same tasks twice, with recorded replies, so no model is needed.

How many refinements a task took, by where its code came from; and what the second run over the same tasks costs
against the first: time, tokens, money. A reply that was recorded counts with what it cost when it was made.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from lamarck.api import Lamarck, Settings
from lamarck.benchmarks.building import build
from lamarck.benchmarks.machine import Machine, this_machine
from lamarck.benchmarks.metering import MeteredModel
from lamarck.benchmarks.problem import Problem
from lamarck.benchmarks.rows import appended
from lamarck.benchmarks.suites.table import draw, load_suite
from lamarck.errors import BadInput, ModelUnavailable
from lamarck.records import CheckOutcome, ExitReason, Limits, Record, Run, Task
from lamarck.temporary import temporary_folder

TOKENS = 1500  # generated ones a task, as when the replies were recorded
_SUITES = {"humaneval": 34, "mbpp": 94}  # tasks that were drawn then
_LIMITS = Limits(tokens=10**9, seconds=3600.0, usd=0.0)  # the metered model is what limits tokens
_MOST_REFINEMENTS = 3
_AS_THEY_ARE = {"reuse", "templates"}  # generators that offer what there is

Say = Callable[[str], None]


class LoopRow(Record, frozen=True, kw_only=True):
    """One task in one run. number: of the run. done: accepted by its given tests. right: by the hidden ones, too.
    origin: the generator whose code was accepted. refinements: candidates before it that were judged and refused, but
    for those of the library and of templates, which nobody refines; of an accepted one of theirs, their own.
    seconds: wall clock, with recorded replies as they took. unrecorded: it asked what nobody had recorded."""

    number: int
    task: str
    done: bool = False
    right: bool = False
    origin: str = ""
    refinements: int = 0
    calls: int = 0
    tokens: int = 0
    usd: float = 0.0
    seconds: float = 0.0
    unrecorded: bool = False
    note: str = ""

    @property
    def key(self) -> tuple[int, str]:
        return self.number, self.task


class LoopReport(Record, frozen=True, kw_only=True):
    rows: tuple[LoopRow, ...]
    machine: Machine


def measure_loop(
    settings: Settings, *, data: Path | None, rows: Path | None, jobs: int, seed: int, say: Say
) -> LoopReport:
    """data: a folder with humaneval.jsonl and mbpp.jsonl. jobs: tasks at most. rows: where each row is appended; the
    library is kept beside it, so that a second call goes on. Raises `BadInput`."""
    settings = settings.replace(reuse=settings.reuse.replace(blocks=0))  # prompts as they were recorded
    banks = Path(__file__).parents[2] / "docs" / "results"
    if data is None or not data.is_dir():
        raise BadInput("the tasks are not named", "name a folder with humaneval.jsonl and mbpp.jsonl with --data")
    with temporary_folder("bench") as scratch, appended(rows, LoopRow) as (known, keep):
        folder = Path(scratch)
        done = {r.key: r for r in known}
        place = rows.with_suffix(".sqlite") if rows is not None else folder / "library.sqlite"
        found: list[LoopRow] = []
        problems = list(_problems(data, banks, seed))[:jobs]
        if not problems:
            raise BadInput(f"{data}: holds no suite whose replies were recorded", "name a folder with mbpp.jsonl")
        with Lamarck(settings, library=folder / "unused.sqlite") as lamarck:
            for number in (1, 2):
                for task, problem, bank in problems:
                    row = done.get((number, task))
                    if row is None:
                        row = _row(lamarck, LoopRow(number=number, task=task), problem, bank, place, folder, seed)
                        keep(row)
                        say(_said(row, len(found) + 1, 2 * len(problems)))
                    found.append(row)
    return LoopReport(rows=tuple(found), machine=this_machine())


def _problems(data: Path, banks: Path, seed: int) -> Iterator[tuple[str, Problem, Path]]:
    for suite, limit in _SUITES.items():
        bank = banks / f"{suite}.replies.jsonl.gz"
        if (data / f"{suite}.jsonl").is_file() and bank.is_file():
            problems = draw(load_suite(suite, data / f"{suite}.jsonl")[0], limit, seed, suite=suite)
            yield from ((f"{suite} {p.id}", p, bank) for p in problems)


def _row(lamarck: Lamarck, row: LoopRow, problem: Problem, bank: Path, place: Path, folder: Path, seed: int) -> LoopRow:
    try:
        built = build(problem, lamarck, folder / f"{row.number} {row.task}".replace("/", "-").replace(" ", "-"))
    except BadInput as error:
        return row.replace(note=error.line)
    model = lamarck.open_model(f"replay:{bank}")
    meter = MeteredModel(model, tokens=TOKENS, seed=seed, task=problem.id)
    begun = time.perf_counter()
    try:
        with lamarck.beside(settings=lamarck.settings, library=place, model=meter) as grown:
            run = grown.solve(built.task, limits=_LIMITS)
    except ModelUnavailable:
        return row.replace(unrecorded=True)
    except BadInput as error:
        return row.replace(note=error.line)
    finally:
        model.close()
    took = time.perf_counter() - begun - meter.inside_seconds + meter.seconds
    row = row.replace(
        calls=len(meter.replies),
        tokens=sum(r.prompt_tokens + r.completion_tokens for r in meter.replies),
        usd=run.spend.usd,
        seconds=took,
    )
    return _accepted(lamarck, row, run, built.scoring)


def _accepted(lamarck: Lamarck, row: LoopRow, run: Run, scoring: Task) -> LoopRow:
    if run.exit_reason is not ExitReason.ACCEPTED or run.artifact_id is None:
        return row.replace(note=str(run.exit_reason))
    judged = [a for a in run.attempts if a.candidate is not None and a.verdict is not None]
    accepted = next(a for a in judged if a.candidate and a.candidate.id == run.artifact_id)
    assert accepted.candidate is not None
    right = lamarck.judge(scoring, accepted.candidate).outcome is CheckOutcome.PASSED
    own = {accepted.generator} if accepted.generator in _AS_THEY_ARE else {a.generator for a in judged} - _AS_THEY_ARE
    refused = sum(a.number < accepted.number and a.generator in own for a in judged)
    return row.replace(done=True, right=right, origin=accepted.generator, refinements=refused)


def _said(row: LoopRow, at: int, of: int) -> str:
    end = f"{row.origin}, {row.refinements} refinements" if row.done else "unrecorded" if row.unrecorded else "not done"
    return f"{at}/{of} run {row.number} {row.task}: {end}, {row.calls} calls, {row.tokens} tokens, {row.seconds:.1f} s"


def loop_text(report: LoopReport) -> str:
    unrecorded = {r.task for r in report.rows if r.unrecorded}
    lines = [report.machine.line(), ""]
    if unrecorded:
        lines += [f"left out of both runs, because nobody recorded what they ask now: {len(unrecorded)} tasks", ""]
    lines.append("run  tasks  done  right  calls  tokens  seconds  US$")
    for number in (1, 2):
        rows = [r for r in report.rows if r.number == number and r.task not in unrecorded]
        lines.append(
            f"{number:<5}{len(rows):<7}{sum(r.done for r in rows):<6}{sum(r.right for r in rows):<7}"
            f"{sum(r.calls for r in rows):<7}{sum(r.tokens for r in rows):<8}{sum(r.seconds for r in rows):<9.0f}"
            f"{sum(r.usd for r in rows):.2f}"
        )
    for number in (1, 2):
        rows = [r for r in report.rows if r.number == number and r.done and r.task not in unrecorded]
        lines += [
            "",
            f"run {number}: refinements of what was done, by origin",
            "origin     0     1     2     3     more",
        ]
        for origin in dict.fromkeys(sorted(r.origin for r in rows)):
            own = [r.refinements for r in rows if r.origin == origin]
            counts = [own.count(n) for n in range(_MOST_REFINEMENTS + 1)]
            counts.append(len(own) - sum(counts))
            lines.append(f"{origin:<11}" + "".join(f"{c:<6}" for c in counts).rstrip())
    return "\n".join(lines)
