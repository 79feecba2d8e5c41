"""Classes and instances of the other side's: what is asked of them, the real ones answer."""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any

from .decoys import copied, is_plain
from .handles import Handle, handle_of
from .names import PREDICATES, is_hidden


class ProxyMeta(abc.ABCMeta):
    """The class of mirrored classes: what is asked of the class itself, the real class answers."""

    def __new__(meta, name: str, bases: tuple[type, ...], body: dict[str, Any], **more: Any) -> Any:
        return super().__new__(meta, name, bases, body)

    def __init__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any], **more: Any) -> None:
        super().__init__(name, bases, body)
        if "_lamarck_class" not in body:
            ProxyMeta.made(cls, more)

    @staticmethod
    def made(cls: type, more: dict[str, Any]) -> None:
        """A class statement has a stand-in among its bases (see `subclasses`)."""
        raise TypeError("a class from another process can't be derived from")

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        copies = _plain_copies(args, kwargs)
        made = wanted(cls, class_handle(cls).ask("call", cls, *args, **kwargs))
        if copies is not None and isinstance(made, Proxy):
            object.__setattr__(made, "_lamarck_made", (cls, *copies))
        return made

    def __getattr__(cls, name: str) -> Any:
        if is_hidden(name) or name in ("__abstractmethods__", "__isabstractmethod__"):
            raise AttributeError(name)
        return wanted(cls, named(name, class_handle(cls).ask("get", cls, name)))

    def __setattr__(cls, name: str, value: Any) -> None:
        if name in _KEPT_HERE or name.startswith(("_abc_", "_lamarck")) or "_lamarck_made_here" in cls.__dict__:
            super().__setattr__(name, value)
        elif value is not None and value is cls.__dict__.get(name):  # a patch is taken back
            class_handle(cls).ask("delete", cls, name)
        else:
            class_handle(cls).ask("set", cls, name, value)

    def __delattr__(cls, name: str) -> None:
        class_handle(cls).ask("delete", cls, name)

    def __instancecheck__(cls, instance: Any) -> bool:
        if super().__instancecheck__(instance):
            return True
        if not cls.__dict__.get("_lamarck_asks", False):
            return False
        handle = class_handle(cls)
        return bool(cls._lamarck_instance(cls, instance, lambda value: handle.ask("isinstance", value, cls)))

    def __getitem__(cls, key: Any) -> Any:
        return class_handle(cls).ask("subscript", cls, key)

    def __iter__(cls) -> Any:
        return class_handle(cls).ask("special", cls, "__iter__")

    def __dir__(cls) -> list[str]:
        return [*super().__dir__(), *class_handle(cls).ask("dir", cls)]


_KEPT_HERE = frozenset({"__module__", "__qualname__", "__abstractmethods__", "__doc__", "__annotations__"})


def class_handle(cls: type) -> Handle:
    for each in cls.__mro__:
        found = each.__dict__.get("_lamarck_class")
        if type(found) is Handle:
            return found
    raise AttributeError("no stand-in")


class Proxy(metaclass=ProxyMeta):
    """An instance whose real self is on the other side."""

    __slots__ = ()
    _lamarck_class = None
    _lamarck_named: bool | None = None  # whether the test has the class by a name as classes have it
    _lamarck_special: frozenset[str] = frozenset()

    def __getattr__(self, name: str) -> Any:
        if is_hidden(name):
            raise AttributeError(name)
        found = wanted(self, ask_of(self, "get", name))
        return type(self)._lamarck_predicate(self, name, found) if name in PREDICATES else found

    def __setattr__(self, name: str, value: Any) -> None:
        ask_of(self, "set", name, value)

    def __delattr__(self, name: str) -> None:
        ask_of(self, "delete", name)

    def __repr__(self) -> str:
        return ask_of(self, "special", "__repr__")

    def __str__(self) -> str:
        return ask_of(self, "special", "__str__")

    def __format__(self, spec: str) -> str:
        return ask_of(self, "special", "__format__", spec)

    def __dir__(self) -> list[str]:
        return ask_of(self, "dir")

    def __copy__(self) -> Any:
        return ask_of(self, "copy")

    def __deepcopy__(self, memo: Any) -> Any:
        return ask_of(self, "deepcopy")

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(f"a {type(self).__name__} of the candidate's can't be pickled outside its process")


def named(name: str, value: Any) -> Any:
    """Notes by which kind of name a test came to a class: a function that is a class in truth returns what a function
    returns."""
    if isinstance(value, ProxyMeta) and "_lamarck_made_here" not in value.__dict__:
        is_class_like = name.lstrip("_")[:1].isupper()
        type.__setattr__(value, "_lamarck_named", is_class_like and value.__dict__.get("_lamarck_named") is not False)
    return value


def wanted(owner: Any, value: Any) -> Any:
    """Notes that a test asked for an instance by a class that it names, or by an instance of such a class."""
    if isinstance(value, Proxy):
        cls = owner if isinstance(owner, type) else type(owner)
        if cls._lamarck_named:
            object.__setattr__(value, "_lamarck_wanted", True)
    return value


def _plain_copies(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any] | None:
    if not (is_plain(args) and is_plain(kwargs)):
        return None
    return copied(args), copied(kwargs)


def ask_of(self: Any, operation: str, /, *args: Any, **kwargs: Any) -> Any:
    return object.__getattribute__(self, "_lamarck_self").ask(operation, self, *args, **kwargs)


def remote_attributes(self: Any) -> Any:
    return ask_of(self, "get", "__dict__")


def hash_of(self: Any) -> int:
    known = object.__getattribute__(self, "_lamarck_hash")
    return known if known is not None else ask_of(self, "special", "__hash__")


def _is_beyond(self: Any, name: str, owner: list[type]) -> bool:
    """Whether the version of `name` that is asked for is not the one that the instance itself would use:
    `Base.name(instance)`, or `super().name()` in a test's own subclass."""
    return next(each for each in type(self).__mro__ if name in each.__dict__) is not owner[0]


def method(name: str, owner: list[type]) -> Callable[..., Any]:
    """A plain method."""

    def method(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        handle = handle_of(self)
        if handle is None or _is_beyond(self, name, owner):
            return class_handle(owner[0]).ask("unbound", owner[0], name, self, *args, **kwargs)
        return wanted(self, handle.ask("method", self, name, *args, **kwargs))

    method.__name__ = name
    return method


def special(name: str, owner: list[type]) -> Callable[..., Any]:
    def method(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        if _is_beyond(self, name, owner):
            return class_handle(owner[0]).ask("unbound", owner[0], name, self, *args, **kwargs)
        return wanted(self, ask_of(self, "special", name, *args, **kwargs))

    method.__name__ = name
    return method


def of_class(name: str) -> Callable[..., Any]:
    """A special method of a class, which the real metaclass defines."""

    def method(cls: Any, /, *args: Any, **kwargs: Any) -> Any:
        if name in ("__repr__", "__str__") and "_lamarck_class" not in cls.__dict__:
            return type.__repr__(cls)
        return class_handle(cls).ask("special", cls, name, *args, **kwargs)

    method.__name__ = name
    return method


def next_of(self: Any) -> Any:
    done, value = ask_of(self, "next")
    if done:
        raise StopIteration(value)
    return value


def forwarded(name: str, owner: list[type]) -> property:
    def get(self: Any) -> Any:
        if _is_beyond(self, name, owner):
            return class_handle(owner[0]).ask("inherited", owner[0], name, self)
        return wanted(self, ask_of(self, "get", name))

    return property(
        get, lambda self, value: ask_of(self, "set", name, value), lambda self: ask_of(self, "delete", name)
    )
