"""What coding standards cost in a prompt: the first prompt of every task without them, compressed, and in full.

Nothing is asked of a model, so this says what a prompt gets longer by, and nothing of what that changes: for that there
are the arms `lamarck`, `lamarck-standards` and `lamarck-full-standards`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

from lamarck.api import Lamarck, Settings
from lamarck.benchmarks.building import build
from lamarck.benchmarks.machine import Machine, this_machine
from lamarck.benchmarks.problem import Problem
from lamarck.benchmarks.significance import quantile
from lamarck.benchmarks.suites.table import load_suite
from lamarck.models.tokens import estimate_tokens
from lamarck.records import Record
from lamarck.settings import Standards
from lamarck.temporary import temporary_folder

SUITES = ("own", "routine")
_FILES = {"humaneval": "humaneval.jsonl", "mbpp": "mbpp.jsonl", "exercism": "exercism.jsonl"}
_MARK = "Rules for the code:\n"

Say = Callable[[str], None]


class Asked(Record, frozen=True, kw_only=True):
    """The prompts of one suite. lines: of the standards; tokens: of a prompt, estimated from above; each a median, the
    lines with the most as well."""

    suite: str
    standards: Standards
    tasks: int
    lines: float
    most_lines: int
    tokens: float


class StandardsReport(Record, frozen=True, kw_only=True):
    rows: tuple[Asked, ...]
    machine: Machine


def measure_standards(settings: Settings, *, data: Path | None, say: Say) -> StandardsReport:
    """data: a folder with humaneval.jsonl, mbpp.jsonl, exercism.jsonl or some of them, besides what is shipped."""
    rows = []
    with temporary_folder("bench") as scratch, Lamarck(settings, library=Path(scratch) / "library.sqlite") as lamarck:
        for suite, problems in _suites(data):
            say(f"{suite}: {len(problems)} tasks")
            tasks = [build(p, lamarck, Path(scratch) / f"{suite}-{n}").task for n, p in enumerate(problems)]
            for chosen in get_args(Standards):
                mine = settings.replace(models=settings.models.replace(standards=chosen))
                prompts = [lamarck.prompt(task, mine) for task in tasks]
                lines = [_lines("\n".join(m.content for m in prompt)) for prompt in prompts]
                rows.append(
                    Asked(
                        suite=suite,
                        standards=chosen,
                        tasks=len(tasks),
                        lines=quantile(sorted(lines), 0.5),
                        most_lines=max(lines),
                        tokens=quantile(sorted(estimate_tokens(p) for p in prompts), 0.5),
                    )
                )
    return StandardsReport(rows=tuple(rows), machine=this_machine())


def _suites(data: Path | None) -> Iterator[tuple[str, list[Problem]]]:
    for suite in SUITES:
        yield suite, list(load_suite(suite, None)[0])
    for suite, name in _FILES.items():
        if data is not None and (data / name).is_file():
            yield suite, list(load_suite(suite, data / name)[0])


def _lines(prompt: str) -> int:
    _, marked, after = prompt.partition(_MARK)
    return sum(line.startswith("- ") for line in after.partition("\n\n")[0].splitlines()) if marked else 0


def standards_text(report: StandardsReport) -> str:
    lines = [report.machine.line(), "", "median of the first prompt; tokens estimated from above"]
    lines += [
        f"{r.suite:10} {r.standards:10} {r.tasks:4} tasks  {r.lines:5.0f} lines (most {r.most_lines})"
        f"  {r.tokens:6,.0f} tokens"
        for r in report.rows
    ]
    return "\n".join(lines)
