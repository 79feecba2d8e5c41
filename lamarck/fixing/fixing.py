"""`lamarck fix`: from code and the tests that it fails to a patch, by search and then by a model, with its evidence.

A share of the tests' cases is withheld from the search, where there are enough. A patch has to pass all given tests in
the judge, so a patch that passes only what it was shown is found out and dropped; how many were is part of the report.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from lamarck.assemble import Assembly
from lamarck.checks.judge.judge import Subject
from lamarck.errors import BadInput, LamarckError, LimitSpent
from lamarck.fixing.contradictions import refuse_contradictions
from lamarck.fixing.failing import with_failing
from lamarck.fixing.patching import Patch
from lamarck.generators.search.lessons.lesson import Repair
from lamarck.generators.search.mending import mended
from lamarck.generators.search.plan import Base
from lamarck.generators.search.search import Search, SearchEnd, SearchLimits, SearchReport
from lamarck.records import (
    Candidate,
    CheckOutcome,
    Decision,
    Evidence,
    ExitReason,
    Origin,
    Record,
    SourceFile,
    Spend,
    Task,
    TestResult,
    Trust,
    Verdict,
    make_candidate,
    make_task,
)
from lamarck.solve import prove, solve
from lamarck.tasks.loading import load_task
from lamarck.tasks.part import Part, load_part

Say = Callable[[str], None]
Learn = Callable[[Repair, Task, Candidate, Verdict], object]

_REPEATS = 6  # runs of the tests on the code as it is, to find out flaky ones; fewer where they take long
_REPEAT_SECONDS = 5.0
_FEWEST_CASES = 4  # with fewer, none is withheld
_WITHHELD = 4  # every so many-th case of either kind
_ENOUGH = 100  # variants, to tell how long one takes
_MOST_REFUTED = 40  # patches that pass what they were shown and not all


class FixReport(Record, frozen=True, kw_only=True):
    """What came of it. by: search | model | None. withheld: names of cases that the search never saw. refuted: patches
    that passed all that they were shown and were refused by the judge; the first patch of these that held is the one.
    reproduction: path and text of a test that was written for a failing input. tried: what was, in words.
    """

    exit_reason: ExitReason
    by: str | None
    patches: tuple[Patch, ...]
    edits: tuple[str, ...]
    before: Evidence
    verdict: Verdict | None
    search: SearchReport | None
    withheld: tuple[str, ...]
    refuted: int
    reproduction: tuple[SourceFile, ...] = ()
    tried: tuple[str, ...] = ()
    spend: Spend = Spend()
    seconds: float = 0.0

    @property
    def diff(self) -> str:
        """All patches, as `patch -p0` takes them."""
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for p in self.patches
            for line in difflib.unified_diff(
                (p.before or "").splitlines(keepends=True), p.after.splitlines(keepends=True), p.path, p.path
            )
        )

    @property
    def held(self) -> str:
        """How far the patch is known to hold: 'withheld' or 'tests only'; empty without one."""
        if not self.patches:
            return ""
        return "withheld" if self.withheld and self.by == "search" else "tests only"


class Fixing:
    """Mends code with the parts of one Lamarck."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly

    def fix(
        self,
        files: Sequence[Path],
        tests: Sequence[Path],
        *,
        fails: Sequence[str] = (),
        use_model: bool = True,
        seconds: float | None = None,
        say: Say = lambda text: None,
        learn: Learn | None = None,
    ) -> FixReport:
        """A patch for the functions of `files` that failing tests run; nothing is written.

        fails: what should hold and does not, as `f(3) == 4` or `f(0) raises ValueError`. seconds: of the search,
        default the setting. Raises `BadInput` for tests that pass already, that are flaky or contradict each other, and
        for a fault that lies elsewhere. learn: is told of a patch that holds.
        """
        begun = time.monotonic()
        part = self._load(files, tests)
        sources = part.files
        task, reproduction = with_failing(part.task, sources, fails)
        if not task.tests(Trust.GIVEN):
            raise BadInput("there is nothing that fails", "give the tests with --tests FILE, or --fails 'f(3) == 4'")
        refuse_contradictions(task)
        original = make_candidate(files=sources, entry_point=task.entry_point, origin=Origin(generator="user"))
        before = self._before(task, original)
        work = _Work(self._assembly, task, original, part, say)
        if seconds is None:
            seconds = self._assembly.settings.search.seconds
        work.by_search(SearchLimits(seconds=seconds))
        if work.verdict is None:
            work.refuse_hopeless(before)
        if work.verdict is None and use_model and self._assembly.settings.models.tiers:
            work.by_model(tests)
        if learn is not None:
            work.teach(learn)
        return FixReport(
            exit_reason=work.exit_reason(),
            by=work.by,
            patches=work.patches(),
            edits=work.edits,
            before=before,
            verdict=work.verdict,
            search=work.search,
            withheld=work.withheld,
            refuted=work.refuted,
            reproduction=reproduction,
            tried=tuple(work.tried),
            spend=work.spend,
            seconds=time.monotonic() - begun,
        )

    def _load(self, files: Sequence[Path], tests: Sequence[Path]) -> Part:
        settings = self._assembly.settings
        return load_part(
            tuple(files),
            tuple(tests),
            limits=settings.limits.for_task(),
            job_limits=settings.sandbox.job_limits(),
            importable=self._assembly.importable,
        )

    def _before(self, task: Task, original: Candidate) -> Evidence:
        """What the code as it is does, run several times, each with other random numbers. Raises `BadInput` for tests
        that pass or are flaky."""
        begun = time.monotonic()
        first: Evidence = self._assembly.tests.run(task, original)
        if first.outcome is CheckOutcome.ERRORED:
            raise BadInput(f"the tests cannot be run: {first.log.strip()[-300:]}", "mend the tests")
        runs = [first.results]
        subject = Subject(label=original.id[:12], files=original.files)
        while len(runs) < _REPEATS and time.monotonic() - begun < _REPEAT_SECONDS:
            report = self._assembly.judge.judge(task, task.tests(Trust.GIVEN), (subject,), seed=len(runs))
            if report.broke is not None:
                raise BadInput(f"the tests cannot be run: {report.broke[-300:]}", "mend the tests")
            runs.append(report.subjects[0].results)
        if found := flaky(runs):
            raise BadInput(
                f"{len(found)} of the tests pass in one run and fail in the next: {', '.join(found[:5])}",
                "make them deterministic first; what they say of a patch is worth nothing",
            )
        if first.outcome is CheckOutcome.PASSED:
            raise BadInput("the tests pass already", "give a test that fails, or what should hold with --fails")
        return first


class _Work:
    """One fix under way."""

    def __init__(self, assembly: Assembly, task: Task, original: Candidate, part: Part, say: Say) -> None:
        self._assembly = assembly
        self._task = task
        self._original = original
        self._touched = part.touched
        self._names = part.places
        self._say = say
        self._final: Candidate | None = None
        self._limit: ExitReason | None = None
        self._searching: Search | None = None
        self._kinds: tuple[str, ...] = ()
        self.by: str | None = None
        self.verdict: Verdict | None = None
        self.edits: tuple[str, ...] = ()
        self.search: SearchReport | None = None
        self.withheld: tuple[str, ...] = ()
        self.refuted = 0
        self.tried: list[str] = []
        self.spend = Spend()

    def by_search(self, limits: SearchLimits) -> None:
        self._say("searching")
        search = self._assembly.mender.search(
            self._task, self._original.files, limits, wanted=self._shown, touched=self._touched
        )
        self._searching = search
        candidates = search.candidates()
        try:
            for variant in candidates:
                candidate = mended(variant, self._original.files, self._original.entry_point, ())
                verdict = prove(self._task, candidate, self._assembly.parts, own_code=True)
                if verdict.decision is Decision.ACCEPTED:
                    self._final, self.verdict, self.by = candidate, verdict, "search"
                    self.edits = tuple(f"{e.kind}, line {e.line}: {e.what}" for e in variant.edits)
                    self._kinds = tuple(e.kind for e in variant.edits)
                    break
                self.refuted += 1
                if self.refuted >= _MOST_REFUTED:
                    break
        finally:
            candidates.close()
        self.search = search.report()
        self.tried.append(_told(self.search, self.refuted))
        if self.search.reason in {SearchEnd.SECONDS_SPENT, SearchEnd.VARIANTS_SPENT}:
            self._limit = ExitReason.SECONDS_SPENT
        self.spend += Spend(seconds=self.search.seconds)

    def _shown(self, base: Base) -> list[int]:
        """Which cases the search may see: all but every so many-th of either kind, where there are enough."""
        hidden: list[int] = []
        if len(base.ran) >= _FEWEST_CASES and len(base.failing) > 1:
            for kind in (base.failing, base.passing):
                hidden += kind[_WITHHELD - 1 :: _WITHHELD] or (kind[-1:] if len(kind) > 2 else ())
        self.withheld = tuple(base.names[n] for n in hidden)
        return [n for n in base.ran if n not in set(hidden)]

    def refuse_hopeless(self, before: Evidence) -> None:
        """Raises `BadInput` where no patch of these files can help."""
        assert self.search is not None
        if self.search.reason is SearchEnd.NOT_REACHED:
            failing = [r.id for r in before.results if r.outcome is not CheckOutcome.PASSED]
            raise BadInput(
                f"what fails ({', '.join(failing[:3])}) runs no function of "
                f"{', '.join(sorted(self._names[p] for p in self._touched))}",
                "name the file that the fault is in",
            )

    def by_model(self, tests: Sequence[Path]) -> None:
        """Have the loop write the most suspicious file anew, with the mistaken one in sight."""
        self._say("asking a model")
        first = next((f.path for f in self._original.files if f.path in self._touched), self._original.files[0].path)
        path = next((s.path for s in (self.search.suspects if self.search else ())), first)
        try:
            loaded = self._asked(path, tests)
            wanted = loaded.replace(goal=_goal(loaded.entry_point))
            run = solve(wanted, self._assembly.parts)
        except LimitSpent as error:
            self.tried.append(f"model: {error.line}")
            self._limit = ExitReason.TOKENS_SPENT
            return
        except LamarckError as error:
            self.tried.append(f"model: {error.line}")
            return
        self.spend += run.spend
        self.tried.append(f"model: {len(run.attempts)} attempts, {run.spend.tokens} tokens, ended {run.exit_reason}")
        if run.exit_reason not in {ExitReason.ACCEPTED, ExitReason.PENDING}:
            self._limit = run.exit_reason if run.exit_reason is not ExitReason.REJECTED else self._limit
            return
        for attempt in reversed(run.attempts):
            if attempt.candidate and attempt.verdict and attempt.verdict.decision is not Decision.REJECTED:
                texts = {f.path.rpartition("/")[2]: f.text for f in attempt.candidate.files}
                files_now = tuple(
                    f.replace(text=texts.get(f.path.rpartition("/")[2], f.text)) if f.path == path else f
                    for f in self._original.files
                )
                candidate = make_candidate(
                    files=files_now, entry_point=self._original.entry_point, origin=attempt.candidate.origin
                )
                verdict = prove(self._task, candidate, self._assembly.parts)
                if verdict.decision is not Decision.REJECTED:
                    self._final, self.verdict, self.by = candidate, verdict, "model"
                return

    def _asked(self, path: str, tests: Sequence[Path]) -> Task:
        """The task to write one of the files anew; of one that only its package can import, the rest is support."""
        settings = self._assembly.settings
        try:
            return load_task(
                self._names[path],
                tuple(tests),
                limits=self._task.limits,
                job_limits=settings.sandbox.job_limits(),
                importable=self._assembly.importable,
            )
        except BadInput:
            if len(self._original.files) == 1:
                raise
        others = tuple(f for f in self._original.files if f.path != path)
        return make_task(
            goal=self._task.goal,
            module=path.removesuffix(".py").removesuffix("/__init__").replace("/", "."),
            stubs=tuple(f for f in self._original.files if f.path == path),
            support=(*self._task.support, *others),
            acceptance=self._task.acceptance,
            limits=self._task.limits,
            job_limits=self._task.job_limits,
        )

    def teach(self, learn: Learn) -> None:
        """What the patch teaches, where it was accepted."""
        if self._final is None or self.verdict is None or self.verdict.decision is not Decision.ACCEPTED:
            return
        assert self._searching is not None
        texts = {f.path: f.text for f in self._final.files}
        for repair in self._searching.repairs(texts, kinds=self._kinds, by=self.by or ""):
            learn(repair, self._task, self._final, self.verdict)

    def patches(self) -> tuple[Patch, ...]:
        if self._final is None:
            return ()
        before = {f.path: f.text for f in self._original.files}
        return tuple(
            Patch(path=self._names.get(f.path, f.path), before=before[f.path], after=f.text)
            for f in self._final.files
            if f.text != before[f.path]
        )

    def exit_reason(self) -> ExitReason:
        if self.verdict is not None:
            return ExitReason(self.verdict.decision.value)
        return self._limit or ExitReason.REJECTED


def _told(report: SearchReport, refuted: int) -> str:
    each = report.milliseconds_a_variant
    pace = f", {each:.1f} ms each" if each is not None and report.variants >= _ENOUGH else ""
    dropped = f"; {refuted} passed what they were shown and were refused by the judge" if refuted else ""
    said = f" ({report.said[:200]})" if report.said else ""
    if report.timeouts:
        pace += f", {report.timeouts} of them never ended"
    return f"search: {report.variants} variants in {report.seconds:.1f} s{pace}, ended {report.reason}{said}{dropped}"


def _goal(name: str | None) -> str:
    what = f"The function `{name}`" if name else "The code"
    return f"{what} does not do what its tests say. Find the mistake and correct it."


def flaky(results: Sequence[Sequence[TestResult]]) -> tuple[str, ...]:
    """Ids of tests that did not end alike in all runs."""
    seen: dict[str, set[CheckOutcome]] = {}
    for run in results:
        for result in run:
            seen.setdefault(result.id, set()).add(result.outcome)
    return tuple(sorted(name for name, outcomes in seen.items() if len(outcomes) > 1))
