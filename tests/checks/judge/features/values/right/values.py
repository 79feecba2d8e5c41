import datetime
import decimal
import fractions
import pathlib
import re
import uuid


def echo(value):
    return value


def make(what):
    return {
        "nan": float("nan"),
        "minus zero": -0.0,
        "big": 2**5000 + 1,  # WRONG: "big": 2**5000, | test_large_numbers
        "uuid": uuid.UUID(int=5),
        "decimal": decimal.Decimal("1.10"),
        "fraction": fractions.Fraction(1, 3),
        "date": datetime.date(2024, 2, 29),
        "path": pathlib.Path("/a/b"),
        "pattern": re.compile("a+", re.I),
        "keys": {"a": 1}.keys(),
        "type": int,
    }[what]


def kind(value):
    return type(value).__name__


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def large(count):
    return list(range(count))
