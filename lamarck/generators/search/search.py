"""Mending by search: guess small edits where a fault may stand, likeliest first, and try them all.

One edit, then two: a second one on top of those that changed what the tests see, one for each behaviour. What passes
the tests here is a candidate; the judge decides. Stops at a budget, with a typed reason.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import islice

from lamarck.generators.search.edits.edit import Edit
from lamarck.generators.search.edits.missing import KIND as VALUE_FOR_NONE
from lamarck.generators.search.edits.source import Function, Source
from lamarck.generators.search.edits.told import told_edits
from lamarck.generators.search.edits.toplevel import scored_toplevel_edits, toplevel_edits
from lamarck.generators.search.lessons.guide import Guide
from lamarck.generators.search.lessons.lesson import Repair
from lamarck.generators.search.localisation import Suspect, line_scores, suspects
from lamarck.generators.search.plan import CPU_FACTOR, Base, Plan, span
from lamarck.generators.search.screening import Ran, Screened, Screening, ScreeningStopped, Subject
from lamarck.generators.search.variants import Original, Scored, Variant, made, on_import, scored_edits
from lamarck.records import JobLimits, Record, SourceFile
from lamarck.sandbox.interpreter import Interpreter
from lamarck.sandbox.sandbox import Sandbox

_PENDING = 12  # variants under way: enough to keep the sandbox busy, few enough to stop soon
_MOST_FAILING = 30  # tests that are traced one by one, of either kind
_MOST_PASSING = 120
_TEST_CPU = 0.6  # seconds that one test of the original may take at first, and in the end
_SLOW_TEST_CPU = 2.0
_TRACED_CPU = 0.3  # of one that hangs, enough to see where
_SLOW_TRIES = 3  # tests that may turn out to be slow; when they all hang, so do the others
_RETRY_FACTOR = 10.0
_MOST_RETRIES = 40
_SEEDS = 40  # variants of one edit that get a second one
_FROM_A_SEED = 400  # second edits of each, likeliest first
_IN_TURN = 8  # of one seed, then of the next
_BEFORE_TOP = 400  # variants of functions that come before those of what runs on import
_AT_TOP = 60  # edits of what runs on import, of each file, those first that hold suspects
_MOST_AT_TOP = 120  # of all files together
_READS = 0.5  # how suspicious a constant or default is beside the function that reads it
_FRESH_CPU = 1.5  # seconds that importing everything anew may take
_MOST_FUNCTIONS = 12  # that are searched, most suspicious first


class SearchEnd(StrEnum):
    """Why a search ended."""

    FOUND = "found"  # nobody asked for more
    EXHAUSTED = "exhausted"  # every variant was tried
    VARIANTS_SPENT = "variants_spent"
    SECONDS_SPENT = "seconds_spent"
    NOTHING_FAILS = "nothing_fails"
    NOT_REACHED = "not_reached"  # what fails runs no function of the given files
    NO_TESTS = "no_tests"  # none could be collected
    UNPARSEABLE = "unparseable"
    SANDBOX_LOST = "sandbox_lost"  # a variant ended the sandbox more often than is worth another try


class SearchLimits(Record, frozen=True, kw_only=True):
    """What one search may use. seconds: wall clock. edits: how many at once."""

    seconds: float = 30.0
    variants: int = 20_000
    edits: int = 2


class SearchReport(Record, frozen=True, kw_only=True):
    """What a search did. variants: run; skipped: guessed again or unparseable; seconds: wall clock, of which
    screening_seconds in variants' runs; suspects: most suspicious first."""

    reason: SearchEnd
    variants: int = 0
    skipped: int = 0
    timeouts: int = 0
    seconds: float = 0.0
    first_run_seconds: float = 0.0
    tests: int = 0
    failing: tuple[str, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    said: str = ""

    @property
    def milliseconds_a_variant(self) -> float | None:
        return 1000 * (self.seconds - self.first_run_seconds) / self.variants if self.variants else None


class Search:
    """One search. `candidates` gives variants that pass `wanted` tests, likeliest first; `report` tells of it, at any
    time. wanted: picks tests by their names, of those that were collected; default all. guide: what lessons know.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        interpreter: Interpreter,
        subject: Subject,
        job_limits: JobLimits,
        limits: SearchLimits,
        *,
        wanted: Callable[[Base], Sequence[int]] | None = None,
        guide: Guide = Guide(),  # noqa: B008  frozen
        stop: Callable[[], None] = lambda: None,
    ) -> None:
        self._sandbox = sandbox
        self._interpreter = interpreter
        self._subject = subject
        self._job_limits = job_limits
        self._limits = limits
        self._wanted = wanted
        self._guide = guide
        self._stop = stop
        self._begun = time.monotonic()
        self._first_run_seconds = 0.0
        self._paused = 0.0
        self.reason = SearchEnd.FOUND
        self.variants = self.skipped = self.timeouts = 0
        self.base: Base | None = None
        self.said = ""
        self._suspects: tuple[Suspect, ...] = ()
        self._searched: tuple[Mapping[str, list[str]], Mapping[str, Mapping[int, float]]] = ({}, {})
        self._screening: Screening | None = None
        self._lost = 0

    # --- from outside

    def candidates(self) -> Generator[Variant]:
        """Variants that pass here. Close the generator (or use it up) to end the sandbox. Raises
        `SandboxUnavailable`, and what `stop` raises."""
        self._begun = time.monotonic()
        try:
            original = Original(self._subject.files)
        except (SyntaxError, ValueError, RecursionError) as error:
            self.reason, self.said = SearchEnd.UNPARSEABLE, f"{type(error).__name__}: {error}"
            return
        try:
            self._screening = self._open()
            yield from self._found(original)
        except _Ended as end:
            self.reason = end.reason
        except ScreeningStopped as error:
            self.reason, self.said = SearchEnd.SANDBOX_LOST, error.line
        finally:
            if self._screening is not None:
                self._screening.close()

    def report(self) -> SearchReport:
        return SearchReport(
            reason=self.reason,
            variants=self.variants,
            skipped=self.skipped,
            timeouts=self.timeouts,
            seconds=self._elapsed,
            first_run_seconds=self._first_run_seconds,
            tests=len(self.base.ran) if self.base else 0,
            failing=tuple(self.base.names[n] for n in self.base.failing) if self.base else (),
            suspects=self._suspects[:50],
            said=self.said,
        )

    def repairs(
        self, texts: Mapping[str, str], *, kinds: tuple[str, ...] = (), by: str = "search"
    ) -> tuple[Repair, ...]:
        """What was learned when these texts (path → text) turned out to mend the subject: a repair for each file."""
        functions, suspicion = self._searched
        before = tuple(SourceFile(path=p, text=t) for p, t in self._subject.files.items())
        return tuple(
            Repair(
                before=before,
                path=path,
                after=text,
                functions=tuple(functions.get(path, ())),
                suspicion=tuple((line, round(score, 3)) for line, score in suspicion.get(path, {}).items()),
                failures=tuple(sorted(self.base.failures)) if self.base else (),
                kinds=kinds,
                by=by,
            )
            for path, text in texts.items()
            if self._subject.files.get(path) not in {None, text}
        )

    @property
    def _elapsed(self) -> float:
        """Without the time in which somebody else looked at a candidate."""
        return time.monotonic() - self._begun - self._paused

    # --- the first run

    def _open(self) -> Screening:
        return Screening(
            self._sandbox, self._interpreter, self._subject, self._job_limits, seconds=self._limits.seconds * 3 + 30
        )

    def _run_base(self, screening: Screening) -> Base:
        names = screening.tests
        everyone = range(len(names))
        whole = min(self._limits.seconds, _TEST_CPU * (len(names) + 1))
        answer = screening.one(screening.base(everyone, trace=False, test_cpu=_TEST_CPU, cpu=whole))
        ran = {r.test: r for r in answer.ran}
        for number in everyone:  # what came after one that ended the process, each in its own
            if number not in ran:
                self._check()
                ran[number] = self._alone(screening, number, _TEST_CPU)
        self._retry_slow(screening, ran)
        failing = [n for n, r in ran.items() if r.outcome in {"failed", "time"}]
        passing = [n for n, r in ran.items() if r.outcome == "passed"]
        passing = passing[:: max(1, len(passing) // _MOST_PASSING)]
        traced = []
        for number in (*failing[:_MOST_FAILING], *passing):
            self._check()
            hangs = ran[number].outcome == "time"
            seconds = _TRACED_CPU if hangs else max(_TEST_CPU, 50 * ran[number].cpu)
            traced.append(self._alone(screening, number, seconds, trace=True))
        return Base(ran, traced, names)

    def _retry_slow(self, screening: Screening, ran: dict[int, Ran]) -> None:
        """Tests that only take long, told from those that hang."""
        late = [n for n, r in ran.items() if r.outcome == "time"]
        for place, number in enumerate(late):
            self._check()
            again = self._alone(screening, number, _SLOW_TEST_CPU)
            ran[number] = again
            if place + 1 == _SLOW_TRIES and all(ran[n].outcome == "time" for n in late[:_SLOW_TRIES]):
                return

    def _alone(self, screening: Screening, number: int, seconds: float, *, trace: bool = False) -> Ran:
        answer = screening.one(screening.base([number], trace=trace, test_cpu=seconds, cpu=seconds * 2))
        if answer.ran:
            return answer.ran[0]
        return Ran(
            test=number, outcome="time" if answer.stop == "time" else "failed", said=answer.stop or "", cpu=seconds
        )

    # --- the search

    def _found(self, original: Original) -> Iterator[Variant]:
        screening = self._screening
        assert screening is not None
        if not screening.tests:
            self.said = "; ".join(screening.errors)
            raise _Ended(SearchEnd.NO_TESTS)
        base = self.base = self._run_base(screening)
        self._first_run_seconds = self._elapsed
        wanted = set(self._wanted(base)) if self._wanted else set(base.ran)
        failing = [n for n in base.failing if n in wanted]
        if not failing:
            raise _Ended(SearchEnd.NOTHING_FAILS)
        self._suspects = suspects(original.sources, base.spectrum)
        if not self._suspects:
            yield from self._at_top(original, {}, wanted)
            raise _Ended(SearchEnd.NOT_REACHED)
        plan = Plan(base, wanted, failing, original)
        suspicion = {path: line_scores(path, s, base.spectrum) for path, s in original.sources.items()}
        functions = self._functions(original)
        self._searched = (functions, suspicion)
        first = self._level_one(original, functions, suspicion)
        done: list[tuple[Variant, Screened]] = []
        yield from self._tried(plan, islice(first, _BEFORE_TOP), done)
        yield from self._at_top(original, functions, wanted)
        yield from self._tried(plan, first, done)
        slow = [v for v, s in done if s.stop == "time"][:_MOST_RETRIES]
        yield from self._tried(plan, iter(slow), [], factor=_RETRY_FACTOR)
        if self._limits.edits > 1:
            second = self._level_two(original, functions, suspicion, plan, done)
            yield from self._tried(plan, second, [])
        raise _Ended(SearchEnd.EXHAUSTED)

    def _at_top(self, original: Original, functions: Mapping[str, list[str]], wanted: set[int]) -> Iterator[Variant]:
        """What runs when the files are imported, edited; every variant imports them anew."""
        screening, base = self._screening, self.base
        assert screening is not None
        assert base is not None
        failing = [base.names[n] for n in base.failing]
        cpu = _FRESH_CPU + CPU_FACTOR * sum(r.cpu for r in base.ran.values() if r.outcome != "time")
        begun = self.variants
        for path, source in sorted(original.sources.items(), key=lambda s: s[0] not in functions):
            number = 0
            for edit in toplevel_edits(source, functions.get(path, ()), base.told):
                self._check()
                variant = on_import(original, source, path, edit)
                if variant is None:
                    self.skipped += 1
                    continue
                if self.variants >= self._limits.variants:
                    raise _Ended(SearchEnd.VARIANTS_SPENT)
                screening.fresh(variant.texts, cpu=cpu, first=failing)
                (screened,) = screening.answers(wait=True)
                self.variants += 1
                self.timeouts += screened.stop == "time"
                passed = {r.test for r in screened.ran if r.outcome in {"passed", "skipped"}}
                if screened.stop is None and wanted <= passed:
                    before = time.monotonic()
                    yield variant
                    self._paused += time.monotonic() - before
                number += 1
                if number >= _AT_TOP:
                    break
            if self.variants - begun >= _MOST_AT_TOP:
                return

    def _functions(self, original: Original) -> dict[str, list[str]]:
        """path → functions that hold suspects, the most suspicious ones."""
        found: dict[tuple[str, str], float] = {}
        places = {
            path: [(name, *span(node)) for name, node in source.functions()]
            for path, source in original.sources.items()
        }
        for suspect in self._suspects:
            for name, first, last in places[suspect.path]:
                if first <= suspect.line <= last:
                    found.setdefault((suspect.path, name), suspect.score)
        chosen: dict[str, list[str]] = {}
        for path, name in list(found)[:_MOST_FUNCTIONS]:
            chosen.setdefault(path, []).append(name)
        return chosen

    def _level_one(
        self, original: Original, functions: Mapping[str, list[str]], suspicion: Mapping[str, Mapping[int, float]]
    ) -> Iterator[Variant]:
        lists = [
            scored_edits(path, original.sources[path], names, suspicion[path], self._weights, self._of_this_search)
            for path, names in functions.items()
        ]
        lists += [self._live(path, original.sources[path], names, suspicion[path]) for path, names in functions.items()]
        for scored in heapq.merge(*lists, key=lambda s: -s.score):
            variant = made(original, None, original.sources[scored.path], scored)
            if variant is None:
                self.skipped += 1
                self._check()
            else:
                yield variant

    def _level_two(
        self,
        original: Original,
        functions: Mapping[str, list[str]],
        suspicion: Mapping[str, Mapping[int, float]],
        plan: Plan,
        done: list[tuple[Variant, Screened]],
    ) -> Iterator[Variant]:
        """A second edit on those of one edit that changed something, one of each behaviour, most hopeful first."""
        seeds: dict[object, tuple[int, Variant]] = {}
        for variant, screened in done:
            if screened.stop is None and screened.behaviour != plan.behaviour:
                progress = sum(r.outcome == "passed" for r in screened.ran)
                seeds.setdefault(screened.behaviour, (progress, variant))
        hopeful = sorted(seeds.values(), key=lambda s: (-s[0], -s[1].score))[:_SEEDS]
        waiting: list[Iterator[Variant]] = [
            self._from_seed(original, functions, suspicion, variant) for _, variant in hopeful
        ]
        while waiting:
            for each in list(waiting):
                some = list(islice(each, _IN_TURN))
                yield from some
                if len(some) < _IN_TURN:
                    waiting.remove(each)

    def _from_seed(
        self,
        original: Original,
        functions: Mapping[str, list[str]],
        suspicion: Mapping[str, Mapping[int, float]],
        seed: Variant,
    ) -> Iterator[Variant]:
        scored: list[Scored] = []
        sources = dict(original.sources)
        for path, text in seed.texts.items():
            try:
                sources[path] = Source(text)
            except (SyntaxError, ValueError, RecursionError):
                return
        for path, names in functions.items():
            scored += scored_edits(path, sources[path], names, suspicion[path], self._weights, self._of_this_search)
        scored.sort(key=lambda s: -s.score)
        number = 0
        for each in scored:
            variant = made(original, seed, sources[each.path], each)
            if variant is None:
                self.skipped += 1
                self._check()
                continue
            yield variant
            number += 1
            if number >= _FROM_A_SEED:
                return

    def _live(self, path: str, source: Source, names: list[str], suspicion: Mapping[int, float]) -> list[Scored]:
        """What runs on import and can be changed without importing anew: as suspicious as who reads it."""
        assert self.base is not None
        near = _READS * max(suspicion.values(), default=0.0) ** 2
        edits = scored_toplevel_edits(source, names, self.base.told, live=True)
        return [Scored(path=path, function="", edit=edit, score=near * score) for score, edit in edits]

    @property
    def _weights(self) -> Mapping[str, float]:
        """Of kinds; where what fails speaks of None, one that stands in the place of something is likelier."""
        about_none = self.base is not None and any("None" in self.base.ran[n].said for n in self.base.failing)
        weights = self._guide.weights
        return {**weights, VALUE_FOR_NONE: 2 * weights[VALUE_FOR_NONE]} if about_none else weights

    def _of_this_search(self, source: Source, function: Function) -> Iterator[Edit]:
        if self.base is not None:
            yield from told_edits(source, function, self.base.told)
        yield from self._guide.edits(source, function, self.base.failures if self.base else frozenset())

    # --- trying

    def _tried(
        self, plan: Plan, variants: Iterator[Variant], done: list[tuple[Variant, Screened]], *, factor: float = 1.0
    ) -> Iterator[Variant]:
        """Those of `variants` that pass, in their order; `done` gets every one with what became of it."""
        assert self._screening is not None
        open_: dict[int, Variant] = {}
        is_over = False
        while open_ or not is_over:
            self._check()
            while not is_over and len(open_) < _PENDING:
                variant = next(variants, None)
                if variant is None or self.variants >= self._limits.variants:
                    is_over = True
                    break
                tests = plan.tests(variant)
                open_[self._ask(variant, tests, plan.cpu(tests) * factor)] = variant
                self.variants += 1
            for screened in self._screening.answers(wait=bool(open_)):
                tried = open_.pop(screened.id)
                done.append((tried, screened))
                self.timeouts += screened.stop == "time"
                if screened.passed(len(plan.tests(tried))):
                    before = time.monotonic()
                    yield tried
                    self._paused += time.monotonic() - before
        if self.variants >= self._limits.variants:
            raise _Ended(SearchEnd.VARIANTS_SPENT)

    def _ask(self, variant: Variant, tests: Sequence[int], cpu: float) -> int:
        assert self._screening is not None
        return self._screening.variant(variant.changes, tests, cpu=cpu, imports=variant.imports)

    def _check(self) -> None:
        self._stop()
        if self._elapsed >= self._limits.seconds:
            raise _Ended(SearchEnd.SECONDS_SPENT)


class _Ended(Exception):
    def __init__(self, reason: SearchEnd) -> None:
        super().__init__(reason)
        self.reason = reason
