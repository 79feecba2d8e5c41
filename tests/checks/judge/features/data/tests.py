import dataclasses
import enum

import pytest
from data import (
    Colour,
    Level,
    Pair,
    Planet,
    Point,
    Right,
    Suit,
    Version,
    colour,
    describe,
    may_write,
    opposite,
    points,
    row,
)


def test_dataclass():
    assert Point(1, 2) == Point(1, 2)
    assert Point(1, 2) != Point(1, 3)
    assert Point(1, tags=[5]) == Point(1)
    assert Point(1).moved(2) == Point(3)
    assert repr(Point(1)) == "Point(x=1, y=0, tags=[])"
    assert Point(-1, 2).norm == 3
    assert points(2) == [Point(0, 0), Point(1, 1)]


def test_dataclass_functions():
    point = Point(1, 2)
    assert dataclasses.is_dataclass(point)
    assert dataclasses.asdict(point) == {"x": 1, "y": 2, "tags": []}
    assert dataclasses.astuple(point) == (1, 2, [])
    assert [f.name for f in dataclasses.fields(Point)] == ["x", "y", "tags"]
    assert dataclasses.replace(point, y=5) == Point(1, 5)
    point.tags.append("a")
    assert point.tags == ["a"]


def test_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Version(1).major = 2
    assert hash(Version(1, 2)) == hash(Version(1, 2))
    assert len({Version(1), Version(1), Version(2)}) == 2
    assert Version(1, 2) < Version(1, 3)
    assert max([Version(1), Version(2)]) == Version(2)


def test_match_statement():
    assert describe(Point(0, 0)) == "origin"
    assert describe(Level.LOW) == "low"
    match Point(3, 4):
        case Point(x=3, y=y):
            assert y == 4
        case _:
            pytest.fail("no match")


def test_enumeration():
    assert colour("red") is Colour.RED
    assert Colour("r") is Colour.RED
    assert Colour["GREEN"] is Colour.GREEN
    assert Colour.CRIMSON is Colour.RED
    assert list(Colour) == [Colour.RED, Colour.GREEN]
    assert len(Colour) == 2
    assert opposite(Colour.RED) is Colour.GREEN
    assert opposite(Colour.GREEN) == Colour.RED


def test_members():
    assert Colour.RED.name == "RED"
    assert Colour.RED.value == "r"
    assert Colour.RED.title == "Red"
    assert str(Colour.RED) == "Red"
    assert Colour.RED.mixed(Colour.GREEN) == "rg"
    assert Colour.parse("green") is Colour.GREEN
    assert {Colour.RED: 1}[Colour.RED] == 1
    assert isinstance(Colour.RED, Colour)
    assert isinstance(Colour.RED, enum.Enum)
    assert Colour.RED in Colour
    with pytest.raises(ValueError, match="not a valid Colour"):
        Colour("x")
    assert Planet.EARTH.mass == 5.97


def test_kinds_of_enumerations():
    assert Level.HIGH == 2
    assert Level.HIGH > Level.LOW
    assert Level(1) is Level.LOW
    assert Suit.HEARTS == "h"
    assert Right.READ | Right.WRITE == Right(3)
    assert may_write(Right.READ | Right.WRITE)
    assert not may_write(Right.READ)


@pytest.mark.parametrize("member", list(Colour))
def test_members_as_parameters(member):
    assert opposite(opposite(member)) is member


def test_named_tuple():
    pair = Pair(1)
    assert pair == (1, "x")
    assert pair.left == 1
    assert pair[1] == "x"
    left, right = pair
    assert (left, right) == (1, "x")
    assert pair.swapped() == ("x", 1)
    assert pair._replace(left=5) == Pair(5)
    assert pair._asdict() == {"left": 1, "right": "x"}
    assert Pair._fields == ("left", "right")
    assert isinstance(pair, tuple)
    assert repr(pair) == "Pair(left=1, right='x')"
    assert hash(pair) == hash((1, "x"))


def test_typed_dict():
    assert row("a") == {"name": "a"}


@dataclasses.dataclass
class Mine:
    x: int


class Own(enum.Enum):
    A = 1


def test_the_tests_own_data():
    assert describe(Mine(1)) == "other"
    assert describe(Own.A) == "other"
