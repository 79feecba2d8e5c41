"""How a stand-in knows what it stands for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Ask = Callable[..., Any]


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


class Numbered:
    """Stands for something that has a stand-in elsewhere, while it is spoken of."""

    __slots__ = ("_lamarck_self",)

    def __init__(self, handle: Handle) -> None:
        self._lamarck_self = handle
