"""Whether lessons help: bugs of the second half of a stream, mended with and without the lessons of the first half.

The stream is every bug of the suites whose data a folder holds, in an order that the seed fixes. Searches are limited
by variants, not by seconds, so that neither arm gains by a quiet machine. Nobody's hidden test or own solution is seen.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lamarck.api import Lamarck, SearchLimits, Settings
from lamarck.benchmarks.building import build
from lamarck.benchmarks.fixing import seeded_tasks
from lamarck.benchmarks.machine import Machine, this_machine
from lamarck.benchmarks.rows import appended
from lamarck.benchmarks.significance import mcnemar, quantile
from lamarck.benchmarks.suites.table import load_suite
from lamarck.errors import BadInput
from lamarck.fixing.step import Mended
from lamarck.records import CheckOutcome, Decision, Record, SourceFile, Task, Verdict
from lamarck.temporary import temporary_folder

VARIANTS = 600  # of one search: some 30 seconds of a busy core
_SECONDS = 600.0  # of one search at most, whatever the machine does
_SEEDED = 30  # bugs of the packages
_SUITES = {"humanevalfix": "humaneval.jsonl", "quixbugs": "quixbugs.jsonl"}

Say = Callable[[str], None]


class LessonBug(Record, frozen=True, kw_only=True):
    """One bug by one arm. half: 1 or 2. arm: learning (first half) | without | with. given: passes the given tests;
    hidden: those that nobody saw, too. known: lessons that the search was told."""

    bug: str
    half: int
    arm: str
    given: bool
    hidden: bool
    variants: int
    edits: tuple[str, ...] = ()
    known: int = 0
    seconds: float = 0.0
    reason: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.bug, self.arm


class LessonsReport(Record, frozen=True, kw_only=True):
    """bugs: all rows. lessons, helping: that the first half left."""

    bugs: tuple[LessonBug, ...]
    lessons: int
    helping: int
    machine: Machine


@dataclass(frozen=True, kw_only=True)
class _Bug:
    name: str
    files: tuple[SourceFile, ...]
    task: Task
    scoring: Task


def measure_lessons(
    settings: Settings, *, data: Path | None, rows: Path | None, seed: int, jobs: int, say: Say
) -> LessonsReport:
    """data: a folder with humaneval.jsonl, quixbugs.jsonl, packages/ or some of them. jobs: bugs at most. rows: where
    each row is appended; lessons are kept beside it. Raises `BadInput`."""
    if data is None or not data.is_dir():
        raise BadInput("the bugs are not named", "name a folder with humaneval.jsonl, quixbugs.jsonl or packages/")
    with temporary_folder("bench") as scratch, appended(rows, LessonBug) as (known, keep):
        folder = Path(scratch)
        place = rows.with_suffix(".sqlite") if rows is not None else folder / "lessons.sqlite"
        off = settings.replace(lessons=settings.lessons.replace(use=False))
        on = settings.replace(lessons=settings.lessons.replace(use=True))
        with Lamarck(off, library=folder / "none.sqlite") as plain:
            bugs = sorted(_bugs(plain, data, seed, folder, say), key=lambda b: _drawn(seed, b.name))[:jobs]
            if len(bugs) < 2:
                raise BadInput(f"{data}: holds fewer than two bugs", "name another folder with --data")
            with plain.beside(settings=on, library=place) as learned:
                work = _Work(plain, learned, {r.key: r for r in known}, keep, say)
                found = work.through(bugs)
                lessons = learned.lessons.list()
    return LessonsReport(
        bugs=tuple(found), lessons=len(lessons), helping=sum(r.helps for r in lessons), machine=this_machine()
    )


def _drawn(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}:{name}".encode()).digest()


def _bugs(lamarck: Lamarck, data: Path, seed: int, folder: Path, say: Say) -> Iterator[_Bug]:
    for suite, file in _SUITES.items():
        if (data / file).is_file():
            for place, problem in enumerate(load_suite(suite, data / file)[0]):
                built = build(problem, lamarck, folder / f"{suite}-{place}")
                if built.task.acceptance:
                    yield _Bug(
                        name=f"{suite} {problem.id}", files=built.task.stubs, task=built.task, scoring=built.scoring
                    )
    if (data / "packages").is_dir():
        for number, (name, shown, whole, files) in enumerate(seeded_tasks(lamarck, data / "packages", seed, say)):
            if number >= _SEEDED:
                return
            yield _Bug(name=name, files=files, task=shown, scoring=whole)


class _Work:
    def __init__(
        self,
        plain: Lamarck,
        learned: Lamarck,
        known: dict[tuple[str, str], LessonBug],
        keep: Callable[[LessonBug], None],
        say: Say,
    ) -> None:
        self._plain = plain
        self._learned = learned
        self._known = known
        self._keep = keep
        self._say = say

    def through(self, bugs: list[_Bug]) -> list[LessonBug]:
        middle = len(bugs) // 2
        rows = [self._row(bug, 1, "learning") for bug in bugs[:middle]]
        for place, bug in enumerate(bugs[middle:]):  # in turn, so that neither arm always meets a warmer machine
            arms = ("without", "with") if place % 2 else ("with", "without")
            rows += [self._row(bug, 2, arm) for arm in arms]
        return [r for r in rows if r.reason not in {"nothing_fails", "refused"}]

    def _row(self, bug: _Bug, half: int, arm: str) -> LessonBug:
        if (row := self._known.get((bug.name, arm))) is not None:
            return row
        lamarck = self._learned if arm == "with" else self._plain
        begun = time.monotonic()
        row = LessonBug(bug=bug.name, half=half, arm=arm, given=False, hidden=False, variants=0, reason="refused")
        try:
            done = lamarck.mend(bug.task, bug.files, limits=SearchLimits(seconds=_SECONDS, variants=VARIANTS))
            row = self._of(bug, row, done)
        except BadInput as error:
            self._say(f"{bug.name}: {error.line}")
        row = row.replace(seconds=time.monotonic() - begun)
        if arm == "with":
            row = row.replace(known=sum(r.helps for r in self._learned.lessons.list()))
        self._keep(row)
        end = "right" if row.hidden else "passes the given tests" if row.given else row.reason
        self._say(f"{half}. half, {arm}, {bug.name}: {end} after {row.variants} variants, {row.seconds:.1f} s")
        return row

    def _of(self, bug: _Bug, row: LessonBug, done: Mended) -> LessonBug:
        report = done.report
        row = row.replace(variants=report.variants, reason=str(report.reason), edits=done.edits)
        if done.candidate is None:
            return row
        if row.arm == "learning":
            verdict = Verdict(decision=Decision.ACCEPTED, evidence=())
            for repair in done.repairs:
                self._learned.lessons.learn(repair, bug.task, done.candidate, verdict, trying=False)
        hidden = self._plain.judge(bug.scoring, done.candidate).outcome is CheckOutcome.PASSED
        return row.replace(given=True, hidden=hidden)


def lessons_text(report: LessonsReport) -> str:
    first = [b for b in report.bugs if b.half == 1]
    pairs = _pairs(report)
    lines = [
        report.machine.line(),
        "",
        f"first half: {len(first)} bugs, {sum(b.given for b in first)} mended; {report.lessons} lessons, "
        f"{report.helping} of them help on other failures of that half",
        f"second half, {len(pairs)} bugs, {VARIANTS} variants each at most:",
        "",
        "arm      given  hidden too  variants of a mend, median",
    ]
    for arm, rows in (("without", [w for w, _ in pairs]), ("with", [w for _, w in pairs])):
        tries = [float(r.variants) for r in rows if r.given]
        median = f"{quantile(tries, 0.5):.0f}" if tries else "-"
        lines.append(f"{arm:<9}{sum(r.given for r in rows):<7}{sum(r.hidden for r in rows):<12}{median}")
    for what in ("given", "hidden"):
        only_with = sum(getattr(w, what) and not getattr(o, what) for o, w in pairs)
        only_without = sum(getattr(o, what) and not getattr(w, what) for o, w in pairs)
        p = mcnemar(only_with, only_without)
        lines.append(f"{what}: only with {only_with}, only without {only_without}, p = {p:.3f} (exact McNemar)")
    both = [(o, w) for o, w in pairs if o.given and w.given]
    fewer, more = sum(w.variants < o.variants for o, w in both), sum(w.variants > o.variants for o, w in both)
    p = mcnemar(fewer, more)
    lines.append(
        f"of {len(both)} mended by both: fewer variants in {fewer}, more in {more}, p = {p:.3f} (exact sign test)"
    )
    return "\n".join(lines)


def _pairs(report: LessonsReport) -> list[tuple[LessonBug, LessonBug]]:
    """(without, with) of each bug of the second half that both arms tried."""
    by_arm = {b.key: b for b in report.bugs if b.half == 2}
    names = dict.fromkeys(b.bug for b in report.bugs if b.half == 2)
    return [
        (by_arm[n, "without"], by_arm[n, "with"]) for n in names if (n, "without") in by_arm and (n, "with") in by_arm
    ]
