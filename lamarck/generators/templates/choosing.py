"""Which program of which template a task's given tests ask for: many are run in one warm sandbox.

From the likeliest choices the options are changed one at a time, and what passes more tests is kept, until all pass or
nothing helps. What is learned here is a hint: the judge decides, as on any candidate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from time import monotonic

from lamarck.generators.search.screening import Screening, ScreeningStopped
from lamarck.generators.templates.asking import Request
from lamarck.generators.templates.fitting import fit, hinted, neighbours
from lamarck.generators.templates.template import Template
from lamarck.records import Task

CPU_SECONDS = 2.0  # of one program's tests
_ORDERS = 6  # of parameters that no name tells
_FITS = 200  # at most so many programs are rendered for one template
_BEST = 3  # templates whose options are changed

Open = Callable[[Task, str], Screening]  # for a task, with a first text of its main file


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """One program of a template for one request."""

    template: Template
    text: str
    choices: dict[str, str]
    order: int = 0


@dataclass
class _Climb:
    """One template's way. passed: tests that the best so far passes, -1 before any ran."""

    template: Template
    request: Request
    seen: set[str] = field(default_factory=set)
    best: Rendering | None = None
    passed: int = -1
    fits: int = 0

    def rendered(self, choices: dict[str, str], order: int) -> Rendering | None:
        """None where it does not fit, or is known."""
        if self.fits >= _FITS:
            return None
        self.fits += 1
        text = fit(self.template, self.request, choices, order)
        if text is None or text in self.seen:
            return None
        self.seen.add(text)
        return Rendering(template=self.template, text=text, choices=choices, order=order)

    def begin(self) -> Rendering | None:
        """The likeliest program that fits; the options' other choices may have other parameters."""
        first = self.template.choices | hinted(self.template, self.request)
        near = neighbours(self.template, first)
        far = (two for one in near for two in neighbours(self.template, one))
        for choices in (first, *near, *far):
            if (found := self.rendered(choices, 0)) is not None:
                self.best = found
                return found
        return None

    def around(self) -> Iterator[Rendering]:
        """The best with one thing changed; what the words hint at is changed last."""
        if self.best is None:
            return
        told = hinted(self.template, self.request)
        near = neighbours(self.template, self.best.choices)
        near.sort(key=lambda c: any(c[name] != choice for name, choice in told.items()))
        for choices in near:
            if (found := self.rendered(choices, self.best.order)) is not None:
                yield found
        for order in range(1, _ORDERS):
            if (found := self.rendered(self.best.choices, order)) is not None:
                yield found

    def pairs(self) -> Iterator[Rendering]:
        """The best with two options changed."""
        if self.best is None:
            return
        for one in neighbours(self.template, self.best.choices):
            for choices in neighbours(self.template, one):
                if (found := self.rendered(choices, self.best.order)) is not None:
                    yield found


class Choosing:
    """open: a sandbox for a task's given tests. runs: of programs for one task at most; seconds: of all of it."""

    def __init__(self, start: Open, *, runs: int, seconds: float) -> None:
        self._open = start
        self._runs = runs
        self._seconds = seconds

    def chosen(self, templates: Iterable[Template], task: Task, request: Request) -> tuple[Rendering, ...] | None:
        """Those that pass all tests, at most one of a template, else the one that passes most; None where no sandbox
        could tell. Raises `SandboxUnavailable`."""
        climbs = [_Climb(t, request) for t in templates]
        firsts = [(c, r) for c in climbs if (r := c.begin()) is not None]
        if not firsts:
            return ()
        try:
            with self._open(task, firsts[0][1].text) as screening:
                return _Trial(screening, task.main_path, self._runs, monotonic() + self._seconds).climb(firsts)
        except ScreeningStopped:
            return None


class _Trial:
    def __init__(self, screening: Screening, path: str, runs: int, until: float) -> None:
        self._screening = screening
        self._path = path
        self._left = runs
        self._until = until

    def climb(self, firsts: list[tuple[_Climb, Rendering]]) -> tuple[Rendering, ...] | None:
        whole: list[Rendering] = []
        counts = self._run([r for _, r in firsts])
        for (climb, rendering), (passed, is_all) in zip(firsts, counts, strict=False):
            climb.passed = passed
            if is_all:
                whole.append(rendering)
        if whole:
            return tuple(whole)
        order = sorted((c for c, _ in firsts), key=lambda c: -c.passed)  # stable: the likelier first
        for climb in order[:_BEST]:
            if (found := self._up(climb)) is not None:
                return (found,)
        best = max(order, key=lambda c: c.passed, default=None)
        return () if best is None or best.best is None else (best.best,)

    def _up(self, climb: _Climb) -> Rendering | None:
        while self._left > 0:
            found, is_better = self._step(climb, climb.around())
            if found is not None:
                return found
            if not is_better:
                found, is_better = self._step(climb, climb.pairs())
            if found is not None or not is_better:
                return found
        return None

    def _step(self, climb: _Climb, renderings: Iterator[Rendering]) -> tuple[Rendering | None, bool]:
        """What passes all, and whether something passes more than what was best."""
        tried = [r for r, _ in zip(renderings, range(self._left), strict=False)]
        better = False
        for rendering, (passed, is_all) in zip(tried, self._run(tried), strict=False):
            if is_all:
                return rendering, True
            if passed > climb.passed:
                climb.best, climb.passed, better = rendering, passed, True
        return None, better

    def _run(self, renderings: list[Rendering]) -> list[tuple[int, bool]]:
        """For each how many tests it passes, and whether all; fewer where runs or seconds are used up."""
        asked: dict[int, int] = {}
        found = [(-1, False)] * len(renderings)
        for place, rendering in enumerate(renderings):
            if self._left <= 0 or monotonic() > self._until:
                break
            self._left -= 1
            asked[self._screening.fresh({self._path: rendering.text}, cpu=CPU_SECONDS)] = place
        while self._screening.pending:
            for answer in self._screening.answers(wait=True):
                if answer.id in asked:
                    count = sum(r.outcome in {"passed", "skipped"} for r in answer.ran)
                    found[asked[answer.id]] = (count, answer.passed(1))
        return found
