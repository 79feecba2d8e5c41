import itertools

from running_totals import running_totals


def test_halves():
    assert list(running_totals([0.5, 0.25])) == [0.5, 0.75]


def test_zeros():
    assert list(running_totals([0, 0, 4])) == [0, 0, 4]


def test_a_generator_is_read_step_by_step():
    seen = []
    totals = running_totals(seen.append(n) or n for n in range(1, 100))
    assert next(totals) == 1
    assert next(totals) == 3
    assert seen == [1, 2]


def test_the_same_amount_for_ever():
    assert list(itertools.islice(running_totals(itertools.repeat(2)), 3)) == [2, 4, 6]
