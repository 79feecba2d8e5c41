"""Running arms over the problems of a suite: each pair once, scored by the hidden tests, appended to the results."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lamarck.api import Lamarck, Model, Settings
from lamarck.benchmarks.arm import Bench, Proposed
from lamarck.benchmarks.arms import ARMS
from lamarck.benchmarks.building import Built, build
from lamarck.benchmarks.metering import MeteredModel
from lamarck.benchmarks.problem import Problem
from lamarck.benchmarks.results import Result, ResultFile
from lamarck.errors import BadInput
from lamarck.records import Assurance, Candidate, CheckOutcome, Record
from lamarck.temporary import temporary_folder


class Progress(Record, frozen=True, kw_only=True):
    """What stands after a pair was finished. seconds_left: None until there is something to judge by."""

    done: int
    total: int
    result: Result
    seconds_left: float | None


OnProgress = Callable[[Progress], None]


class Harness:
    """Arms over problems on one Lamarck, whose sandbox all arms share; each pair gets an empty library.

    lamarck: also judges; its library is never written. model: None when no arm needs one. tokens: generated tokens an
    arm may spend on a task. seed: of the sampling. aider: the program of the arm of that name.
    """

    def __init__(
        self, lamarck: Lamarck, model: Model | None, *, tokens: int, seed: int, aider: Path | None = None
    ) -> None:
        self._lamarck = lamarck
        self._settings: Settings = lamarck.settings
        self._model = model
        self._tokens = tokens
        self._seed = seed
        self._aider = aider
        self.seconds = 0.0  # wall clock of `run`, and what of it the harness itself took: not arms, not scoring
        self.own_seconds = 0.0
        self._working = 0.0

    def run(
        self,
        problems: tuple[Problem, ...],
        arms: tuple[str, ...],
        results: ResultFile,
        on_progress: OnProgress | None = None,
    ) -> None:
        """Finish every pair that `results` does not hold; each is on disk before the next begins.

        Raises `EnvironmentProblem` and `KeyboardInterrupt`; what is finished stays, and the next run goes on from it.
        """
        pairs = [(p, a) for place, p in enumerate(problems) for a in _rotated(arms, place)]
        open_pairs = [(p, a) for p, a in pairs if not results.is_done((p.id, a, self._seed))]
        clock = _Clock([a for _, a in open_pairs])
        done = len(pairs) - len(open_pairs)
        started = time.monotonic()
        with temporary_folder("bench") as scratch:
            built: Built | BadInput | None = None
            for number, (problem, arm) in enumerate(open_pairs):
                if number == 0 or open_pairs[number - 1][0] is not problem:
                    built = self._build(problem, Path(scratch) / f"task-{number}")
                began = time.monotonic()
                folder = Path(scratch) / f"arm-{number}"
                result = self._pair(problem, built, arm, folder, results.beside or Path(scratch) / "shared")
                results.append(result)
                clock.finished(arm, time.monotonic() - began)
                done += 1
                self.seconds = time.monotonic() - started
                self.own_seconds = self.seconds - self._working
                if on_progress is not None:
                    on_progress(Progress(done=done, total=len(pairs), result=result, seconds_left=clock.left()))

    def _build(self, problem: Problem, folder: Path) -> Built | BadInput:
        try:
            return build(problem, self._lamarck, folder)
        except BadInput as error:
            return error

    def _pair(self, problem: Problem, built: Built | BadInput | None, arm: str, folder: Path, shared: Path) -> Result:
        assert built is not None
        row = Result(task=problem.id, arm=arm, seed=self._seed, outcome="refused", solved=False)
        if isinstance(built, BadInput):
            return row.replace(note=built.line)
        folder.mkdir()
        meter: MeteredModel | None = None
        if ARMS[arm].asks:
            if self._model is None:
                raise BadInput(f"the arm {arm} needs a model", "name one with --model")
            meter = MeteredModel(self._model, tokens=self._tokens, seed=self._seed, task=problem.id)
        bench = Bench(
            lamarck=self._lamarck,
            settings=self._settings,
            built=built,
            model=meter,
            folder=folder,
            shared=shared,
            aider=self._aider,
        )
        wall, cpu = time.perf_counter(), _cpu_seconds()
        try:
            proposed = ARMS[arm].run(bench)
        except BadInput as error:  # the task's own tests decide nothing, say
            proposed = None
            row = row.replace(note=error.line)
        took = time.perf_counter() - wall
        row = _spent(row, meter, took, _cpu_seconds() - cpu)
        row = row if proposed is None else self._scored(row, built, proposed)
        self._working += took + row.scoring_seconds
        return row

    def _scored(self, row: Result, built: Built, proposed: Proposed) -> Result:
        if proposed.broke:
            return row.replace(outcome="errored", note=_end_of(proposed.broke))
        row = row.replace(shown_passed=proposed.accepted, note=proposed.note, outcome="no_candidate")
        if proposed.candidate is None:
            return row
        began = time.perf_counter()
        outcome, solved, note = self._score(built, proposed.candidate)
        return row.replace(
            outcome=outcome,
            solved=solved,
            candidate=proposed.candidate.id,
            note="; ".join(n for n in (row.note, note) if n),
            scoring_seconds=time.perf_counter() - began,
        )

    def _score(self, built: Built, candidate: Candidate) -> tuple[str, bool, str]:
        try:
            evidence = self._lamarck.judge(built.scoring, candidate)
        except BadInput as error:  # hidden tests that decide nothing are no score
            return "refused", False, error.line
        if evidence.outcome is CheckOutcome.ERRORED:
            return "errored", False, _end_of(evidence.log)
        claimed = "scored in the candidate's own process" if evidence.assurance is Assurance.CLAIMED else ""
        return "scored", evidence.outcome is CheckOutcome.PASSED, claimed


def _end_of(log: str) -> str:
    """The last of a log, in one line: there the error stands."""
    return " ".join(log.split())[-300:]


def _spent(row: Result, meter: MeteredModel | None, wall: float, cpu: float) -> Result:
    if meter is None:
        return row.replace(seconds=wall, cpu_seconds=cpu)
    return row.replace(
        calls=len(meter.replies),
        prompt_tokens=sum(r.prompt_tokens for r in meter.replies),
        generated_tokens=meter.generated_tokens,
        replayed_calls=sum(r.from_cache for r in meter.replies),
        seconds=wall - meter.inside_seconds + meter.seconds,
        model_seconds=meter.seconds,
        cpu_seconds=cpu - meter.inside_cpu + meter.cpu_seconds,
    )


def _cpu_seconds() -> float:
    """CPU time of this process and of all its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _rotated(arms: tuple[str, ...], place: int) -> tuple[str, ...]:
    """Another arm begins with every task: an engine that has just read a prompt reads it faster for the next arm."""
    first = place % len(arms)
    return arms[first:] + arms[:first]


class _Clock:
    """How long the open pairs will take, from those that are finished: per arm, since arms differ most."""

    def __init__(self, arms: list[str]) -> None:
        self._open = {a: arms.count(a) for a in dict.fromkeys(arms)}
        self._took: dict[str, list[float]] = {}

    def finished(self, arm: str, seconds: float) -> None:
        self._open[arm] -= 1
        self._took.setdefault(arm, []).append(seconds)

    def left(self) -> float | None:
        everything = [s for took in self._took.values() for s in took]
        if not everything:
            return None
        overall = sum(everything) / len(everything)
        means = {arm: sum(took) / len(took) for arm, took in self._took.items()}
        return sum(count * means.get(arm, overall) for arm, count in self._open.items())


@contextmanager
def opened(
    settings: Settings, *, model: str | Model | None, replies: Path | None, asks: bool
) -> Iterator[tuple[Lamarck, Model | None]]:
    """A Lamarck for benchmarks, and its model where an arm asks one.

    One reply at a time: one that is written ahead would be paid for even when an earlier one is accepted, which of two
    comes first would depend on the machine, and CPU time could not be told apart. Its library and, without `replies`,
    its bank of replies live in a temporary folder: nothing of the user's own is read into a benchmark, and nothing of a
    benchmark gets into the user's library.
    """
    settings = settings.replace(models=settings.models.replace(parallel=1))
    with temporary_folder("bench") as folder:
        bank = replies or Path(folder) / "replies.sqlite"
        with Lamarck(settings, library=Path(folder) / "library.sqlite", model=model, replies=bank) as lamarck:
            opened_model = lamarck.open_model() if asks else None
            try:
                yield lamarck, opened_model
            finally:
                if opened_model is not None:
                    opened_model.close()
