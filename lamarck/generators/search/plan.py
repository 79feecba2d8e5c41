"""What the subject does as it is, and so which tests a variant of it has to pass, in which order, and how soon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lamarck.generators.search.edits.told import Told, told_by
from lamarck.generators.search.localisation import Spectrum, spectrum
from lamarck.generators.search.screening import Ran
from lamarck.generators.search.variants import Original, Variant

_LEAST_CPU = 0.08  # of one variant, and so many times what its tests take on the original
CPU_FACTOR = 5.0


class Base:
    """The subject as it is: which tests fail, and what they run."""

    def __init__(self, ran: Mapping[int, Ran], traced: Sequence[Ran], names: tuple[str, ...]) -> None:
        self.names = names
        self.ran = ran
        self.failing = tuple(n for n, r in ran.items() if r.outcome in {"failed", "time"})
        self.passing = tuple(n for n, r in ran.items() if r.outcome == "passed")
        self.failures = frozenset(failure_kind(ran[n].outcome, ran[n].said) for n in self.failing)
        self.told: Told = told_by(ran[n].said for n in self.failing)
        self.lines = {r.test: r.lines for r in traced}
        self.spectrum: Spectrum = spectrum(traced)


def failure_kind(outcome: str, said: str) -> str:
    """What a failing test said, by kind: the name of an exception, or `time`."""
    name = said.partition(":")[0].strip()
    return "time" if outcome == "time" else name if name.isidentifier() else "died"


class Plan:
    """Which tests a variant has to pass, in which order, and how long they may take."""

    def __init__(self, base: Base, wanted: set[int], failing: list[int], original: Original) -> None:
        self._base = base
        self._failing = sorted(failing, key=lambda n: (base.ran[n].outcome == "time", base.ran[n].cpu))
        self._passing = sorted((n for n in base.passing if n in wanted), key=lambda n: base.ran[n].cpu)
        self._places: dict[tuple[tuple[str, str], ...], tuple[int, ...]] = {}
        self._spans: dict[tuple[str, str], list[range]] = {}
        for path, source in original.sources.items():
            for name, node in source.functions():  # of a property and its setter there are two of one name
                first, last = span(node)
                self._spans.setdefault((path, name), []).append(range(first, last + 1))
        at = base.ran[self._failing[0]]
        self.behaviour = (None, ((at.test, at.outcome, at.said),))

    def tests(self, variant: Variant) -> tuple[int, ...]:
        """Failing ones first; of those that pass, the ones that run a changed function, then those not known not to."""
        places = variant.functions
        if places not in self._places:
            known = [n for n in self._passing if n in self._base.lines]
            near = known if variant.imports else [n for n in known if any(self._runs(n, *place) for place in places)]
            untold = [n for n in self._passing if n not in self._base.lines]
            self._places[places] = (*self._failing, *near, *untold)
        return self._places[places]

    def _runs(self, number: int, path: str, function: str) -> bool:
        lines = self._base.lines[number].get(path, frozenset())
        spans = self._spans.get((path, function))
        return bool(lines) if spans is None else any(line in span for span in spans for line in lines)

    def cpu(self, tests: Sequence[int]) -> float:
        usual = sum(self._base.ran[n].cpu for n in tests if self._base.ran[n].outcome != "time")
        hung = sum(self._base.ran[n].outcome == "time" for n in tests)
        return _LEAST_CPU + CPU_FACTOR * usual + 0.02 * min(hung, 5)


def span(node: object) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "end_lineno", 0) or 0
