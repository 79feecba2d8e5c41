"""Full text and vectors in Postgres: tsvector under GIN, pgvector under HNSW.

HNSW: Malkov & Yashunin, "Efficient and robust approximate nearest neighbor search using hierarchical navigable small
world graphs" (2018). It is approximate; where a filter leaves little, the vectors that are left are compared one by one
instead.
"""

from __future__ import annotations

import hashlib
import struct
import unicodedata
from collections.abc import Sequence
from math import log

from lamarck.library.filters import condition
from lamarck.library.index_entry import IndexEntry
from lamarck.library.postgres.dialect import PostgresConnection
from lamarck.library.search import OF_AN_OBJECT, Request, is_open

_MOST_DIMENSIONS = 2000  # that HNSW can index
_FEW = 2000  # vectors that are compared one by one
_SEEN = 120  # candidates that HNSW keeps while it searches: `hnsw.ef_search`
_RANKED_BESIDE_MEANING = 1000  # rows that full text ranks where meaning is searched too: it says little beside that
_RANKED_ALONE = 8000
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

    def __init__(self, connection: PostgresConnection, request: Request, digest: str, dimension: int) -> None:
        self._connection = connection
        self._request = request
        self._digest = quoted(digest)
        self._dimension = dimension
        self._cosines: dict[int, float] = {}
        self._is_open = is_open(connection, request.filter)
        self._where, self._values = condition(request.filter)

    def by_words(self, depth: int) -> list[tuple[int, float]]:
        most = _RANKED_ALONE if self._request.vector is None else _RANKED_BESIDE_MEANING
        counted = self._counted(most)
        (texts,) = self._connection.execute("SELECT coalesce(max(seq), 1) FROM artifacts").fetchone()
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
        of_these = "" if self._is_open else f"AND rowid IN (SELECT seq FROM artifacts WHERE found AND {self._where})"  # noqa: S608
        found = self._connection.execute(
            f"SELECT rowid, {score} AS score FROM words WHERE lexemes @@ ({query}) {of_these}"  # noqa: S608 - our own SQL
            " ORDER BY score DESC, rowid LIMIT ?",
            (
                *(value for pair in ranked for value in pair),
                *(term for term, _ in ranked),
                *(() if self._is_open else self._values),
                depth,
            ),
        ).fetchall()
        # What is too common to be counted says about nothing.
        total = sum(idf.values())
        return [(seq, min(1.0, score / total)) for seq, score in found]

    def _counted(self, most: int) -> list[tuple[int | None, str]]:
        """How many texts have each word; None: more than are ranked."""
        terms = [plain(term) for term in self._request.terms]
        if not terms:
            return []
        counts = self._connection.execute(
            "SELECT (SELECT count(*) FROM (SELECT 1 FROM words WHERE lexemes @@ query LIMIT ?) AS few), term"
            " FROM (SELECT term, plainto_tsquery('lamarck.words', term) AS query"
            " FROM unnest(?::text[]) AS term) AS asked",
            (most + 1, terms),
        ).fetchall()
        return [(None if n > most else n, term) for n, term in counts]

    def by_meaning(self, vector: bytes, depth: int) -> list[tuple[int, float]]:
        text = as_text(vector)
        if self._is_open:
            found = self._by_graph(text, depth, "", [])
        elif self._are_few():
            found = self._one_by_one(text, depth)
        else:
            # As the value of an expression, so that it is asked for each vector that the graph leads to, and the
            # planner can't turn the question round.
            filtered = f"AND (seq IN (SELECT seq FROM artifacts WHERE found AND {self._where})) IS TRUE"  # noqa: S608
            found = self._by_graph(text, depth, filtered, self._values)
        self._cosines |= dict(found)
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def _by_graph(self, text: str, depth: int, filtered: str, values: Sequence[object]) -> list[tuple[int, float]]:
        self._connection.execute(f"SET LOCAL hnsw.ef_search = {max(_SEEN, depth)}")
        self._connection.execute("SET LOCAL hnsw.iterative_scan = relaxed_order")
        near = f"(vector::vector({self._dimension})) <#> ?::vector({self._dimension})"
        rows = self._connection.execute(
            f"SELECT seq, -({near}) FROM vectors WHERE digest = {self._digest} {filtered} ORDER BY {near} LIMIT ?",  # noqa: S608
            (text, *values, text, depth),
        )
        return list(rows.fetchall())

    def _are_few(self) -> bool:
        (count,) = self._connection.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM artifacts WHERE found AND {self._where} LIMIT ?) AS few",  # noqa: S608
            (*self._values, _FEW + 1),
        ).fetchone()
        return bool(count <= _FEW)

    def _one_by_one(self, text: str, depth: int) -> list[tuple[int, float]]:
        rows = self._connection.execute(
            f"WITH few AS MATERIALIZED (SELECT seq FROM artifacts WHERE found AND {self._where})"  # noqa: S608
            " SELECT vectors.seq, -(vector <#> ?::vector) AS cosine FROM few JOIN vectors ON vectors.seq = few.seq"
            f" WHERE digest = {self._digest} ORDER BY cosine DESC, vectors.seq LIMIT ?",
            (*self._values, text, depth),
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
    connection.execute(
        f"CREATE INDEX IF NOT EXISTS {index_name(digest)} ON vectors"
        f" USING hnsw ((vector::vector({dimension})) vector_ip_ops) WHERE digest = {quoted(digest)}"
    )


def lacks_vector_index(connection: PostgresConnection, digest: str, dimension: int) -> bool:
    if dimension > _MOST_DIMENSIONS:
        return False
    return connection.execute("SELECT to_regclass(?)", (f"lamarck.{index_name(digest)}",)).fetchone()[0] is None


def index_name(digest: str) -> str:
    return f"vectors_near_{hashlib.sha256(digest.encode()).hexdigest()[:16]}"


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
