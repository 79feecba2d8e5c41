"""Values there and back, and containers that are the same on both sides."""

from __future__ import annotations

import contextlib
import copy
import datetime
import json
from collections import OrderedDict, defaultdict, deque
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lamarck.checks.judge.inside.faults import Malformed, TooLarge
from lamarck.checks.judge.inside.values import DEEPEST, Values


class Side:
    """One codec; messages are JSON texts."""

    def __init__(self, first: int) -> None:
        self.values = Values(first, frozenset(), self.refuse, lambda tag, told: self.refuse(tag))

    @staticmethod
    def refuse(value: Any) -> Any:
        raise Malformed(f"no plain value: {value!r}")

    def pack(self, holder: list[Any]) -> bytes:
        message: dict[str, Any] = {"v": self.values.encode(holder.pop())}
        self.values.links.report(message)
        return json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass")

    def unpack(self, data: bytes) -> Any:
        message = json.loads(data.decode("utf-8", "surrogatepass"))
        self.values.links.hear(message, lambda: None)
        value = self.values.decode(message["v"])
        self.values.links.let_go(message)
        return value


def there_and_back(value: Any) -> Any:
    here, there = Side(0), Side(1)
    arrived = there.unpack(here.pack([copy.deepcopy(value)]))
    return here.unpack(there.pack([arrived]))


TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
ATOMS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=1 << 990, max_value=1 << 1020)
    | st.floats(allow_nan=False)
    | TEXTS
    | st.binary(max_size=20)
    | st.complex_numbers(allow_nan=False)
    | st.dates()
    | st.datetimes(timezones=st.none() | st.just(datetime.UTC))
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.uuids()
)
KEYS = st.recursive(ATOMS, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=4)
VALUES = st.recursive(
    ATOMS | KEYS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.sets(KEYS, max_size=4)
        | st.lists(inner, max_size=3).map(deque)
        | st.dictionaries(TEXTS, inner, max_size=3).map(OrderedDict)
        | st.dictionaries(TEXTS, inner, max_size=3).map(lambda d: defaultdict(None, d))
    ),
    max_leaves=12,
)


@given(VALUES)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    back = there_and_back(value)
    assert back == value
    assert shape(back) == shape(value)


def shape(value: Any) -> Any:
    """The types, to any depth: `1 == 1.0 == True` is not enough."""
    if isinstance(value, dict):
        return type(value), [(shape(k), shape(v)) for k, v in value.items()]
    if isinstance(value, list | tuple | deque):
        return type(value), [shape(v) for v in value]
    if isinstance(value, set | frozenset):
        return type(value), sorted(repr(shape(v)) for v in value)
    return type(value)


def test_lists_nest_as_deep_as_they_want() -> None:
    value: list[Any] = []
    for _ in range(5_000):
        value = [value]
    here, there = Side(0), Side(1)
    value = there.unpack(here.pack([value]))
    for _ in range(5_000):
        [value] = value
    assert value == []


def test_tuples_do_not() -> None:
    value: tuple[Any, ...] = ()
    for _ in range(DEEPEST + 1):
        value = (value,)
    with pytest.raises(TooLarge, match="too deeply"):
        Side(0).values.encode(value)
    told: list[Any] = ["t", []]
    for _ in range(DEEPEST + 1):
        told = ["t", [told]]
    with pytest.raises(Malformed, match="too deeply"):
        Side(0).values.decode(told)


def test_what_only_the_call_holds_is_linked_no_longer_than_the_call() -> None:
    here, there = Side(0), Side(1)
    there.unpack(here.pack([[[1], {"a": [2]}, ({3},)]]))
    for links in (here.values.links, there.values.links):
        assert not links._by_number
        assert not links._by_id


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
_TAGS = st.sampled_from(  # every tag that there is, and one that there is not
    "@ t z c s se i ... ni j b rng sl dt tm d td utc zone log D Q u p re sig r k F m E G C fl R g ?".split()  # noqa: SIM905
)


@settings(max_examples=300)
@given(st.lists(_JSON, max_size=6).flatmap(lambda rest: _TAGS.map(lambda tag: [tag, *rest])) | _JSON)
def test_nonsense_is_malformed_and_nothing_else(told: Any) -> None:
    with contextlib.suppress(Malformed):
        Side(0).values.decode(told)


@given(st.lists(_JSON, max_size=3), st.lists(_JSON, max_size=3))
def test_nonsense_about_containers_is_an_error(new: list[Any], changed: list[Any]) -> None:
    side = Side(0)
    message = {"n": [[1, "list", [[1]]], *new], "u": changed}
    try:
        side.values.links.hear(message, lambda: None)
    except (Malformed, ValueError, TypeError, KeyError, IndexError, AttributeError):
        return
    assert not new


@pytest.mark.parametrize(
    "told",
    [
        ["c", "os", "system"],
        ["c", "subprocess", "Popen"],
        ["c", "unittest.case", "SkipTest"],
        ["c", "types", "FunctionType"],
        ["c", "_pytest.outcomes", "Skipped"],
        ["c", "builtins", "eval"],
        ["s", "os", "system"],
        ["c", "__main__", "x"],
    ],
)
def test_few_classes_travel_by_name(told: list[str]) -> None:
    with pytest.raises(Malformed):
        Side(0).values.decode(told)


class SharedContainers(RuleBasedStateMachine):
    """Two sides change containers that they share, in turn; both see the same, as if there were one."""

    def __init__(self) -> None:
        super().__init__()
        self.sides = (Side(0), Side(1))
        self.roots: tuple[list[Any], list[Any]] = ([], [])
        self.roots = (self.roots[0], self.sides[1].unpack(self.sides[0].pack([(self.roots[0], self.roots[0])]))[0])

    def send(self, sender: int) -> None:
        """A message in which the sender speaks of all that it has."""
        here, there = self.sides[sender], self.sides[1 - sender]
        arrived = there.unpack(here.pack([self.roots[sender]]))
        assert arrived is self.roots[1 - sender]

    def place(self, side: int, path: list[int]) -> list[Any]:
        found = self.roots[side]
        for step in path:
            inner = [each for each in found if isinstance(each, list)]
            if not inner:
                break
            found = inner[step % len(inner)]
        return found

    @rule(
        side=st.sampled_from([0, 1]),
        path=st.lists(st.integers(0, 3), max_size=3),
        value=st.integers() | st.text(max_size=3),
    )
    def append(self, side: int, path: list[int], value: Any) -> None:
        self.place(side, path).append(value)
        self.send(side)

    @rule(side=st.sampled_from([0, 1]), path=st.lists(st.integers(0, 3), max_size=3))
    def nest(self, side: int, path: list[int]) -> None:
        self.place(side, path).append([])
        self.send(side)

    @rule(side=st.sampled_from([0, 1]), path=st.lists(st.integers(0, 3), max_size=3))
    def drop(self, side: int, path: list[int]) -> None:
        place = self.place(side, path)
        if place:
            place.pop()
        self.send(side)

    @rule(
        side=st.sampled_from([0, 1]),
        path=st.lists(st.integers(0, 3), max_size=3),
        other=st.lists(st.integers(0, 3), max_size=3),
    )
    def share(self, side: int, path: list[int], other: list[int]) -> None:
        self.place(side, path).append(self.place(side, other))
        self.send(side)

    @rule(side=st.sampled_from([0, 1]))
    def look(self, side: int) -> None:
        self.send(side)

    @invariant()
    def both_sides_hold_the_same(self) -> None:
        seen: dict[int, int] = {}
        pairs = [(self.roots[0], self.roots[1])]
        while pairs:
            one, two = pairs.pop()
            if id(one) in seen:
                assert seen[id(one)] == id(two)
                continue
            seen[id(one)] = id(two)
            assert len(one) == len(two)
            for a, b in zip(one, two, strict=True):
                assert type(a) is type(b)
                if isinstance(a, list):
                    pairs.append((a, b))
                else:
                    assert a == b
        assert len(set(seen.values())) == len(seen)


SharedContainers.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestSharedContainers = SharedContainers.TestCase
