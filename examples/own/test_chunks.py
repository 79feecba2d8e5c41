import itertools

import pytest
from chunks import chunked


def test_even_and_uneven():
    assert list(chunked([1, 2, 3, 4], 2)) == [[1, 2], [3, 4]]
    assert list(chunked("abcde", 3)) == [["a", "b", "c"], ["d", "e"]]


def test_nothing():
    assert list(chunked([], 5)) == []


def test_larger_than_the_items():
    assert list(chunked(range(3), 10)) == [[0, 1, 2]]


def test_endless():
    chunks = chunked(itertools.count(), 2)
    assert next(chunks) == [0, 1]
    assert next(chunks) == [2, 3]


@pytest.mark.parametrize("size", [0, -1])
def test_sizes_below_one(size):
    with pytest.raises(ValueError):
        list(chunked([1], size))
