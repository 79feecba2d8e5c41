"""What a call did, as tagged JSON: what it returned or raised, and what became of its arguments.

For comparing candidates with each other on the host, whose interpreter never meets their values. Plain values are told
exactly; of other objects what can be told without trusting them: fields of data classes, items of iterators, the name
of the class.
"""

from __future__ import annotations

import enum
import hashlib
import itertools
import json
import reprlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from _pytest.outcomes import Failed

from .failure import MOST_CHARACTERS, Told
from .faults import Ended, TimeUp

LONGEST = 500  # characters of one told value; a longer one is told by its hash
_DEEPEST = 40
_MOST_ITEMS = 500
_MOST_PARTS = 20_000  # of one value, however deep
_MORE = ["o", "…"]  # stands for what is not told
_HASHED_DIGITS = 9  # of floats in a hash: noise in the last ones is no difference
_PLAIN = ("datetime", "decimal", "fractions", "uuid", "pathlib", "zoneinfo")

Arguments = Callable[[], tuple[tuple[Any, ...], dict[str, Any]]]


class Quietly(Told, Failed):
    """pytest writes no report of it, which would take longer than the call."""

    def __init__(self, message: str, **parts: Any) -> None:
        Told.__init__(self, message, **parts)
        self.msg, self.pytrace = message, False


def tell(module: Any, calls: Sequence[tuple[str, Arguments]], longest: int = LONGEST) -> None:
    """Raises `Quietly`, always. Its parts, put together in the order of `PARTS`, are the JSON of what each call did and
    whether it did it again the second time; shorter than `calls` when the candidate can't be asked any more. longest:
    characters of one told value."""
    done: list[dict[str, Any]] = []
    for name, arguments in calls:
        if _ended:
            break
        try:
            function = getattr(module, name)
            first, second = _done(function, arguments, longest), _done(function, arguments, longest)
            done.append({"did": first, "again": first == second})
        except (Ended, TimeUp) as error:
            _ended.append(str(error))
    text = json.dumps(done)
    raise Quietly("told", **{part: text[n * _PART : (n + 1) * _PART] for n, part in enumerate(PARTS)})


PARTS = ("got", "expected", "expression", "exception")  # of a failure: each is cut to a length, so the text is spread
_PART = MOST_CHARACTERS - 100
_ended: list[str] = []


def _done(function: Any, arguments: Arguments, longest: int) -> dict[str, Any]:
    args, kwargs = arguments()
    given = [*args, *kwargs.values()]
    before = [_clipped(told(value), longest) for value in given]
    done: dict[str, Any] = {}
    try:
        done["returned"] = _clipped(told(function(*args, **kwargs)), longest)
    except (Ended, TimeUp):
        raise
    except BaseException as error:
        done["raised"] = type(error).__name__
    after = [_clipped(told(value), longest) for value in given]
    if changed := [[place, new] for place, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]:
        done["changed"] = changed[:2]
    return done


def told(value: Any) -> Any:
    """None, booleans, texts and integers of ordinary size are themselves; everything else is a list that begins with
    its tag: i(nteger), f(loat), l(ist), t(uple), s(et), d(ict), b(ytes), it(erator), o(bject)."""
    return _Telling().tell(value, 0)


class _Telling:
    def __init__(self) -> None:
        self._parts = 0

    def tell(self, value: Any, deep: int) -> Any:
        self._parts += 1
        if deep > _DEEPEST or self._parts > _MOST_PARTS:
            return _MORE
        try:
            return self._tell(value, deep)
        except (Ended, TimeUp):
            raise
        except Exception as error:  # looking at an object asks the candidate, whose code may fail
            return ["o", type(value).__name__, type(error).__name__]

    def _tell(self, value: Any, deep: int) -> Any:
        if value is None or value is True or value is False:
            return value
        if isinstance(value, enum.Enum):
            return ["o", type(value).__name__, value.name]
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, int):
            number = int.__int__(value)
            return number if abs(number) < 2**53 else ["i", hex(number)]
        if isinstance(value, float):
            return ["f", repr(float.__float__(value))]
        if isinstance(value, bytes | bytearray):
            return ["b", bytes(value).hex()]
        if isinstance(value, tuple):
            return ["t", self._each(tuple.__iter__(value), deep)]
        if isinstance(value, list):
            return ["l", self._each(iter(value), deep)]
        if isinstance(value, set | frozenset):
            return ["s", sorted(self._each(iter(value), deep), key=json.dumps)]
        if isinstance(value, dict):
            pairs = itertools.islice(value.items(), _MOST_ITEMS)
            told = sorted(([self.tell(k, deep + 1), self.tell(v, deep + 1)] for k, v in pairs), key=json.dumps)
            return ["d", [*told, [_MORE, _MORE]] if len(value) > _MOST_ITEMS else told]
        return self._object(value, deep)

    def _each(self, items: Iterator[Any], deep: int) -> list[Any]:
        told = [self.tell(each, deep + 1) for each in itertools.islice(items, _MOST_ITEMS + 1)]
        return [*told[:_MOST_ITEMS], _MORE] if len(told) > _MOST_ITEMS else told

    def _object(self, value: Any, deep: int) -> Any:
        kind = type(value)
        if kind.__module__.partition(".")[0] in _PLAIN or kind in (complex, range):
            return ["o", kind.__name__, repr(value)]
        if isinstance(value, type):
            return ["o", "type", value.__name__]
        if fields := getattr(kind, "__dataclass_fields__", None):
            return ["o", kind.__name__, [[name, self.tell(getattr(value, name), deep + 1)] for name in sorted(fields)]]
        if hasattr(kind, "__next__"):
            return ["it", self._each(iter(value), deep)]
        return ["o", kind.__name__]


def _clipped(value: Any, longest: int) -> Any:
    """The told value, or what a long one is known by."""
    text = json.dumps(value)
    if len(text) <= longest:
        return value
    return ["…", hashlib.sha256(json.dumps(_rounded(value)).encode()).hexdigest(), reprlib.repr(text)]


def _rounded(value: Any) -> Any:
    if type(value) is not list:
        return value
    tag = value[0]
    if tag == "f":
        return [tag, f"{float(value[1]):.{_HASHED_DIGITS}g}"]
    if tag in ("l", "t", "s", "it"):
        return [tag, [_rounded(each) for each in value[1]]]
    if tag == "d":
        return [tag, [[_rounded(key), _rounded(each)] for key, each in value[1]]]
    if tag == "o" and type(value[-1]) is list:
        return [*value[:-1], [[name, _rounded(each)] for name, each in value[-1]]]
    return value
