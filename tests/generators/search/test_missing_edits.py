"""Something for a None, arguments that a call lacks, and what failing tests say outright."""

from __future__ import annotations

import ast

import pytest

from lamarck.generators.search.edits.edit import applied
from lamarck.generators.search.edits.missing import KIND
from lamarck.generators.search.edits.source import Source
from lamarck.generators.search.edits.table import edits_of
from lamarck.generators.search.edits.told import Told, told_by, told_edits
from lamarck.generators.search.edits.toplevel import toplevel_edits


def _made(text: str, kind: str) -> set[str]:
    source = Source(text)
    found = set()
    for _, function in source.functions():
        for edit in edits_of(source, function):
            if edit.kind == kind:
                found.add(ast.unparse(ast.parse(applied(source.data, edit.replacements))))
    return found


def _norm(text: str) -> str:
    return ast.unparse(ast.parse(text))


FOR_NONE = [
    ("def f(a):\n    return len(None)\n", "def f(a):\n    return len(a)\n"),
    ("def f(a):\n    b = None\n    return a + b\n", "def f(a):\n    b = a[0]\n    return a + b\n"),
    (
        "def f(a):\n    return None\n\ndef g(x):\n    return x * 2\n",
        "def f(a):\n    return a * 2\n\ndef g(x):\n    return x * 2\n",
    ),
    (
        "def f(a):\n    return g(a, None)\n\ndef h(a):\n    return g(a, 'deep')\n",
        "def f(a):\n    return g(a, 'deep')\n\ndef h(a):\n    return g(a, 'deep')\n",
    ),
    ("def f(a):\n    x = a.lower()\n    return g(None)\n", "def f(a):\n    x = a.lower()\n    return g(a.lower())\n"),
    ("def f(self):\n    self.n = None\n    return self.m\n", "def f(self):\n    self.n = self.m\n    return self.m\n"),
]


@pytest.mark.parametrize(("before", "after"), FOR_NONE)
def test_something_is_put_where_nothing_stands(before: str, after: str) -> None:
    assert _norm(after) in _made(before, KIND)


@pytest.mark.parametrize("text", ["def f(a):\n    return a is None\n", "def f(a):\n    None\n"])
def test_a_none_that_is_meant_is_left(text: str) -> None:
    assert not _made(text, KIND)


LACKING = [
    ("def g(a, b):\n    return g(b)\n", "def g(a, b):\n    return g(a, b)\n"),
    (
        "def g(a, b):\n    return a\n\ndef f(a, b):\n    return g(a)\n",
        "def g(a, b):\n    return a\n\ndef f(a, b):\n    return g(a, b=b)\n",
    ),
    (
        "def f(a):\n    return g(a)\n\ndef h(a):\n    return g(a, deep=True)\n",
        "def f(a):\n    return g(a, deep=True)\n\ndef h(a):\n    return g(a, deep=True)\n",
    ),
]


@pytest.mark.parametrize(("before", "after"), LACKING)
def test_arguments_that_a_call_lacks(before: str, after: str) -> None:
    assert _norm(after) in _made(before, "argument added")


def _told(text: str, told: Told) -> set[str]:
    source = Source(text)
    return {
        ast.unparse(ast.parse(applied(source.data, edit.replacements)))
        for _, function in source.functions()
        for edit in told_edits(source, function, told)
    }


@pytest.mark.parametrize(
    ("said", "before", "after"),
    [
        ("AssertionError: assert 'a dayy' == 'a day'", "'%s dayy'", "'%s day'"),
        ("AssertionError: assert 'one, two' == 'one; two'", "', '", "'; '"),
        ("AssertionError: '2 hours ag' != '2 hours ago'", "'%d hours ag'", "'%d hours ago'"),
    ],
)
def test_a_text_is_corrected_by_what_the_test_wanted(said: str, before: str, after: str) -> None:
    code = "def f(a):\n    return {} + a\n"
    assert _norm(code.format(after)) in _told(code.format(before), told_by([said]))


@pytest.mark.parametrize(
    "said", ["Failed: DID NOT RAISE <class 'ValueError'>", "AssertionError: ValueError not raised"]
)
def test_an_exception_is_raised_where_nothing_is_done(said: str) -> None:
    code = "def f(a):\n    if not a:\n        {}\n    return a\n"
    assert _norm(code.format("raise ValueError")) in _told(code.format("pass"), told_by([said]))


def test_what_says_nothing_of_texts_teaches_nothing() -> None:
    assert not told_by(["AssertionError: assert 3 == 4", "TypeError: 'x' == 'y", ""])


def test_a_function_that_is_called_on_import_is_edited_as_what_runs_then() -> None:
    source = Source(
        "TABLE = {}\n\ndef _add(a, b):\n    TABLE[a] = None\n\n_add('x', 'y')\n\ndef f(a):\n    return TABLE[a]\n"
    )
    made = {applied(source.data, e.replacements).decode() for e in toplevel_edits(source, ["f"])}
    assert any("TABLE[a] = b" in text for text in made)
