"""One benchmark from its options to its report: what `lamarck bench SUITE` runs."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import lamarck
from lamarck.api import Model, Settings
from lamarck.benchmarks.arms import ARMS
from lamarck.benchmarks.harness import Harness, OnProgress, opened
from lamarck.benchmarks.machine import this_machine
from lamarck.benchmarks.report import Report, summarise
from lamarck.benchmarks.results import Header, Result, ResultFile
from lamarck.benchmarks.suites.table import draw, load_suite
from lamarck.errors import BadInput
from lamarck.records import Record

TOKENS = 1500


class Options(Record, frozen=True, kw_only=True):
    """What to run. data: None for the shipped tasks. limit: how many tasks the seed draws, None for all. tokens:
    generated tokens that each arm may spend on a task. results: a file to append to and to go on from. replies: a bank.
    aider: the program of the arm of that name.
    """

    suite: str
    arms: tuple[str, ...]
    data: Path | None = None
    limit: int | None = None
    seed: int = 0
    tokens: int = TOKENS
    results: Path | None = None
    replies: Path | None = None
    aider: Path | None = None


class Benchmark:
    """Reads the suite and opens the results at once, so that bad input is told before anything runs.

    settings: their first model tier is asked, unless `model` is given. Raises `BadInput`.
    """

    def __init__(self, options: Options, settings: Settings, *, model: Model | None = None) -> None:
        self._options = options
        if "aider" in options.arms and options.aider is None:
            raise BadInput("the arm aider needs its program", "install aider by itself and name it with --aider")
        problems, digest = load_suite(options.suite, options.data)
        self._problems = draw(problems, options.limit, options.seed, suite=options.suite)
        # Also where no arm asks it: its name heads the file, which another command may go on with.
        asks = model is not None or bool(settings.models.tiers) or any(ARMS[a].asks for a in options.arms)
        with ExitStack() as stack:
            self._lamarck, self._model = stack.enter_context(
                opened(settings, model=model, replies=options.replies, asks=asks)
            )
            self._header = Header(
                suite=options.suite,
                data=digest,
                model=self._model.name if self._model else "",
                model_digest=self._model.digest if self._model else "",
                tokens=options.tokens,
                lamarck=lamarck.__version__,
            )
            self._results = stack.enter_context(ResultFile(options.results, self._header))
            self._open = stack.pop_all()
        self._harness = Harness(
            self._lamarck, self._model, tokens=options.tokens, seed=options.seed, aider=options.aider
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def run(self, on_progress: OnProgress | None = None) -> None:
        """Finish what is not finished yet. See `Harness.run` for what it raises."""
        self._harness.run(self._problems, self._options.arms, self._results, on_progress)

    def rows(self) -> tuple[Result, ...]:
        """The last row of every pair of this benchmark's tasks, arms and seed; a file may hold more."""
        tasks = {p.id for p in self._problems}
        found = self._results.latest().values()
        options = self._options
        return tuple(r for r in found if r.task in tasks and r.arm in options.arms and r.seed == options.seed)

    def report(self) -> Report:
        options = self._options
        report = summarise(self._header, self.rows(), options.arms, seed=options.seed, machine=this_machine())
        if not self._harness.seconds:
            return report
        return report.replace(
            seconds=self._harness.seconds, own_share=self._harness.own_seconds / self._harness.seconds
        )
