"""What stands here for an object that is on the other side.

A stand-in's class mirrors the real one: its name, its bases, and those special methods that the real class has, so
that `isinstance`, operators and `except` do what they do in one process. What a stand-in is asked for, the other side
answers. Values below it (of a class derived from str, int, tuple …) travel along and are compared here.
"""

from __future__ import annotations

import abc
import dataclasses
import enum
import inspect
import types
import weakref
from collections.abc import Callable
from typing import Any

from .described import CHANGING, VALUES
from .faults import Malformed
from .names import SPECIAL, class_named, is_dunder, is_hidden

Ask = Callable[..., Any]

_MOST_STANDINS = 100_000
_BUILT_IN = {kind.__name__: kind for kind in (*VALUES, *CHANGING)}


class Handle:
    """A number of the other side's, and how often it was told: so that it can be let go of for good."""

    __slots__ = ("ask", "number", "released", "told")

    def __init__(self, ask: Ask, number: int, released: list[tuple[int, int]]) -> None:
        self.ask = ask
        self.number = number
        self.released = released
        self.told = 1

    def __del__(self) -> None:
        self.released.append((self.number, self.told))


def handle_of(value: Any) -> Handle | None:
    """The handle of a stand-in, else None."""
    if isinstance(value, type):
        found = value.__dict__.get("_lamarck_class")
    else:
        try:
            found = object.__getattribute__(value, "_lamarck_self")
        except AttributeError:
            return None
    return found if type(found) is Handle else None


# --- functions ----------------------------------------------------------------------------------------------------


def _plain(*args: Any, **kwargs: Any) -> None:
    """Lends its code object to stand-ins of functions."""


async def _asynchronous(*args: Any, **kwargs: Any) -> None: ...


def _generating(*args: Any, **kwargs: Any) -> Any:
    yield


async def _async_generating(*args: Any, **kwargs: Any) -> Any:
    yield


_CODE = {
    flag: function.__code__.replace(co_filename="<candidate>")
    for flag, function in (("f", _plain), ("a", _asynchronous), ("g", _generating), ("y", _async_generating))
}


class RemoteFunction:
    """A function, method or anything else that is called."""

    __slots__ = ("__code__", "__name__", "__qualname__", "__weakref__", "_is_coroutine", "_lamarck_self", "_module")
    __class__ = property(lambda self: types.FunctionType)  # type: ignore[assignment]
    __defaults__ = None
    __kwdefaults__ = None

    def __init__(self, handle: Handle, name: str, qualname: str, module: str, flag: str) -> None:
        put = object.__setattr__
        put(self, "_lamarck_self", handle)
        put(self, "__name__", name)
        put(self, "__qualname__", qualname)
        put(self, "_module", module)
        put(self, "__code__", _CODE.get(flag, _CODE["f"]))
        if flag == "a":
            import asyncio

            put(self, "_is_coroutine", getattr(asyncio.coroutines, "_is_coroutine", True))

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return self._lamarck_self.ask("call", self, *args, **kwargs)

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        return self if owner is None else types.MethodType(self, owner)

    @property
    def __signature__(self) -> inspect.Signature:
        found = self._lamarck_self.ask("signature", self)
        if not isinstance(found, inspect.Signature):
            raise AttributeError("__signature__")
        return found

    @property
    def __module__(self) -> str:  # type: ignore[override]
        return self._module

    @property
    def __doc__(self) -> Any:  # type: ignore[override]
        return self._lamarck_self.ask("get", self, "__doc__")

    @property
    def __annotations__(self) -> Any:  # type: ignore[override]
        return self._lamarck_self.ask("get", self, "__annotations__")

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        return {}  # functools.wraps copies what it finds here

    def __getattr__(self, name: str) -> Any:
        if is_hidden(name) or name == "_is_coroutine" or name == "_is_coroutine_marker":
            raise AttributeError(name)
        return self._lamarck_self.ask("get", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._lamarck_self.ask("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        self._lamarck_self.ask("delete", self, name)

    def __repr__(self) -> str:
        return f"<function {self.__qualname__}>"

    def __eq__(self, other: Any) -> bool:
        mine, theirs = handle_of(self), handle_of(other)
        return mine is not None and theirs is not None and mine.number == theirs.number

    def __hash__(self) -> int:
        return hash(self._lamarck_self.number)


# --- generators ---------------------------------------------------------------------------------------------------


def _remote_generator(handle: Handle) -> Any:
    """A real generator here that draws from one there."""
    ask, stand = handle.ask, _Numbered(handle)
    done, value = ask("send", stand, None)
    while not done:
        try:
            sent = yield value
        except GeneratorExit:
            ask("close", stand)
            raise
        except BaseException as error:
            done, value = ask("throw", stand, error)
        else:
            done, value = ask("send", stand, sent)
    return value


class _Numbered:
    """Stands for something that has a stand-in elsewhere, while it is spoken of."""

    __slots__ = ("_lamarck_self",)

    def __init__(self, handle: Handle) -> None:
        self._lamarck_self = handle


# --- classes and instances ----------------------------------------------------------------------------------------


class ProxyMeta(abc.ABCMeta):
    """The class of mirrored classes: what is asked of the class itself, the real class answers."""

    def __init__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any], **more: Any) -> None:
        super().__init__(name, bases, body)
        if "_lamarck_class" not in body:
            ProxyMeta.made(cls)

    @staticmethod
    def made(cls: type) -> None:
        """A class statement has a stand-in among its bases (see `subclasses`)."""
        raise TypeError("a class from another process can't be derived from")

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return _class_handle(cls).ask("call", cls, *args, **kwargs)

    def __getattr__(cls, name: str) -> Any:
        if is_hidden(name) or name in ("__abstractmethods__", "__isabstractmethod__"):
            raise AttributeError(name)
        return _class_handle(cls).ask("get", cls, name)

    def __setattr__(cls, name: str, value: Any) -> None:
        if name in _KEPT_HERE or name.startswith(("_abc_", "_lamarck")) or "_lamarck_made_here" in cls.__dict__:
            super().__setattr__(name, value)
        elif value is not None and value is cls.__dict__.get(name):  # a patch is taken back
            _class_handle(cls).ask("delete", cls, name)
        else:
            _class_handle(cls).ask("set", cls, name, value)

    def __delattr__(cls, name: str) -> None:
        _class_handle(cls).ask("delete", cls, name)

    def __instancecheck__(cls, instance: Any) -> bool:
        if super().__instancecheck__(instance):
            return True
        asks = cls.__dict__.get("_lamarck_asks", False)
        return asks and _class_handle(cls).ask("isinstance", instance, cls) is True

    def __getitem__(cls, key: Any) -> Any:
        return _class_handle(cls).ask("subscript", cls, key)

    def __iter__(cls) -> Any:
        return _class_handle(cls).ask("special", cls, "__iter__")

    def __dir__(cls) -> list[str]:
        return [*super().__dir__(), *_class_handle(cls).ask("dir", cls)]


_KEPT_HERE = frozenset({"__module__", "__qualname__", "__abstractmethods__", "__doc__", "__annotations__"})


def _class_handle(cls: type) -> Handle:
    for each in cls.__mro__:
        found = each.__dict__.get("_lamarck_class")
        if type(found) is Handle:
            return found
    raise AttributeError("no stand-in")


class Proxy(metaclass=ProxyMeta):
    """An instance whose real self is on the other side."""

    __slots__ = ()
    _lamarck_class = None

    def __getattr__(self, name: str) -> Any:
        if is_hidden(name):
            raise AttributeError(name)
        return _ask(self, "get", name)

    def __setattr__(self, name: str, value: Any) -> None:
        _ask(self, "set", name, value)

    def __delattr__(self, name: str) -> None:
        _ask(self, "delete", name)

    def __repr__(self) -> str:
        return _ask(self, "special", "__repr__")

    def __str__(self) -> str:
        return _ask(self, "special", "__str__")

    def __format__(self, spec: str) -> str:
        return _ask(self, "special", "__format__", spec)

    def __dir__(self) -> list[str]:
        return _ask(self, "dir")

    def __copy__(self) -> Any:
        return _ask(self, "copy")

    def __deepcopy__(self, memo: Any) -> Any:
        return _ask(self, "deepcopy")

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(f"a {type(self).__name__} of the candidate's can't be pickled outside its process")


def _ask(self: Any, operation: str, /, *args: Any, **kwargs: Any) -> Any:
    return object.__getattribute__(self, "_lamarck_self").ask(operation, self, *args, **kwargs)


def _remote_attributes(self: Any) -> Any:
    return _ask(self, "get", "__dict__")


def _hash_of(self: Any) -> int:
    known = object.__getattribute__(self, "_lamarck_hash")
    return known if known is not None else _ask(self, "special", "__hash__")


def _is_beyond(self: Any, name: str, owner: list[type]) -> bool:
    """Whether the version of `name` that is asked for is not the one that the instance itself would use:
    `Base.name(instance)`, or `super().name()` in a test's own subclass."""
    return next(each for each in type(self).__mro__ if name in each.__dict__) is not owner[0]


def _method(name: str, owner: list[type]) -> Callable[..., Any]:
    """A plain method."""

    def method(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        handle = handle_of(self)
        if handle is None or _is_beyond(self, name, owner):
            return _class_handle(owner[0]).ask("unbound", owner[0], name, self, *args, **kwargs)
        return handle.ask("method", self, name, *args, **kwargs)

    method.__name__ = name
    return method


def _special(name: str, owner: list[type]) -> Callable[..., Any]:
    def method(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        if _is_beyond(self, name, owner):
            return _class_handle(owner[0]).ask("unbound", owner[0], name, self, *args, **kwargs)
        return _ask(self, "special", name, *args, **kwargs)

    method.__name__ = name
    return method


def _next(self: Any) -> Any:
    done, value = _ask(self, "next")
    if done:
        raise StopIteration(value)
    return value


def _property(name: str, owner: list[type]) -> property:
    def get(self: Any) -> Any:
        if _is_beyond(self, name, owner):
            return _class_handle(owner[0]).ask("inherited", owner[0], name, self)
        return _ask(self, "get", name)

    return property(get, lambda self, value: _ask(self, "set", name, value), lambda self: _ask(self, "delete", name))


class Standins:
    """All stand-ins of one side. ask: the peer's. decode: the codec's. equal, awaited: how a stand-in is compared and
    awaited (`comparison`, `awaiting`); compared: special methods whose answers are examined."""

    def __init__(
        self,
        ask: Ask,
        decode: Callable[[Any], Any],
        *,
        equal: Callable[[Any, Any], Any],
        awaited: Callable[[Any], Any],
        examined: Callable[[str, Callable[..., Any]], Callable[..., Any]],
        module: Callable[[str], Any],
    ) -> None:
        self._ask = ask
        self._decode = decode
        self._equal = equal
        self._awaited = awaited
        self._examined = examined
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
        made = _remote_generator(handle) if tag == "G" else self._coroutine(handle)
        made.__name__ = str(told[2])
        self._routines[made] = handle
        return self._keep(told[1], made)

    async def _coroutine(self, handle: Handle) -> Any:
        return await self._awaited(_Numbered(handle))

    def _instance(self, told: list[Any]) -> Any:
        _, number, kind, hashed, payload = told
        found = self._known(number)
        if found is not None:
            return found
        cls = self._decode(kind)
        if not isinstance(cls, ProxyMeta):
            raise Malformed("an instance of a class that was not described")
        base = cls._lamarck_base
        value = base.__new__(cls, self._decode(payload)) if base in VALUES else base.__new__(cls)
        put = object.__setattr__
        put(value, "_lamarck_self", self._handle(number))
        put(value, "_lamarck_hash", hashed if type(hashed) is int else None)
        try:
            self._alive[number] = value
        except TypeError:  # instances of classes derived from int or tuple can't be referred to weakly
            pass
        return value

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
        try:
            cls = ProxyMeta(str(told["name"]), tuple(real), body)
        except TypeError:  # an order of bases that only the real class has
            root = next((b for b in real if issubclass(b, BaseException)), builtin)
            cls = ProxyMeta(str(told["name"]), (Proxy,) if root is None else (root, Proxy), body)
        owner.append(cls)
        for base in bases:
            if isinstance(base, abc.ABCMeta) and not isinstance(base, ProxyMeta) and base is not abc.ABC:
                base.register(cls)
        return cls

    def _body(self, number: int, told: dict[str, Any], builtin: type | None, *, is_exception: bool) -> dict[str, Any]:
        owner: list[type] = []
        body: dict[str, Any] = {
            "__module__": str(told["module"]),
            "__qualname__": str(told["qualname"]),
            "__doc__": told["doc"] if type(told["doc"]) is str else None,
            "_lamarck_class": Handle(self._ask, number, []),
            "_lamarck_base": builtin or object,
            "_lamarck_asks": told["asks"] is True,
            "_lamarck_owner": owner,
        }
        for name in _ordinary(told["functions"]):
            body[name] = _method(name, owner)
        for name in _ordinary(told["properties"]):
            body[name] = _property(name, owner)
        special = {name for name in map(str, told["special"]) if name in SPECIAL}
        for name in special:
            body[name] = self._examined(name, _special(name, owner))
        if "__next__" in special:
            body["__next__"] = _next
        if "__await__" in special:
            awaited = self._awaited
            body["__await__"] = lambda self: awaited(self).__await__()
        same = class_named(*map(str, told["same"])) if told["same"] else None
        if same is not None:
            body["__class__"] = property(lambda self: same)
        body["__init__"] = _special("__init__", owner)
        if is_exception:
            body |= {"__setattr__": _set_on_exception, "__init__": _ExceptionInit(owner)}
        else:
            body["__dict__"] = property(_remote_attributes)
            self._identity(body, told, builtin)
        if "fields" in told:
            body["__dataclass_fields__"] = {str(f[0]): _field(*f) for f in told["fields"]}
            if told["equal"] == "fields":
                body["__dataclass_params__"] = dataclasses._DataclassParams(  # type: ignore[attr-defined]
                    True, True, True, False, False, False, *([True, True, False, False] if _MORE_PARAMETERS else [])
                )
        return body

    def _identity(self, body: dict[str, Any], told: dict[str, Any], builtin: type | None) -> None:
        kind, hashing = told["equal"], told["hash"]
        if kind in ("own", "fields", "changing"):
            body["__eq__"], body["__ne__"] = self._equal, _unequal
        elif kind == "object" or builtin is None:
            body["__eq__"], body["__ne__"] = object.__eq__, object.__ne__
        body["_lamarck_equal"] = str(kind)
        if hashing == "none":
            body["__hash__"] = None
        elif hashing == "object":
            body["__hash__"] = object.__hash__
        elif builtin is None or builtin in CHANGING:
            body["__hash__"] = _hash_of
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
                body[name] = _method(name, owner)
        for name in _ordinary(told["properties"]):
            body[name] = _property(name, owner)
        for name in map(str, told["special"]):
            if name in SPECIAL:
                body[name] = _special(name, owner)
        body["__getattr__"] = Proxy.__dict__["__getattr__"]
        for name, value, _ in told["enum"]["members"]:
            body[str(name)] = self._decode(value)
        cls = _ProxyEnumMeta(str(told["name"]), bases, body)
        cls.__module__, cls.__qualname__ = str(told["module"]), str(told["qualname"])
        cls.__doc__ = told["doc"]
        type.__setattr__(cls, "_lamarck_class", Handle(self._ask, number, []))
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
        error = _new_exception(cls, values)
        for name, value in [*own, *carried]:
            if type(name) is str and not name.startswith(("__", "_lamarck")):
                _put(error, name, self._decode(value))
        _put(error, "_lamarck_self", self._handle(number))
        _put(error, "_lamarck_frames", [(str(f), int(n), str(w)) for f, n, w in frames])
        error.__context__ = None if context is None else self._decode(context)
        error.__cause__ = None if cause is None else self._decode(cause)
        error.__suppress_context__ = suppressed is True
        if notes:
            _put(error, "__notes__", [str(note) for note in notes])
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


class _ExceptionInit:
    """Exceptions are built on the other side; here they only hold what was told. A test's own subclass calls up."""

    def __init__(self, owner: list[type]) -> None:
        self._up = _special("__init__", owner)

    def __get__(self, error: Any, kind: type | None = None) -> Callable[..., None]:
        def init(*args: Any, **kwargs: Any) -> None:
            if error is not None and type(error).__dict__.get("_lamarck_made_here"):
                self._up(error, *args, **kwargs)

        return init


def _new_exception(cls: Any, args: tuple[Any, ...]) -> BaseException:
    if isinstance(cls, ProxyMeta):
        error = cls.__new__(cls, *args)
        root = next(c for c in cls.__mro__ if not isinstance(c, ProxyMeta))
        try:
            root.__init__(error, *args)
        except TypeError:
            pass
    else:
        try:
            error = cls(*args)
        except Exception:  # a class whose __init__ wants something else than its args
            error = cls.__new__(cls)
    error.args = args
    return error


def _put(error: BaseException, name: str, value: Any) -> None:
    try:
        BaseException.__setattr__(error, name, value)
    except (AttributeError, TypeError):
        pass


def _set_on_exception(self: Any, name: str, value: Any) -> None:
    BaseException.__setattr__(self, name, value)
    if not name.startswith("_") and handle_of(self) is not None:
        _ask(self, "set", name, value)


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
