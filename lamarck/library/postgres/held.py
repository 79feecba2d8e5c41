"""What a process and its session hold of a library between two searches, while nothing that may be found changes.

The process holds which rows a filter lets through. The session on the server holds, for the filter that was asked for
twice in a row, the signs of their vectors in a temporary table: comparing ten thousand of these takes a tenth of
the time that ten thousand vectors take, and only the nearest are then compared in full.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from lamarck.library.filters import Filter, condition
from lamarck.library.postgres.dialect import PostgresConnection
from lamarck.library.postgres.schema import SCHEMA
from lamarck.library.search import is_open

FEW = 1000  # vectors that are compared one by one
MANY = 20_000  # rows; where a filter lets more through, the graph over all vectors leads to enough of them
HELD = "pg_temp.lamarck_held"
MAKE_HELD = (
    f"DROP TABLE IF EXISTS {HELD}; CREATE TEMPORARY TABLE lamarck_held (seq BIGINT, sketch BIT VARYING);"
    " SET lamarck.held = ''"
)
RANKED_BESIDE_MEANING = 300  # rows that full text ranks where meaning is searched too: it says little beside that
RANKED_ALONE = 8000
_MOST_FILTERS = 8  # whose rows are kept


@dataclass(frozen=True)
class Permitted:
    """The rows that a filter lets through. rows: None where it leaves out none, or where there are more than `MANY`.
    is_held: the session's table holds them. where, values: the same in SQL over `artifacts`, a
    row at a time."""

    is_open: bool
    rows: frozenset[int] | None
    is_held: bool
    where: str
    values: tuple[object, ...]


class Known:
    """Of one process. renew: a filter that is asked for again would be searched faster if the next transaction found
    an empty table."""

    def __init__(self) -> None:
        self.renew = False
        self._changed = ""
        self._open: dict[Filter, bool] = {}
        self._rows: dict[Filter, frozenset[int] | None] = {}
        self._tokens: dict[Filter, str] = {}  # of those rows and vectors, so that a session can say which it holds
        self._last: Filter | None = None
        self._common = ""  # which session settings hold the common lexemes

    def permitted(self, connection: PostgresConnection, wanted: Filter, digest: str) -> Permitted:
        """digest: of the model whose vectors are compared, as a literal of SQL."""
        changed, token, has_table, common = connection.execute(
            "SELECT value, current_setting('lamarck.held', true), to_regclass(?) IS NOT NULL,"
            " current_setting('lamarck.common', true) FROM properties WHERE name = 'changed'",
            (HELD,),
        ).fetchone()
        if not self._common or common != self._common:
            self._tell_common(connection)
        if changed != self._changed or len(self._open) >= _MOST_FILTERS:
            self._changed, self._open, self._rows, self._tokens = changed, {}, {}, {}
        where, values = condition(wanted, one_row=True)
        if wanted not in self._open:
            self._open[wanted] = is_open(connection, wanted)
            self._rows[wanted] = None if self._open[wanted] else _rows(connection, wanted)
            self._tokens[wanted] = secrets.token_hex(8)
        rows = self._rows[wanted]
        is_held = rows is not None and len(rows) > FEW and self._hold(connection, wanted, digest, token, has_table)
        self._last = wanted
        return Permitted(self._open[wanted], rows, is_held, where, tuple(values))

    def _hold(
        self, connection: PostgresConnection, wanted: Filter, digest: str, token: str | None, has_table: bool
    ) -> bool:
        mine = self._tokens[wanted]
        if has_table and token == mine:
            return True
        if not has_table or token:
            self.renew = self._last == wanted
            return False
        connection.execute(
            f"INSERT INTO {HELD} SELECT row, binary_quantize(vector) FROM unnest(?::bigint[]) AS row"  # noqa: S608
            f" LEFT JOIN vectors ON seq = row AND digest = {digest}",
            (sorted(self._rows[wanted] or ()),),
        )
        connection.execute("SELECT set_config('lamarck.held', ?, false)", (mine,))
        return True

    def _tell_common(self, connection: PostgresConnection) -> None:
        """Lexemes that too many texts had when the server last looked, for `common`. Told a session once: a thousand
        words take longer to send than to search for."""
        rows = connection.execute(
            "SELECT word, share * greatest(reltuples, 0) FROM"
            " (SELECT most_common_elems::text::text[] AS words, most_common_elem_freqs AS shares FROM pg_stats"
            " WHERE schemaname = ? AND tablename = 'words' AND attname = 'lexemes') AS told,"
            " unnest(words, shares[1:cardinality(words)]) AS each (word, share),"
            " pg_class WHERE pg_class.oid = to_regclass(?)",
            (SCHEMA, f"{SCHEMA}.words"),
        ).fetchall()
        self._common = secrets.token_hex(8)
        for most in (RANKED_BESIDE_MEANING, RANKED_ALONE):
            words = [word for word, texts in rows if texts > most]
            connection.execute("SELECT set_config(?, (?::text[])::text, false)", (f"lamarck.common_{most}", words))
        connection.execute("SELECT set_config('lamarck.common', ?, false)", (self._common,))


def common(most: int) -> str:
    """SQL for the lexemes that more than `most` texts have, as `Known` told the server: read once a statement."""
    return f"(SELECT current_setting('lamarck.common_{most}')::text[])"


def _rows(connection: PostgresConnection, wanted: Filter) -> frozenset[int] | None:
    where, values = condition(wanted)
    query = f"SELECT seq FROM artifacts WHERE found AND {where} LIMIT {MANY + 1}"  # noqa: S608 - our own SQL
    rows = frozenset(seq for (seq,) in connection.execute(query, values))
    return rows if len(rows) <= MANY else None
