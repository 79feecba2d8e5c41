"""Full text and vectors in Postgres: tsvector under GIN, pgvector under HNSW.

HNSW: Malkov & Yashunin, "Efficient and robust approximate nearest neighbor search using hierarchical navigable small
world graphs" (2018). It is approximate; where a filter leaves little, the vectors that are left are compared one by one
instead, or those of them whose signs agree most with the request's: Charikar, "Similarity estimation techniques from
rounding algorithms" (2002).
"""

from __future__ import annotations

import hashlib
import struct
import unicodedata
from collections.abc import Sequence
from math import log

from lamarck.library.index_entry import IndexEntry
from lamarck.library.postgres.dialect import PostgresConnection
from lamarck.library.postgres.held import HELD, RANKED_ALONE, RANKED_BESIDE_MEANING, Known, common
from lamarck.library.search import OF_AN_OBJECT, Request

_BUILT = 128  # candidates that HNSW keeps while it is made: twice pgvector's own, for the same recall at half of them
_BUILD_KB = 512 * 1024
MOST_DIMENSIONS = 2000  # that HNSW can index
_SIGNS_AGREE = 0.05  # of the held rows, those that are then compared in full; recall as `lamarck bench library` has it
_LEAST_COMPARED = 1000
_SEEN = 80  # candidates that HNSW keeps while it searches
SEARCH_SETTINGS = f"SET hnsw.ef_search = {_SEEN}; SET hnsw.iterative_scan = relaxed_order"  # of a session
_SEEN_FILTERED = 120
_WEIGHTS = "{0.25, 0.5, 0.75, 1}"  # of signature, doc, goal, name
_PARTS = (("name", "A"), ("goal", "B"), ("doc", "C"), ("signature", "D"))
_LEAST_IDF = 1e-6


class PostgresIndex:
    """`SearchIndex` of a library on a server."""

    def put_words(self, connection: PostgresConnection, seq: int, entry: IndexEntry) -> None:
        lexemes = " || ".join("setweight(to_tsvector('lamarck.words', ?), ?)" for _ in _PARTS)
        values = [value for part, weight in _PARTS for value in (plain(getattr(entry, part)), weight)]
        connection.execute(
            f"INSERT INTO words (rowid, lexemes) VALUES (?, {lexemes})"  # noqa: S608 - our own SQL
            " ON CONFLICT (rowid) DO UPDATE SET lexemes = excluded.lexemes",
            (seq, *values),
        )

    def drop_words(self, connection: PostgresConnection, seq: int) -> None:
        connection.execute("DELETE FROM words WHERE rowid = ?", (seq,))

    def put_vector(self, connection: PostgresConnection, seq: int, digest: str, vector: bytes) -> None:
        connection.execute(
            "INSERT INTO vectors (seq, digest, vector) VALUES (?, ?, ?::vector)"
            " ON CONFLICT (seq) DO UPDATE SET digest = excluded.digest, vector = excluded.vector",
            (seq, digest, as_text(vector)),
        )

    def drop_vector(self, connection: PostgresConnection, seq: int) -> None:
        connection.execute("DELETE FROM vectors WHERE seq = ?", (seq,))

    def vectors_of(self, connection: PostgresConnection, seqs: Sequence[int]) -> dict[int, tuple[str, bytes]]:
        query = "SELECT seq, digest, vector::text FROM vectors WHERE seq = ANY(?)"
        return {seq: (digest, as_bytes(text)) for seq, digest, text in connection.execute(query, (list(seqs),))}


class PostgresLists:
    """The best by words and by meaning, inside one transaction. digest, dimension: of the vectors that are compared."""

    def __init__(
        self, connection: PostgresConnection, request: Request, digest: str, dimension: int, known: Known
    ) -> None:
        self._connection = connection
        self._request = request
        self._digest = quoted(digest)
        self._dimension = dimension
        self._cosines: dict[int, float] = {}
        self._permitted = known.permitted(connection, request.filter, self._digest)

    def by_words(self, depth: int) -> list[tuple[int, float]]:
        most = RANKED_ALONE if self._request.vector is None else RANKED_BESIDE_MEANING
        texts, counted = self._counted(most)
        idf = {
            term: max(_LEAST_IDF, log(max(texts - n, 0) + 0.5) - log(n + 0.5)) for n, term in counted if n is not None
        }
        ranked: list[tuple[str, float]] = []
        rows = 0
        for count, term in sorted((n, term) for n, term in counted if n):
            if ranked and rows + count > most:
                break
            ranked.append((term, idf[term]))
            rows += count
        if not ranked:
            return []
        one = f"ts_rank('{_WEIGHTS}'::real[], lexemes, plainto_tsquery('lamarck.words', ?)) * ?::float8"
        score = " + ".join([one] * len(ranked))
        query = " || ".join(["plainto_tsquery('lamarck.words', ?)"] * len(ranked))
        of_these, values = self._of_permitted("rowid")
        mine = self._permitted.rows if most == RANKED_BESIDE_MEANING else None
        if mine is not None:  # of so few it is cheaper to leave out here
            of_these, values = "", []
        found = self._connection.execute(
            f"SELECT rowid, {score} AS score FROM words WHERE lexemes @@ ({query}) {of_these}"  # noqa: S608 - our own SQL
            " ORDER BY score DESC, rowid LIMIT ?",
            (
                *(value for pair in ranked for value in pair),
                *(term for term, _ in ranked),
                *values,
                depth if mine is None else rows,
            ),
        ).fetchall()
        if mine is not None:
            found = [pair for pair in found if pair[0] in mine][:depth]
        # What is too common to be counted says about nothing.
        total = sum(idf.values())
        return [(seq, min(1.0, score / total)) for seq, score in found]

    def _counted(self, most: int) -> tuple[int, list[tuple[int | None, str]]]:
        """How many texts there are, and how many have each word; None: more than are ranked."""
        terms = [plain(term) for term in self._request.terms]
        if not terms:
            return 1, []
        counts = self._connection.execute(
            f"SELECT CASE WHEN tsvector_to_array(to_tsvector('lamarck.words', term)) && {common(most)} THEN ? ELSE"  # noqa: S608
            " (SELECT count(*) FROM (SELECT 1 FROM words WHERE lexemes @@ query LIMIT ?) AS few) END, term,"
            " (SELECT coalesce(max(seq), 1) FROM artifacts)"
            " FROM (SELECT term, plainto_tsquery('lamarck.words', term) AS query"
            " FROM unnest(?::text[]) AS term) AS asked",
            (most + 1, most + 1, terms),
        ).fetchall()
        return counts[0][2], [(None if n > most else n, term) for n, term, _ in counts]

    def _of_permitted(self, row: str) -> tuple[str, list[object]]:
        """The filter as a condition on a column that holds rows, and its parameters."""
        if self._permitted.is_open:
            return "", []
        if self._permitted.is_held:
            return f"AND {row} IN (SELECT seq FROM {HELD})", []  # noqa: S608 - our own names
        if self._permitted.rows is not None:
            return f"AND {row} = ANY(?::bigint[])", [sorted(self._permitted.rows)]
        # As a value that is asked for each row that comes up, so that the planner can't turn the question round.
        asked = f"SELECT found AND {self._permitted.where} FROM artifacts WHERE artifacts.seq = {row}"  # noqa: S608
        return f"AND ({asked})", list(self._permitted.values)

    def by_meaning(self, vector: bytes, depth: int) -> list[tuple[int, float]]:
        text = as_text(vector)
        if self._permitted.is_open or self._permitted.rows is None:
            found = self._by_graph(text, depth)
        else:
            found = self._one_by_one(text, depth)
        self._cosines |= dict(found)
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def _by_graph(self, text: str, depth: int) -> list[tuple[int, float]]:
        seen = max(_SEEN if self._permitted.is_open else _SEEN_FILTERED, depth)
        if seen != _SEEN:
            self._connection.execute(f"SET LOCAL hnsw.ef_search = {seen}")
        near = f"(vector::vector({self._dimension})) <#> ?::vector({self._dimension})"
        of_these, values = self._of_permitted("vectors.seq")
        rows = self._connection.execute(
            f"SELECT seq, -({near}) FROM vectors WHERE digest = {self._digest} {of_these} ORDER BY {near} LIMIT ?",  # noqa: S608
            (text, *values, text, depth),
        )
        return list(rows.fetchall())

    def _one_by_one(self, text: str, depth: int) -> list[tuple[int, float]]:
        of_these, values = self._of_permitted("seq")
        if self._permitted.is_held:
            of_these = (
                f"AND seq = ANY(ARRAY(SELECT seq FROM {HELD}"  # noqa: S608 - our own name
                " ORDER BY sketch <~> binary_quantize(?::vector), seq LIMIT ?))"
            )
            agreeing = int(_SIGNS_AGREE * len(self._permitted.rows or ()))
            values = [text, max(_LEAST_COMPARED, agreeing, 16 * depth)]
        rows = self._connection.execute(
            f"SELECT seq, -(vector <#> ?::vector) AS cosine FROM vectors WHERE digest = {self._digest}"  # noqa: S608
            f" {of_these} ORDER BY cosine DESC, seq LIMIT ?",
            (text, *values, depth),
        )
        return list(rows.fetchall())

    def cosines(self, vector: bytes, seqs: Sequence[int]) -> dict[int, float]:
        others = [seq for seq in seqs if seq not in self._cosines]
        if others:
            rows = self._connection.execute(
                f"SELECT seq, -(vector <#> ?::vector) FROM vectors WHERE digest = {self._digest} AND seq = ANY(?)",  # noqa: S608
                (as_text(vector), others),
            )
            self._cosines |= dict(rows.fetchall())
        return {seq: self._cosines[seq] for seq in seqs if seq in self._cosines}

    def shares(self, seqs: Sequence[int], terms: Sequence[str]) -> dict[int, float]:
        shares = dict.fromkeys(seqs, 0.0)
        if terms and seqs:
            each = " + ".join(["(lexemes @@ plainto_tsquery('lamarck.words', ?))::int"] * len(terms))
            rows = self._connection.execute(
                f"SELECT rowid, {each} FROM words WHERE rowid = ANY(?)",  # noqa: S608 - our own SQL
                (*(plain(term) for term in terms), list(seqs)),
            )
            shares |= {seq: hits / len(terms) for seq, hits in rows.fetchall()}
        return shares

    def bound(self, seqs: Sequence[int]) -> set[int]:
        words = " | ".join(f"{word}:D" for word in OF_AN_OBJECT)
        rows = self._connection.execute(
            "SELECT rowid FROM words WHERE rowid = ANY(?) AND lexemes @@ to_tsquery('lamarck.words', ?)",
            (list(seqs), words),
        )
        return {seq for (seq,) in rows.fetchall()}


def make_vector_index(connection: PostgresConnection, digest: str, dimension: int) -> None:
    """The graph over the vectors of one model, made once."""
    # The graph over some 250,000 vectors: where it does not fit, making it takes many times as long.
    connection.execute(
        "SELECT set_config('maintenance_work_mem', ?, true) FROM pg_settings"
        " WHERE name = 'maintenance_work_mem' AND setting::bigint < ?",
        (f"{_BUILD_KB}kB", _BUILD_KB),
    )
    connection.execute(
        f"CREATE INDEX IF NOT EXISTS {index_name(digest)} ON vectors"
        f" USING hnsw ((vector::vector({dimension})) vector_ip_ops) WITH (ef_construction = {_BUILT})"
        f" WHERE digest = {quoted(digest)}"
    )


def drop_vector_index(connection: PostgresConnection, digest: str) -> bool:
    """Where there is no vector of the model yet; whether it was dropped."""
    some = f"SELECT EXISTS (SELECT 1 FROM vectors WHERE digest = {quoted(digest)})"  # noqa: S608 - our own SQL
    if connection.execute(some).fetchone()[0]:
        return False
    connection.execute(f"DROP INDEX IF EXISTS {index_name(digest)}")
    return True


def lacks_vector_index(connection: PostgresConnection, digest: str, dimension: int) -> bool:
    if dimension > MOST_DIMENSIONS:
        return False
    return connection.execute("SELECT to_regclass(?)", (f"lamarck.{index_name(digest)}",)).fetchone()[0] is None


def index_name(digest: str) -> str:
    return f"vectors_near_{_BUILT}_{hashlib.sha256(digest.encode()).hexdigest()[:16]}"


def quoted(text: str) -> str:
    """As a literal of SQL: a partial index is used where its condition stands in the statement itself."""
    return "'" + text.replace("'", "''").replace("\\", "") + "'"


def plain(text: str) -> str:
    """Without accents, as FTS5 takes words."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def as_text(vector: bytes) -> str:
    """float32, little-endian, as pgvector reads it; nine digits tell every float32 again."""
    return "[" + ",".join(f"{x:.9g}" for x in struct.unpack(f"<{len(vector) // 4}f", vector)) + "]"


def as_bytes(text: str) -> bytes:
    parts = text.strip("[]").split(",")
    return struct.pack(f"<{len(parts)}f", *map(float, parts))
