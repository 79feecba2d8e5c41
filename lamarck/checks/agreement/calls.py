"""Calls with plain values, as Python text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

_FAR = 1e300


@dataclass(frozen=True)
class Call:
    """One call with values made of None, bool, int, float, str, bytes, list, tuple, dict and set alone."""

    function: str
    args: tuple[Any, ...] = ()
    kwargs: tuple[tuple[str, Any], ...] = ()

    @property
    def source(self) -> str:
        told = [source(value) for value in self.args] + [f"{name}={source(value)}" for name, value in self.kwargs]
        return f"{self.function}({', '.join(told)})"

    @property
    def values(self) -> tuple[Any, ...]:
        return (*self.args, *(value for _, value in self.kwargs))

    def with_value(self, place: int, value: Any) -> Call:
        """The same call with another value at a place of `values`."""
        if place < len(self.args):
            return Call(self.function, (*self.args[:place], value, *self.args[place + 1 :]), self.kwargs)
        named = list(self.kwargs)
        named[place - len(self.args)] = (named[place - len(self.args)][0], value)
        return Call(self.function, self.args, tuple(named))


def source(value: Any) -> str:
    """A value as Python that makes it again; equal values have equal texts, whatever the order of a set."""
    kind = type(value)
    if kind is float and not math.isfinite(value):
        return f"float('{value}')"
    if kind is list:
        return f"[{', '.join(map(source, value))}]"
    if kind is tuple:
        return f"({', '.join(map(source, value))}{',' if len(value) == 1 else ''})"
    if kind is dict:
        return "{" + ", ".join(f"{source(k)}: {source(v)}" for k, v in value.items()) + "}"
    if kind is set:
        return "{" + ", ".join(sorted(map(source, value))) + "}" if value else "set()"
    return repr(value)


def size(value: Any) -> int:
    """How much there is to read: what people mean by a smaller input."""
    kind = type(value)
    if kind is int:
        return len(str(value))
    if kind is float:
        return len(repr(value))
    if kind in (str, bytes):
        return 1 + len(value)
    if kind is dict:
        return 1 + sum(size(k) + size(v) for k, v in value.items())
    if kind in (list, tuple, set):
        return 1 + sum(map(size, value))
    return 1


def order(call: Call) -> tuple[int, float, str]:
    """Smallest first: by what there is to read, then by how far the numbers are from 0."""
    return sum(map(size, call.values)), sum(map(_distance, call.values)), call.source


def _distance(value: Any) -> float:
    if isinstance(value, int | float):
        return abs(value) if abs(value) < _FAR else _FAR  # what is no number is far, too
    if isinstance(value, dict):
        return sum(map(_distance, value.values()))
    if isinstance(value, list | tuple | set):
        return sum(map(_distance, value))
    return 0.0
