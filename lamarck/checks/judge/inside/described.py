"""What one side tells the other of its functions, classes, exceptions and other objects that stay where they are."""

from __future__ import annotations

import abc
import dataclasses
import enum
import inspect
import sys
import types
from collections.abc import Callable
from typing import Any

from .faults import TooLarge
from .names import OF_CLASSES, SPECIAL, named_class, standard

MOST_OBJECTS = 100_000
_MOST_FRAMES = 30
_MOST_CONTENT = 1_000
_TEXT = 4_000

# What a stand-in's class can really derive from: the value itself travels along, or every method is forwarded.
VALUES: tuple[type, ...] = (int, float, complex, str, bytes, tuple, frozenset)
CHANGING: tuple[type, ...] = (list, dict, set, bytearray)
_ENUMS = (enum.IntFlag, enum.Flag, enum.IntEnum, enum.StrEnum, enum.Enum)
_LEFT_OUT: tuple[type, ...] = (object, *VALUES, bool)
_METHODS = (types.FunctionType, types.MethodDescriptorType)
# What built-in exceptions carry beside their args.
CARRIED = ("code", "end", "encoding", "errno", "filename", "filename2", "lineno", "msg", "name", "obj", "object",
           "offset", "path", "print_file_and_line", "reason", "start", "strerror", "text", "value")  # fmt: skip


class Described:
    """One side's own objects that the other side knows by number.

    encode: the codec's. is_named: whether a function travels by its name, which only the judge's may.
    """

    def __init__(self, encode: Callable[[Any], Any], *, names_functions: bool) -> None:
        self._encode = encode
        self._names_functions = names_functions
        self._objects: dict[int, list[Any]] = {}  # number → [object, how often it was told]
        self._numbers: dict[int, int] = {}  # id → number
        self._described: set[int] = set()
        self._telling: set[int] = set()
        self._next = 1
        self.classes: list[Any] = []  # descriptions for the next message
        self.named: dict[tuple[str, str], Any] = {}  # functions that were told by name

    def own(self, number: int) -> Any:
        """Raises KeyError for a number that was never told, or is no longer held."""
        return self._objects[number][0]

    def number(self, value: Any) -> int:
        number = self._numbers.get(id(value))
        if number is None:
            if len(self._objects) >= MOST_OBJECTS:
                raise TooLarge(f"more than {MOST_OBJECTS:,} objects at once are too many to hand over")
            number, self._next = self._next, self._next + 1
            self._numbers[id(value)] = number
            self._objects[number] = [value, 0]
        self._objects[number][1] += 1
        return number

    def adopt(self, kind: type) -> int:
        """A class that the other side knows without a description."""
        number = self.number(kind)
        self._described.add(number)
        return number

    def release(self, number: int, times: int) -> None:
        """The other side has let go of what it was told `times` times."""
        entry = self._objects.get(number)
        if entry is None or number in self._described:
            return
        entry[1] -= times
        if entry[1] <= 0:
            del self._objects[number], self._numbers[id(entry[0])]

    # --- telling

    def tell(self, value: Any) -> Any:
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, BaseException):
            return self._exception(value)
        if isinstance(value, types.ModuleType):
            return ["m", value.__name__]
        if isinstance(value, types.TracebackType | types.FrameType | types.CodeType):
            return None
        if inspect.isroutine(value):
            return self._function(value)
        if isinstance(value, types.GeneratorType):
            return ["G", self.number(value), value.__name__]
        if isinstance(value, types.CoroutineType):
            return ["C", self.number(value), value.__name__]
        if isinstance(value, enum.Flag):
            return ["fl", self._encode(type(value)), self._encode(value.value)]
        return self._instance(value)

    def _instance(self, value: Any) -> Any:
        kind = type(value)
        told = self._described_class(kind)
        own_hash = kind.__hash__ is not None and kind.__hash__ is not object.__hash__
        own_hash = own_hash and kind.__module__ != "unittest.mock"  # which would record that it was asked
        base = next((b for b in VALUES if issubclass(kind, b)), None)
        payload = self._content(value) if base is None else self._encode(value_of(value, base))
        return ["r", self.number(value), told, _hash(value) if own_hash and base is None else None, payload]

    def _content(self, value: Any) -> Any:
        """What a container of a derived class holds now, for what is written in C and looks below its methods."""
        base = next((b for b in (list, dict) if isinstance(value, b)), None)
        if base is None or base.__len__(value) > _MOST_CONTENT or id(value) in self._telling:
            return None
        self._telling.add(id(value))
        try:
            return self._encode(list(list.__iter__(value)) if base is list else dict(dict.items(value)))
        finally:
            self._telling.discard(id(value))

    def _function(self, value: Any) -> Any:
        name, module = getattr(value, "__qualname__", ""), getattr(value, "__module__", None)
        if self._names_functions:
            named = _function_name(value)
            if named is not None:
                self.named[named] = value
                return ["g", *named]
        else:
            key = (module, name)
            if self.named.get(key) is value:
                return ["g", *key]
        flags = "a" if inspect.iscoroutinefunction(value) else "g" if inspect.isgeneratorfunction(value) else (
            "y" if inspect.isasyncgenfunction(value) else "f"
        )  # fmt: skip
        return ["F", self.number(value), str(getattr(value, "__name__", "")), str(name), str(module or ""), flags]

    def _class(self, kind: type) -> Any:
        named = named_class(kind)
        return ["c", *named] if named is not None else self._described_class(kind)

    def _described_class(self, kind: type) -> Any:
        number = self.number(kind)
        if number not in self._described:
            self._described.add(number)
            self.classes.append([number, self._description(kind)])
        return ["k", number]

    def _description(self, kind: type) -> dict[str, Any]:
        functions, properties, special = _members(kind)
        description: dict[str, Any] = {
            "name": kind.__name__,
            "qualname": kind.__qualname__,
            "module": str(kind.__module__),
            "doc": kind.__doc__[:_TEXT] if isinstance(kind.__doc__, str) else None,
            "bases": [self._encode(base) for base in kind.__bases__ if base not in _LEFT_OUT],
            "functions": functions,
            "properties": properties,
            "special": special,
            "equal": _equality(kind),
            "hash": _hashing(kind),
            "value": next((base.__name__ for base in (*VALUES, *CHANGING) if issubclass(kind, base)), None),
            "same": named_class(kind),
            "asks": _asks(kind),
            "meta": _metaclass(kind),
        }
        if dataclasses.is_dataclass(kind):
            description["fields"] = [
                [f.name, f.init, f.repr, f.compare, f.kw_only, f.default is not f.default_factory]
                for f in dataclasses.fields(kind)
            ]
        if issubclass(kind, enum.Enum):
            description["enum"] = self._enumeration(kind)
        return description

    def _enumeration(self, kind: type[enum.Enum]) -> dict[str, Any]:
        base = next(each for each in _ENUMS if issubclass(kind, each))
        members = []
        for name, member in kind.__members__.items():
            number = self.number(member)
            self._described.add(number)  # never let go of: members are compared by identity
            members.append([name, self._encode(member.value), number])
        return {"base": base.__name__, "members": members}

    # --- exceptions

    def _exception(self, error: BaseException, deep: int = 0) -> Any:
        own = {k: v for k, v in vars(error).items() if k != "__notes__" and not k.startswith("_lamarck")}
        cause, context = error.__cause__, error.__context__
        follow = deep < 4
        return [
            "E",
            self.number(error),
            self._encode(type(error)),
            [self._safe(each) for each in error.args],
            [[str(name), self._safe(each)] for name, each in own.items()],
            [[name, self._safe(getattr(error, name, None))] for name in CARRIED if _is_carried(error, name)],
            self._exception(cause, deep + 1) if follow and cause is not None else None,
            self._exception(context, deep + 1) if follow and context is not None and context is not cause else None,
            bool(error.__suppress_context__),
            [str(note)[:_TEXT] for note in getattr(error, "__notes__", ())][:20],
            _frames(error),
        ]

    def _safe(self, value: Any) -> Any:
        try:
            return self._encode(value)
        except (TooLarge, RecursionError):
            return f"<{type(value).__name__}>"


def _members(kind: type) -> tuple[list[str], list[str], list[str]]:
    """Names of the plain methods, the properties and the special methods that an instance has."""
    functions: dict[str, None] = {}
    properties: dict[str, None] = {}
    special: dict[str, None] = {}
    for each in kind.__mro__:
        if each in _LEFT_OUT or each.__module__ == "enum" or _is_built_in_exception(each):
            continue
        for name, value in each.__dict__.items():
            if name.startswith("__") and name.endswith("__"):
                if name in SPECIAL and value is not None:
                    special[name] = None
            elif isinstance(value, _METHODS):
                functions[name] = None
            elif isinstance(value, property):
                properties[name] = None
    return list(functions), list(properties), list(special)


def _is_built_in_exception(kind: type) -> bool:
    return issubclass(kind, BaseException) and kind.__module__ == "builtins"


def _definer(kind: type, name: str) -> type:
    return next(each for each in kind.__mro__ if name in each.__dict__)


def _equality(kind: type) -> str:
    """Who says what an instance equals: object (identity), value, changing (a built-in's own rule), fields (made by
    `dataclass`), own (code)."""
    definer = _definer(kind, "__eq__")
    if definer is object or definer.__module__ == "enum" or _is_built_in_exception(definer):
        return "object"
    if definer in VALUES:
        return "value"
    if definer in CHANGING:
        return "changing"
    code = getattr(definer.__dict__["__eq__"], "__code__", None)
    if "__dataclass_fields__" in definer.__dict__ and getattr(code, "co_filename", "") == "<string>":
        return "fields"
    return "own"


def _hashing(kind: type) -> str:
    if kind.__hash__ is None:
        return "none"
    definer = _definer(kind, "__hash__")
    return "object" if definer is object or _is_built_in_exception(definer) else "own"


def _hash(value: Any) -> int | None:
    try:
        found = hash(value)
    except Exception:  # a hash that can't be told now is asked for when it is needed
        return None
    return found if type(found) is int else None


def _asks(kind: type) -> bool:
    """Whether only the class itself can say what its instances are."""
    meta = type(kind)
    if meta is type or meta is enum.EnumMeta:
        return False
    return meta is not abc.ABCMeta or hasattr(kind, "_abc_impl") or bool(getattr(kind, "_is_protocol", False))


def _metaclass(kind: type) -> list[Any] | None:
    """Name and special methods of a metaclass of the candidate's own."""
    special: dict[str, None] = {}
    for meta in type(kind).__mro__:
        if meta.__module__ in ("abc", "enum", "typing", "builtins"):
            continue
        special |= dict.fromkeys(
            name for name, value in meta.__dict__.items() if name in OF_CLASSES and value is not None
        )
    return [type(kind).__name__, list(special)] if type(kind).__module__ not in ("abc", "enum", "builtins") else None


def _is_carried(error: BaseException, name: str) -> bool:
    definer = next((each for each in type(error).__mro__ if name in each.__dict__), None)
    return definer is not None and definer.__module__ == "builtins"


def _frames(error: BaseException) -> list[Any]:
    """[file, line, function] of the way the exception took, innermost last."""
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append([code.co_filename, trace.tb_lineno, code.co_name])
        trace = trace.tb_next
    return frames[-_MOST_FRAMES:]


def value_of(value: Any, base: type) -> Any:
    """The built-in value below an instance of a subclass."""
    if base is str:
        return str.__str__(value)
    if base is bytes:
        return bytes.__getitem__(value, slice(None))
    if base in (tuple, frozenset):
        return base(base.__iter__(value))  # type: ignore[attr-defined]
    return {int: int.__int__, float: float.__float__, complex: complex.__complex__}[base](value)  # type: ignore[index]


def _function_name(value: Any) -> tuple[str, str] | None:
    """(module, qualified name) of a function of the standard library or of an installed package."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
    owner = getattr(value, "__objclass__", None)
    if owner is not None:
        module = owner.__module__
    if type(module) is not str or module.partition(".")[0].startswith(("_lamarck", "_pytest", "pytest", "unittest")):
        return None
    loaded = sys.modules.get(module)
    if loaded is None or not (standard(module) or "site-packages" in (getattr(loaded, "__file__", None) or "")):
        return None
    found: Any = loaded
    for part in name.split("."):
        found = getattr(found, part, None)
    return (module, name) if found is value else None
