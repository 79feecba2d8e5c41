"""One Postgres connection, spoken to as the rest of the library speaks: `?` for a parameter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from lamarck.library.connection import Rows

_QUOTED_OR_MARK = re.compile(r"'[^']*'|\?|%")


@lru_cache(maxsize=512)
def translated(sql: str) -> str:
    """`?` outside of quotes as psycopg's `%s`; a per cent sign as itself."""
    return _QUOTED_OR_MARK.sub(lambda found: _of(found[0]), sql)


def _of(text: str) -> str:
    return "%s" if text == "?" else text.replace("%", "%%")


class PostgresConnection:
    """`Connection` over psycopg. Text can hold no NUL in Postgres, and half a surrogate pair is no text: what holds
    such is stored as if it held the replacement character."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Rows:
        rows: Rows = self.raw.execute(translated(sql), [_plain(p) for p in parameters])
        return rows

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Rows:
        cursor = self.raw.cursor()
        if several := [[_plain(p) for p in row] for row in parameters]:
            cursor.executemany(translated(sql), several)
        rows: Rows = cursor
        return rows


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        # str() of an enumeration too: psycopg would look for a type of that name.
        return str(value).replace("\0", "\ufffd").encode(errors="replace").decode()
    return value
