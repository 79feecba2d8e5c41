import itertools
import types
from collections.abc import Generator, Iterable, Iterator

import iterators
import pytest
from iterators import Countdown, Tree, averages, chunks, cleaned, delegating, doubled, naturals, pairs, returning, take


def test_endless():
    assert list(itertools.islice(naturals(), 3)) == [0, 1, 2]
    numbers = naturals()
    assert next(numbers) == 0
    assert next(numbers) == 1


def test_is_a_generator():
    numbers = naturals()
    assert isinstance(numbers, types.GeneratorType)
    assert isinstance(numbers, Generator)
    assert isinstance(numbers, Iterator)
    assert iter(numbers) is numbers


def test_send():
    average = averages()
    assert next(average) is None
    assert average.send(10) == 10
    assert average.send(20) == 15
    assert average.throw(ValueError) is None


def test_close():
    iterators.log.clear()
    items = cleaned()
    next(items)
    items.close()
    assert iterators.log == ["closed"]


def test_return_value():
    items = returning()
    assert next(items) == "a"
    with pytest.raises(StopIteration) as caught:
        next(items)
    assert caught.value.value == "result"
    assert list(delegating()) == ["a", "result"]


def test_raises_in_the_middle():
    def bad():
        yield 1
        raise KeyError("bad")

    items = doubled(bad())
    assert next(items) == 2
    with pytest.raises(KeyError):
        next(items)


def test_iterator_class():
    assert list(Countdown(3)) == [3, 2, 1]
    items = Countdown(1)
    assert next(items) == 1
    assert next(items, "end") == "end"
    assert isinstance(items, Iterator)
    assert sum(Countdown(4)) == 10


def test_iterable_class():
    tree = Tree(1, Tree(2, Tree(3)), Tree(4))
    assert list(tree) == [1, 2, 3, 4]
    assert isinstance(tree, Iterable)
    assert [*tree] == [1, 2, 3, 4]
    assert 3 in tree
    first, *rest = tree
    assert rest == [2, 3, 4]


def test_the_tests_own_iterators():
    assert take(2, (n * n for n in range(10))) == [0, 1]
    assert take(2, itertools.count(5)) == [5, 6]
    assert take(2, iter("abc")) == ["a", "b"]
    assert take(3, map(str, range(9))) == ["0", "1", "2"]
    assert take(1, {"a": 1}.items()) == [("a", 1)]


def test_laziness():
    drawn = []

    def source():
        for n in range(100):
            drawn.append(n)
            yield n

    assert next(chunks(source(), 3)) == [0, 1, 2]
    assert drawn == [0, 1, 2]


def test_lazy_results():
    assert list(pairs([1, 2, 3])) == [(1, 2), (2, 3)]
    assert list(doubled([1, 2])) == [2, 4]
    assert dict(pairs("ab")) == {"a": "b"}
