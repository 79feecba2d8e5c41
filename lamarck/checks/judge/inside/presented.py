"""What an object of the candidate's shows itself to be, before it is told what is expected of it.

An object that stands where a plain value is expected can be asked for that value: by what it derives from, by its
conversions, by iterating, by its attributes. What it showed stays its word until the test asks the candidate for
something else.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .described import value_of
from .faults import Ended, Malformed, TooLarge
from .handles import Ask, handle_of

NUMBERS = (int, float, complex, Decimal, Fraction)
_CONVERSIONS = ("__index__", "__int__", "__float__", "__complex__")
_ORDERED, _UNORDERED = (list, tuple, deque), (set, frozenset)
_MOST_ITEMS = 10_000
_MOST_GUESSES = 6  # numbers among an object's attributes: more would be guesses


class Shown:
    """ask(operation, …): the candidate's answer about one object. at: the time, in questions."""

    def __init__(self, value: Any, ask: Ask, at: int) -> None:
        self.at = at
        self._value = value
        self._ask = ask
        self._special: frozenset[str] = type(value)._lamarck_special
        self._base: type = type(value)._lamarck_base
        self._known: dict[Any, Any] = {}
        self.left: dict[Any, list[Any]] = {}  # values that it may be, by their type, after all that it answered

    def equals(self, other: Any) -> bool:
        """Whether it shows itself as `other`, a plain value, or holds that among its attributes."""
        try:
            return self._shows(other) or any(_same(each, other) for each in self.state())
        except (TypeError, ValueError, ArithmeticError, RecursionError):
            return False

    def _shows(self, other: Any) -> bool:
        kind = type(other)
        if isinstance(other, NUMBERS):
            return any(_same(each, other) for each in self.numbers())
        if kind in (str, bytes):
            return bool(self.text(kind) == other)
        if kind in _ORDERED or kind in _UNORDERED:
            items = self.items(len(other) + 1)
            if items is None:
                return False
            if kind in _UNORDERED:
                return bool(len(items) == len(other) and set(items) == other)
            return bool(list(items) == list(other))
        return kind is dict and bool(self.mapping(len(other) + 1) == other)

    def numbers(self) -> list[Any]:
        """What it is as a number, by its base or its conversions."""
        if issubclass(self._base, int | float | complex):
            return [value_of(self._value, self._base)]
        return self._once("numbers", self._numbers)

    def _numbers(self) -> list[Any]:
        asked = [self._try("special", name) for name in _CONVERSIONS if name in self._special]
        return [each for each in asked if type(each) in (int, float, complex)]

    def like(self, other: Any) -> list[Any]:
        """What it shows itself to be among the values that are of the type of `other`."""
        kind = type(other)
        try:
            if isinstance(other, NUMBERS):
                return self.guesses()
            if kind in (str, bytes):
                text = self.text(kind)
                return [] if text is None else [text]
            if kind in _UNORDERED or kind in _ORDERED:
                items = self.items()
                return [] if items is None else [kind(items)]
        except TypeError:  # items that can't be hashed
            return []
        return [self.mapping(_MOST_ITEMS)] if kind is dict else [e for e in self.state() if type(e) is kind]

    def guesses(self) -> list[Any]:
        """What it may be as a number: as it says, else as its attributes hold it."""
        found = self.numbers()
        if not found:
            found = [each for each in self.state() if type(each) in NUMBERS]
        return found[:_MOST_GUESSES]

    def text(self, kind: type) -> Any:
        if issubclass(self._base, kind):
            return value_of(self._value, self._base)
        name = "__str__" if kind is str else "__bytes__"
        return self._once(name, lambda: self._try("special", name)) if name in self._special else None

    def items(self, most: int = _MOST_ITEMS) -> list[Any] | None:
        """What iterating gives; None for what can't be iterated, or only once."""
        if self._base in (tuple, frozenset):
            return list(value_of(self._value, self._base))
        if "__iter__" not in self._special or "__next__" in self._special:
            return None
        found = self._once(("items", most), lambda: self._try("listed", most))
        return found if type(found) is list else None

    def mapping(self, most: int) -> Any:
        return self._once(("mapping", most), lambda: self._try("mapped", most))

    def state(self) -> list[Any]:
        """Plain values among its attributes, and inside of those."""
        found = self._once("state", lambda: self._try("state"))
        return found if type(found) is list else []

    def _once(self, key: Any, find: Callable[[], Any]) -> Any:
        if key not in self._known:
            self._known[key] = find()
        return self._known[key]

    def _try(self, operation: str, *args: Any) -> Any:
        try:
            return self._ask(operation, self._value, *args)
        except (Ended, TooLarge):
            raise
        except Exception:  # it does not show itself that way
            return None


class Presented:
    """questions: how many the candidate was asked so far. Those that are asked here are not the test's. changes: how
    often it changed what it shares with the test."""

    def __init__(self, questions: Callable[[], int], changes: Callable[[], int]) -> None:
        self._questions = questions
        self.changes = changes
        self.is_closed = False  # while an object is examined that has no reason to call the test
        self._within = False
        self._began = 0
        self.asked = 0

    def of(self, value: Any) -> Shown:
        now = self._began if self._within else self._questions() - self.asked
        if isinstance(value, type):
            return Shown(value, self.ask, now)
        try:
            known = object.__getattribute__(value, "_lamarck_shown")
        except AttributeError:
            known = None
        if type(known) is Shown and known.at == now:
            return known
        found = Shown(value, self.ask, now)
        object.__setattr__(value, "_lamarck_shown", found)
        return found

    def ask(self, operation: str, owner: Any, *args: Any) -> Any:
        handle = handle_of(owner)
        if handle is None:
            raise Malformed("no object of the candidate's")
        with self.asking():
            return handle.ask(operation, owner, *args)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """What is asked in here does not count as time: an object is held to what it showed."""
        if self._within:
            yield
            return
        before = self._questions()
        self._within, self._began = True, before - self.asked
        try:
            yield
        finally:
            self._within = False
            self.asked += self._questions() - before


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, NUMBERS) and isinstance(other, NUMBERS):
        if type(one) is float or type(other) is float:
            return bool(one == other) or (
                not isinstance(one, complex) and not isinstance(other, complex) and math.isclose(one, other)
            )
        return bool(one == other)
    return type(one) is type(other) and bool(one == other)
