"""Inputs on which candidates may differ: neighbours of those that the tests show, and small values of the right kind.

Deterministic: equal function, shown calls and seed give equal calls, smallest first. Nothing is run.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from lamarck.checks.agreement.calls import Call, order, size
from lamarck.checks.agreement.kinds import Kind, Values, kind_of_values, kind_written

Function = ast.FunctionDef

_MOST_SHOWN = 40  # calls of the tests whose neighbours are made
_FROM_NOTHING = 200  # calls made of kinds alone, of which some are kept
_LARGEST = 400  # of a call, as `size` counts
_SHARE_FRESH = 1 / 3
_SHARE_OUTSIDE = 1 / 5  # of calls that leave what all shown ones keep to: nothing negative, nothing empty


def kinds_of(function: Function, shown: Sequence[Call]) -> tuple[Kind, ...] | None:
    """The kinds of the parameters that a call has to fill: by their annotations, else by what the shown calls put
    there. None where that is not told for all of them."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args]
    needed = len(named) - len(arguments.defaults)
    found: list[Kind] = []
    for place, argument in enumerate(named):
        values = [c.args[place] for c in shown if place < len(c.args)]
        values += [value for c in shown for name, value in c.kwargs if name == argument.arg]
        kind = kind_written(argument.annotation) or kind_of_values(values)
        if kind is None and place >= needed:
            break
        if kind is None:
            return None
        found.append(kind)
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return None if any(default is None for _, default in keywords) else tuple(found)


def inputs(function: Function, shown: Sequence[Call], *, count: int, seed: int) -> tuple[Call, ...]:
    """At most `count` different calls of `function` that no test shows; none where nothing tells what it takes."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    values = Values((value for call in shown for value in call.values), dice)
    known = {call.source for call in shown}
    near = _usable(_neighbours(shown, values, dice), known)
    kinds = kinds_of(function, shown)
    fresh = _usable(_made(function.name, kinds, values), known | near.keys()) if kinds is not None else {}
    outside = _Outside(shown)
    beyond = [call for call in (*near.values(), *fresh.values()) if outside(call)]
    inside = len(near) + len(fresh) - len(beyond)
    picked = _spread(beyond, min(int(count * _SHARE_OUTSIDE), inside // 3 + 1), dice)
    most_fresh = int(count * _SHARE_FRESH) if near else count
    for pool, most in ((fresh, most_fresh), (near, count), (fresh, count)):
        taken = {call.source for call in picked}
        left = [call for text, call in pool.items() if text not in taken and not outside(call)]
        picked += _spread(left, min(most, count - len(picked)), dice)
    return tuple(sorted(picked, key=order))


def _usable(calls: Iterable[Call], known: Iterable[str]) -> dict[str, Call]:
    """The different ones that are no bigger than people can read, by their source."""
    without = set(known)
    small = (call for call in calls if sum(map(size, call.values)) <= _LARGEST)
    return {text: call for call in small if (text := call.source) not in without}


def _neighbours(shown: Sequence[Call], values: Values, dice: random.Random) -> Iterator[Call]:
    """Each with one value changed, or put in from another call."""
    some = sorted(shown, key=order)
    if len(some) > _MOST_SHOWN:
        some = dice.sample(some, _MOST_SHOWN)
    for call in some:
        for place, value in enumerate(call.values):
            for neighbour in values.near(value):
                yield call.with_value(place, neighbour)
            other = dice.choice(some)
            if len(other.args) == len(call.args) and other.kwargs == call.kwargs and place < len(call.args):
                yield call.with_value(place, other.args[place])


def _made(name: str, kinds: Sequence[Kind], values: Values) -> Iterator[Call]:
    for _ in range(_FROM_NOTHING):
        yield Call(name, tuple(values.of(kind) for kind in kinds))


def _spread(calls: Sequence[Call], most: int, dice: random.Random) -> list[Call]:
    """The smallest ones, and as many of all the others."""
    if most <= 0 or len(calls) <= most:
        return list(calls) if most > 0 else []
    ordered = sorted(calls, key=order)
    smallest = ordered[: most // 2]
    return smallest + dice.sample(ordered[most // 2 :], most - len(smallest))


class _Outside:
    """Whether a call leaves what all shown ones keep to, place by place: no number below 0, nothing empty."""

    def __init__(self, shown: Sequence[Call]) -> None:
        self._kept: dict[int, set[str]] = {}
        for call in shown:
            for place, value in enumerate(call.values):
                traits = set(_traits(value))
                self._kept.setdefault(place, set()).update(traits)

    def __call__(self, call: Call) -> bool:
        return any(
            not set(_traits(value)) <= self._kept[place]
            for place, value in enumerate(call.values)
            if place in self._kept
        )


def _traits(value: Any) -> Iterator[str]:
    if isinstance(value, int | float) and value < 0:
        yield "negative"
    elif isinstance(value, str | bytes | list | tuple | dict | set):
        if not value:
            yield f"empty {type(value).__name__}"
        if isinstance(value, dict):
            value = [*value.keys(), *value.values()]
        if not isinstance(value, str | bytes):
            for each in value:
                yield from (f"holds {trait}" for trait in _traits(each))
