"""Smaller calls: what a counter-example is tried as, until nothing smaller fails. After Zeller's delta debugging."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from lamarck.checks.agreement.calls import Call, order

MOST = 24  # of one call


def smaller(call: Call) -> tuple[Call, ...]:
    """Calls with one value smaller, smallest first. Equal calls give equal ones."""
    found: dict[str, Call] = {}
    for place, value in enumerate(call.values):
        for less in _less(value):
            other = call.with_value(place, less)
            if order(other) < order(call):
                found.setdefault(other.source, other)
    return tuple(sorted(found.values(), key=order)[:MOST])


def _less(value: Any, deep: int = 0) -> Iterator[Any]:
    kind = type(value)
    if kind in (int, float) and value:
        half = value // 2 if kind is int else float(int(value / 2)) if math.isfinite(value) else kind(2)
        yield from (kind(0), kind(1), half, -value)
        yield value - 1 if value > 0 else value + 1
    elif kind in (str, bytes, list, tuple) and len(value):
        half = len(value) // 2
        yield from (value[:0], value[:half], value[half:], value[1:], value[:-1])
        yield from (value[:n] + value[n + 1 :] for n in range(min(len(value), 8)))
        if kind in (list, tuple) and deep < 3:
            for n, item in enumerate(value[:4]):
                yield from (kind([*value[:n], less, *value[n + 1 :]]) for less in _less(item, deep + 1))
        elif kind is str:
            yield "a" * len(value)
    elif kind is dict and value:
        yield from ({k: v for k, v in value.items() if k is not key} for key in list(value)[:6])
    elif kind is set and value:
        yield from (value - {item} for item in sorted(value, key=repr)[:6])
