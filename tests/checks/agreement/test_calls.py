"""Calls as Python text: what is written makes the same values again."""

from __future__ import annotations

import ast
import math

from hypothesis import given
from hypothesis import strategies as st

from lamarck.checks.agreement.calls import Call, order, source

atoms = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
plain = st.recursive(
    atoms | st.binary(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.sets(st.integers() | st.text(max_size=3), min_size=1, max_size=3)
    ),
    max_leaves=8,
)


@given(plain)
def test_a_value_survives_being_written(value: object) -> None:
    again = ast.literal_eval(source(value))
    assert again == value
    assert type(again) is type(value)


def test_what_has_no_literal() -> None:
    assert source(set()) == "set()"
    assert source([math.inf, -math.inf]) == "[float('inf'), float('-inf')]"
    assert source((1,)) == "(1,)"


def test_equal_sets_have_equal_texts() -> None:
    assert source({"b", "a", "c"}) == source({"c", "b", "a"}) == "{'a', 'b', 'c'}"


def test_a_call_and_one_like_it() -> None:
    call = Call("f", (1, [2]), (("k", "x"),))
    assert call.source == "f(1, [2], k='x')"
    assert call.with_value(1, []).source == "f(1, [], k='x')"
    assert call.with_value(2, None).source == "f(1, [2], k=None)"


def test_smallest_first() -> None:
    calls = [Call("f", (value,)) for value in ([10, 20], [], [1], [-1], [0], "ab", math.nan)]
    told = [c.source for c in sorted(calls, key=order)]
    assert told == ["f([])", "f([0])", "f([1])", "f('ab')", "f([-1])", "f(float('nan'))", "f([10, 20])"]
