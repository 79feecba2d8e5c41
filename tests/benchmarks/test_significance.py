from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.benchmarks.significance import clopper_pearson, holm, mcnemar, paired_bootstrap, quantile

counts = st.integers(min_value=0, max_value=60)
p_values = st.lists(st.floats(min_value=0, max_value=1), min_size=1, max_size=8)


def test_mcnemar_known_values() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(1, 9) == 2 * (1 + 10) / 1024
    assert mcnemar(9, 1) == mcnemar(1, 9)
    assert mcnemar(5, 5) == 1.0
    assert mcnemar(0, 10) == 2 / 1024


@given(counts, counts)
def test_mcnemar_is_a_symmetric_p_value(b: int, c: int) -> None:
    assert 0 < mcnemar(b, c) <= 1
    assert mcnemar(b, c) == mcnemar(c, b)


@given(counts, st.integers(min_value=1, max_value=30))
def test_mcnemar_falls_as_one_arm_pulls_away(same: int, more: int) -> None:
    assert mcnemar(same, same + more) <= mcnemar(same, same + more - 1)


def test_mcnemar_refuses_negative_counts() -> None:
    with pytest.raises(ValueError, match="negative"):
        mcnemar(-1, 3)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (0, 10, 0.0, 1 - 0.025**0.1),  # closed form at the edge
        (10, 10, 0.025**0.1, 1.0),
        (5, 10, 0.18708603, 0.81291397),
        (1, 20, 0.00126509, 0.24873276),
        (81, 263, 0.25272, 0.36763),
    ],
)
def test_clopper_pearson_known_values(successes: int, trials: int, low: float, high: float) -> None:
    interval = clopper_pearson(successes, trials)
    assert interval.low == pytest.approx(low, abs=2e-5)
    assert interval.high == pytest.approx(high, abs=2e-5)


@given(st.integers(min_value=1, max_value=400), st.data())
def test_clopper_pearson_holds_the_share_and_mirrors(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(min_value=0, max_value=trials))
    interval, mirrored = clopper_pearson(successes, trials), clopper_pearson(trials - successes, trials)
    assert 0 <= interval.low <= successes / trials <= interval.high <= 1
    assert interval.low == pytest.approx(1 - mirrored.high, abs=1e-9)


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (3, 2), (-1, 4)])
def test_clopper_pearson_refuses_what_is_no_share(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        clopper_pearson(successes, trials)


def test_bootstrap_of_a_known_spread() -> None:
    """40 tasks of which one arm solves 8 more: the standard error of the difference is sqrt(.2 - .04) / sqrt(40)."""
    interval = paired_bootstrap([1.0] * 8 + [0.0] * 32, [0.0] * 40, seed=3)
    assert interval.estimate == pytest.approx(0.2)
    width = 1.96 * math.sqrt((0.2 - 0.04) / 40)
    assert interval.low == pytest.approx(0.2 - width, abs=0.03)
    assert interval.high == pytest.approx(0.2 + width, abs=0.03)
    assert interval.excludes_zero


def test_bootstrap_is_the_same_for_the_same_seed() -> None:
    one, two = [1.0, 0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 1.0, 0.0, 1.0]
    assert paired_bootstrap(one, two, seed=7) == paired_bootstrap(one, two, seed=7)
    assert paired_bootstrap(one, two, seed=7, resamples=50) != paired_bootstrap(one, two, seed=8, resamples=50)


pairs = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=40)


@given(pairs, st.integers(0, 9))
def test_bootstrap_stays_within_the_possible_and_orders_its_ends(tasks: list[tuple[int, int]], seed: int) -> None:
    first, second = [float(a) for a, _ in tasks], [float(b) for _, b in tasks]
    interval = paired_bootstrap(first, second, seed=seed, resamples=200)
    assert -1 <= interval.low <= interval.high <= 1
    if first == second:
        assert (interval.low, interval.high) == (0, 0)
        assert not interval.excludes_zero


@pytest.mark.parametrize(("first", "second"), [([], []), ([1.0], [1.0, 0.0])])
def test_bootstrap_refuses_what_is_not_paired(first: list[float], second: list[float]) -> None:
    with pytest.raises(ValueError, match="paired"):
        paired_bootstrap(first, second, seed=0)


def test_holm_known_values() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.5]) == (0.5,)
    assert holm([]) == ()


@given(p_values)
def test_holm_only_raises_and_keeps_the_order(values: list[float]) -> None:
    adjusted = holm(values)
    assert all(a >= p and a <= 1 for a, p in zip(adjusted, values, strict=True))
    ranked = [a for _, a in sorted(zip(values, adjusted, strict=True))]
    assert ranked == sorted(ranked)
    assert min(adjusted) == pytest.approx(min(1.0, len(values) * min(values)))


def test_quantile_interpolates() -> None:
    assert quantile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.5
    assert quantile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.5, "in whatever order they stand"
    assert quantile([5.0], 0.95) == 5.0
    with pytest.raises(ValueError, match="no values"):
        quantile([], 0.5)
