import inspect
import operator

import functions
import pytest
from functions import NAMES, add, adder, apply, compose, countdown, depth, fib, retry, sort_by, traced, visit


def test_arguments():
    assert add(1) == 2
    assert add(1, 2, 3, scale=2, other=4) == 20


def test_wrong_arguments():
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        add()


def test_names_and_docstring():
    assert add.__name__ == "add"
    assert add.__doc__ == "Adds."
    assert add.__module__ == "functions"
    assert list(inspect.signature(add).parameters) == ["a", "b", "rest", "scale", "named"]
    assert inspect.signature(add).parameters["b"].default == 1
    assert callable(add)
    assert inspect.isfunction(add)


def test_constants():
    assert functions.LIMIT == 10
    assert NAMES == ["a", "b"]
    assert functions._hidden == "hidden"
    assert not hasattr(functions, "missing")


def test_callback():
    seen = []
    assert apply(lambda v: v * 2, [1, 2]) == [2, 4]
    apply(seen.append, [1, 2])
    assert seen == [1, 2]


def test_builtin_as_callback():
    assert apply(len, ["a", "bb"]) == [1, 2]
    assert apply(str.upper, ["a"]) == ["A"]
    assert apply(operator.neg, [1]) == [-1]


class Broken(Exception):
    def __init__(self, code):
        super().__init__(f"code {code}")
        self.code = code


def test_callback_raises():
    def fail(value):
        raise Broken(value)

    with pytest.raises(Broken, match="code 7") as caught:
        apply(fail, [7])
    assert caught.value.code == 7


def test_retry():
    def third(attempt):
        if attempt < 2:
            raise Broken(attempt)
        return "done"

    assert retry(third, 3, Broken) == "done"
    with pytest.raises(Broken):
        retry(third, 3, ValueError)
    with pytest.raises(RuntimeError, match="gave up"):
        retry(third, 1, (Broken, OSError))


def test_closure():
    two = adder(2)
    assert two(3) == 5
    assert compose(two, adder(1), str)(1) == "4"


def test_cache():
    fib.cache_clear()
    assert fib(30) == 832040
    assert fib.cache_info().currsize == 31


def test_decorates_a_function_of_the_test():
    @traced
    def double(x, by=2):
        """Doubles."""
        return x * by

    assert double(2) == 4
    assert double(2, by=3) == 6
    assert double.calls == 2
    assert double.__name__ == "double"
    assert double.__doc__ == "Doubles."


def test_recursion():
    assert depth(300) == 300
    with pytest.raises(RecursionError):
        depth(100_000)


def test_generator_function():
    assert list(countdown(3)) == [3, 2, 1]
    assert inspect.isgeneratorfunction(countdown)


def test_calls_in_both_directions():
    seen = []

    def action(what):
        if callable(what):
            what()
        else:
            seen.append(what)

    visit([1, [2, [3, [4]]]], action)
    assert seen == [1, 2, 3, 4]


def test_key_function():
    assert sort_by(["bb", "a"], key=len) == ["a", "bb"]
    assert sort_by([1, 3, 2], key=lambda v: -v) == [3, 2, 1]
    assert sort_by([(1, "b"), (1, "a")], key=operator.itemgetter(1)) == [(1, "a"), (1, "b")]
