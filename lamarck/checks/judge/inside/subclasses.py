"""A test's own subclasses of a candidate's classes.

`class Fake(candidate.Base)` makes two classes: the test's, derived from the stand-in, and a twin in the candidate's
process, derived from the real one. The real instance is the twin's. Its methods that the test defined call back into
the test; what the test did not define is the candidate's. Attributes live with the real instance.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Any

from .handles import handle_of
from .mirrored import Proxy, ProxyMeta
from .standins import Standins

_OURS = frozenset(
    "__module__ __qualname__ __doc__ __dict__ __weakref__ __annotations__ __classcell__ __firstlineno__ "
    "__static_attributes__ __orig_bases__ __parameters__ __abstractmethods__ __slots__ __class_getitem__ "
    "__init_subclass__ __subclasshook__".split()
)


class Twins:
    """The candidate's half: makes twins. adopt(class): the number by which the judge knows a class from now on."""

    def __init__(self, ask: Callable[..., Any], adopt: Callable[[type], int]) -> None:
        self._ask = ask
        self._adopt = adopt

    def operations(self) -> dict[str, Callable[..., Any]]:
        return {"subclass": self._subclass}

    def _subclass(
        self,
        name: str,
        bases: tuple[Any, ...],
        overrides: tuple[tuple[str, str], ...],
        values: tuple[tuple[str, Any], ...],
        more: dict[str, Any],
    ) -> int:
        """The number of a new class. overrides: (name, kind) of what calls back; values: plain class attributes; more:
        keywords of the class statement."""
        holder: list[type] = []
        body = {each: self._stub(each, kind, holder) for each, kind in overrides} | dict(values)
        twin = types.new_class(name, bases, more, exec_body=lambda namespace: namespace.update(body))
        holder.append(twin)
        return self._adopt(twin)

    def _stub(self, name: str, kind: str, holder: list[type]) -> Any:
        ask = self._ask

        def stub(*args: Any, **kwargs: Any) -> Any:
            return ask("override", holder[0], name, *args, **kwargs)

        async def asynchronous(*args: Any, **kwargs: Any) -> Any:
            return await stub(*args, **kwargs)

        stub.__name__ = name
        if kind == "static":
            return staticmethod(stub)
        if kind == "class":
            return classmethod(lambda cls, *args, **kwargs: stub(*args, **kwargs))
        if kind == "property":
            return property(stub)
        return asynchronous if kind == "async" else stub


def install(standins: Standins, ask: Callable[..., Any]) -> None:
    """The judge's half: from now on, a class statement with a stand-in among its bases makes a twin."""

    def made(cls: type, more: dict[str, Any]) -> None:
        type.__setattr__(cls, "_lamarck_made_here", True)
        overrides, values = _defined(cls)
        type.__setattr__(cls, "_lamarck_overrides", frozenset(name for name, _ in overrides))
        bases = tuple(base for base in cls.__bases__ if handle_of(base) is not None)
        number = ask("subclass", cls.__name__, bases, tuple(overrides), tuple(values), more)
        standins.adopt(number, cls)
        for name, _ in values:  # they live on the twin, where instances may hide them
            type.__delattr__(cls, name)

    ProxyMeta.made = made  # type: ignore[attr-defined]


def perform_override(cls: type, name: str, *args: Any, **kwargs: Any) -> Any:
    """A twin's method was called: the test's own is."""
    found = next(each.__dict__[name] for each in cls.__mro__ if name in each.__dict__)
    if isinstance(found, staticmethod):
        return found.__func__(*args, **kwargs)
    if isinstance(found, classmethod):
        return found.__get__(None, cls)(*args, **kwargs)
    if isinstance(found, property):
        assert found.fget is not None
        return found.fget(*args)
    return found(*args, **kwargs)


def _defined(cls: type) -> tuple[list[tuple[str, str]], list[tuple[str, Any]]]:
    """What the test's class, and mixins of the test's own, define: (name, kind) of code, (name, value) of the rest."""
    overrides: dict[str, str] = {}
    values: dict[str, Any] = {}
    for each in cls.__mro__:
        if "_lamarck_class" in each.__dict__ or each is Proxy or each.__module__ in ("builtins", "abc", "typing"):
            continue
        for name, value in each.__dict__.items():
            if name in _OURS or name.startswith(("_abc_", "_lamarck")) or name in overrides or name in values:
                continue
            kind = _kind(value)
            if kind is not None:
                overrides[name] = kind
            elif not isinstance(value, types.MemberDescriptorType | types.GetSetDescriptorType):
                values[name] = value
    return list(overrides.items()), list(values.items())


def _kind(value: Any) -> str | None:
    if isinstance(value, types.FunctionType):
        return "async" if inspect.iscoroutinefunction(value) else "plain"
    return {staticmethod: "static", classmethod: "class", property: "property"}.get(type(value))
