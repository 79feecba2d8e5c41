import functools
from collections.abc import Callable, Iterator

LIMIT = 10
NAMES = ["a", "b"]


def add(a, b=1, *rest, scale=1, **named):
    """Adds."""
    return (a + b + sum(rest) + sum(named.values())) * scale  # WRONG: return a + b | test_arguments


def apply(function: Callable, values: list) -> list:
    return [function(v) for v in values]  # WRONG: return values | test_callback test_callback_raises test_builtin_as_callback


def retry(function, times, error=Exception):
    for attempt in range(times):  # WRONG: for attempt in range(times - 1): | test_retry
        try:
            return function(attempt)
        except error:
            continue
    raise RuntimeError("gave up")


def adder(n):
    def inner(x):
        return x + n  # WRONG: return x | test_closure

    return inner


@functools.lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def traced(function):
    """A decorator."""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        wrapper.calls += 1  # WRONG: pass | test_decorates_a_function_of_the_test
        return function(*args, **kwargs)

    wrapper.calls = 0
    return wrapper


def compose(*functions):
    return functools.reduce(lambda f, g: lambda x: g(f(x)), functions)


def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)


def countdown(n: int) -> Iterator[int]:
    while n > 0:
        yield n
        n -= 1


def visit(tree, action):
    """Recursion through the test's callback."""
    for child in tree:
        if isinstance(child, list):
            action(lambda: visit(child, action))
        else:
            action(child)


_hidden = "hidden"


def sort_by(items, key=None, reverse=False):
    return sorted(items, key=key, reverse=reverse)
