"""The library as one SQLite file on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from lamarck.errors import LibraryUnavailable
from lamarck.library import artifacts
from lamarck.library.connection import Connection, SearchIndex
from lamarck.library.database import Database
from lamarck.library.embedding import Embedder
from lamarck.library.filters import Filter
from lamarck.library.fulltext import Words, merge_segments, shares_of_words, with_words_in_signature
from lamarck.library.index_entry import IndexEntry
from lamarck.library.integrity import problems
from lamarck.library.library import Hit
from lamarck.library.search import OF_AN_OBJECT, Found, Request, allowed, search
from lamarck.library.stored import StoredLibrary
from lamarck.library.tidying import gives_back
from lamarck.library.vectors import VectorIndex, drop_vector, put_vector, register, sidecar_path

_MOST_FILTERS = 8  # whose rows are kept: some hundred bytes for each row


class SqliteLibrary(StoredLibrary):
    """`Library` in one WAL SQLite file: metadata, full text, vectors, runs and verdicts.

    Opening creates the file and its folder, or brings an older file to the present form after a backup beside it
    (`NAME.backup-vN`). Safe for several threads and several processes of one machine; not for a network disk.
    `lock_seconds`: how long to wait for another writer. Without an embedder, searches use words alone and nothing
    imports numpy.
    """

    def __init__(
        self, path: Path, *, lock_seconds: float = 10, embedder: Embedder | None = None, recognised: int = 10_000
    ) -> None:
        """Raises `LibraryUnavailable` (and its children); a file that is refused is not touched."""
        self._database = Database(path, lock_seconds)
        super().__init__(self._database, _Index(), embedder=embedder, recognised=recognised)
        self._permitted = _Permitted()
        beside = sidecar_path(self._database.path)
        self._vectors = VectorIndex(embedder.digest, embedder.dimension, beside) if embedder else None

    @property
    def path(self) -> Path:
        return self._database.path

    def find_near(
        self,
        text: str,
        vector: bytes | None,
        *,
        limit: int = 10,
        signature: str | None = None,
        filter: Filter | None = None,
    ) -> tuple[Hit, ...]:
        hits = super().find_near(text, vector, limit=limit, signature=signature, filter=filter)
        if self._vectors is not None and self._vectors.is_stale:
            self.write_sidecar()
        return hits

    def _search(self, connection: Connection, request: Request) -> list[Found]:
        permitted = self._permitted.rows(connection, request.filter)
        return search(connection, request, _Lists(connection, request, self._vectors, permitted))

    def nearest(self, vector: bytes, limit: int, filter: Filter | None = None) -> list[tuple[str, float]]:
        """(artifact id, cosine) of the closest by meaning alone, closest first, however far."""
        if self._vectors is None:
            return []
        with self._database.read() as connection:
            permitted = self._permitted.rows(connection, filter or Filter())
            near = self._vectors.nearest(connection, vector, limit, permitted)
            ids = artifacts.ids_of(connection, [seq for seq, _ in near])
        return [(ids[seq], cosine) for seq, cosine in near]

    def write_sidecar(self) -> None:
        """Copy the vectors to the file beside the library that later processes map. What keeps it from being written
        is nothing to complain of: the library holds everything."""
        if self._vectors is not None and (header := self._vectors.write()) is not None:
            with suppress(LibraryUnavailable), self._database.write() as connection:
                register(connection, header)
                merge_segments(connection)  # as much was written since as is worth it for the vectors

    def _give_back(self) -> None:
        with self._database.write() as connection:
            merge_segments(connection)
            worth = gives_back(connection)
        if worth:
            self._database.compact()

    def _bytes(self, connection: Connection) -> int:
        size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        return int(connection.execute(size).fetchone()[0])

    def problems(self) -> tuple[str, ...]:
        """What is wrong with the file, one line each; empty for a sound one. Reads all of it; writers wait."""
        with self._write() as connection:
            return problems(connection)


class _Index(SearchIndex):
    """FTS5 and blobs."""

    def put_words(self, connection: Connection, seq: int, entry: IndexEntry) -> None:
        connection.execute(
            "INSERT OR REPLACE INTO words (rowid, name, goal, signature, doc) VALUES (?, ?, ?, ?, ?)",
            (seq, entry.name, entry.goal, entry.signature, entry.doc),
        )

    def drop_words(self, connection: Connection, seq: int) -> None:
        connection.execute("DELETE FROM words WHERE rowid = ?", (seq,))

    def put_vector(self, connection: Connection, seq: int, digest: str, vector: bytes) -> None:
        put_vector(connection, seq, digest, vector)

    def drop_vector(self, connection: Connection, seq: int) -> None:
        drop_vector(connection, seq)

    def vectors_of(self, connection: Connection, seqs: Sequence[int]) -> dict[int, tuple[str, bytes]]:
        marks = ", ".join("?" * len(seqs))
        query = f"SELECT seq, digest, vector FROM vectors WHERE seq IN ({marks})"  # noqa: S608 - marks
        return {seq: (digest, vector) for seq, digest, vector in connection.execute(query, list(seqs))}


class _Permitted:
    """What filters let through, kept while nothing in the file changes: one filter is mostly asked for many times."""

    def __init__(self) -> None:
        self._state: tuple[int, int, int] | None = None
        self._known: dict[Filter, dict[int, None] | None] = {}

    def rows(self, connection: Connection, wanted: Filter) -> dict[int, None] | None:
        """In order, quick to look up in; None when a filter leaves out nothing."""
        (others,) = connection.execute("PRAGMA data_version").fetchone()  # of other connections; next, of this one
        (own,) = connection.execute("SELECT total_changes()").fetchone()
        state = (id(connection), others, own)
        if self._state != state or len(self._known) >= _MOST_FILTERS:
            self._state, self._known = state, {}
        if wanted not in self._known:
            rows = allowed(connection, wanted)
            self._known[wanted] = None if rows is None else dict.fromkeys(rows)
        return self._known[wanted]


class _Lists:
    def __init__(
        self, connection: Connection, request: Request, vectors: VectorIndex | None, permitted: dict[int, None] | None
    ) -> None:
        self._connection = connection
        self._request = request
        self._vectors = vectors
        self._permitted = permitted

    def by_words(self, depth: int) -> list[tuple[int, float]]:
        alone = self._request.vector is None
        return Words(self._connection, self._request.terms, alone=alone).best(depth, self._permitted)

    def by_meaning(self, vector: bytes, depth: int) -> list[tuple[int, float]]:
        return self._vectors.nearest(self._connection, vector, depth, self._permitted) if self._vectors else []

    def cosines(self, vector: bytes, seqs: Sequence[int]) -> dict[int, float]:
        return self._vectors.cosines(vector, seqs) if self._vectors else {}

    def shares(self, seqs: Sequence[int], terms: Sequence[str]) -> dict[int, float]:
        return shares_of_words(self._connection, seqs, terms)

    def bound(self, seqs: Sequence[int]) -> set[int]:
        return with_words_in_signature(self._connection, seqs, OF_AN_OBJECT)
