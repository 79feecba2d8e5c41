"""Generated inputs: deterministic, different, smallest first, of the kinds that the function takes."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamarck.checks.agreement.calls import Call, order
from lamarck.checks.agreement.inputs import Function, inputs, kinds_of


def function(text: str) -> Function:
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.FunctionDef)
    return node


def made(text: str, *shown: tuple[object, ...], count: int = 60, seed: int = 1) -> list[Call]:
    return list(inputs(function(text), [Call("f", args) for args in shown], count=count, seed=seed))


@pytest.mark.parametrize(
    ("annotation", "fits"),
    [
        ("int", lambda v: type(v) is int),
        ("float", lambda v: type(v) is float),
        ("'str'", lambda v: type(v) is str),
        ("bool", lambda v: type(v) is bool),
        ("bytes", lambda v: type(v) is bytes),
        ("int | None", lambda v: v is None or type(v) is int),
        ("Optional[str]", lambda v: v is None or type(v) is str),
        ("Union[int, str]", lambda v: type(v) in (int, str)),
        ("Literal['a', 'b']", lambda v: v in ("a", "b")),
        ("List[int]", lambda v: type(v) is list and all(type(x) is int for x in v)),
        ("Sequence[str]", lambda v: type(v) is list and all(type(x) is str for x in v)),
        ("tuple[int, str]", lambda v: type(v) is tuple and [type(x) for x in v] == [int, str]),
        ("tuple[int, ...]", lambda v: type(v) is tuple and all(type(x) is int for x in v)),
        ("typing.Dict[str, list[int]]", lambda v: all(type(k) is str and type(x) is list for k, x in v.items())),
        ("set[int]", lambda v: type(v) is set),
    ],
)
def test_annotations_are_kept_to(annotation: str, fits) -> None:  # type: ignore[no-untyped-def]
    calls = made(f"def f(x: {annotation}): ...")
    assert calls
    assert all(fits(call.args[0]) for call in calls)


@pytest.mark.parametrize(
    "text", ["def f(x): ...", "def f(x: Path): ...", "def f(x: int, y: list): ...", "def f(*, k): ..."]
)
def test_nothing_tells_what_it_takes(text: str) -> None:
    assert kinds_of(function(text), ()) is None
    assert made(text) == []


def test_what_the_tests_show_tells_it_too() -> None:
    calls = made("def f(words, least): ...", (["a", "bc"], 2), (["xyz"], 1))
    assert len(calls) == 60
    assert all(type(c.args[0]) is list and type(c.args[1]) is int for c in calls)
    letters = {letter for c in calls for word in c.args[0] for letter in word}
    assert letters & set("abcxyz")


def test_defaults_may_be_left_out() -> None:
    assert all(len(c.args) == 1 for c in made("def f(x: int, y=None, *, k=3): ..."))


def test_neighbours_empties_duplicates_and_signs() -> None:
    texts = {c.source for c in made("def f(xs): ...", ([3, 1, 2],), ([5],), count=120)}
    for wanted in ("f([])", "f([3, 1])", "f([3, 2, 1])", "f([1, 2, 3])", "f([3, 1, 2, 3])", "f([4])", "f([0])"):
        assert wanted in texts
    assert any("-" in text for text in texts)


def test_most_inputs_keep_to_what_all_shown_ones_keep_to() -> None:
    calls = made("def f(n: int): ...", (3,), (7,), (12,))
    negative = [c for c in calls if c.args[0] < 0]
    assert 1 <= len(negative) <= len(calls) // 3


def test_no_shown_call_again() -> None:
    assert "f(3)" not in {c.source for c in made("def f(n): ...", (3,), (4,))}


def test_a_call_without_arguments() -> None:
    assert [c.source for c in made("def f(): ...")] == ["f()"]


values = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.floats(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple),
    max_leaves=5,
)


@settings(max_examples=60)
@given(st.lists(st.tuples(values, values), min_size=1, max_size=4), st.integers(0, 2**31), st.integers(1, 40))
def test_any_shown_call_has_neighbours(shown: list[tuple[object, ...]], seed: int, count: int) -> None:
    calls = made("def f(a, b): ...", *shown, count=count, seed=seed)
    assert calls == made("def f(a, b): ...", *shown, count=count, seed=seed)
    assert len(calls) <= count
    assert calls == sorted(calls, key=order)
    assert len({c.source for c in calls}) == len(calls)
