import itertools

from value_changes import iter_changes


def test_every_value_differs():
    assert list(iter_changes([3, 2, 1])) == [(1, 3, 2), (2, 2, 1)]


def test_text():
    assert list(iter_changes("xxyyz")) == [(2, "x", "y"), (4, "y", "z")]


def test_starting_with_none():
    assert list(iter_changes([None, None, 4])) == [(2, None, 4)]
    assert list(iter_changes([None])) == []


def test_counting_forever():
    changes = iter_changes(itertools.count(10))
    assert next(changes) == (1, 10, 11)
    assert next(changes) == (2, 11, 12)
