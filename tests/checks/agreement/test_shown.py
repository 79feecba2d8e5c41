"""Which calls a task's tests show, read without running them."""

from __future__ import annotations

import json

import pytest

from lamarck.checks.agreement.shown import shown_calls
from lamarck.records import Acceptance, AcceptanceKind, Task, make_task


def task(content: str, kind: AcceptanceKind = AcceptanceKind.PYTEST, path: str = "test_m.py") -> Task:
    return make_task(goal="g", module="m", acceptance=(Acceptance(kind=kind, content=content, path=path),))


def shown(content: str, *functions: str) -> list[str]:
    return [c.source for c in shown_calls(task(content), functions or ("f",))]


@pytest.mark.parametrize(
    ("body", "calls"),
    [
        ("assert f(1, [2, 3], key='x') == 5", ["f(1, [2, 3], key='x')"]),
        ("assert m.f(-1) == m.f({'a': (1,)})", ["f(-1)", "f({'a': (1,)})"]),
        ("numbers = [1, 2]\n    assert f(numbers) == 3", ["f([1, 2])"]),
        ("a, b = 1, 'x'\n    assert f(a, b)", ["f(1, 'x')"]),
        ("args = (1, 2)\n    assert f(*args, **{'k': 3})", ["f(1, 2, k=3)"]),
        ("assert f('ab' * 2 + 'c', 10 ** 3, 7 - 2)", ["f('ababc', 1000, 5)"]),
        ("for x, y in [(1, 2), (3, 4)]:\n        assert f(x) == y", ["f(1)", "f(3)"]),
        ("for x in range(3):\n        assert f(x)", ["f(0)", "f(1)", "f(2)"]),
        ("with pytest.raises(ValueError):\n        f(-5)", ["f(-5)"]),
        ("assert f(list(range(3)), set(), float('inf'))", ["f([0, 1, 2], set(), float('inf'))"]),
        ("assert f(unknown) == f(open('x')) == f(1 << 2)", []),
        ("x = 1\n    x = unknown()\n    assert f(x)", []),
        ("x = 1\n    x += 1\n    assert f(x)", []),
        ("assert g(1) == other.f(2)", []),
        ("assert f([0] * 10_000_000, 9 ** 9 ** 9)", []),
        ("assert f(1) == 1 and f(1) == 1", ["f(1)"]),
    ],
)
def test_statements(body: str, calls: list[str]) -> None:
    assert shown(f"import m\nfrom m import f\n\n\ndef test():\n    {body}\n") == calls


def test_names_of_the_module_parametrizations_and_methods() -> None:
    text = """\
import unittest
import pytest
from m import f as g
CASES = [("a", 1), pytest.param("b", 2, id="x")]

@pytest.mark.parametrize("text, count", CASES)
@pytest.mark.parametrize("more", [0, 9])
def test_case(text, count, more):
    assert g(text, more) == count

class TestF(unittest.TestCase):
    def test_it(self):
        self.assertEqual(g("c", 5), 6)
"""
    assert shown(text) == ["f('a', 0)", "f('a', 9)", "f('b', 0)", "f('b', 9)", "f('c', 5)"]


def test_a_function_that_is_handed_to_a_helper() -> None:
    text = "from m import f\n\n\ndef check(candidate):\n    assert candidate([1]) == 1\n\n\ndef test():\n    check(f)\n"
    assert shown(text) == ["f([1])"]


def test_doctests_and_examples() -> None:
    stub = 'def f(x):\n    """Double.\n\n    >>> x = 2\n    >>> f(x)\n    4\n    >>> f(\n    Traceback\n    """\n'
    assert [c.source for c in shown_calls(task(stub, AcceptanceKind.DOCTEST, "m.py"), ["f"])] == ["f(2)"]
    examples = json.dumps([{"call": "f(3)", "equals": "6"}, {"call": "f('x')", "raises": "TypeError"}])
    found = shown_calls(task(examples, AcceptanceKind.EXAMPLES, "task.yaml"), ["f"])
    assert [c.source for c in found] == ["f(3)", "f('x')"]


@pytest.mark.parametrize("content", ["def broken(", "", "x" * 100_000])
def test_what_is_no_python_shows_nothing(content: str) -> None:
    assert shown(content) == []


def test_loops_within_loops_end() -> None:
    deep = "def test():\n" + "".join(f"{'    ' * n}for a{n} in range(50):\n" for n in range(1, 8))
    assert "f(0, 0, 0)" in shown(deep + "    " * 8 + "f(a1, a2, a3)\n")
