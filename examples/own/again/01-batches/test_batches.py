import pytest
from batches import batches


def test_rows():
    rows = [("a", 1), ("b", 2), ("c", 3)]
    assert list(batches(2, rows)) == [[("a", 1), ("b", 2)], [("c", 3)]]


def test_one_by_one():
    assert list(batches(1, [7, 8])) == [[7], [8]]


def test_from_a_generator():
    assert list(batches(4, (n * n for n in range(6)))) == [[0, 1, 4, 9], [16, 25]]


def test_no_limit_is_no_batch():
    with pytest.raises(ValueError):
        next(batches(0, [1, 2]))
