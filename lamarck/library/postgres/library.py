"""The library on a Postgres server with pgvector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from lamarck.errors import LamarckError
from lamarck.library import artifacts
from lamarck.library.embedding import Embedder
from lamarck.library.filters import Filter
from lamarck.library.integrity import parts_apart
from lamarck.library.place import Server
from lamarck.library.postgres.database import PostgresDatabase
from lamarck.library.postgres.dialect import PostgresConnection
from lamarck.library.postgres.held import Known
from lamarck.library.postgres.index import (
    MOST_DIMENSIONS,
    PostgresIndex,
    PostgresLists,
    drop_vector_index,
    lacks_vector_index,
    make_vector_index,
)
from lamarck.library.postgres.schema import SCHEMA
from lamarck.library.search import Found, Request, search
from lamarck.library.stored import StoredLibrary
from lamarck.records import Artifact, Task

_READER = (
    f"GRANT USAGE ON SCHEMA {SCHEMA} TO {{role}}",
    f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO {{role}}",
    f"ALTER DEFAULT PRIVILEGES IN SCHEMA {SCHEMA} GRANT SELECT ON TABLES TO {{role}}",
)


class PostgresLibrary(StoredLibrary):
    """`Library` in the schema `lamarck` of a Postgres database, for many machines.

    Opening makes the schema, or brings an older one to the present form. A role that may only read finds, shows and
    counts; its uses are not counted. Vectors of any embedding model stand beside each other, and each process searches
    those of its own.
    """

    def __init__(
        self,
        server: Server,
        *,
        lock_seconds: float = 10,
        statement_seconds: float = 60,
        embedder: Embedder | None = None,
        recognised: int = 10_000,
    ) -> None:
        """Raises `LibraryUnavailable` (and its children); a database that is refused is not touched."""
        self._database = PostgresDatabase(server, lock_seconds=lock_seconds, statement_seconds=statement_seconds)
        super().__init__(self._database, PostgresIndex(), embedder=embedder, recognised=recognised)
        self._known = Known()
        try:
            self._ready_for_vectors()
        except BaseException:
            self._database.close()
            raise

    @property
    def name(self) -> str:
        """Host and database, without a password."""
        return self._database.server.name

    @property
    def reads_only(self) -> bool:
        return self._database.reads_only

    def _ready_for_vectors(self) -> None:
        if self._embedder is None or self.reads_only:
            return
        with self._database.read() as connection:
            lacks = lacks_vector_index(connection, self._embedder.digest, self._embedder.dimension)
        if lacks:
            with self._database.patiently() as connection:
                make_vector_index(connection, self._embedder.digest, self._embedder.dimension)

    @contextmanager
    def filling(self) -> Iterator[None]:
        """The graph over the vectors is made at the end, where there was none to search before: that takes a fraction
        of the time of adding to it one by one. Who is killed meanwhile leaves it to the next who opens the library."""
        embedder = self._embedder
        if embedder is None or embedder.dimension > MOST_DIMENSIONS:
            yield
            return
        with self._database.write() as connection:
            dropped = drop_vector_index(connection, embedder.digest)
        try:
            yield
        finally:
            if dropped:
                self._ready_for_vectors()

    def note_use(self, artifact_id: str, *, accepted: bool, seconds: float, run_id: str = "") -> None:
        if not self.reads_only:
            super().note_use(artifact_id, accepted=accepted, seconds=seconds, run_id=run_id)

    def learn(self, task: Task, artifact_id: str, *, seconds: float) -> None:
        if not self.reads_only:
            super().learn(task, artifact_id, seconds=seconds)

    def _search(self, connection: PostgresConnection, request: Request) -> list[Found]:  # type: ignore[override]
        return search(connection, request, self._lists(connection, request))

    def _lists(self, connection: PostgresConnection, request: Request) -> PostgresLists:
        digest, dimension = (self._embedder.digest, self._embedder.dimension) if self._embedder else ("", 1)
        lists = PostgresLists(connection, request, digest, dimension, self._known)
        self._database.renew_held |= self._known.renew
        self._known.renew = False
        return lists

    def nearest(self, vector: bytes, limit: int, filter: Filter | None = None) -> list[tuple[str, float]]:
        """(artifact id, cosine) of the closest by meaning alone, closest first, however far."""
        with self._database.read() as connection:
            request = Request(terms=(), limit=limit, vector=vector, filter=filter or Filter())
            near = self._lists(connection, request).by_meaning(vector, limit)
            ids = artifacts.ids_of(connection, [seq for seq, _ in near])
        return [(ids[seq], cosine) for seq, cosine in near]

    def save_many(self, several: Sequence[tuple[Artifact, bytes | None]]) -> None:
        super().save_many(several)
        if len(several) > 1:
            with self._database.patiently() as connection:
                connection.execute("ANALYZE artifacts, words, tags")

    def _give_back(self) -> None:
        """The server does, when it has time."""

    def _bytes(self, connection: PostgresConnection) -> int:  # type: ignore[override]
        (size,) = connection.execute(
            "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class"
            " WHERE relnamespace = to_regnamespace(?) AND relkind = 'r'",
            (SCHEMA,),
        ).fetchone()
        return int(size)

    def problems(self) -> tuple[str, ...]:
        """What does not belong together, one line each. The server checks its own pages."""
        with self._database.read() as connection:
            invalid = connection.execute(
                "SELECT relname FROM pg_index JOIN pg_class ON oid = indexrelid"
                " WHERE relnamespace = to_regnamespace(?) AND NOT indisvalid ORDER BY relname",
                (SCHEMA,),
            )
            broken = [f"the index {name} is not whole: REINDEX it" for (name,) in invalid.fetchall()]
            return (*broken, *parts_apart(connection))

    def let_read(self, role: str) -> None:
        """Let a role of the server read this library, and nothing more. Raises `BadInput` for a role it has not."""
        from psycopg import sql

        from lamarck.errors import BadInput

        with self._database.write() as connection:
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = ?", (role,)).fetchone() is None:
                raise BadInput(f"the server of {self.name} has no role {role!r}", f"CREATE ROLE {role} LOGIN")
            for statement in _READER:
                connection.raw.execute(sql.SQL(statement).format(role=sql.Identifier(role)))


def is_reachable(server: Server) -> LamarckError | None:
    """None when a connection can be made; else why not."""
    try:
        PostgresDatabase(server, lock_seconds=5, statement_seconds=10).close()
    except LamarckError as error:
        return error
    return None
