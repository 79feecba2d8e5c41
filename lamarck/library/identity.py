"""Ids as people type them: whole, or by their first digits."""

from __future__ import annotations

from typing import Literal

from lamarck.errors import BadInput
from lamarck.library.connection import Connection

_FEWEST = 4  # characters of a prefix
_SHOWN = 5  # candidates named when a prefix is ambiguous

Kind = Literal["artifact", "run"]
_LISTED_BY = {"artifact": "`lamarck find` lists them", "run": "`lamarck log` lists them"}
_ROW = {
    "artifact": "SELECT seq, id FROM artifacts WHERE id = ?",
    "run": "SELECT seq, id FROM runs WHERE id = ?",
}
_RANGE = {
    "artifact": "SELECT seq, id FROM artifacts WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
    "run": "SELECT seq, id FROM runs WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
}


def row_of(connection: Connection, kind: Kind, id_or_prefix: str) -> int:
    """The row of the one record whose id is, or begins with, `id_or_prefix`. Raises `BadInput`."""
    wanted = id_or_prefix.strip().encode(errors="replace").decode()  # a stray byte of a terminal is just unknown
    row = connection.execute(_ROW[kind], (wanted,)).fetchone()
    if row:
        return int(row[0])
    if len(wanted) < _FEWEST:
        raise BadInput(f"{kind} {wanted!r} is not known", f"give at least {_FEWEST} characters; {_LISTED_BY[kind]}")
    found = connection.execute(_RANGE[kind], (wanted, wanted + chr(0x10FFFF), _SHOWN + 1)).fetchall()
    if not found:
        raise BadInput(f"no {kind} starts with {wanted}", _LISTED_BY[kind])
    if len(found) > 1:
        length = max(12, len(wanted) + 4)
        names = ", ".join(str(id_)[:length] for _, id_ in found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
        raise BadInput(f"several {kind}s start with {wanted}: {names}", "give more characters")
    return int(found[0][0])
