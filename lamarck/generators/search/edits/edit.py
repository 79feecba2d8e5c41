"""One change of a source text, small enough to be guessed."""

from __future__ import annotations

from typing import NamedTuple


class Replacement(NamedTuple):
    """Bytes [start, end) of the UTF-8 text, and what stands there instead."""

    start: int
    end: int
    text: str


class Edit(NamedTuple):
    """kind: one of `table.KINDS`. line: where it begins, in the text that it changes. what: for people.

    imports: lines that the module has to run first (they are among the replacements, too).
    """

    kind: str
    line: int
    replacements: tuple[Replacement, ...]
    what: str
    imports: tuple[str, ...] = ()
    worth: float = 1.0  # of this edit among those of its kind


def applied(text: bytes, replacements: tuple[Replacement, ...]) -> bytes:
    """Raises `ValueError` for replacements that overlap."""
    parts: list[bytes] = []
    at = 0
    for start, end, new in sorted(replacements):
        if start < at:
            raise ValueError("replacements overlap")
        parts += (text[at:start], new.encode())
        at = end
    parts.append(text[at:])
    return b"".join(parts)
