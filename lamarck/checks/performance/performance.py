"""Check 'performance': a version against the one before it, each in a process of its own, under an outside clock.

First both have to do the same: equal values, equal changes of arguments, equal exceptions. Then batches of the same
calls are timed in turns, in fresh pairs of processes; how time grows with the input, and the peak of memory, beside it.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from lamarck.checks.agreement.agreement import functions_of
from lamarck.checks.agreement.behaviours import TESTS_PATH, Did, expected, read, same, shown, tests_of
from lamarck.checks.agreement.calls import Call
from lamarck.checks.agreement.inputs import inputs
from lamarck.checks.agreement.shown import shown_calls
from lamarck.checks.check import Level
from lamarck.checks.judge.judge import JUDGE_VERSION, Judge, Subject
from lamarck.checks.performance.ratios import Compared, compared, exponent
from lamarck.checks.performance.timed import Clocked, NotTimed, Version
from lamarck.checks.verdict import PERFORMANCE
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Assurance,
    Behaviour,
    Candidate,
    CheckOutcome,
    Difference,
    Evidence,
    Finding,
    SourceFile,
    Task,
    Trust,
    content_id,
)
from lamarck.sandbox.interpreter import Interpreter
from lamarck.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from lamarck.checks.gate import Means

VERSION = f"1 {JUDGE_VERSION}"
ROUNDS = 8  # fresh pairs of processes
PAIRS = 9  # of batches, in each of them
BATCH_SECONDS = 0.004  # of one batch: long beside its two messages, short beside what else the machine does
_MOST_CALLS = 16
_INPUTS = 40  # on which both have to do the same
_MOST_REPETITIONS = 20_000
_SIZES = (32, 64, 128, 256, 512, 1024)
_LONGEST_CALL = 0.25  # seconds; larger inputs are not tried then
_MOST_TOLD = 5


class Performance:
    """earlier: path → text of the version before."""

    name = "performance"
    version = VERSION
    required = False

    def __init__(
        self,
        judge: Judge,
        sandbox: Sandbox,
        interpreter: Interpreter,
        *,
        earlier: Mapping[str, str] | None,
        named: str = "",
        level: Level = "quick",
    ) -> None:
        self._judge = judge
        self._sandbox = sandbox
        self._interpreter = interpreter
        self._earlier = dict(earlier or {})
        self._named = named or "the earlier version"
        self.level: Level = level

    def applies(self, task: Task) -> bool:
        return bool(self._earlier) and task.language == "python"

    def run(self, task: Task, candidate: Candidate) -> Evidence:
        begin = time.monotonic()
        old = tuple(f.replace(text=self._earlier.get(f.path, f.text)) for f in candidate.files)
        evidence = self._compared(task, candidate, old)
        return evidence.replace(seconds=time.monotonic() - begin)

    def _compared(self, task: Task, candidate: Candidate, old: tuple[SourceFile, ...]) -> Evidence:
        if all(f.text == o.text for f, o in zip(candidate.files, old, strict=True)):
            equal = self._evidence(candidate, CheckOutcome.SKIPPED, f"the code is that of {self._named}")
            return equal.replace(measurements={PERFORMANCE: 1.0})  # of a thing against itself, by what the word means
        calls, why = self._calls(task, candidate, old)
        if not calls:
            return self._evidence(candidate, CheckOutcome.SKIPPED, why)
        asked = self._ask(task, calls, (candidate.files, old))
        if isinstance(asked, str):
            return self._evidence(candidate, CheckOutcome.ERRORED, asked)
        new_dids, old_dids = asked
        differing = [(c, n, o) for c, n, o in zip(calls, new_dids, old_dids, strict=True) if n and o and not same(n, o)]
        if differing:
            return self._differing(task, candidate, differing, len(calls))
        usable = [c for c, n in zip(calls, new_dids, strict=True) if n and n.ended is None and n.raised is None]
        if not usable:
            return self._evidence(candidate, CheckOutcome.SKIPPED, "no call returns anything, so none is timed")
        try:
            plain = {c.source for c, n in zip(calls, new_dids, strict=True) if n and expected(n) is not None}
            return self._timed(task, candidate, old, usable[:_MOST_CALLS], plain, len(calls))
        except NotTimed as error:
            return self._evidence(candidate, CheckOutcome.ERRORED, f"not timed: {error}")

    # --- do both do the same?

    def _calls(self, task: Task, candidate: Candidate, old: tuple[SourceFile, ...]) -> tuple[tuple[Call, ...], str]:
        mine = functions_of(task, candidate)
        theirs = functions_of(task, candidate.replace(files=old))
        both = {name: f for name, f in mine.items() if name in theirs}
        if not both:
            return (), "no plain function is in both versions"
        shown = shown_calls(task, both)
        used = {c.function for c in shown} or set(both)
        found = list(shown[:_INPUTS])
        for name, function in both.items():
            if name in used:
                seed = int(content_id("performance", task.module, name)[:8], 16)
                mine_shown = tuple(c for c in shown if c.function == name)
                found += inputs(function, mine_shown, count=max(4, _INPUTS // len(used)), seed=seed)
        return tuple(found), "neither tests nor annotations tell what its functions take"

    def _ask(
        self, task: Task, calls: Sequence[Call], versions: Sequence[tuple[SourceFile, ...]]
    ) -> tuple[tuple[Did | None, ...], tuple[Did | None, ...]] | str:
        tests = Acceptance(
            kind=AcceptanceKind.PYTEST, content=tests_of(calls, task.module), path=TESTS_PATH, trust=Trust.GENERATED
        )
        subjects = tuple(Subject(label=str(n), files=files) for n, files in enumerate(versions))
        report = self._judge.judge(task, (tests,), subjects)
        if (broke := report.broke or report.collect_error) is not None:
            return broke
        new, old = (read(s, len(calls)) for s in report.subjects)
        return new, old

    def _differing(
        self, task: Task, candidate: Candidate, differing: Sequence[tuple[Call, Did, Did]], count: int
    ) -> Evidence:
        told = [f"{c.source}: {_said(n)}, and {_said(o)} before" for c, n, o in differing[:_MOST_TOLD]]
        behaviours = tuple(
            Difference(
                call=call.source,
                behaviours=(
                    Behaviour(shows=_said(new), candidates=(candidate.id,), equals=expected(new), raises=new.raised),
                    Behaviour(shows=f"{_said(old)} (before)", candidates=(), equals=expected(old), raises=old.raised),
                ),
            )
            for call, new, old in differing[:_MOST_TOLD]
        )
        log = f"it does not do what {self._named} does on {len(differing)} of {count} inputs, so it is not timed"
        evidence = self._evidence(candidate, CheckOutcome.FAILED, "\n".join([log, *told]))
        return evidence.replace(
            differences=behaviours,
            measurements={"inputs": count, "differing": len(differing)},
            findings=tuple(_finding("differs", line, task) for line in told),
        )

    # --- how long does it take?

    def _timed(
        self,
        task: Task,
        candidate: Candidate,
        old: tuple[SourceFile, ...],
        calls: Sequence[Call],
        plain: set[str],
        same_on: int,
    ) -> Evidence:
        rounds: list[list[tuple[float, float]]] = []
        peaks: tuple[list[float], list[float]] = ([], [])
        for number in range(ROUNDS):
            pairs, memory = self.timed_round(task, (old, candidate.files), calls, plain=plain, seed=number)
            rounds.append(pairs)
            for known, mb in zip(peaks, memory, strict=True):
                known.extend([] if mb is None else [mb])
        result = compared(rounds)
        measurements: dict[str, float] = {
            PERFORMANCE: min(result.ratio, 1.0),
            "ratio": result.ratio,
            "ratio_low": result.low,
            "ratio_high": result.high,
            "pairs": result.pairs,
            "inputs": same_on,
        }
        for label, known in zip(("memory_before_mb", "memory_mb"), peaks, strict=True):
            measurements |= {label: statistics.median(known)} if known else {}
        growth = [self._growth(task, files, calls) for files in (old, candidate.files)]
        for label, power in zip(("growth_before", "growth"), growth, strict=True):
            measurements |= {} if power is None else {label: power}
        outcome = CheckOutcome.FAILED if result.slower else CheckOutcome.PASSED
        log = self._told(result, measurements, same_on)
        findings = (_finding("slower", log, task),) if result.slower else ()
        return self._evidence(candidate, outcome, log).replace(measurements=measurements, findings=findings)

    def _told(self, result: Compared, measured: Mapping[str, float], same_on: int) -> str:
        what = f"{result.ratio:.2f} times as fast ({result.low:.2f} to {result.high:.2f}, {result.pairs} pairs)"
        lines = [f"the same as {self._named} on {same_on} inputs"]
        if result.faster:
            lines.append(f"faster: {what}")
        elif result.slower:
            lines.append(f"slower: {what}")
        else:
            lines.append(f"no difference in time that could be told from chance: {what}")
        if "memory_mb" in measured and "memory_before_mb" in measured:
            lines.append(f"peak of memory {measured['memory_mb']:.0f} MB, {measured['memory_before_mb']:.0f} MB before")
        if "growth" in measured and "growth_before" in measured:
            lines.append(
                f"time grows with the input to the power of {measured['growth']:.1f}, "
                f"{measured['growth_before']:.1f} before"
            )
        return "\n".join(lines)

    def timed_round(
        self,
        task: Task,
        versions: Sequence[tuple[SourceFile, ...]],
        calls: Sequence[Call],
        *,
        plain: set[str],
        seed: int,
    ) -> tuple[list[tuple[float, float]], list[float | None]]:
        """Pairs of times (old, new), and the peaks of memory, of a fresh pair of processes. plain: calls that return
        what has one text. Raises `NotTimed`."""
        dice = random.Random(seed)  # noqa: S311 - no secret
        with ExitStack() as stack:
            old, new = (stack.enter_context(self._version(task, files, calls)) for files in versions)
            repetitions = _repetitions(old)
            pairs: list[tuple[float, float]] = []
            for number in range(PAIRS):
                place = dice.randrange(len(calls))
                order = (old, new) if number % 2 else (new, old)
                taken: dict[int, float] = {}
                digests = set()
                for version in order:
                    clocked, digest = version.run(repetitions, place)
                    taken[id(version)] = _used(clocked)
                    digests.add(digest)
                if len(digests) > 1 and calls[place].source in plain:
                    raise NotTimed(f"under the clock it returned something else for {calls[place].source}")
                pairs.append((taken[id(old)], taken[id(new)]))
            return pairs, [old.peak_mb, new.peak_mb]

    def _version(self, task: Task, files: tuple[SourceFile, ...], calls: Sequence[Call]) -> Version:
        every = (*(s for s in task.support if s.path not in {f.path for f in files}), *files)
        return Version(self._sandbox, self._interpreter, every, task.module, calls, task.job_limits)

    def _growth(self, task: Task, files: tuple[SourceFile, ...], calls: Sequence[Call]) -> float | None:
        """By the first call that takes a list or a text, with larger and larger ones."""
        base = next((c for c in calls if any(_is_sized(v) for v in c.values)), None)
        if base is None:
            return None
        larger = [_scaled(base, size) for size in _SIZES]
        sizes, seconds = [], []
        try:
            with self._version(task, files, larger) as version:
                for place, size in enumerate(_SIZES):
                    repetitions = _repetitions(version, only=place)
                    least = min(_used(version.run(repetitions, 0, only=place)[0]) for _ in range(3)) / repetitions
                    sizes.append(float(size))
                    seconds.append(least)
                    if least > _LONGEST_CALL:
                        break
        except NotTimed:  # too large for it: the power is told by the sizes that it managed
            pass
        return exponent(sizes[1:], seconds[1:])

    def _evidence(self, candidate: Candidate, outcome: CheckOutcome, log: str) -> Evidence:
        return Evidence(
            check=self.name,
            check_version=self.version,
            candidate_id=candidate.id,
            outcome=outcome,
            trust=Trust.GENERATED,
            assurance=Assurance.JUDGED,
            log=log,
            environment=self._interpreter.environment_hash,
        )


def _repetitions(version: Version, *, only: int = -1) -> int:
    """How often the calls are made in one batch."""
    repetitions = 1
    while repetitions < _MOST_REPETITIONS:
        used = _used(version.run(repetitions, 0, only=only)[0])
        if used >= BATCH_SECONDS / 2:
            return max(1, min(_MOST_REPETITIONS, round(repetitions * BATCH_SECONDS / used)))
        repetitions *= 4
    return _MOST_REPETITIONS


def _used(clocked: Clocked) -> float:
    return max(clocked.wall if clocked.cpu is None else clocked.cpu, 1e-9)


def _is_sized(value: Any) -> bool:
    return isinstance(value, list | str) and len(value) > 0


def _scaled(call: Call, size: int) -> Call:
    for place, value in enumerate(call.values):
        if _is_sized(value):
            longer = (value * (size // len(value) + 1))[:size]
            if isinstance(value, list) and all(type(v) is int for v in value):  # repeated items hide what sorting costs
                longer = [v + n for n, v in enumerate(longer)]
            call = call.with_value(place, longer)
    return call


def _finding(rule: str, message: str, task: Task) -> Finding:
    return Finding(
        rule=rule, message=" ".join(message.split()), severity="medium", confidence="medium", path=task.main_path
    )


def _said(did: Did) -> str:
    return f"no answer ({did.ended})" if did.ended else shown(did)


def build(means: Means) -> Performance:
    """At once where a version is named; in depth for what git says was there before."""
    if means.earlier is not None:
        return Performance(
            means.judge, means.sandbox, means.interpreter, earlier=means.earlier.files, named=means.earlier.name
        )
    before = {p: t for p, t in means.changed.before.items() if t is not None} if means.changed else None
    named = means.changed.revision if means.changed else ""
    return Performance(means.judge, means.sandbox, means.interpreter, earlier=before, named=named, level="deep")
