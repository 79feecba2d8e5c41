"""What figures of a benchmark are worth: exact tests and intervals, in plain Python."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

from lamarck.records import Record

RESAMPLES = 10_000
CONFIDENCE = 0.95


class Interval(Record, frozen=True, kw_only=True):
    """An estimate and the interval that holds it with `confidence`."""

    estimate: float
    low: float
    high: float
    confidence: float = CONFIDENCE

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided exact p value that two paired arms solve equally often.

    only_first, only_second: tasks that one arm solved and the other did not. The pairs on which they agree say nothing
    (McNemar 1947, in its exact binomial form): twice the smaller tail of Binomial(n, 1/2), at most 1.
    """
    if min(only_first, only_second) < 0:
        raise ValueError("counts cannot be negative")
    discordant = only_first + only_second
    tail = sum(math.comb(discordant, k) for k in range(min(only_first, only_second) + 1))
    return min(1.0, float(2 * tail / 2**discordant))


def clopper_pearson(successes: int, trials: int, confidence: float = CONFIDENCE) -> Interval:
    """Exact interval of a share (Clopper and Pearson 1934), found by bisection on the binomial tails.

    Raises `ValueError` when there are no trials or more successes than trials.
    """
    if trials <= 0 or not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is no share")
    alpha = (1 - confidence) / 2
    low = 0.0 if successes == 0 else _root(lambda p: 1 - _at_most(successes - 1, trials, p) - alpha)
    high = 1.0 if successes == trials else _root(lambda p: alpha - _at_most(successes, trials, p))
    return Interval(estimate=successes / trials, low=low, high=high, confidence=confidence)


def paired_bootstrap(
    first: Sequence[float],
    second: Sequence[float],
    *,
    seed: int,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Interval of mean(first) - mean(second) over paired tasks: tasks are drawn with replacement, both arms together.

    Percentile interval (Efron 1979). The same seed gives the same interval. Raises `ValueError` for unequal or no
    pairs.
    """
    if len(first) != len(second) or not first:
        raise ValueError("a paired interval needs as many values of one arm as of the other, and at least one")
    differences = [a - b for a, b in zip(first, second, strict=True)]
    size = len(differences)
    draw = random.Random(seed)  # noqa: S311 - resampling, not secrecy
    means = sorted(sum(draw.choices(differences, k=size)) / size for _ in range(resamples))
    alpha = (1 - confidence) / 2
    return Interval(
        estimate=sum(differences) / size,
        low=quantile(means, alpha),
        high=quantile(means, 1 - alpha),
        confidence=confidence,
    )


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """p values adjusted for their number, in the order given (Holm 1979: step-down, monotone, at most 1)."""
    count = len(p_values)
    adjusted = [1.0] * count
    highest = 0.0
    for rank, place in enumerate(sorted(range(count), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, p_values[place] * (count - rank)))
        adjusted[place] = highest
    return tuple(adjusted)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lies, in whatever order they stand, interpolated linearly between
    neighbours."""
    if not values:
        raise ValueError("no values, no quantile")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _at_most(successes: int, trials: int, p: float) -> float:
    """P(X <= successes) for X ~ Binomial(trials, p), summed in logarithms so that no term overflows."""
    if p <= 0:
        return 1.0
    if p >= 1:
        return 1.0 if successes >= trials else 0.0
    head = math.lgamma(trials + 1)
    logs = (
        head - math.lgamma(k + 1) - math.lgamma(trials - k + 1) + k * math.log(p) + (trials - k) * math.log1p(-p)
        for k in range(successes + 1)
    )
    return min(1.0, math.fsum(math.exp(x) for x in logs))


def _root(rising: Callable[[float], float]) -> float:
    """Where a rising function on [0, 1] crosses zero."""
    low, high = 0.0, 1.0
    for _ in range(100):
        middle = (low + high) / 2
        if rising(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
