"""From a task and code that fails its tests to candidates by search; and search as a step of the loop."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from lamarck.budget import Budget
from lamarck.generators.generator import Proposal
from lamarck.generators.search.cases import parted, shown_cases
from lamarck.generators.search.lessons.guide import Guide
from lamarck.generators.search.plan import Base
from lamarck.generators.search.screening import Screening, Subject
from lamarck.generators.search.search import Search, SearchLimits, SearchReport
from lamarck.generators.search.variants import Variant
from lamarck.policy import Step
from lamarck.records import (
    Acceptance,
    Attempt,
    Candidate,
    Origin,
    SourceFile,
    Spend,
    Task,
    Trust,
    make_candidate,
)
from lamarck.sandbox.interpreter import Interpreter
from lamarck.sandbox.sandbox import Sandbox

SEARCH_VERSION = "search-1"

Render = Callable[[Sequence[Acceptance], Task], list[tuple[str, str]]]  # tests of any form as files of pytest's


class Mender:
    """Searches for mends with one sandbox and interpreter. render: see `checks.judge.rendering`. guide: what is known
    from earlier mends when a search begins."""

    def __init__(
        self,
        sandbox: Callable[[], Sandbox],
        interpreter: Callable[[], Interpreter],
        render: Render,
        guide: Callable[[], Guide] = Guide,
    ) -> None:
        self._sandbox = sandbox
        self._interpreter = interpreter
        self._render = render
        self._guide = guide

    def cases(self, task: Task) -> int:
        """How many cases the given tests show, each counted alone where tests can be parted."""
        return sum(shown_cases(text) for _, text in self._render(task.tests(Trust.GIVEN), task))

    def _tests(self, task: Task) -> tuple[tuple[str, str], ...]:
        return tuple((path, parted(text)) for path, text in self._render(task.tests(Trust.GIVEN), task))

    def search(
        self,
        task: Task,
        files: Sequence[SourceFile],
        limits: SearchLimits,
        *,
        wanted: Callable[[Base], Sequence[int]] | None = None,
        guide: Guide | None = None,
        touched: frozenset[str] | None = None,
        stop: Callable[[], None] = lambda: None,
    ) -> Search:
        """Over the given tests of a task, parted into cases. touched: paths of the files that may change; None: all.
        Raises `BadInput` for tests that cannot be read."""
        tests = self._tests(task)
        return Search(
            self._sandbox(),
            self._interpreter(),
            _subject(task, files, tests, touched),
            task.job_limits,
            limits,
            wanted=wanted,
            guide=self._guide() if guide is None else guide,
            stop=stop,
        )

    def screening(self, task: Task, text: str, *, seconds: float) -> Screening:
        """A sandbox to ask how other texts of the task's main file do on its given tests; `text` is a first one.
        Raises `SandboxUnavailable`."""
        tests = self._tests(task)
        subject = _subject(task, [SourceFile(path=task.main_path, text=text)], tests, None)
        return Screening(self._sandbox(), self._interpreter(), subject, task.job_limits, seconds=seconds, collect=False)


def _subject(
    task: Task, files: Sequence[SourceFile], tests: tuple[tuple[str, str], ...], touched: frozenset[str] | None
) -> Subject:
    return Subject(
        files={f.path: f.text for f in files if _may_change(f, touched)},
        tests=tests,
        support=(*task.support, *(f for f in files if not _may_change(f, touched))),
        root=_root(task),
    )


def mended(
    variant: Variant, files: Sequence[SourceFile], entry_point: str | None, parents: tuple[str, ...]
) -> Candidate:
    """The candidate that a variant is."""
    return make_candidate(
        files=tuple(f.replace(text=variant.texts.get(f.path, f.text)) for f in files),
        entry_point=entry_point,
        origin=Origin(generator="search", template_version=SEARCH_VERSION),
        parents=parents,
    )


def _may_change(file: SourceFile, touched: frozenset[str] | None) -> bool:
    return file.path.endswith(".py") and (touched is None or file.path in touched)


def _root(task: Task) -> str:
    """Where the names of the task's modules begin, as the judge has it."""
    path = task.main_path.removesuffix(".py").removesuffix("/__init__")
    name = task.module.replace(".", "/")
    return path.removesuffix(name).rstrip("/") if path.endswith(name) else ""


class SearchRepair:
    """The step 'search': variants of an attempt that nearly passed, at no token.

    seconds: of all searches of a run together; one takes a third of what is left at most. fewest: cases that the given
    tests have to show; to satisfy one or two, search finds wrong code before right code. stop: raises when the run's
    own time is up.
    """

    name = "search"

    def __init__(
        self, mender: Mender, *, seconds: float, fewest: int = 3, stop: Callable[[], None] = lambda: None
    ) -> None:
        self._mender = mender
        self._seconds = seconds
        self._fewest = fewest
        self._stop = stop
        self._open: tuple[str, Search, Generator[Variant]] | None = None  # of the candidate that is searched

    def propose(self, task: Task, history: tuple[Attempt, ...], step: Step, budget: Budget) -> Proposal | None:
        """The next variant of the step's attempt that passes in screening. See `Generator.propose`."""
        failed = next((a for a in history if a.number == step.repair_of), None)
        if failed is None or failed.candidate is None or self._mender.cases(task) < self._fewest:
            return None
        begun = failed.candidate
        if self._open is None or self._open[0] != begun.id:
            self.close()
            spent = sum(a.spend.seconds for a in history if a.generator == self.name)
            limits = SearchLimits(seconds=max(1.0, (self._seconds - spent) / 3), edits=2)
            search = self._mender.search(task, begun.files, limits, stop=self._stop)
            self._open = (begun.id, search, search.candidates())
        _, search, candidates = self._open
        before = search.report()
        tried = {a.candidate.id for a in history if a.candidate}
        for variant in candidates:
            candidate = mended(variant, begun.files, begun.entry_point, (begun.id,))
            if candidate.id not in tried:
                note = f"attempt {failed.number} with {'; '.join(e.what for e in variant.edits)}"
                return Proposal(candidate=candidate, spend=_spend(before, search.report()), note=note)
        after = search.report()
        self._open = None
        note = f"search: none of {after.variants} variants of attempt {failed.number} passes ({after.reason})"
        return Proposal(candidate=None, spend=_spend(before, after), note=note)

    def close(self) -> None:
        if self._open is not None:
            self._open[2].close()  # which ends its sandbox
            self._open = None


def _spend(before: SearchReport, after: SearchReport) -> Spend:
    return Spend(seconds=max(0.0, after.seconds - (before.seconds if before.variants else 0.0)))
