"""The library at a place, whatever holds it."""

from __future__ import annotations

from pathlib import Path

from lamarck.library.embedding import Embedder
from lamarck.library.place import Server
from lamarck.library.stored import StoredLibrary


def open_library(
    place: Path | Server,
    *,
    lock_seconds: float = 10,
    statement_seconds: float = 60,
    embedder: Embedder | None = None,
    recognised: int = 10_000,
) -> StoredLibrary:
    """Raises `LibraryUnavailable` and its children. statement_seconds: of one statement on a server."""
    if isinstance(place, Server):
        from lamarck.library.postgres.library import PostgresLibrary

        return PostgresLibrary(
            place,
            lock_seconds=lock_seconds,
            statement_seconds=statement_seconds,
            embedder=embedder,
            recognised=recognised,
        )
    from lamarck.library.sqlite import SqliteLibrary

    return SqliteLibrary(place, lock_seconds=lock_seconds, embedder=embedder, recognised=recognised)
