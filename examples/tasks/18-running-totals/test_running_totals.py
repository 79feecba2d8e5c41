"""Show how an account grows.

`running_totals(amounts)` is a generator: for every amount it yields the sum of all amounts so far. It takes any
iterable and works lazily, so that it can be used on an endless one.
"""

import itertools

from running_totals import running_totals


def test_amounts():
    assert list(running_totals([5, -2, 10])) == [5, 3, 13]


def test_one_amount():
    assert list(running_totals([7])) == [7]


def test_nothing():
    assert list(running_totals([])) == []


def test_takes_an_iterator():
    assert list(running_totals(iter([1, 1, 1]))) == [1, 2, 3]


def test_an_endless_stream():
    totals = running_totals(itertools.count(1))
    assert list(itertools.islice(totals, 4)) == [1, 3, 6, 10]
