"""Stand-ins of exceptions: real ones, built on the other side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .handles import handle_of
from .mirrored import ProxyMeta, ask_of, special


class ExceptionInit:
    """Exceptions are built on the other side; here they only hold what was told. A test's own subclass calls up."""

    def __init__(self, owner: list[type]) -> None:
        self._up = special("__init__", owner)

    def __get__(self, error: Any, kind: type | None = None) -> Callable[..., None]:
        def init(*args: Any, **kwargs: Any) -> None:
            if error is not None and type(error).__dict__.get("_lamarck_made_here"):
                self._up(error, *args, **kwargs)

        return init


def new_exception(cls: Any, args: tuple[Any, ...]) -> BaseException:
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


def put(error: BaseException, name: str, value: Any) -> None:
    try:
        BaseException.__setattr__(error, name, value)
    except (AttributeError, TypeError):
        pass


def set_on_exception(self: Any, name: str, value: Any) -> None:
    BaseException.__setattr__(self, name, value)
    if not name.startswith("_") and handle_of(self) is not None:
        ask_of(self, "set", name, value)
