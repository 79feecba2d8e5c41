"""`==`, `<` and the like, where the candidate answers: cross-examined.

A candidate may return an object that says it equals whatever it meets. Values below built-in classes and the fields of
data classes are fetched and compared here. Where only the candidate's own code can answer, the right question stands
among altered ones, in random order and asked twice: an honest `__eq__` answers the same question the same way and
tells most altered values from the right one. What gives itself away fails the test with `Dishonest`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from .faults import Dishonest, Ended, TooLarge
from .standins import handle_of

_dice = random.SystemRandom()
_OPPOSITE = {"__lt__": "__gt__", "__gt__": "__lt__", "__le__": "__gt__", "__ge__": "__lt__"}
_ANSWERS_YES_OR_NO = frozenset(_OPPOSITE) | {"__contains__", "__ne__"}


class _Nothing:
    """Equal to nothing."""


def plain_equal(self: Any, other: Any) -> Any:
    """For the side that trusts the other one."""
    if _same(self, other):
        return True
    return handle_of(self).ask("equal", self, other)  # type: ignore[union-attr]


def examined_equal(self: Any, other: Any) -> Any:
    """For the judge. Raises `Dishonest`."""
    ask = handle_of(self).ask  # type: ignore[union-attr]
    kind = type(self)._lamarck_equal
    if kind == "fields" and type(other) is type(self):
        return bool(ask("fields", self) == ask("fields", other))
    if kind == "fields":
        return NotImplemented
    if kind == "changing":
        mine = ask("plain", self)
        return bool(mine == (ask("plain", other) if handle_of(other) is not None else other))
    if type(other).__module__.startswith("_pytest"):  # pytest.approx asks back, number by number
        return NotImplemented
    return _cross_examined(ask, self, other)


def _same(self: Any, other: Any) -> bool:
    mine, theirs = handle_of(self), handle_of(other)
    return mine is not None and theirs is not None and mine.number == theirs.number


def _cross_examined(ask: Callable[..., Any], self: Any, other: Any) -> Any:
    questions = [other, _Nothing(), *_alterations(ask, other)]
    order = [*range(len(questions)), *range(len(questions))]
    _dice.shuffle(order)
    answers: dict[int, Any] = {}
    for index in order:
        answer = _answer(ask, self, questions[index], is_real=index == 0)
        if index in answers and answers[index] is not answer:
            raise Dishonest(f"{type(self).__name__}.__eq__ answers the same question in two ways")
        answers[index] = answer
    altered = [answers[index] is True for index in range(2, len(questions))]
    if answers[1] is True or (answers[0] is True and altered and sum(altered) * 2 > len(altered)):
        raise Dishonest(f"{type(self).__name__}.__eq__ says that values which differ are equal to it")
    return answers[0]


def _answer(ask: Callable[..., Any], self: Any, other: Any, *, is_real: bool) -> Any:
    try:
        answer = ask("equal", self, other)
    except (Ended, TooLarge):
        raise
    except Exception:
        if is_real:
            raise
        return False  # honest code may well fail on what it was never meant to meet
    if answer is not NotImplemented and type(answer) is not bool:
        raise Dishonest(f"{type(self).__name__}.__eq__ answered with {type(answer).__name__}")
    return answer


def examined(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """A special method whose answer decides: yes or no and nothing else, and not yes to a thing and its opposite."""
    if name not in _ANSWERS_YES_OR_NO:
        return method

    def decided(self: Any, /, *args: Any) -> Any:
        answer = method(self, *args)
        if answer is not NotImplemented and type(answer) is not bool:
            if name == "__contains__" or handle_of(answer) is not None:
                raise Dishonest(f"{type(self).__name__}.{name} answered with {type(answer).__name__}")
            return answer
        opposite = _OPPOSITE.get(name)
        if answer is True and opposite is not None and opposite in dir_of(type(self)):
            if handle_of(self).ask("special", self, opposite, *args) is True:  # type: ignore[union-attr]
                raise Dishonest(f"{type(self).__name__} claims to be both smaller and larger than the same value")
        return answer

    decided.__name__ = name
    return decided


def dir_of(cls: type) -> set[str]:
    return {name for each in cls.__mro__ for name in each.__dict__}


def _alterations(ask: Callable[..., Any], value: Any) -> Iterator[Any]:
    """Values like `value`, and different from it."""
    if handle_of(value) is not None:
        for _ in range(2):
            copy = ask("altered", value)
            if copy is not None:
                yield copy
        return
    for _ in range(6):
        altered = _altered(value)
        if altered is not None:
            yield altered


def _altered(value: Any) -> Any:
    kind = type(value)
    if kind is bool:
        return not value
    if kind is int:
        return value + _dice.choice((-1, 1)) * _dice.randint(1, max(9, abs(value) // 2))
    if kind in (float, complex):
        return value + _dice.choice((-1, 1)) * (_dice.random() + 0.1) * max(1.0, abs(value))
    if kind is str:
        place = _dice.randint(0, len(value))
        letter = _dice.choice([c for c in "abcxyz019 _-" if c != value[place : place + 1]])
        return value[:place] + letter + value[place + _dice.randint(0, 1) :]
    if kind in (list, tuple):
        if not value or _dice.random() < 0.5:
            return kind([*value, _altered(value[-1]) if value else 0])
        place = _dice.randrange(len(value))
        return kind([*value[:place], _altered(value[place]) or 0, *value[place + 1 :]])
    if kind is dict:
        return {**value, _dice.choice("abcxyz") + str(_dice.randint(0, 99)): None}
    if kind in (set, frozenset):
        return value | {_dice.randint(10**6, 10**9)}
    if value is None:
        return _dice.randint(0, 9)
    return None
