"""What stands here for an object that is on the other side.

A stand-in's class mirrors the real one: its name, its bases, and those special methods that the real class has, so
that `isinstance`, operators and `except` do what they do in one process. What a stand-in is asked for, the other side
answers. Values below it (of a class derived from str, int, tuple …) travel along and are compared here.
"""

from __future__ import annotations

import abc
import dataclasses
import enum
import types
import weakref
from collections.abc import Callable
from typing import Any, Protocol

from .described import CHANGING, VALUES
from .faults import Malformed
from .handles import Ask, Handle, Numbered, handle_of
from .mirrored import (
    Proxy,
    ProxyMeta,
    forwarded,
    hash_of,
    method,
    next_of,
    of_class,
    remote_attributes,
    special,
)
from .names import OF_CLASSES, PREDICATES, SPECIAL, class_named, is_dunder, is_hidden
from .raised import ExceptionInit, new_exception, put, set_on_exception
from .routines import RemoteFunction, remote_generator

_MOST_STANDINS = 100_000
_TRAVEL = frozenset({*VALUES, *CHANGING, bool, type(None), range, slice, type})  # no other object is taken for one
_BUILT_IN = {kind.__name__: kind for kind in (*VALUES, *CHANGING)}


class Examiner(Protocol):
    """What is made of a stand-in's answers: the judge's is suspicious (`examination`), the candidate's is not."""

    def equal(self, one: Any, other: Any) -> Any: ...

    def examined(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        """`method`, which asks for what `name` says, or one that examines the answer."""

    def instance(self, cls: type, instance: Any, ask: Callable[[Any], Any]) -> bool:
        """Whether something is an instance of a class that wants to be asked; ask(value): what it says."""

    def predicate(self, one: Any, name: str, found: Any) -> Any:
        """`found`, an attribute that a built-in value has as a method."""


class Standins:
    """All stand-ins of one side. ask: the peer's. decode: the codec's. awaited: how a stand-in is awaited (`awaiting`).
    module: the stand-in of a module."""

    def __init__(
        self,
        ask: Ask,
        decode: Callable[[Any], Any],
        *,
        examiner: Examiner,
        awaited: Callable[[Any], Any],
        module: Callable[[str], Any],
    ) -> None:
        self._ask = ask
        self._decode = decode
        self._examiner = examiner
        self._awaited = awaited
        self._module = module
        self._classes: dict[int, type] = {}
        self._kept: dict[int, Any] = {}  # enumeration members, told once and for good
        self._alive: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self._routines: weakref.WeakKeyDictionary[Any, Handle] = weakref.WeakKeyDictionary()
        self.released: list[tuple[int, int]] = []

    def handle_of(self, value: Any) -> Handle | None:
        if type(value) in (types.GeneratorType, types.CoroutineType):
            return self._routines.get(value)
        return handle_of(value)

    def adopt(self, number: int, cls: type) -> None:
        """A class made here whose twin on the other side has that number."""
        self._classes[number] = cls
        type.__setattr__(cls, "_lamarck_class", Handle(self._ask, number, []))

    def hear(self, tag: str, told: list[Any]) -> Any:
        """Raises `Malformed` for what is no description of an object."""
        if tag == "r":
            return self._instance(told)
        if tag == "k":
            return self._classes[told[1]]
        if tag == "F":
            return self._known(told[1]) or self._keep(
                told[1], RemoteFunction(self._handle(told[1]), *map(str, told[2:6]))
            )
        if tag == "m":
            return self._module(str(told[1]))
        if tag == "E":
            return self._exception(told)
        if tag in ("G", "C"):
            return self._routine(tag, told)
        if tag == "fl":
            return self._flags(self._decode(told[1]), self._decode(told[2]))
        raise Malformed(f"an unknown kind of value: {tag!r}"[:100])

    @staticmethod
    def _flags(kind: Any, value: Any) -> Any:
        """Several members at once."""
        if not (isinstance(kind, enum.EnumMeta) and issubclass(kind, enum.Flag) and type(value) is int):
            raise Malformed("flags of something that has none")
        return kind(value)

    def _handle(self, number: Any) -> Handle:
        if type(number) is not int or len(self._alive) > _MOST_STANDINS:
            raise Malformed("too many objects, or one without a number")
        return Handle(self._ask, number, self.released)

    def _known(self, number: int) -> Any:
        if number in self._kept:
            return self._kept[number]
        found = self._alive.get(number)
        if found is not None:
            handle = self.handle_of(found)
            assert handle is not None
            handle.told += 1
        return found

    def _keep(self, number: int, standin: Any) -> Any:
        self._alive[number] = standin
        return standin

    def _routine(self, tag: str, told: list[Any]) -> Any:
        found = self._known(told[1])
        if found is not None:
            return found
        handle = self._handle(told[1])
        made = remote_generator(handle) if tag == "G" else self._coroutine(handle)
        made.__name__ = str(told[2])
        self._routines[made] = handle
        return self._keep(told[1], made)

    async def _coroutine(self, handle: Handle) -> Any:
        return await self._awaited(Numbered(handle))

    def _instance(self, told: list[Any]) -> Any:
        _, number, kind, hashed, payload = told
        found = self._known(number)
        if found is not None:
            self._hold(found, payload)
            return found
        cls = self._decode(kind)
        if not isinstance(cls, ProxyMeta):
            raise Malformed("an instance of a class that was not described")
        base = cls._lamarck_base
        value = base.__new__(cls, self._decode(payload)) if base in VALUES else base.__new__(cls)
        object.__setattr__(value, "_lamarck_self", self._handle(number))
        object.__setattr__(value, "_lamarck_hash", hashed if type(hashed) is int else None)
        try:
            self._alive[number] = value
            self._hold(value, payload)
        except TypeError:  # instances of classes derived from int or tuple can't be referred to weakly
            pass
        return value

    def _hold(self, standin: Any, payload: Any) -> None:
        """A container of a derived class holds what the real one held when it was told of last. Its methods are asked
        for; what is written in C, as json.dumps, looks here."""
        base = getattr(standin, "_lamarck_base", None)
        if payload is None or base not in (list, dict):
            return
        content = self._decode(payload)
        base.clear(standin)
        (list.extend if base is list else dict.update)(standin, content)

    # --- classes

    def describe(self, described: list[Any]) -> None:
        """Take in the descriptions of classes that a message brings, bases first."""
        for number, told in described:
            if number in self._classes:
                raise Malformed("a class described twice")
            self._classes[number] = self._enumeration(number, told) if "enum" in told else self._class(number, told)

    def _class(self, number: int, told: dict[str, Any]) -> type:
        bases = [self._decode(base) for base in told["bases"]]
        if any(not isinstance(base, type) for base in bases):
            raise Malformed("a class with a base that is none")
        real = [base for base in bases if isinstance(base, ProxyMeta) or issubclass(base, BaseException)]
        builtin = _BUILT_IN.get(told["value"])
        if builtin is not None and not any(issubclass(base, builtin) for base in real):
            real.append(builtin)
        if not any(issubclass(base, Proxy) for base in real):
            real.append(Proxy)
        body = self._body(number, told, builtin, is_exception=any(issubclass(b, BaseException) for b in real))
        owner: list[type] = body.pop("_lamarck_owner")
        meta = self._metaclass(told.get("meta"), real)
        try:
            cls = meta(str(told["name"]), tuple(real), body)
        except TypeError:  # an order of bases that only the real class has
            root = next((b for b in real if issubclass(b, BaseException)), builtin)
            cls = meta(str(told["name"]), (Proxy,) if root is None else (root, Proxy), body)
        owner.append(cls)
        for base in bases:
            if isinstance(base, abc.ABCMeta) and not isinstance(base, ProxyMeta) and base is not abc.ABC:
                base.register(cls)
        return cls

    def _metaclass(self, told: Any, bases: list[type]) -> type[ProxyMeta]:
        """Of a class whose own metaclass defines special methods."""
        metas = [type(base) for base in bases if isinstance(base, ProxyMeta)]
        known = [meta for meta in metas if not any(issubclass(each, meta) and each is not meta for each in metas)]
        if not told and len(known) < 2:
            return known[0] if known else ProxyMeta
        name, special_names = told or ("type", [])
        body: dict[str, Any] = {"_lamarck_base": object}
        for each in map(str, special_names):
            if each in OF_CLASSES:
                body[each] = self._examiner.examined(each, of_class(each))
        body["_lamarck_special"] = frozenset(body)
        return type(str(name), tuple(dict.fromkeys(known)) or (ProxyMeta,), body)

    def _body(self, number: int, told: dict[str, Any], builtin: type | None, *, is_exception: bool) -> dict[str, Any]:
        owner: list[type] = []
        body: dict[str, Any] = {
            "__module__": str(told["module"]),
            "__qualname__": str(told["qualname"]),
            "__doc__": told["doc"] if type(told["doc"]) is str else None,
            "_lamarck_class": Handle(self._ask, number, []),
            "_lamarck_base": builtin or object,
            "_lamarck_asks": told["asks"] is True,
            "_lamarck_instance": staticmethod(self._examiner.instance),
            "_lamarck_predicate": staticmethod(self._examiner.predicate),
            "_lamarck_owner": owner,
        }
        for name in _ordinary(told["functions"]):
            asking = method(name, owner)
            body[name] = self._examiner.examined(name, asking) if name in PREDICATES else asking
        for name in _ordinary(told["properties"]):
            body[name] = forwarded(name, owner)
        body |= self._special(told, owner)
        same = class_named(*map(str, told["same"])) if told["same"] else None
        if same is not None and same not in _TRAVEL:
            body["__class__"] = property(lambda self: same)
        body["__init__"] = special("__init__", owner)
        if is_exception:
            body |= {"__setattr__": set_on_exception, "__init__": ExceptionInit(owner)}
        else:
            body["__dict__"] = property(remote_attributes)
            self._identity(body, told, builtin)
        if "fields" in told:
            body["__dataclass_fields__"] = {str(f[0]): _field(*f) for f in told["fields"]}
            if told["equal"] == "fields":
                body["__dataclass_params__"] = dataclasses._DataclassParams(  # type: ignore[attr-defined]
                    True, True, True, False, False, False, *([True, True, False, False] if _MORE_PARAMETERS else [])
                )
        return body

    def _special(self, told: dict[str, Any], owner: list[type]) -> dict[str, Any]:
        names = {name for name in map(str, told["special"]) if name in SPECIAL} - {"__ne__"}  # the opposite of __eq__
        body: dict[str, Any] = {name: self._examiner.examined(name, special(name, owner)) for name in names}
        if "__next__" in names:
            body["__next__"] = next_of
        if "__await__" in names:
            awaited = self._awaited
            body["__await__"] = lambda self: awaited(self).__await__()
        return {**body, "_lamarck_special": frozenset(names)}

    def _identity(self, body: dict[str, Any], told: dict[str, Any], builtin: type | None) -> None:
        kind, hashing = told["equal"], told["hash"]
        if kind in ("own", "fields", "changing"):
            equal = self._examiner.equal  # as a function: a method would not be bound to the instance
            body["__eq__"], body["__ne__"] = lambda self, other: equal(self, other), _unequal
        elif kind == "object" or builtin is None:
            body["__eq__"], body["__ne__"] = object.__eq__, object.__ne__
        body["_lamarck_equal"] = str(kind)
        if hashing == "none":
            body["__hash__"] = None
        elif hashing == "object":
            body["__hash__"] = object.__hash__
        elif builtin is None or builtin in CHANGING:
            body["__hash__"] = hash_of
        elif "__eq__" in body:
            body["__hash__"] = builtin.__hash__
        if builtin in CHANGING or builtin is None:
            for name in ("__repr__", "__str__", "__format__"):
                body.setdefault(name, Proxy.__dict__[name])

    def _enumeration(self, number: int, told: dict[str, Any]) -> type:
        """A real enumeration with the same members; its methods stay on the other side."""
        base = {e.__name__: e for e in (enum.Enum, enum.IntEnum, enum.StrEnum, enum.Flag, enum.IntFlag)}[
            told["enum"]["base"]
        ]
        mixed = _BUILT_IN.get(told["value"])
        bases = (base,) if mixed is None or issubclass(base, mixed) else (mixed, base)
        owner: list[type] = []
        body = _ProxyEnumMeta.__prepare__(str(told["name"]), bases)
        for name in _ordinary(told["functions"]):
            if not name.startswith("_"):
                body[name] = method(name, owner)
        for name in _ordinary(told["properties"]):
            body[name] = forwarded(name, owner)
        special_methods = self._special(told, owner)
        kept = {"_lamarck_special": special_methods.pop("_lamarck_special")}
        body.update(special_methods)
        body["__getattr__"] = Proxy.__dict__["__getattr__"]
        for name, value, _ in told["enum"]["members"]:
            body[str(name)] = self._decode(value)
        cls = _ProxyEnumMeta(str(told["name"]), bases, body)
        cls.__module__, cls.__qualname__ = str(told["module"]), str(told["qualname"])
        cls.__doc__ = told["doc"]
        kept |= {
            "_lamarck_class": Handle(self._ask, number, []),
            "_lamarck_predicate": staticmethod(self._examiner.predicate),
            "_lamarck_base": next((each for each in VALUES if issubclass(cls, each)), object),
        }
        for name, value in kept.items():  # in the body, they would be members
            type.__setattr__(cls, name, value)
        owner.append(cls)
        for name, _, member in told["enum"]["members"]:
            local = cls.__members__[name]
            if member not in self._kept:
                object.__setattr__(local, "_lamarck_self", Handle(self._ask, member, []))
                self._kept[member] = local
        return cls

    # --- exceptions

    def _exception(self, told: list[Any]) -> BaseException:
        _, number, kind, args, own, carried, cause, context, suppressed, notes, frames = told
        found = self._known(number)
        if found is not None:
            return found
        cls = self._decode(kind)
        if not (isinstance(cls, type) and issubclass(cls, BaseException)):
            raise Malformed("an exception of a class that is none")
        values = tuple(self._decode(each) for each in args)
        error = new_exception(cls, values)
        for name, value in [*own, *carried]:
            if type(name) is str and not name.startswith(("__", "_lamarck")):
                put(error, name, self._decode(value))
        put(error, "_lamarck_self", self._handle(number))
        put(error, "_lamarck_frames", [(str(f), int(n), str(w)) for f, n, w in frames])
        error.__context__ = None if context is None else self._decode(context)
        error.__cause__ = None if cause is None else self._decode(cause)
        error.__suppress_context__ = suppressed is True
        if notes:
            put(error, "__notes__", [str(note) for note in notes])
        try:
            self._alive[number] = error
        except TypeError:  # built-in exceptions can't be referred to weakly
            pass
        return error


def _ordinary(names: list[Any]) -> list[str]:
    """Special methods are told apart from others: here they would be answered without being examined."""
    if any(type(name) is not str or is_dunder(name) for name in names):
        raise Malformed("a special method among the ordinary ones")
    return [name for name in names if not is_hidden(name)]


class _ProxyEnumMeta(enum.EnumMeta):
    def __getattr__(cls, name: str) -> Any:
        handle = cls.__dict__.get("_lamarck_class")
        if handle is None or is_hidden(name) or name.startswith("__"):
            raise AttributeError(name)
        return handle.ask("get", cls, name)


def _unequal(self: Any, other: Any) -> Any:
    answer = type(self).__eq__(self, other)
    return answer if answer is NotImplemented else not answer


_MORE_PARAMETERS = len(getattr(dataclasses._DataclassParams, "__slots__", ())) > 6  # type: ignore[attr-defined]


def _field(name: str, init: bool, shown: bool, compared: bool, keyword: bool, has_default: bool) -> Any:
    field = dataclasses.field(init=init, repr=shown, compare=compared, kw_only=keyword)
    if has_default:
        field = dataclasses.field(default=None, init=init, repr=shown, compare=compared, kw_only=keyword)
    field.name, field.type = name, object
    field._field_type = dataclasses._FIELD  # type: ignore[attr-defined]
    return field
