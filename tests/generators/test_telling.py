"""What given tests tell: little where their answers are truth values, much where they are texts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.generators.telling import bits_of, container_of
from lamarck.records import Acceptance, AcceptanceKind, Task, Trust, make_task


def task_of(content: str, kind: AcceptanceKind = AcceptanceKind.PYTEST) -> Task:
    acceptance = Acceptance(kind=kind, content=content, path="test_m.py", trust=Trust.GIVEN)
    return make_task(goal="g", module="m", entry_point="f", acceptance=(acceptance,))


def asserting(*lines: str) -> Task:
    return task_of("from m import f\n\n\ndef test_it():\n" + "".join(f"    {line}\n" for line in lines))


@pytest.mark.parametrize(
    ("lines", "least", "most"),
    [
        (["assert f(1)"], 1, 1),
        (["assert not f(1)"], 1, 1),
        (["assert f(2) == 1"], 2, 5),
        (["assert f('x') == 'one-two'"], 12, 30),
        (["assert 'one-two' == f('x')"], 12, 30),
        (["assert f('one-two') == 'one-two'"], 1, 1),  # code that does nothing passes
        (["assert f(3) == [1, 4, 9]"], 8, 20),
        (["assert f(1) == True"] * 4, 4, 4),
        (["assert f(1) == 9"] * 4, 5, 10),  # a constant passes
        (["assert f(1) == expected(1)"], 2, 13),
        (["for x in (1, 2, 3, 4):", "    assert f(x) == x + 1"], 12, 12),
        (["x = f(1)", "assert x == 2"], 3, 3),
    ],
)
def test_an_answer_tells_as_much_as_it_rules_out(lines: list[str], least: float, most: float) -> None:
    assert least <= bits_of(asserting(*lines)) <= most


def test_every_form_of_tests_is_read() -> None:
    doctests = 'def f(x):\n    """Doubles.\n\n    >>> f("ab")\n    \'abab\'\n    >>> f(2)\n    4\n    """\n'
    examples = json.dumps([{"call": "f('ab')", "equals": "'abab'"}, {"call": "f(2)", "equals": "4"}])
    unit = (
        "import unittest\nfrom m import f\n\n\nclass T(unittest.TestCase):\n    def test_it(self):\n"
        "        self.assertEqual(f('ab'), 'abab')\n        self.assertEqual(f(2), 4)\n"
    )
    plain = bits_of(asserting("assert f('ab') == 'abab'", "assert f(2) == 4"))
    assert plain > 12
    assert bits_of(task_of(doctests, AcceptanceKind.DOCTEST)) == plain
    assert (
        bits_of(task_of(examples.replace('": "', '":"').replace('"call": ', '"call":'), AcceptanceKind.EXAMPLES))
        == plain
    )
    assert bits_of(task_of(unit)) >= plain
    rows = "import pytest\nfrom m import f\n\n\n@pytest.mark.parametrize('x, y', [(1, 2), (2, 3), (3, 4), (4, 5)])\n"
    assert bits_of(task_of(rows + "def test_it(x, y):\n    assert f(x) == y\n")) == 12


@given(st.lists(st.one_of(st.booleans(), st.integers(), st.text(), st.lists(st.integers())), max_size=6), st.integers())
def test_one_more_case_never_tells_less(answers: list[object], more: int) -> None:
    lines = [f"assert f(object()) == {answer!r}" for answer in answers]
    assert bits_of(asserting("assert f()", *lines)) <= bits_of(
        asserting("assert f()", *lines, f"assert f(object()) == {more}")
    )


@pytest.mark.parametrize("kind", [AcceptanceKind.PYTEST, AcceptanceKind.DOCTEST])
@pytest.mark.parametrize("content", ["", "def (", "\x00", "'''\n>>> f(\n"])
def test_what_does_not_parse_tells_nothing(content: str, kind: AcceptanceKind) -> None:
    assert bits_of(task_of(content, kind)) <= 3


@pytest.mark.parametrize(
    ("lines", "container"),
    [
        (["assert f(1) == [1]", "assert f(2) == []"], "list"),
        (["assert f(1) == (1,)"], "tuple"),
        (["assert f(1) == [1]", "assert f(2) == (1,)"], None),
        (["assert f(1) == 1"], None),
        (["assert list(f(1)) == [1]"], None),
        (["assert list(f(1)) == [1]", "assert f(2) == [2]"], None),
        (["pass"], None),
    ],
)
def test_which_container_is_wanted_is_read_from_the_answers(lines: list[str], container: str | None) -> None:
    assert container_of(asserting(*lines)) == container
