"""Operators and questions beside `==` that an object of the candidate's answers, examined.

An honest number answers `x < 3` and `x - 3` as the number does that it shows itself to be; an honest collection holds
what iterating it gives. Where an object shows nothing of the kind, it is asked about other values as well: an answer
that stays the same whatever it is asked about is no answer.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .comparison import Comparison, is_trusted
from .decoys import Nothing, copied, decoys, is_plain, shuffled
from .described import value_of
from .faults import Dishonest, Ended, TooLarge
from .names import PREDICATES
from .presented import NUMBERS, Presented
from .handles import handle_of
from .mirrored import Proxy

_ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "__lt__": operator.lt, "__le__": operator.le, "__gt__": operator.gt, "__ge__": operator.ge,
}  # fmt: skip
_OPPOSITE = {"__lt__": "__gt__", "__gt__": "__lt__", "__le__": "__gt__", "__ge__": "__lt__"}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "__add__": operator.add, "__sub__": operator.sub, "__mul__": operator.mul, "__truediv__": operator.truediv,
    "__floordiv__": operator.floordiv, "__mod__": operator.mod, "__and__": operator.and_, "__or__": operator.or_,
    "__xor__": operator.xor,
}  # fmt: skip
_REFLECTED = {f"__r{name[2:]}": name for name in _ARITHMETIC}
_SETS = (set, frozenset, dict)
_OF_SETS = frozenset("__and__ __rand__ __sub__ __rsub__ __xor__ __rxor__ __or__ __ror__".split())
# What makes a plain value of an object.
_CONVERTING = frozenset(
    "__abs__ __round__ __float__ __int__ __index__ __bool__ __len__ __trunc__ __floor__ __ceil__ __complex__".split()
)
_DECOYS = 8
_FAR = 10**12


class Examination:
    """The judge's. presented: what objects show themselves to be."""

    def __init__(self, presented: Presented) -> None:
        self._presented = presented
        self._comparison = Comparison(presented)
        self.objections: list[str] = []  # of the running test, which fails even where it catches them

    def begin_test(self) -> None:
        self._comparison.begin_test()
        self.objections.clear()

    @contextmanager
    def _examining(self, one: Any) -> Iterator[None]:
        """While `one` is examined, the candidate may change nothing that the test holds: it could put the very values
        there that it is being asked about."""
        presented = self._presented
        changes, was_closed = presented.changes(), presented.is_closed
        presented.is_closed = was_closed or not is_trusted(one)
        try:
            with presented.asking():
                yield
            if presented.changes() != changes:
                raise Dishonest(f"being compared, a {_name(one)} changes what the test holds")
        except Dishonest as error:
            self.objections.append(str(error))
            raise
        finally:
            presented.is_closed = was_closed

    def equal(self, one: Any, other: Any) -> Any:
        with self._examining(one):
            return self._comparison.equal(one, other)

    def examined(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        """`method`, which asks the candidate for the special or ordinary method `name`, with its answer examined."""
        if name in _ORDER:
            return self._wrapped(name, method, self._ordered)
        if name in PREDICATES:
            return self._wrapped(name, method, self._predicate)
        if name in _ARITHMETIC or name in _REFLECTED:
            return self._wrapped(name, method, self._computed)
        if name in ("__exit__", "__aexit__"):
            return self._leaving(name, method)
        return self._converting(name, method) if name in _CONVERTING else method

    def _wrapped(self, name: str, method: Callable[..., Any], examine: Callable[..., Any]) -> Callable[..., Any]:
        def examined(one: Any, /, *args: Any, **kwargs: Any) -> Any:
            if len(args) != 1 or kwargs:
                return method(one, *args, **kwargs)
            with self._examining(one):
                return examine(name, method, one, args[0])

        examined.__name__ = name
        return examined

    # --- order

    def _ordered(self, name: str, method: Callable[..., Any], one: Any, other: Any) -> Any:
        if handle_of(one) is None or handle_of(other) is not None:
            return method(one, other)
        shown = self._presented.of(one)
        guesses = shown.like(other)
        answer = method(one, copied(other))
        if type(answer) is not bool:
            if answer is NotImplemented or handle_of(answer) is None:
                return answer
            raise Dishonest(f"{_name(one)}.{name} answered with {type(answer).__name__}")
        self._is_not_both(name, one, other, answer)
        if is_trusted(one):
            return answer
        key = isinstance(other, NUMBERS) or type(other)
        left = shown.left.get(key, guesses)
        shown.left[key] = [each for each in left if _try(_ORDER[name], each, other) is answer]
        if not shown.left[key] and (answer or left):
            raise Dishonest(f"{_name(one)}.{name} answers otherwise than the value that it shows itself to be")
        return answer

    def _is_not_both(self, name: str, one: Any, other: Any, answer: bool) -> None:
        opposite = _OPPOSITE[name]
        if answer is not True or opposite not in type(one)._lamarck_special:
            return
        if self._again("special", one, opposite, other) is True:
            raise Dishonest(f"{_name(one)} claims to be both smaller and larger than the same value")

    # --- yes or no

    def _predicate(self, name: str, method: Callable[..., Any], one: Any, other: Any) -> Any:
        if handle_of(one) is None or not is_plain(other):
            answer = method(one, other)
            return self._decided(name, one, answer)
        expected = self._as_shown(name, one, other)
        order = shuffled(_DECOYS + 2)
        questions = [other, Nothing(), *decoys(other, _DECOYS)]
        answers: dict[int, Any] = {}
        for index in order:
            if index >= len(questions) or (expected is True and index):
                continue
            if index == 0:
                answers[0] = self._decided(name, one, method(one, copied(other)))
            else:
                answers[index] = self._quietly(method, one, questions[index])
        if answers[0] is True and expected is not True:
            self._tells_apart(name, one, other, answers, method)
        return answers[0]

    def _tells_apart(self, name: str, one: Any, other: Any, answers: dict[int, Any], method: Any) -> None:
        asked = [answer for index, answer in answers.items() if index > 1]
        taken = sum(answer is True for answer in asked)
        if is_trusted(one):  # what lies between two bounds takes all that is near
            far = [self._quietly(method, one, each) for each in (-_FAR, _FAR, "", "~")]
            says_all = taken == len(asked) and all(answer is True for answer in far)
        else:
            says_all = taken * 4 > len(asked)
        if says_all or answers.get(1) is True:
            raise Dishonest(f"{_name(one)}.{name} says yes to what it can't all be")

    def _as_shown(self, name: str, one: Any, other: Any) -> Any:
        """The answer of the built-in value or of the items that the object shows; None where it shows none."""
        base = type(one)._lamarck_base
        if base in (str, bytes, tuple, frozenset):
            return _try(getattr(base, name, None), value_of(one, base), other)
        if name == "__contains__" and not is_trusted(one):
            items = self._presented.of(one).items()
            return None if items is None else _try(operator.contains, items, other)
        return None

    def _decided(self, name: str, one: Any, answer: Any) -> Any:
        if type(answer) is not bool and answer is not NotImplemented and handle_of(answer) is not None:
            raise Dishonest(f"{_name(one)}.{name} answered with {type(answer).__name__}")
        return answer

    # --- arithmetic

    def _computed(self, name: str, method: Callable[..., Any], one: Any, other: Any) -> Any:
        if handle_of(one) is not None and type(other) in _SETS and name in _OF_SETS and not is_trusted(one):
            return self._of_sets(name, method, one, other)
        if type(other) not in NUMBERS or handle_of(one) is None:
            return method(one, other)
        numbers = self._presented.of(one).numbers()
        answer = method(one, other)
        if handle_of(answer) is not None and not is_trusted(one):
            self._follows(name, one, other, numbers, answer)
        if type(answer) not in NUMBERS or any(_fits(name, n, other, answer) for n in numbers):
            return answer
        if not is_trusted(one) and numbers:
            raise Dishonest(f"{_name(one)}.{name} answers otherwise than the number that it shows itself to be")
        others = [self._quietly(method, one, each) for each in decoys(other, 4)]
        if others and all(type(each) is type(answer) and each == answer for each in others):
            raise Dishonest(f"{_name(one)}.{name} gives the same, whatever it is asked for")
        if not is_trusted(one) and name not in ("__add__", "__radd__", "__mul__", "__rmul__"):
            raise Dishonest(f"a {_name(one)} answers {name} like a number, and shows itself as none")
        return answer

    def _of_sets(self, name: str, method: Callable[..., Any], one: Any, other: Any) -> Any:
        shown = self._presented.of(one).like(other)
        answer = method(one, copied(other))
        if type(answer) not in _SETS or any(_result(name, each, other) == answer for each in shown):
            return answer
        raise Dishonest(f"{_name(one)}.{name} answers otherwise than the set that it shows itself to be")

    def _follows(self, name: str, one: Any, other: Any, numbers: list[Any], answer: Any) -> None:
        """An object is the result: it has to show itself as what comes out for the number that `one` showed."""
        if not isinstance(answer, Proxy):  # a function or a class
            return
        if not numbers:
            object.__setattr__(answer, "_lamarck_informed", True)
        elif not any(_fits(name, n, other, m) for n in numbers for m in self._presented.of(answer).numbers()):
            raise Dishonest(f"{_name(one)}.{name} answers otherwise than the number that it shows itself to be")

    def _converting(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        """What came of an operation with a number of the test's knows that number: it may say nothing of itself that
        was not said before."""

        def examined(one: Any, /, *args: Any) -> Any:
            answer = method(one, *args)
            if handle_of(answer) is None and getattr(one, "_lamarck_informed", False) is True:
                with self._examining(one):
                    raise Dishonest(f"a {_name(one)} stands for a number, and showed itself as none")
            return answer

        examined.__name__ = name
        return examined

    # --- context managers

    def _leaving(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        """A context manager may swallow exceptions, or raise others in their place, and neither where the test's own
        assertion has failed: the test would never know."""

        def object_to(one: Any, what: str, failure: BaseException) -> None:
            with self._examining(one):
                raise Dishonest(f"a {_name(one)} {what} a failed assertion of the test: {failure}"[:500]) from failure

        @contextmanager
        def leaving(one: Any, args: tuple[Any, ...]) -> Iterator[list[Any]]:
            error, answers = args[1] if len(args) > 1 else None, list[Any]()
            if not isinstance(error, AssertionError) or handle_of(error) is not None:
                yield answers
                return
            try:
                yield answers
            except Exception as other:
                if not isinstance(other, AssertionError):
                    object_to(one, f"raises {type(other).__name__} in place of", error)
                raise
            if any(answers):
                object_to(one, "swallows", error)

        def leave(one: Any, /, *args: Any) -> Any:
            with leaving(one, args) as answers:
                answers.append(method(one, *args))
            return answers[0]

        async def leave_later(one: Any, /, *args: Any) -> Any:
            with leaving(one, args) as answers:
                answers.append(await method(one, *args))
            return answers[0]

        return leave if name == "__exit__" else leave_later

    # --- classes that say what their instances are

    def instance(self, cls: type, instance: Any, ask: Callable[..., Any]) -> bool:
        """ask(value): what the class says of a value."""
        answers: dict[int, Any] = {}
        with self._examining(cls):
            for index in shuffled(2):
                answers[index] = self._quietly(lambda _, value: ask(value), None, Nothing()) if index else ask(instance)
            if answers[0] is True and (answers[1] is True or instance is None):
                raise Dishonest(f"{cls.__name__} says that things are its instances which can't be")
        return answers[0] is True

    def predicate(self, one: Any, name: str, found: Any) -> Any:
        """An attribute that a built-in value would have as a method, examined when it is called."""
        if handle_of(found) is None:
            return found

        def call(owner: Any, *args: Any, **kwargs: Any) -> Any:
            return found(*args, **kwargs)

        return functools.partial(self.examined(name, call), one)

    # --- asking more than the test does

    def _again(self, operation: str, one: Any, *args: Any) -> Any:
        try:
            return self._presented.ask(operation, one, *args)
        except (Ended, TooLarge):
            raise
        except Exception:
            return None

    def _quietly(self, method: Callable[..., Any], one: Any, other: Any) -> Any:
        try:
            return method(one, other)
        except (Ended, TooLarge):
            raise
        except Exception:  # honest code may well fail on what it was never meant to meet
            return None


def _name(one: Any) -> str:
    return one.__name__ if isinstance(one, type) else type(one).__name__


def _try(function: Any, *args: Any) -> Any:
    try:
        return function(*args)
    except (TypeError, ValueError, ArithmeticError):
        return None


def _result(name: str, value: Any, other: Any) -> Any:
    if name in _REFLECTED:
        return _try(_ARITHMETIC[_REFLECTED[name]], other, value)
    return _try(_ARITHMETIC[name], value, other)


def _fits(name: str, number: Any, other: Any, answer: Any) -> bool:
    found = _result(name, number, other)
    if found is None or isinstance(found, complex) or isinstance(answer, complex) or found == answer:
        return bool(found == answer)
    if math.isnan(found) or math.isnan(answer):
        return math.isnan(found) and math.isnan(answer)
    return math.isclose(found, answer, rel_tol=1e-6, abs_tol=1e-9)
