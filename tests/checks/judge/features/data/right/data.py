import dataclasses
import enum
from typing import NamedTuple, TypedDict


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0
    tags: list = dataclasses.field(default_factory=list, compare=False)

    def moved(self, dx):
        return Point(self.x + dx, self.y)  # WRONG: return Point(self.x, self.y) | test_dataclass

    @property
    def norm(self):
        return abs(self.x) + abs(self.y)


@dataclasses.dataclass(frozen=True, order=True)
class Version:
    major: int
    minor: int = 0


class Colour(enum.Enum):
    RED = "r"
    GREEN = "g"
    CRIMSON = "r"

    @property
    def title(self):
        return self.name.title()

    @classmethod
    def parse(cls, text):
        return cls[text.upper()]

    def mixed(self, other):
        return f"{self.value}{other.value}"

    def __str__(self):
        return self.title


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Suit(str, enum.Enum):
    HEARTS = "h"


class Right(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()


class Planet(enum.Enum):
    EARTH = (5.97, 6.37)

    def __init__(self, mass, radius):
        self.mass = mass
        self.radius = radius


class Pair(NamedTuple):
    left: int
    right: str = "x"

    def swapped(self):
        return (self.right, self.left)  # WRONG: return (self.left, self.right) | test_named_tuple


class Row(TypedDict):
    name: str


def points(n):
    return [Point(i, i) for i in range(n)]


def colour(name):
    return Colour.parse(name)


def opposite(c):
    return Colour.GREEN if c is Colour.RED else Colour.RED  # WRONG: return c | test_enumeration


def may_write(rights):
    return Right.WRITE in rights


def row(name) -> Row:
    return {"name": name}


def describe(value):
    match value:
        case Point(x=0, y=0):
            return "origin"
        case Point(x=x):
            return f"x={x}"
        case Level.LOW:
            return "low"
        case _:
            return "other"
