"""Every kind of value, there and back over a real conversation: exactly what it was, of exactly the type it had."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import datetime
import decimal
import enum
import fractions
import importlib
import inspect
import math
import pathlib
import re
import socket
import threading
import typing
import uuid
import zoneinfo
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stnp

from lamarck.checks.judge.inside.awaiting import awaited
from lamarck.checks.judge.inside.conversation import Peer
from lamarck.checks.judge.inside.faults import Ended
from lamarck.checks.judge.inside.frames import Stream
from lamarck.checks.judge.inside.operations import for_both_sides
from lamarck.checks.judge.inside.standins import Standins
from lamarck.checks.judge.inside.trusting import Trusting

Echo = Callable[[Any], Any]


class Quiet:
    """Surroundings of which nothing is told."""

    def add(self, message: dict[str, Any]) -> None: ...

    def hear(self, message: dict[str, Any]) -> None: ...

    def after(self, message: dict[str, Any], decode: Callable[[Any], Any]) -> None: ...


@dataclasses.dataclass
class Item:
    name: Any
    parts: list[Any] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    x: Any


class Colour(enum.Enum):
    RED = 1
    GREEN = "green"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Right(enum.Flag):
    READ = 1
    WRITE = 2


class Point(typing.NamedTuple):
    x: Any
    y: Any = 0


class Word(str):
    __slots__ = ()


class Stack(list):  # type: ignore[type-arg]
    pass


class Pair:
    """Two sides of one conversation, as judge and candidate have it, in two threads."""

    def __init__(self) -> None:
        one, other = socket.socketpair()
        self.sockets = (one, other)
        self.kept: list[Any] = []
        self.judge = self._peer(one, leads=True)
        self.candidate = self._peer(other, leads=False)
        self.candidate.operations |= {"echo": self._keep, "make": lambda kind, *args: MAKERS[kind](*args)}
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _peer(self, end: socket.socket, *, leads: bool) -> Peer:
        def standins(ask: Any, decode: Any) -> Standins:
            return Standins(ask, decode, examiner=Trusting(), awaited=awaited, module=importlib.import_module)

        def function_named(module: str, name: str) -> Any:
            return peer.described.named[module, name] if leads else getattr(importlib.import_module(module), name)

        peer = Peer(
            Stream(end.fileno()), Quiet(), leads=leads, shared=frozenset(), permit=None, standins=standins,
            function_named=function_named,
        )  # fmt: skip
        peer.operations = for_both_sides()
        return peer

    def _keep(self, value: Any) -> Any:
        self.kept[:] = [value]
        return value

    def _serve(self) -> None:
        self.candidate._main = threading.get_ident()
        with contextlib.suppress(Ended):
            self.candidate.serve()

    def echo(self, value: Any) -> Any:
        return self.judge.request("echo", value)

    def made(self, kind: str, *args: Any) -> Any:
        return self.judge.request("make", kind, *args)

    def close(self) -> None:
        for each in self.sockets:
            each.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for each in self.sockets:
            each.close()


MAKERS: dict[str, Callable[..., Any]] = {
    "item": Item, "frozen": Frozen, "colour": lambda name: Colour[name], "level": lambda name: Level[name],
    "right": lambda *names: Right(sum(Right[name].value for name in names)), "point": Point, "word": Word,
    "stack": Stack,
}  # fmt: skip


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    found = Pair()
    yield found
    found.close()


def exact(one: Any, other: Any) -> bool:
    """Equal, of the same types to any depth, with NaN equal to NaN and -0.0 different from 0.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        if math.isnan(one):
            return math.isnan(other)
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    if isinstance(one, complex):
        return exact(one.real, other.real) and exact(one.imag, other.imag)
    if isinstance(one, decimal.Decimal):
        return one.as_tuple() == other.as_tuple()
    if isinstance(one, list | tuple | collections.deque):
        return len(one) == len(other) and all(map(exact, one, other))
    if isinstance(one, dict):
        return exact(list(one), list(other)) and exact(list(one.values()), list(other.values()))
    if isinstance(one, set | frozenset):
        return len(one) == len(other) and all(any(exact(mine, theirs) for theirs in other) for mine in one)
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, np.generic):
        return one.dtype == other.dtype and one.tobytes() == other.tobytes()
    if isinstance(one, datetime.datetime | datetime.time):
        return bool(one == other) and one.fold == other.fold and one.tzinfo == other.tzinfo
    return bool(one == other)


ZONES = st.none() | st.just(datetime.UTC) | st.just(zoneinfo.ZoneInfo("Europe/Berlin")) | st.builds(
    datetime.timezone, st.timedeltas(datetime.timedelta(hours=-23), datetime.timedelta(hours=23))
)  # fmt: skip
NUMBERS = (
    st.booleans() | st.integers() | st.integers(-(1 << 1100), 1 << 1100) | st.floats() | st.complex_numbers()
    | st.decimals() | st.fractions()
)  # fmt: skip
OTHERS = (
    st.none() | st.just(...) | st.just(NotImplemented) | st.text(st.characters(codec=None, exclude_categories=()))
    | st.binary() | st.uuids() | st.dates() | st.datetimes(timezones=ZONES) | st.times() | st.timedeltas()
    | st.builds(range, st.integers(), st.integers(), st.integers(1, 9))
    | st.builds(slice, st.none() | st.integers(), st.integers(), st.none())
    | st.sampled_from([pathlib.PurePosixPath("/a/b"), pathlib.PureWindowsPath("c:/x"), pathlib.Path("y")])
    | st.sampled_from([re.compile("a(b)+", re.I), re.compile(rb"x"), int, datetime.date, collections.OrderedDict])
    | st.sampled_from([np.int8(-3), np.float32(0.1), np.float64("nan"), np.bool_(True), np.str_("é"), np.dtype("i4")])
)  # fmt: skip
HASHABLE = st.recursive(
    (
        st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.decimals(allow_nan=False)
        | st.fractions()
        | st.complex_numbers(allow_nan=False)
        | st.text(max_size=5)
    ),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=4,
)
ARRAYS = stnp.arrays(
    st.sampled_from(["i1", "i8", "u4", "f4", "f8", "c16", "?", "U3", "S2", "M8[s]", "m8[ms]"]).map(np.dtype),
    stnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
VALUES = st.recursive(
    NUMBERS | OTHERS | HASHABLE | ARRAYS | st.binary(max_size=5).map(bytearray),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(HASHABLE, inner, max_size=3)
        | st.sets(HASHABLE, max_size=3)
        | st.builds(collections.deque, st.lists(inner, max_size=3), st.none() | st.just(5))
        | st.dictionaries(st.text(max_size=3), inner, max_size=3).map(collections.OrderedDict)
        | st.dictionaries(HASHABLE, inner, max_size=3).map(lambda d: collections.defaultdict(list, d))
        | st.dictionaries(HASHABLE, st.integers(), max_size=3).map(collections.Counter)
    ),
    max_leaves=8,
)
PLAIN = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))


@PLAIN
@given(value=VALUES)
def test_a_value_arrives_and_comes_back_exactly(pair: Pair, value: Any) -> None:
    back = pair.echo(value)
    assert exact(pair.kept[0], value)
    assert exact(back, value)


@PLAIN
@given(value=VALUES)
def test_what_was_made_there_shows_the_same_values_here(pair: Pair, value: Any) -> None:
    item = pair.made("item", value)
    assert exact(item.name, value)
    assert (type(item).__name__, item.parts) == ("Item", [])
    assert exact(pair.made("frozen", value).x, value)
    assert exact(pair.made("point", value)[0], value)
    assert exact(list(pair.made("stack", [value, value]))[1], value)


def test_what_was_made_there_is_of_a_kind(pair: Pair) -> None:
    assert dataclasses.asdict(pair.made("item", 3)) == {"name": 3, "parts": []}
    assert pair.made("colour", "GREEN") is pair.made("colour", "GREEN")
    assert [member.value for member in type(pair.made("colour", "RED"))] == [1, "green"]
    assert pair.made("level", "HIGH") == 2
    assert pair.made("right", "READ", "WRITE").value == 3
    assert pair.made("right", "WRITE") in pair.made("right", "READ", "WRITE")
    assert pair.made("point", 1, 2) == (1, 2)
    assert pair.made("point", 1, 2)._asdict() == {"x": 1, "y": 2}
    assert isinstance(pair.made("word", "w"), str)
    assert pair.made("word", "w") + "!" == "w!"


@pytest.mark.parametrize(
    "value",
    [Item(1), Frozen(2), Colour.RED, Level.LOW, Right.READ | Right.WRITE, Point(1), Word("x"), Stack([1]), Item, Colour,
     object(), len, [].append, lambda: 1, iter([1]), (x for x in ()), math, ValueError("x"), inspect.signature(len),
     list[int]],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_is_this_sides_own_comes_back_as_itself(pair: Pair, value: Any) -> None:
    back = pair.echo([value])[0]
    assert back is value or (isinstance(value, inspect.Signature) and back == value)


def test_cycles_and_shared_parts(pair: Pair) -> None:
    inner: list[Any] = [1]
    value: list[Any] = [inner, inner, {"self": None}]
    value[2]["self"] = value
    assert pair.echo(value) is value
    there = pair.kept[0]
    assert there[0] is there[1]
    assert there[2]["self"] is there
    array = np.zeros(3)
    pair.echo([array, value])
    pair.kept[0][0][1] = 7.0
    pair.kept[0][1].append("more")
    pair.echo(None)
    assert array.tolist() == [0.0, 7.0, 0.0]
    assert value[-1] == "more"


SAMPLES = [
    1 << 1200, 1j, b"x", range(3), slice(1), ..., NotImplemented, datetime.date(1, 1, 1), datetime.datetime(1, 1, 1),
    datetime.time(1), datetime.timedelta(1), datetime.UTC, zoneinfo.ZoneInfo("Europe/Berlin"), decimal.Decimal(1),
    fractions.Fraction(1, 2), uuid.UUID(int=1), pathlib.PurePosixPath("x"), re.compile("x"), (1,), frozenset({1}), [1],
    int, np.float64(1), np.dtype("i4"), inspect.signature(lambda a: None), Item(1), Item, ValueError("x"), math,
    (x for x in ()), lambda: 1, Right.READ | Right.WRITE, len,
]  # fmt: skip


def test_no_two_kinds_share_a_tag() -> None:
    pair = Pair()
    pair.close()
    tags: dict[str, Any] = {}
    for sample in SAMPLES:
        tag = pair.judge.values.encode(sample)[0]
        kind = "class" if tag == "k" else type(sample).__name__
        assert tags.setdefault(tag, kind) == kind
    assert len(tags) == len(SAMPLES)
