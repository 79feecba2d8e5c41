"""Values like a given one, and different from it: what a right answer is hidden among.

A candidate that is asked about the right value and others must not be able to tell by their looks which is which. So
the others are no alterations of the right one, which would stand in their middle: each is an alteration of the one
before, and the right one has a random place in that chain.
"""

from __future__ import annotations

import copy
import datetime
import decimal
import fractions
import pathlib
import random
import string
import uuid
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

_dice = random.SystemRandom()
_CONTAINERS = frozenset({list, tuple, set, frozenset, dict, deque})
_MOST_PARTS = 2_000
_MOST_DIGITS = 10_000
_MODULI = range(5, 13)
_MOST_CONGRUENT = 3
_TRIES = 20


class Nothing:
    """Equal to nothing."""


def is_plain(value: Any) -> bool:
    """Whether it consists of built-in values alone, and of few enough to be altered."""
    left = [value]
    for seen in range(_MOST_PARTS):
        if not left:
            return True
        each = left.pop()
        kind = type(each)
        if kind in _CONTAINERS:
            if len(each) > _MOST_PARTS - seen:
                return False
            left += each if kind is not dict else [*each.keys(), *each.values()]
        elif kind not in _ALTER:
            return False
    return False


def decoys(value: Any, count: int) -> list[Any]:
    """At most `count` different values, none of which equals `value`; none for what can't be altered."""
    if not is_plain(value):
        return []
    before = _dice.randint(0, count)
    found: list[Any] = []
    for steps in (before, count - before):
        each = value
        for _ in range(steps):
            each = altered(each)
            for _ in range(_TRIES):
                if type(each) is not int or _are_spread([value, *found, each]):
                    break
                each = altered(each)
            if not any(_alike(each, other) for other in (value, *found)):
                found.append(each)
    return found


def _are_spread(values: list[int]) -> bool:
    """Whether no more than three of them are congruent: what stands for all numbers that leave the same remainder is
    honest, and must not be equal to many of a few by chance. It holds of all of them alike, so it tells nothing."""
    return all(max(Counter(v % m for v in values).values()) <= _MOST_CONGRUENT for m in _MODULI)


def shuffled(count: int) -> list[int]:
    order = list(range(count))
    _dice.shuffle(order)
    return order


def copied(value: Any) -> Any:
    """A test's own containers are not handed to an object that is only compared with them: it could change them."""
    return copy.deepcopy(value) if type(value) in _CONTAINERS and is_plain(value) else value


def _alike(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def altered(value: Any) -> Any:
    """Raises TypeError for what `is_plain` does not know."""
    kind = type(value)
    if kind in (list, tuple, set, frozenset, deque):
        return kind(_altered_parts(list(value)))
    if kind is dict:
        return _altered_dict(value)
    alter = _ALTER.get(kind)
    if alter is None:
        raise TypeError(f"{kind.__name__} can't be altered")
    try:
        return alter(value)
    except (ArithmeticError, ValueError):  # at the end of what there is
        return None


def _yes_or_no(value: bool | None) -> str:
    return _dice.choice(["", "x", "no"]) + str(_dice.randint(2, 99))


def _integer(value: int) -> int:
    spread = max(9, abs(value) // 2) if value.bit_length() < _MOST_DIGITS else 9
    return value + _dice.choice((-1, 1)) * _dice.randint(1, spread)


def _real(value: Any) -> Any:
    return value + _dice.choice((-1, 1)) * (_dice.random() + 0.1) * max(1.0, abs(value))


def _exact(value: Any) -> Any:
    """Decimals and fractions."""
    return value + type(value)(_dice.choice((-1, 1)) * _dice.randint(1, 99)) / _dice.choice((1, 2, 4))


def _text(value: str) -> str:
    if any(map(str.isalnum, value)) and _dice.random() < 0.4:
        place = _dice.choice([at for at, letter in enumerate(value) if letter.isalnum()])
        return value[:place] + _another(value[place]) + value[place + 1 :]
    place = _dice.randint(0, len(value))
    letters = value if len(value) > 1 and _dice.random() < 0.7 else "abcxyz019 _-"
    letter = _dice.choice([c for c in letters if c != value[place : place + 1]] or ["a"])
    return value[:place] + letter + value[place + _dice.randint(0, 1) :]


def _another(letter: str) -> str:
    """A digit for a digit, a letter for a letter: what is read as a number or a name stays one."""
    letters = "123456789" if letter.isdigit() else string.ascii_lowercase
    letters = letters.upper() if letter.isupper() else letters
    return _dice.choice([each for each in letters if each != letter]) if letter.isalnum() else letter


def reshaped(value: Any) -> Any:
    """As `altered`, with every part of it another one, of the same kind."""
    if type(value) is str and any(map(str.isalnum, value)):
        return "".join(map(_another, value))
    if type(value) in (list, tuple) and value:
        return type(value)(map(reshaped, value))
    return altered(value)


def _moment(value: Any) -> Any:
    return value + datetime.timedelta(days=_dice.choice((-1, 1)) * _dice.randint(1, 400))


_ALTER: dict[type, Callable[[Any], Any]] = {
    type(None): _yes_or_no,
    bool: _yes_or_no,
    int: _integer,
    float: _real,
    complex: _real,
    decimal.Decimal: _exact,
    fractions.Fraction: _exact,
    str: _text,
    bytes: lambda value: value + bytes([_dice.randint(0, 255)]),
    datetime.date: _moment,
    datetime.datetime: _moment,
    datetime.timedelta: _moment,
    datetime.time: lambda value: value.replace(minute=(value.minute + _dice.randint(1, 59)) % 60),
    uuid.UUID: lambda value: uuid.UUID(int=value.int ^ (1 << _dice.randint(0, 100))),
    range: lambda value: range(value.start, value.stop + _dice.randint(1, 9) * value.step, value.step),
    pathlib.PosixPath: lambda value: value / _text(value.name or "x").replace("/", "_"),
    pathlib.PurePosixPath: lambda value: value / _text(value.name or "x").replace("/", "_"),
}


def _altered_parts(parts: list[Any]) -> list[Any]:
    """One more, one less, or another one."""
    if not parts or _dice.random() < 0.2:
        return [*parts, altered(_dice.choice(parts)) if parts else _dice.randint(0, 99)]
    place = _dice.randrange(len(parts))
    if len(parts) > 1 and _dice.random() < 0.2:
        return parts[:place] + parts[place + 1 :]
    return [*parts[:place], altered(parts[place]), *parts[place + 1 :]]


def _altered_dict(value: dict[Any, Any]) -> dict[Any, Any]:
    if not value or _dice.random() < 0.3:
        key = altered(_dice.choice(list(value))) if value else _dice.choice("abcxyz")
        return {**value, key: altered(_dice.choice(list(value.values()))) if value else None}
    key = _dice.choice(list(value))
    return {**value, key: altered(value[key])}
