"""What one side does when the other asks. Owners and arguments arrive decoded; results and exceptions go back."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import decimal
import fractions
import inspect
import itertools
import random
import typing
from collections.abc import Callable, Iterator
from typing import Any

from .awaiting import Tasks
from .described import CHANGING, VALUES


def for_both_sides() -> dict[str, Callable[..., Any]]:
    tasks = Tasks()
    return {
        "get": getattr,
        "set": setattr,
        "delete": delattr,
        "dir": _names,
        "call": _call,
        "method": _method,
        "unbound": _unbound,
        "inherited": _inherited,
        "special": _special,
        "subscript": _subscript,
        "equal": lambda owner, other: type(owner).__eq__(owner, other),
        "fields": _fields,
        "plain": _plain,
        "listed": lambda owner, most: list(itertools.islice(owner, most)),
        "mapped": lambda owner, most: {key: owner[key] for key in itertools.islice(owner.keys(), most)},
        "state": _state,
        "altered": _altered,
        "copy": copy.copy,
        "deepcopy": copy.deepcopy,
        "isinstance": isinstance,
        "signature": _signature,
        "next": _next,
        "send": lambda owner, value: _step(owner.send, value),
        "throw": lambda owner, error: _step(owner.throw, error),
        "close": lambda owner: owner.close(),
        "begin": tasks.begin,
        "progress": tasks.progress,
        "cancel": tasks.cancel,
    }


def _call(owner: Any, /, *args: Any, **kwargs: Any) -> Any:
    return owner(*args, **kwargs)


def _method(owner: Any, name: str, /, *args: Any, **kwargs: Any) -> Any:
    return getattr(owner, name)(*args, **kwargs)


def _unbound(owner: type, name: str, /, *args: Any, **kwargs: Any) -> Any:
    return getattr(owner, name)(*args, **kwargs)


def _inherited(owner: type, name: str, instance: Any) -> Any:
    """What `super().name` is for a property."""
    found = inspect.getattr_static(owner, name)
    return found.__get__(instance, type(instance))


def _special(owner: Any, name: str, /, *args: Any, **kwargs: Any) -> Any:
    return getattr(type(owner), name)(owner, *args, **kwargs)


def _subscript(owner: Any, key: Any) -> Any:
    """`Class[key]`: of a generic class the class itself, which is what the parameters mean at run time."""
    found = owner[key]
    return owner if typing.get_origin(found) is owner else found


def _names(owner: Any) -> list[str]:
    return [str(name) for name in dir(owner)]


def _next(owner: Any) -> tuple[bool, Any]:
    return _step(type(owner).__next__, owner)


def _step(advance: Callable[..., Any], *args: Any) -> tuple[bool, Any]:
    """(True, what it returned) at the end, else (False, what it yielded)."""
    try:
        return False, advance(*args)
    except StopIteration as stop:
        return True, stop.value


def _fields(owner: Any) -> tuple[Any, ...]:
    return tuple(getattr(owner, f.name) for f in dataclasses.fields(owner) if f.compare)


def _plain(owner: Any) -> Any:
    """The built-in value below an instance of a subclass of it."""
    base = next(base for base in (*CHANGING, *VALUES) if isinstance(owner, base))
    if base is dict:
        return dict(dict.items(owner))
    if base is bytearray:
        return bytearray(bytes(owner))
    return base(base.__iter__(owner))  # type: ignore[attr-defined]


def _signature(owner: Any) -> Any:
    try:
        return inspect.signature(owner)
    except (TypeError, ValueError):
        return None


_ATOMS = (type(None), bool, int, float, str)
_SHOWN = (bool, int, float, complex, str, bytes, list, tuple, set, frozenset, dict, decimal.Decimal, fractions.Fraction,
          datetime.date, datetime.datetime, datetime.timedelta, datetime.time)  # fmt: skip


def _altered(owner: Any) -> Any:
    """A copy with another value in every attribute that holds a plain one, or None where there is none."""
    try:
        twin = copy.copy(owner)
        changed = 0
        for name, value in list(_attributes(owner)):
            if isinstance(value, _ATOMS):
                object.__setattr__(twin, name, _other(value))
                changed += 1
            elif isinstance(value, list | tuple):
                object.__setattr__(twin, name, type(value)([*value, random.Random().randint(10, 10**6)]))
                changed += 1
            elif isinstance(value, dict | set):
                extra = f"{random.Random().random()}"
                object.__setattr__(twin, name, {**value, extra: 1} if isinstance(value, dict) else value | {extra})
                changed += 1
    except Exception:  # a class that can't be copied or changed has no altered twin
        return None
    return twin if changed else None


_MOST_ATOMS = 64


def _basic(owner: Any) -> Any:
    """The value below an instance of a class that derives from one of the standard library's."""
    if isinstance(owner, datetime.datetime):
        return datetime.datetime.combine(owner.date(), owner.timetz())
    if isinstance(owner, datetime.date):
        return datetime.date(owner.year, owner.month, owner.day)
    if isinstance(owner, datetime.timedelta):
        return datetime.timedelta(owner.days, owner.seconds, owner.microseconds)
    kind = next((each for each in (decimal.Decimal, fractions.Fraction) if isinstance(owner, each)), None)
    return None if kind is None else kind(owner)


def _state(owner: Any) -> list[Any]:
    """Plain values among an object's attributes, and what one of them holds directly."""
    found: list[Any] = [_basic(owner)]
    for _, value in _attributes(owner):
        kind = type(value)
        if kind in _SHOWN:
            found.append(value)
        if kind in (list, tuple, set, frozenset):
            found += [each for each in itertools.islice(value, _MOST_ATOMS) if type(each) in _ATOMS]
    return found[:_MOST_ATOMS]


def _attributes(owner: Any) -> Iterator[tuple[str, Any]]:
    yield from getattr(owner, "__dict__", {}).items()
    for kind in type(owner).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(owner, name) and name not in ("__dict__", "__weakref__"):
                yield name, getattr(owner, name)


def _other(value: Any) -> Any:
    dice = random.Random()  # not the one that a test may have seeded
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + dice.choice((-1, 1)) * dice.randint(1, max(9, abs(value)))
    if isinstance(value, float):
        return value + dice.uniform(0.1, 1.0) * max(1.0, abs(value))
    return f"{value}{dice.choice('abcxyz')}" if isinstance(value, str) else dice.randint(0, 99)
