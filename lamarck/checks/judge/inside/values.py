"""Values as tagged JSON: exact types, never pickled, nothing evaluated.

None, booleans, texts, floats and integers of ordinary size are themselves. Everything else is a list that begins with
its tag. Containers that change are linked (`links`); objects that stay where they are go through the two hooks.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import inspect
import pathlib
import re
import uuid
from collections.abc import Callable
from typing import Any

from . import arrays, logs
from .faults import Malformed, TooLarge
from .links import KINDS, MOST_INT, Links
from .names import class_named, named_class

DEEPEST = 150  # levels of tuples and the like; lists and dicts may nest as deep as they want

Encoded = Any


class Values:
    """One side's codec. tell(object) encodes what is no plain value; hear(tag, parts) decodes it.

    first: see `Links`. shared: modules that both sides have as the same files.
    """

    def __init__(
        self,
        first: int,
        shared: frozenset[str],
        tell: Callable[[Any], Encoded],
        hear: Callable[[str, list[Any]], Any],
    ) -> None:
        self.shared = shared
        self.links = Links(first, self.encode, self.decode, shared)
        self._tell = tell
        self._hear = hear
        self._depth = 0

    # --- encoding

    def encode(self, value: Any) -> Encoded:
        kind = type(value)
        if kind in _THEMSELVES:
            return value
        if kind is int:
            return value if -MOST_INT < value < MOST_INT else ["i", hex(value)]
        if kind in KINDS:
            return ["@", self.links.number(value, KINDS[kind])]
        if self._depth >= DEEPEST:
            raise TooLarge("a value nests too deeply to be handed over")
        self._depth += 1
        try:
            if kind is tuple:
                return ["t", self.links.several(list(value))]
            if kind is frozenset:
                return ["z", self.links.several(list(value))]
            if kind in _ENCODERS:
                told = _ENCODERS[kind](value, self.encode)
                if told is not None:
                    return told
            return self._object(value, kind)
        finally:
            self._depth -= 1

    def _object(self, value: Any, kind: type) -> Encoded:
        if kind.__module__ == "numpy":
            if arrays.is_array(kind) and arrays.travels(value):
                return ["@", self.links.number(value, "array")]
            if arrays.is_number(kind):
                return arrays.tell_number(value)
        if arrays.is_dtype(value):
            return ["npd", value.str]
        if value is Ellipsis:
            return ["..."]
        if value is NotImplemented:
            return ["ni"]
        if isinstance(value, type):
            named = named_class(value)
            if named is not None:
                return ["c", *named]
        module = kind.__module__
        if module in self.shared:
            if self.links.is_plain(kind):
                return ["@", self.links.number(value, "object")]
            if hasattr(kind, "__members__"):
                return ["se", ["s", module, kind.__qualname__], value.name]
        if getattr(value, "__module__", None) in self.shared and hasattr(value, "__qualname__"):
            if self._shared(value.__module__, value.__qualname__) is value:
                return ["s", value.__module__, value.__qualname__]
        if module == "zoneinfo" and getattr(value, "key", None):
            return ["zone", value.key]
        if module == "logging" and logs.is_known(value, kind):
            return ["log", value.name]
        if module == "logging" and logs.is_record(kind):
            return ["lr", logs.told_record(value, self.encode)]
        if isinstance(value, pathlib.PurePath) and module.partition(".")[0] == "pathlib":
            return ["p", kind.__name__, str(value)]
        return self._tell(value)

    # --- decoding

    def decode(self, told: Encoded) -> Any:
        """Raises `Malformed`, and whatever the hook raises."""
        kind = type(told)
        if kind is not list:
            if kind in _THEMSELVES or kind is int:
                return told
            raise Malformed("an object where a value was expected")
        if self._depth >= DEEPEST:
            raise Malformed("a value nests too deeply")
        self._depth += 1
        try:
            return self._tagged(told)
        except (IndexError, KeyError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError) as error:
            raise Malformed(f"a malformed value: {type(error).__name__}: {error}"[:300]) from None
        finally:
            self._depth -= 1

    def _tagged(self, told: list[Any]) -> Any:
        tag = told[0]
        if tag == "@":
            return self.links.target(told[1])
        if tag == "t":
            return tuple(self.links.each(told[1]))
        if tag == "z":
            return frozenset(self.links.each(told[1]))
        if tag == "c":
            found = class_named(told[1], told[2])
            if found is None:
                raise Malformed("a class that does not travel by its name")
            return found
        if tag == "s":
            return self._shared(told[1], told[2])
        if tag == "se":
            return self._member(self.decode(told[1]), _text(told[2]))
        if tag in _DECODERS:
            return _DECODERS[tag](told, self.decode)
        return self._hear(tag, told)

    @staticmethod
    def _member(kind: Any, name: str) -> Any:
        if not isinstance(kind, enum.EnumMeta):
            raise Malformed("a member of something that is no enumeration")
        return kind.__members__[name]

    def _shared(self, module: str, name: str) -> Any:
        """A class or function that a module of both sides defines itself, not what it imports."""
        if module not in self.shared:
            raise Malformed("no module that both sides have")
        found: Any = __import__(module, fromlist=["_"])
        for part in name.split("."):
            if part == "<locals>":
                return None
            found = found.__dict__[part]
        found = getattr(found, "__func__", found)
        return found if getattr(found, "__module__", None) == module else None


_THEMSELVES = {type(None), bool, str, float}


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError("a text was expected")
    return value


def _zone(value: Any, encode: Callable[[Any], Encoded]) -> Encoded:
    zone = encode(value.tzinfo)
    return zone if zone is None or zone[0] in ("utc", "zone") else "?"


def _encode_moment(tag: str) -> Callable[[Any, Callable[[Any], Encoded]], Encoded]:
    def tell(value: Any, encode: Callable[[Any], Encoded]) -> Encoded:
        if value.tzinfo is not None:
            zone = _zone(value, encode)
            return None if zone == "?" else [tag, value.replace(tzinfo=None).isoformat(), value.fold, zone]
        return [tag, value.isoformat(), value.fold, None]

    return tell


def _encode_slice(value: slice, encode: Callable[[Any], Encoded]) -> Encoded:
    return ["sl", encode(value.start), encode(value.stop), encode(value.step)]


def _encode_signature(value: inspect.Signature, encode: Callable[[Any], Encoded]) -> Encoded:
    empty = inspect.Parameter.empty
    parameters = []
    for each in value.parameters.values():
        default = [] if each.default is empty else [encode(each.default)]
        annotation = [] if each.annotation is empty else [_told_annotation(each.annotation, encode)]
        parameters.append([each.name, int(each.kind), default, annotation])
    returns = value.return_annotation
    return ["sig", parameters, [] if returns is empty else [_told_annotation(returns, encode)]]


def _told_annotation(value: Any, encode: Callable[[Any], Encoded]) -> Encoded:
    return encode(value) if value is None or isinstance(value, type | str) else str(value)


def _decode_signature(told: list[Any], decode: Callable[[Encoded], Any]) -> inspect.Signature:
    empty = inspect.Parameter.empty
    parameters = [
        inspect.Parameter(
            name,
            list(type(inspect.Parameter.KEYWORD_ONLY))[kind],
            default=decode(default[0]) if default else empty,
            annotation=decode(annotation[0]) if annotation else empty,
        )
        for name, kind, default, annotation in told[1]
    ]
    return inspect.Signature(parameters, return_annotation=decode(told[2][0]) if told[2] else empty)


_ENCODERS: dict[type, Callable[[Any, Callable[[Any], Encoded]], Encoded]] = {
    complex: lambda v, _: ["j", v.real, v.imag],
    bytes: lambda v, _: ["b", v.hex()],
    range: lambda v, encode: ["rng", encode(v.start), encode(v.stop), encode(v.step)],
    slice: _encode_slice,
    datetime.datetime: _encode_moment("dt"),
    datetime.time: _encode_moment("tm"),
    datetime.date: lambda v, _: ["d", v.isoformat()],
    datetime.timedelta: lambda v, _: ["td", v.days, v.seconds, v.microseconds],
    datetime.timezone: lambda v, _: ["utc", *_span(v.utcoffset(None)), v.tzname(None)],
    decimal.Decimal: lambda v, _: ["D", str(v)],
    fractions.Fraction: lambda v, encode: ["Q", encode(v.numerator), encode(v.denominator)],
    uuid.UUID: lambda v, _: ["u", v.hex],
    re.Pattern: lambda v, encode: ["re", encode(v.pattern), v.flags],
    inspect.Signature: _encode_signature,
}


def _span(value: datetime.timedelta | None) -> tuple[int, int, int]:
    assert value is not None
    return value.days, value.seconds, value.microseconds


def _moment(kind: Any) -> Callable[[list[Any], Callable[[Encoded], Any]], Any]:
    def hear(told: list[Any], decode: Callable[[Encoded], Any]) -> Any:
        return kind.fromisoformat(_text(told[1])).replace(fold=told[2], tzinfo=decode(told[3]))

    return hear


def _timezone(told: list[Any], decode: Callable[[Encoded], Any]) -> datetime.timezone:
    offset = datetime.timedelta(told[1], told[2], told[3])
    plain = datetime.timezone(offset)
    return plain if plain.tzname(None) == told[4] else datetime.timezone(offset, _text(told[4]))


def _zone_named(told: list[Any], decode: Callable[[Encoded], Any]) -> Any:
    import zoneinfo

    return zoneinfo.ZoneInfo(_text(told[1]))


def _logger(told: list[Any], decode: Callable[[Encoded], Any]) -> Any:
    import logging

    return logging.getLogger(_text(told[1]))


def _record(told: list[Any], decode: Callable[[Encoded], Any]) -> Any:
    return logs.record_of(told[1], decode)


def _path(told: list[Any], decode: Callable[[Encoded], Any]) -> Any:
    if told[1] not in ("PosixPath", "PurePosixPath", "PureWindowsPath"):
        raise ValueError("no path")
    return getattr(pathlib, told[1])(_text(told[2]))


def _large_number(told: list[Any], decode: Callable[[Encoded], Any]) -> int:
    return int(_text(told[1]), 16)


_DECODERS: dict[str, Callable[[list[Any], Callable[[Encoded], Any]], Any]] = {
    "i": _large_number,
    "...": lambda t, _: Ellipsis,
    "ni": lambda t, _: NotImplemented,
    "j": lambda t, _: complex(float(t[1]), float(t[2])),
    "b": lambda t, _: bytes.fromhex(t[1]),
    "rng": lambda t, decode: range(decode(t[1]), decode(t[2]), decode(t[3])),
    "sl": lambda t, decode: slice(decode(t[1]), decode(t[2]), decode(t[3])),
    "dt": _moment(datetime.datetime),
    "tm": _moment(datetime.time),
    "d": lambda t, _: datetime.date.fromisoformat(_text(t[1])),
    "td": lambda t, _: datetime.timedelta(t[1], t[2], t[3]),
    "utc": _timezone,
    "zone": _zone_named,
    "log": _logger,
    "lr": _record,
    "D": lambda t, _: decimal.Decimal(_text(t[1])),
    "Q": lambda t, decode: fractions.Fraction(decode(t[1]), decode(t[2])),
    "u": lambda t, _: uuid.UUID(hex=t[1]),
    "p": _path,
    "re": lambda t, decode: re.compile(decode(t[1]), t[2]),
    "sig": _decode_signature,
    "np": lambda t, _: arrays.number_of(t),
    "npd": lambda t, _: arrays.dtype_named(t[1]),
}
