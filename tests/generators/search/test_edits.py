"""Edits: each kind finds the change it is for, and whatever is guessed can be applied."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.generators.search.edits.edit import Replacement, applied
from lamarck.generators.search.edits.imports import missing_imports
from lamarck.generators.search.edits.source import Source
from lamarck.generators.search.edits.table import KINDS, edits_of


def _texts(text: str) -> dict[str, set[str]]:
    """Kind → normal forms of what its edits make, of what parses."""
    source = Source(text)
    found: dict[str, set[str]] = {}
    for _, function in source.functions():
        for edit in edits_of(source, function):
            try:
                tree = ast.parse(applied(source.data, edit.replacements))
            except (SyntaxError, ValueError):
                continue
            found.setdefault(edit.kind, set()).add(ast.unparse(tree))
    return found


MENDS = [
    ("comparison", "def f(a, b):\n    return a < b\n", "def f(a, b):\n    return a <= b\n"),
    ("boundary", "def f(a):\n    return len(a) == 0\n", "def f(a):\n    return len(a) <= 1\n"),
    ("operator", "def f(a, b):\n    return a - b\n", "def f(a, b):\n    return a + b\n"),
    ("operands swapped", "def f(a, b):\n    return a - b\n", "def f(a, b):\n    return b - a\n"),
    ("operands swapped", "def f(a, b):\n    return a in b\n", "def f(a, b):\n    return b in a\n"),
    ("operand dropped", "def f(a):\n    return a % 1 + 1\n", "def f(a):\n    return a % 1\n"),
    ("grouping", "def f(a, b):\n    return a + b * 2\n", "def f(a, b):\n    return (a + b) * 2\n"),
    ("assignment",
     "def f(a):\n    s = 0\n    s = a\n    return s\n",
     "def f(a):\n    s = 0\n    s += a\n    return s\n"),
    ("logic", "def f(a, b):\n    return a and b\n", "def f(a, b):\n    return a or b\n"),
    ("negation", "def f(a):\n    if a:\n        return 1\n", "def f(a):\n    if not a:\n        return 1\n"),
    ("constant", "def f(a):\n    return a[0]\n", "def f(a):\n    return a[1]\n"),
    ("off by one", "def f(a):\n    return list(range(a))\n", "def f(a):\n    return list(range(a + 1))\n"),
    ("name", "def f(i, j):\n    return i + i\n", "def f(i, j):\n    return i + j\n"),
    ("function", "def f(a):\n    return min(a)\n", "def f(a):\n    return max(a)\n"),
    ("function", "def f(a):\n    return a.lower()\n", "def f(a):\n    return a.upper()\n"),
    ("arguments swapped", "def f(a, b):\n    return f(a, b)\n", "def f(a, b):\n    return f(b, a)\n"),
    ("argument added", "def f(a):\n    return sorted(a)\n", "def f(a):\n    return sorted(a, reverse=True)\n"),
    ("argument dropped", "def f(a, b):\n    return max(a, b)\n", "def f(a, b):\n    return max(a)\n"),
    ("slice", "def f(a, i):\n    return a[i:]\n", "def f(a, i):\n    return a[:i]\n"),
    ("part", "def f(a):\n    for x in a:\n        yield x\n", "def f(a):\n    for x in a[1:]:\n        yield x\n"),
    ("unwrapped", "def f(a):\n    return sorted(a)\n", "def f(a):\n    return a\n"),
    ("wrapped", "def f(a, b):\n    return a - b\n", "def f(a, b):\n    return abs(a - b)\n"),
    ("bounded", "def f(a):\n    a = a - 1\n    return a\n", "def f(a):\n    a = max(0, a - 1)\n    return a\n"),
    ("offset", "def f(a, b):\n    return a[b]\n", "def f(a, b):\n    return a[b] + b\n"),
    ("result", "def f(a):\n    d = a - 1\n    return True\n", "def f(a):\n    d = a - 1\n    return d == 0\n"),
    ("condition",
     "def f(a, b):\n    if a < 0:\n        return b\n",
     "def f(a, b):\n    if a < 0 or not b:\n        return b\n"),
    ("donor", "def f(a):\n    x = a[1]\n    return a[0]\n", "def f(a):\n    x = a[1]\n    return a[1]\n"),
    ("guard", "def f(a):\n    return a[0]\n", "def f(a):\n    if not a:\n        return None\n    return a[0]\n"),
    ("removed", "def f(a):\n    a += 1\n    return a\n", "def f(a):\n    return a\n"),
    ("statements swapped",
     "def f(a):\n    a += 1\n    a *= 2\n    return a\n",
     "def f(a):\n    a *= 2\n    a += 1\n    return a\n"),
    ("added", "def f(a, b):\n    c = a\n    return b\n", "def f(a, b):\n    c = a\n    a = b\n    return b\n"),
    ("flow", "def f(a):\n    for x in a:\n        break\n", "def f(a):\n    for x in a:\n        continue\n"),
    ("flow", "def f(a):\n    sum(a)\n", "def f(a):\n    return sum(a)\n"),
    (
        "moved",
        "def f(a):\n    s = 0\n    for x in a:\n        s += x\n        return s\n",
        "def f(a):\n    s = 0\n    for x in a:\n        s += x\n    return s\n",
    ),
    (
        "moved",
        "def f(a):\n    s = 0\n    for x in a:\n        pass\n    s += x\n    return s\n",
        "def f(a):\n    s = 0\n    for x in a:\n        pass\n        s += x\n    return s\n",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "before", "after"), MENDS)
def test_a_kind_makes_the_change_that_it_is_for(kind: str, before: str, after: str) -> None:
    assert ast.unparse(ast.parse(after)) in _texts(before)[kind]


def test_every_kind_has_a_weight() -> None:
    seen = {kind for _, before, _ in MENDS for kind in _texts(before)}
    assert seen <= set(KINDS)


def test_parentheses_are_kept_where_they_are_needed() -> None:
    made = _texts("def f(a, b, c):\n    return (a - b) * c\n")
    assert ast.unparse(ast.parse("def f(a, b, c):\n    return (a + b) * c\n")) in made["operator"]


def test_an_elif_is_never_parted_from_its_if() -> None:
    text = "def f(a):\n    if a:\n        return 1\n    elif a is None:\n        return 2\n    return 3\n"
    source = Source(text)
    (_, function), *_ = source.functions()
    kinds = {e.kind for e in edits_of(source, function) if e.line == 4 and e.kind == "added"}
    assert not kinds


def test_texts_with_wide_letters_are_cut_at_the_right_places() -> None:
    made = _texts('def f(a):\n    return "äöü" + a[0]\n')
    assert ast.unparse(ast.parse('def f(a):\n    return "äöü" + a[1]\n')) in made["constant"]


def test_what_stands_in_an_f_string_is_left_alone() -> None:
    source = Source('def f(a):\n    return f"{a + 1}"\n')
    (_, function), *_ = source.functions()
    assert all("a + 1" not in e.what for e in edits_of(source, function) if e.kind == "operator")


def test_missing_imports_go_behind_the_docstring() -> None:
    source = Source('"""What it is."""\n\n\ndef f(a):\n    return math.sqrt(a)\n')
    (edit,) = missing_imports(source)
    assert edit.imports == ("import math",)
    assert applied(source.data, edit.replacements).decode().splitlines()[1] == "import math"


def test_nothing_is_missing_where_the_name_is_bound() -> None:
    assert not list(missing_imports(Source("math = 3\n\n\ndef f():\n    return math\n")))


@given(st.binary(max_size=30), st.lists(st.tuples(st.integers(1, 9), st.integers(1, 5), st.text("ab", max_size=3))))
def test_replacements_change_nothing_else(data: bytes, places: list[tuple[int, int, str]]) -> None:
    at, replacements, kept = 0, [], b""
    for gap, length, text in places:
        start, end = at + gap, at + gap + length
        if end > len(data):
            break
        replacements.append(Replacement(start, end, text))
        kept += data[at:start] + text.encode()
        at = end
    assert applied(data, tuple(reversed(replacements))) == kept + data[at:]


def test_replacements_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="overlap"):
        applied(b"abcdef", (Replacement(0, 3, "x"), Replacement(2, 4, "y")))
