"""Stand-ins of functions and generators."""

from __future__ import annotations

import inspect
import types
from typing import Any

from .handles import Handle, Numbered, handle_of
from .names import is_hidden


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


def remote_generator(handle: Handle) -> Any:
    """A real generator here that draws from one there."""
    ask, stand = handle.ask, Numbered(handle)
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
