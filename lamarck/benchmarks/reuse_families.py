"""The tasks of the reuse workload: fifteen functions, each with opposite ways and near numbers.

Their source is what the scripted model writes, so they stand here as plain code.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def filtered(values, way, n):  # type: ignore[no-untyped-def]
    return [v for v in values if (v > n if way == "above" else v < n)]


def counted(values, way, n):  # type: ignore[no-untyped-def]
    return sum(1 for v in values if (v > n if way == "above" else v < n))


def taken(values, way, n):  # type: ignore[no-untyped-def]
    return values[:n] if way == "first" else values[-n:]


def dropped(values, way, n):  # type: ignore[no-untyped-def]
    return values[n:] if way == "first" else values[:-n]


def rotated(values, way, n):  # type: ignore[no-untyped-def]
    places = (n if way == "left" else -n) % len(values)
    return values[places:] + values[:places]


def padded(text, way, n):  # type: ignore[no-untyped-def]
    return text.rjust(n, ".") if way == "left" else text.ljust(n, ".")


def shifted(text, way, n):  # type: ignore[no-untyped-def]
    step = n if way == "forwards" else -n
    return "".join(chr((ord(c) - 97 + step) % 26 + 97) if "a" <= c <= "z" else c for c in text)


def rounded(value, way, n):  # type: ignore[no-untyped-def]
    return -(-value // n) * n if way == "up" else value // n * n


def clipped(values, way, n):  # type: ignore[no-untyped-def]
    return [min(v, n) if way == "most" else max(v, n) for v in values]


def worded(text, way, n):  # type: ignore[no-untyped-def]
    return [w for w in text.split() if (len(w) > n if way == "longer" else len(w) < n)]


def divided(values, way, n):  # type: ignore[no-untyped-def]
    return [v for v in values if (v % n == 0) == (way == "divisible")]


def nth(values, way, n):  # type: ignore[no-untyped-def]
    return [v for place, v in enumerate(values, start=1) if (place % n == 0) == (way == "keep")]


def scaled(values, way, n):  # type: ignore[no-untyped-def]
    return [v * n if way == "multiply" else v / n for v in values]


def chunks(values, way, n):  # type: ignore[no-untyped-def]
    begin = 0 if way == "start" else len(values) % n
    head = [values[:begin]] if begin else []
    return head + [values[i : i + n] for i in range(begin, len(values), n)]


def moved(values, way, n):  # type: ignore[no-untyped-def]
    return [v + n if way == "add" else v - n for v in values]


@dataclass(frozen=True)
class Family:
    """wordings: with {way} and {n}; the first is asked first. spoken: how a way is said."""

    function: Callable[..., Any]
    parameters: tuple[str, ...]
    spoken: dict[str, str]
    wordings: tuple[str, str, str]
    kind: str  # numbers | text | number
    numbers: tuple[int, ...] = (2, 3, 4, 5, 6)

    def arguments(self, dice: random.Random) -> tuple[Any, ...]:
        if self.kind == "number":
            return (dice.randrange(7, 90),)
        if self.kind == "text":
            letters = "abcdefghijklmnopqrstuvwxyz"
            return (
                " ".join("".join(dice.choices(letters, k=dice.randrange(1, 9))) for _ in range(dice.randrange(5, 9))),
            )
        if self.kind == "word":
            return ("".join(dice.choices("abcdefgh", k=dice.randrange(1, 3))),)
        return ([dice.randrange(-3, 12) for _ in range(dice.randrange(9, 14))],)


def _numbers(function: Callable[..., Any], ways: dict[str, str], *wordings: str) -> Family:
    return Family(function, ("values",), ways, (wordings[0], wordings[1], wordings[2]), "numbers")


FAMILIES = (
    _numbers(filtered, {"above": "greater", "below": "less"}, "Keep the numbers that are {way} than {n}.",
             "filter a list: only values {way} than {n}", "drop everything from an array that is not {way} than {n}"),
    _numbers(counted, {"above": "greater", "below": "less"}, "Count the numbers that are {way} than {n}.",
             "how many values of a list are {way} than {n}", "number of entries {way} than {n}"),
    _numbers(taken, {"first": "first", "last": "last"}, "Return the {way} {n} elements of a list.",
             "only the {way} {n} entries of an array", "slice off the {way} {n} items and give them"),
    _numbers(dropped, {"first": "first", "last": "last"}, "Remove the {way} {n} elements of a list.",
             "a list without its {way} {n} entries", "everything of an array but the {way} {n} items"),
    _numbers(rotated, {"left": "left", "right": "right"}, "Rotate a list to the {way} by {n} places.",
             "move all elements {n} steps to the {way}, cyclically", "cyclic shift of an array by {n} to the {way}"),
    Family(padded, ("text",), {"left": "left", "right": "right"},
           ("Fill a text with dots on its {way} up to {n} characters.",
            "pad a string on the {way} with dots to width {n}",
            "make a string {n} wide by dots at the {way}"), "word", (4, 5, 6, 7, 8)),
    Family(shifted, ("text",), {"forwards": "forwards", "backwards": "backwards"},
           ("Shift the small letters of a text {n} places {way} in the alphabet.", "Caesar cipher, {n} letters {way}",
            "replace each letter by the one {n} places {way}"), "text"),
    Family(rounded, ("value",), {"up": "up", "down": "down"},
           ("Round an integer {way} to a multiple of {n}.", "the nearest multiple of {n} when rounding {way}",
            "snap a number {way} to steps of {n}"), "number", (4, 5, 6, 7, 8)),
    _numbers(clipped, {"most": "most", "least": "least"}, "Limit all numbers to at {way} {n}.",
             "clip the values of a list so that each is at {way} {n}", "cap the entries of an array at {way} {n}"),
    Family(worded, ("text",), {"longer": "longer", "shorter": "shorter"},
           ("The words of a text that are {way} than {n} letters.", "filter a sentence for words {way} than {n}",
            "which terms have a length {way} than {n}"), "text"),
    _numbers(divided, {"divisible": "divisible", "not": "not divisible"}, "Keep the numbers that are {way} by {n}.",
             "filter a list: values {way} by {n}", "entries of an array which are {way} by {n}"),
    _numbers(nth, {"keep": "Keep only", "leave": "Leave out"}, "{way} every element of a list whose place {n} divides.",
             "{way} each {n}th entry of an array", "{way} all items at positions that are multiples of {n}"),
    _numbers(scaled, {"multiply": "Multiply", "divide": "Divide"}, "{way} all numbers by {n}.",
             "{way} each value of a list by {n}", "{way} the entries of an array by {n}"),
    _numbers(chunks, {"start": "start", "end": "end"}, "Split a list into groups of {n}, counted from the {way}.",
             "chunks of {n} elements, full ones from the {way} on", "batches of {n} items beginning at the {way}"),
    _numbers(moved, {"add": "Add", "subtract": "Subtract"}, "{way} {n} to or from all numbers.",
             "{way} the constant {n} for each value of a list", "{way} {n}, elementwise"),
)  # fmt: skip

WAYS = {family.function.__name__: tuple(family.spoken) for family in FAMILIES}
