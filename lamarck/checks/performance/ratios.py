"""What paired times say: the median of their ratios, with an interval that assumes no distribution. Pure.

Interleaving and pairing take away what the machine does to both; the median takes away what it does to one of them now
and then. Where its memory came to lie makes a process faster or slower by a few percent as long as it lives (Mytkowicz
et al., "Producing wrong data without doing anything obviously wrong", 2009), so a pair of processes is one observation,
however many batches it ran. Interval of a median by order statistics: Conover, Practical Nonparametric Statistics, 3.2.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

GAIN = 1.05  # a smaller one is not claimed: between two processes of equal code that much is chance
LOSS = 0.90  # slower than that is a finding
CONFIDENCE = 0.99
LEAST_ROUNDS = 8  # fewer have no such interval: the chance that all of 8 lie on one side of the median is 1 in 128


@dataclass(frozen=True)
class Compared:
    """ratio: time of the old version / time of the new one; above 1 the new one is faster. low, high: its interval.
    rounds: pairs of processes; pairs: of batches."""

    ratio: float
    low: float
    high: float
    pairs: int
    rounds: int

    @property
    def faster(self) -> bool:
        return self.ratio >= GAIN and self.low > 1.0 and self.rounds >= LEAST_ROUNDS

    @property
    def slower(self) -> bool:
        return self.ratio <= LOSS and self.high < 1.0 and self.rounds >= LEAST_ROUNDS


def compared(rounds: Sequence[Sequence[tuple[float, float]]]) -> Compared:
    """rounds: for each pair of processes, the times (old, new) of their pairs; at least one pair each."""
    medians = sorted(statistics.median(old / new for old, new in pairs) for pairs in rounds)
    low, high = interval(len(medians))
    return Compared(
        ratio=statistics.median(medians),
        low=medians[low],
        high=medians[high],
        pairs=sum(map(len, rounds)),
        rounds=len(medians),
    )


def interval(count: int, confidence: float = CONFIDENCE) -> tuple[int, int]:
    """Places, in the sorted values, of the bounds of an interval that holds the median so surely or more so; the whole
    range where there are too few."""
    tail = (1 - confidence) / 2
    below, place = 0.0, 0
    for k in range(count // 2):
        below += math.comb(count, k) / 2**count
        if below > tail:
            break
        place = k
    return place, count - 1 - place


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float | None:
    """The power of the size with which the time grows, by least squares on logarithms; None with fewer than three."""
    points = [(math.log(n), math.log(t)) for n, t in zip(sizes, seconds, strict=True) if n > 0 and t > 0]
    if len(points) < 3:
        return None
    mean_x, mean_y = (statistics.fmean(values) for values in zip(*points, strict=True))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return None if spread == 0 else sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
