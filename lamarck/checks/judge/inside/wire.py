"""Values as tagged JSON: exact types, capped, never pickled. Runs inside the sandboxes; standard library only.

A value is a list whose first item is its tag. Mutable containers carry a number within their message, so that cycles
and shared objects survive, and so that the side that was called can say how it changed them.
"""

from __future__ import annotations

import base64
import collections
import datetime
import decimal
import fractions
import importlib
import json
import math
import os
import pathlib
import select
import struct
import sys
import time
import types
import uuid

MAX_MESSAGE = 16_000_000
MAX_DEPTH = 200
_HEADER = struct.Struct("!I")

# Classes of the standard library that travel by name. A candidate can name nothing else.
_NAMED_MODULES = frozenset(
    "builtins collections collections.abc datetime decimal fractions json json.decoder uuid pathlib math operator "
    "itertools functools string re enum random statistics asyncio asyncio.exceptions asyncio.timeouts concurrent.futures "
    "concurrent.futures._base queue _queue struct binascii configparser csv _csv sqlite3 ipaddress zoneinfo "
    "zoneinfo._common zlib subprocess argparse textwrap abc typing types copy heapq bisect shutil urllib.error "
    "email.errors _operator _functools _collections _json _struct _random _heapq _bisect _datetime _decimal io _io "
    "contextlib time calendar os tempfile posixpath numbers dataclasses unicodedata hashlib".split()
)
_NAMED_FUNCTION_MODULES = _NAMED_MODULES - {"os", "subprocess", "shutil", "tempfile", "io", "_io", "importlib"}
_NOT_BY_NAME = frozenset({"eval", "exec", "compile", "open", "__import__", "input", "breakpoint", "exit", "quit"})


class WireError(Exception):
    """The other side sent something that is no message."""


class Gone(Exception):
    """The other side is dead, hangs, or was cut off."""


class Pipe:
    """Length-prefixed JSON over one socket descriptor. deadline: monotonic seconds, or None."""

    def __init__(self, fd):
        self.fd = fd
        self.deadline = None
        self.closed = None  # why nothing more will come

    def send(self, message):
        data = json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode()
        if len(data) > MAX_MESSAGE:
            raise WireError(f"a value of {len(data):,} bytes is too large to hand over")
        view = memoryview(_HEADER.pack(len(data)) + data)
        while view:
            self._wait(write=True)
            try:
                view = view[os.write(self.fd, view) :]
            except OSError as error:
                raise self._close(f"it ended ({error.strerror})") from None

    def receive(self):
        size = _HEADER.unpack(self._read(_HEADER.size))[0]
        if size > MAX_MESSAGE:
            raise self._close(f"it sent a message of {size:,} bytes")
        try:
            return json.loads(self._read(size))
        except (ValueError, RecursionError):
            raise self._close("it sent something that is no message") from None

    def _read(self, size):
        parts = []
        while size:
            self._wait(write=False)
            try:
                part = os.read(self.fd, min(size, 1 << 20))
            except OSError as error:
                raise self._close(f"it ended ({error.strerror})") from None
            if not part:
                raise self._close("its process ended")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _wait(self, write):
        if self.closed:
            raise Gone(self.closed)
        if self.deadline is None:
            return
        left = self.deadline - time.monotonic()
        ready = select.select([] if write else [self.fd], [self.fd] if write else [], [], max(left, 0))
        if not (ready[0] or ready[1]):
            raise self._close("it did not answer in time")

    def _close(self, why):
        self.closed = self.closed or why
        return Gone(self.closed)


def _float(value):
    return repr(value) if math.isfinite(value) else ("nan" if math.isnan(value) else "inf" if value > 0 else "-inf")


def _int(value):
    return hex(value)


class Encoder:
    """One message's worth of encoding. `export(obj)` answers for whatever is not plain data."""

    def __init__(self, export, memo=None):
        self._export = export
        self.memo = memo if memo is not None else {}  # id → number
        self.kept = []  # the containers (an object's: its attributes) by number, alive while their ids are used
        self.objects = {}  # number → the object that travels by its attributes

    def encode(self, value, depth=0):
        if depth > MAX_DEPTH:
            raise WireError("a value nests too deeply to be handed over")
        kind = type(value)
        if value is None:
            return ["n"]
        if kind is bool:
            return ["b", value]
        if kind is int:
            return ["i", _int(value)]
        if kind is float:
            return ["f", _float(value)]
        if kind is str:
            return ["s", value]
        if kind is bytes:
            return ["B", base64.b64encode(value).decode()]
        if kind in _CONTAINERS:
            return self._container(value, kind, depth)
        if kind is tuple:
            return ["t", [self.encode(v, depth + 1) for v in value]]
        if kind is frozenset:
            return ["F", [self.encode(v, depth + 1) for v in value]]
        plain = _encode_plain(value, kind)
        return plain if plain is not None else self._export(value, self, depth)

    def _container(self, value, kind, depth):
        number = self.memo.get(id(value))
        if number is not None:
            return ["m", number]
        number = self.memo[id(value)] = len(self.kept)
        self.kept.append(value)
        return [_CONTAINERS[kind], number, *self.content(value, depth)]

    def content(self, value, depth=0):
        """What a mutable container holds, without its tag and number."""
        if isinstance(value, bytearray):
            return [base64.b64encode(bytes(value)).decode()]
        if isinstance(value, dict):
            items = [[self.encode(k, depth + 1), self.encode(v, depth + 1)] for k, v in value.items()]
            if isinstance(value, collections.defaultdict):
                return [items, self.encode(value.default_factory, depth + 1)]
            return [items]
        items = [self.encode(v, depth + 1) for v in value]
        if isinstance(value, collections.deque):
            return [items, self.encode(value.maxlen)]
        return [items]


_CONTAINERS = {
    list: "l",
    dict: "d",
    set: "S",
    bytearray: "A",
    collections.OrderedDict: "od",
    collections.defaultdict: "dd",
    collections.Counter: "ct",
    collections.deque: "dq",
}


def _encode_plain(value, kind):
    if kind is complex:
        return ["c", _float(value.real), _float(value.imag)]
    if kind is range:
        return ["r", _int(value.start), _int(value.stop), _int(value.step)]
    if kind is slice:
        parts = (value.start, value.stop, value.step)
        if all(p is None or type(p) is int for p in parts):
            return ["sl", *(None if p is None else _int(p) for p in parts)]
        return None
    if kind in (datetime.date, datetime.time, datetime.datetime) and _plain_zone(value):
        return ["dt", kind.__name__, value.isoformat(), getattr(value, "fold", 0)]
    if kind is datetime.timedelta:
        return ["td", value.days, value.seconds, value.microseconds]
    if kind is datetime.timezone:
        return ["tz", *_encode_plain(value.utcoffset(None), datetime.timedelta)[1:]]
    if kind is decimal.Decimal:
        return ["D", str(value)]
    if kind is fractions.Fraction:
        return ["Fr", _int(value.numerator), _int(value.denominator)]
    if kind is uuid.UUID:
        return ["U", value.hex]
    if isinstance(value, pathlib.PurePath) and kind.__module__.startswith("pathlib"):
        return ["P", kind.__name__, str(value)]
    if value is Ellipsis:
        return ["e"]
    if value is NotImplemented:
        return ["NI"]
    return None


def _plain_zone(value):
    return getattr(value, "tzinfo", None) is None or type(value.tzinfo) is datetime.timezone


class Decoder:
    """One message's worth of decoding. `resolve(tagged)` answers for what is not plain data."""

    def __init__(self, resolve, memo=None):
        self._resolve = resolve
        self.memo = memo if memo is not None else {}  # number → container, or an object's attributes
        self.objects = {}  # number → the object that came by its attributes

    def decode(self, tagged, depth=0):
        if depth > MAX_DEPTH:
            raise WireError("a value nests too deeply")
        try:
            tag = tagged[0]
            if tag in _SIMPLE:
                return _SIMPLE[tag](tagged)
            if tag == "t":
                return tuple([self.decode(v, depth + 1) for v in tagged[1]])
            if tag == "F":
                return frozenset([self.decode(v, depth + 1) for v in tagged[1]])
            if tag == "m":
                return self.objects[tagged[1]] if tagged[1] in self.objects else self.memo[tagged[1]]
            if tag in _EMPTY:
                return self._container(tagged, depth)
        except (KeyError, IndexError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            raise WireError(f"a malformed value: {type(error).__name__}: {error}"[:200]) from None
        return self._resolve(tagged, self, depth)

    def _container(self, tagged, depth):
        tag, number = tagged[0], tagged[1]
        if tag == "dd":
            value = collections.defaultdict(self.decode(tagged[3], depth + 1))
        elif tag == "dq":
            value = collections.deque(maxlen=self.decode(tagged[3]))
        else:
            value = _EMPTY[tag]()
        self.memo[number] = value
        self.fill(value, tagged[2:], depth)
        return value

    def fill(self, value, content, depth=0):
        """Give a container the content that the other side says it has."""
        if isinstance(value, bytearray):
            value[:] = base64.b64decode(content[0])
        elif isinstance(value, dict):
            items = [(self.decode(k, depth + 1), self.decode(v, depth + 1)) for k, v in content[0]]
            value.clear()
            for key, item in items:
                dict.__setitem__(value, key, item)
        else:
            items = [self.decode(v, depth + 1) for v in content[0]]
            value.clear()
            (value.update if isinstance(value, set) else value.extend)(items)


_EMPTY = {tag: kind for kind, tag in _CONTAINERS.items()}


def _path(tagged):
    kinds = {"PosixPath": pathlib.PosixPath, "PurePosixPath": pathlib.PurePosixPath}
    kinds["PureWindowsPath"] = pathlib.PureWindowsPath
    return kinds[tagged[1]](tagged[2])


def _moment(tagged):
    kind = {"date": datetime.date, "time": datetime.time, "datetime": datetime.datetime}[tagged[1]]
    value = kind.fromisoformat(tagged[2])
    return value if kind is datetime.date else value.replace(fold=tagged[3])


def _number(text):
    if text is None:
        return None
    return int(text, 16)


_SIMPLE = {
    "n": lambda t: None,
    "b": lambda t: t[1] is True,
    "i": lambda t: int(t[1], 16),
    "f": lambda t: float(t[1]),
    "s": lambda t: _text(t[1]),
    "B": lambda t: base64.b64decode(t[1]),
    "c": lambda t: complex(float(t[1]), float(t[2])),
    "r": lambda t: range(int(t[1], 16), int(t[2], 16), int(t[3], 16)),
    "sl": lambda t: slice(_number(t[1]), _number(t[2]), _number(t[3])),
    "dt": _moment,
    "td": lambda t: datetime.timedelta(t[1], t[2], t[3]),
    "tz": lambda t: datetime.timezone(datetime.timedelta(t[1], t[2], t[3])),
    "D": lambda t: decimal.Decimal(t[1]),
    "Fr": lambda t: fractions.Fraction(int(t[1], 16), int(t[2], 16)),
    "U": lambda t: uuid.UUID(hex=t[1]),
    "P": _path,
    "e": lambda t: Ellipsis,
    "NI": lambda t: NotImplemented,
}


def _text(value):
    if type(value) is not str:
        raise TypeError("text expected")
    return value


def name_of(value):
    """(module, qualified name) of something that both sides have by name, or None."""
    if value is type(None) or value is type(NotImplemented) or value is type(Ellipsis):
        return ["types", value.__name__]
    if not isinstance(value, type | types.BuiltinFunctionType | types.FunctionType | types.MethodDescriptorType):
        return None
    module = getattr(value, "__module__", None) or "builtins"
    name = getattr(value, "__qualname__", "")
    if isinstance(value, types.MethodDescriptorType):
        module = value.__objclass__.__module__
    if module not in _NAMED_MODULES or "<" in name:
        return None
    return [module, name] if _lookup(module, name) is value else None


def by_name(module, name):
    """What `name_of` named. Raises `WireError` for anything that may not travel by name."""
    value = _lookup(module, name) if module in _NAMED_MODULES else None
    is_function = not isinstance(value, type)
    if value is None or (is_function and (module not in _NAMED_FUNCTION_MODULES or name in _NOT_BY_NAME)):
        raise WireError(f"{module}.{name} does not travel by name")
    return value


def _lookup(module, name):
    if module == "types" and name in {"NoneType", "NotImplementedType", "ellipsis"}:
        return {"NoneType": type(None), "NotImplementedType": type(NotImplemented), "ellipsis": type(Ellipsis)}[name]
    try:
        found = sys.modules.get(module) or importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError):
        return None
    return found
