import collections
import datetime
import decimal
import fractions
import math
import pathlib
import re
import uuid
import zoneinfo

import pytest
from values import echo, kind, large, make, nested

VALUES = [
    None, True, False, 0, -1, 2**63, -(2**200), 1.5, -0.0, math.inf, -math.inf, 3 + 4j, "", "text", "ü€😀",
    "\ud800", "\ud83d\ude00", "\x00", b"", b"\x00\xff", bytearray(b"ab"), (), (1, (2,)), [], [1, [2]], {}, {"a": [1]},
    {1: "a", (2, 3): None, None: 1, 1.5: 2, b"x": 3, frozenset({1}): 4}, {1, 2}, frozenset({"a"}), range(1, 9, 2),
    slice(1, None, 2), ..., NotImplemented, datetime.date(2024, 1, 2), datetime.time(1, 2, 3, 4, fold=1),
    datetime.datetime(2024, 1, 2, 3, 4, 5, 6), datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC),
    datetime.datetime(2024, 7, 2, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
    datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=-3, minutes=-30), "X")),
    datetime.timedelta(days=-1, microseconds=5), datetime.timezone.utc, decimal.Decimal("-0.10"), decimal.Decimal("Infinity"),
    fractions.Fraction(-2, 3), uuid.UUID(int=7), pathlib.PurePosixPath("a/b"), pathlib.Path("/x"), int, dict, ValueError,
    collections.OrderedDict([("b", 1), ("a", 2)]), collections.Counter("hello"), collections.deque([1, 2], maxlen=3),
    collections.deque([1]),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{type(value).__name__}")
def test_there_and_back(value):
    back = echo(value)
    assert type(back) is type(value)
    assert back == value
    assert repr(back) == repr(value)


def test_not_a_number():
    assert math.isnan(echo(math.nan))
    assert math.isnan(make("nan"))
    assert math.copysign(1, make("minus zero")) == -1


def test_large_numbers():
    assert make("big") == 2**5000 + 1
    assert echo(10**5000) == 10**5000


def test_order_of_keys():
    assert list(echo({"b": 1, "a": 2})) == ["b", "a"]


def test_default_dict():
    counts = echo(collections.defaultdict(list, a=[1]))
    counts["new"].append(1)
    assert counts == {"a": [1], "new": [1]}
    assert echo(collections.defaultdict(lambda: 7))["x"] == 7


def test_pattern():
    assert make("pattern").fullmatch("AAA")
    assert echo(re.compile(b"x")).pattern == b"x"


def test_made_there():
    assert make("uuid") == uuid.UUID(int=5)
    assert make("decimal") == decimal.Decimal("1.1")
    assert str(make("decimal")) == "1.10"
    assert make("fraction") == fractions.Fraction(1, 3)
    assert make("date") == datetime.date(2024, 2, 29)
    assert make("path") == pathlib.Path("/a/b")
    assert make("type") is int
    assert list(make("keys")) == ["a"]


def test_types_seen_there():
    assert kind(True) == "bool"
    assert kind(1) == "int"
    assert kind((1,)) == "tuple"
    assert kind(collections.Counter()) == "Counter"


def test_depth_and_size():
    value = nested(2_000)
    for _ in range(2_000):
        value = value[0]
    assert value == []
    assert sum(large(200_000)) == 19_999_900_000
    assert len(echo("x" * 1_000_000)) == 1_000_000


def test_too_deep_is_an_error():
    value = ()
    for _ in range(500):
        value = (value,)
    with pytest.raises(Exception, match="too deeply"):
        echo(value)
    assert echo([1]) == [1]


def test_too_large_is_an_error():
    with pytest.raises(Exception, match="too large"):
        echo("x" * 20_000_000)
    assert echo([1]) == [1]
