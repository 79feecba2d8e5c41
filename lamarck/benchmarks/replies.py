"""What each mend of a reply wins: recorded replies to the shipped tasks, read with every rule and without each."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from lamarck.api import Lamarck, Settings
from lamarck.benchmarks.building import build
from lamarck.benchmarks.machine import Machine, this_machine
from lamarck.benchmarks.suites.table import load_suite
from lamarck.errors import BadInput
from lamarck.generators.extraction import RULES, extract
from lamarck.generators.prompt import candidate_paths
from lamarck.records import CheckOutcome, Origin, Record, SourceFile, Task, make_candidate
from lamarck.temporary import temporary_folder

_FIRST_BLOCK = re.compile(r"^[ \t]*```[^\n]*\n(.*?)^[ \t]*```[ \t]*$", re.M | re.S)

Say = Callable[[str], None]


class RecordedReply(Record, frozen=True, kw_only=True):
    """One line of a corpus. task: the id of a shipped task. reply: as it came, with the beginning it was given."""

    task: str
    model: str
    reply: str


class RuleFigure(Record, frozen=True, kw_only=True):
    """used: replies that a rule changed. replies, tasks: passed with all rules and not without this one."""

    rule: str
    used: int
    replies: int
    tasks: int


class RepliesReport(Record, frozen=True, kw_only=True):
    """replies, tasks: in the corpus. passed: replies that pass all given tests. first_block: those whose first fenced
    block does as it stands. unread: replies without any code that parses.
    """

    machine: Machine
    replies: int
    by_model: Mapping[str, int]
    unread: int
    passed: int
    passed_tasks: int
    first_block: int
    first_block_tasks: int
    rules: tuple[RuleFigure, ...]


def read_corpus(path: Path) -> tuple[RecordedReply, ...]:
    """The replies of a JSON lines file. Raises `BadInput` naming the line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read: {error}", "name a file of recorded replies") from error
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            rows.append(RecordedReply.from_json(line))
        except ValueError as error:
            form = json.dumps({"task": "…", "model": "…", "reply": "…"}, ensure_ascii=False)
            raise BadInput(f"{path}, line {number}: {error}", f"write {form}") from error
    if not rows:
        raise BadInput(f"{path}: holds no replies", "name a file of recorded replies")
    return tuple(rows)


def measure_replies(corpus: Iterable[RecordedReply], settings: Settings, say: Say) -> RepliesReport:
    """Read every reply, judge what comes out on the given tests of its task. Raises `BadInput` for an unknown task."""
    rows = tuple(corpus)
    with temporary_folder("bench") as scratch:
        folder = Path(scratch)
        with Lamarck(settings, library=folder / "library.sqlite") as lamarck:
            tasks = _tasks(lamarck, {r.task for r in rows}, folder)
            return _Reading(lamarck, tasks, say).report(rows)


def _tasks(lamarck: Lamarck, wanted: set[str], folder: Path) -> dict[str, Task]:
    problems, _ = load_suite("own", None)
    unknown = wanted - {p.id for p in problems}
    if unknown:
        raise BadInput(f"no shipped task is called '{sorted(unknown)[0]}'", "see examples/tasks/index.json")
    return {p.id: build(p, lamarck, folder / p.id).task for p in problems if p.id in wanted}


class _Reading:
    def __init__(self, lamarck: Lamarck, tasks: Mapping[str, Task], say: Say) -> None:
        self._lamarck = lamarck
        self._tasks = tasks
        self._say = say
        self._judged: dict[tuple[str, str], bool] = {}

    def report(self, rows: tuple[RecordedReply, ...]) -> RepliesReport:
        passed: list[RecordedReply] = []
        first: list[RecordedReply] = []
        unread = 0
        used: dict[str, list[RecordedReply]] = {rule: [] for rule in RULES}
        won: dict[str, list[RecordedReply]] = {rule: [] for rule in RULES}
        for number, row in enumerate(rows, 1):
            files, rules = self._read(row)
            unread += files is None
            passes = self._passes(row, files)
            passed += [row] * passes
            first += [row] * self._passes(row, self._first_block(row))
            for rule in rules:
                used[rule].append(row)
                if passes and not self._passes(row, self._read(row, rule)[0]):
                    won[rule].append(row)
            if number % 20 == 0 or number == len(rows):
                self._say(f"{number}/{len(rows)} replies, {len(passed)} pass")
        solved = {r.task for r in passed}
        return RepliesReport(
            machine=this_machine(),
            replies=len(rows),
            by_model={m: sum(r.model == m for r in rows) for m in sorted({r.model for r in rows})},
            unread=unread,
            passed=len(passed),
            passed_tasks=len(solved),
            first_block=len(first),
            first_block_tasks=len({r.task for r in first}),
            rules=tuple(
                RuleFigure(
                    rule=rule,
                    used=len(used[rule]),
                    replies=len(won[rule]),
                    tasks=len(solved - {r.task for r in passed if r not in won[rule]}),
                )
                for rule in RULES
            ),
        )

    def _read(self, row: RecordedReply, without: str | None = None) -> tuple[tuple[SourceFile, ...] | None, set[str]]:
        task = self._tasks[row.task]
        found = extract(
            row.reply,
            candidate_paths(task),
            task.entry_point,
            signature=task.signature,
            stub=task.stubs[0].text if task.stubs else "",
            without=frozenset() if without is None else frozenset({without}),
        )
        return (found.files, set(found.rules)) if found else (None, set())

    def _first_block(self, row: RecordedReply) -> tuple[SourceFile, ...] | None:
        paths = candidate_paths(self._tasks[row.task])
        blocks = _FIRST_BLOCK.findall(row.reply)
        if len(blocks) < len(paths):
            return None
        return tuple(SourceFile(path=p, text=b) for p, b in zip(paths, blocks, strict=False))

    def _passes(self, row: RecordedReply, files: tuple[SourceFile, ...] | None) -> bool:
        if files is None:
            return False
        task = self._tasks[row.task]
        candidate = make_candidate(files=files, entry_point=task.entry_point, origin=Origin(generator="recorded"))
        key = (task.id, candidate.id)
        if key not in self._judged:
            self._judged[key] = self._lamarck.judge(task, candidate).outcome is CheckOutcome.PASSED
        return self._judged[key]


def replies_text(report: RepliesReport) -> str:
    """The report as a person reads it."""
    models = ", ".join(f"{count} of {model}" for model, count in report.by_model.items())
    lines = [
        report.machine.line(),
        "",
        f"{report.replies} replies ({models}); {report.unread} without code that parses",
        f"pass all given tests: {report.passed} replies, {report.passed_tasks} tasks;"
        f" with the first fenced block as it stands: {report.first_block} replies, {report.first_block_tasks} tasks",
        "",
        f"{'rule':<28}{'used':>6}{'replies won':>13}{'tasks won':>11}",
    ]
    lines += [f"{f.rule:<28}{f.used:>6}{f.replies:>13}{f.tasks:>11}" for f in report.rules]
    return "\n".join(lines)
