"""Docstrings apart from the code that they describe."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.context.stubs import bare

FUNCTION = '''def double(x: int) -> int:
    """Twice x.

    >>> double(2)
    4
    """
    raise NotImplementedError
'''
CLASS = '''"""Counting."""

class Counter:
    """Counts."""

    start = 0

    def up(self) -> None:
        """One more."""

    def down(self) -> None:
        """One less."""
        # not below 0
        pass
'''


def test_a_function() -> None:
    found = bare(FUNCTION)
    assert found.code == "def double(x: int) -> int:\n    raise NotImplementedError\n"
    assert found.told == (("double", "Twice x.\n\n>>> double(2)\n4"),)
    assert found.prose == "Twice x.\n\n>>> double(2)\n4"


def test_a_class_names_who_says_what() -> None:
    found = bare(CLASS)
    assert [name for name, _ in found.told] == ["", "Counter", "Counter.up", "Counter.down"]
    assert "`Counter.up`: One more." in found.prose
    assert found.prose.startswith("Counting.\n")
    assert "One" not in found.code
    assert "# not below 0" in found.code
    assert "    def up(self) -> None:\n        ...\n" in found.code


@pytest.mark.parametrize(
    "source",
    [
        'def f(): "on the same line"\n',
        'def f():\n    "shares"; x = 1\n',
        "def f(:\n",
        "x = 1\n",
        "",
    ],
)
def test_what_cannot_be_taken_apart_stays(source: str) -> None:
    found = bare(source)
    assert found.told == ()
    assert found.code.strip() == source.strip()


@given(st.lists(st.sampled_from(["Says.", "Says\n    more.", None]), min_size=1, max_size=4), st.booleans())
def test_the_bare_code_parses_and_lacks_docstrings(docs: list[str | None], body: bool) -> None:
    source = ""
    for number, doc in enumerate(docs):
        source += f"def f{number}(a, b=(1,\n  2)):\n"
        source += f'    """{doc}"""\n' if doc else ""
        source += "    return a\n" if body or not doc else ""
    found = bare(source)
    functions = [n for n in ast.parse(found.code).body if isinstance(n, ast.FunctionDef)]
    assert len(functions) == len(docs)
    assert not any(ast.get_docstring(f) for f in functions)
    assert len(found.told) == sum(d is not None for d in docs)
