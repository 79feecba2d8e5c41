"""One SQLite file that several processes and threads share, with its errors told in Lamarck's words."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lamarck.errors import DiskFull, LibraryCorrupt, LibraryLocked, LibraryTooNew, LibraryUnavailable

_BUSY_SECONDS = 30.0


class SqliteFile:
    """A WAL file with one table set of one version. What a transaction returned from is on disk.

    schema: statements that make the tables, run once. version: stored in the file; a higher one there is refused.
    Raises `LibraryTooNew`, `LibraryCorrupt`, `LibraryLocked`, `DiskFull`, `LibraryUnavailable`.
    """

    def __init__(self, path: Path, *, schema: tuple[str, ...], version: int) -> None:
        self.path = path
        self._lock = threading.RLock()
        with self._told():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise LibraryUnavailable(
                    f"{path.parent}: cannot be made: {error.strerror}", "check its permissions"
                ) from error
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        try:
            with self._told():
                self._prepare(schema, version)
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self, schema: tuple[str, ...], version: int) -> None:
        run = self._connection.execute
        found = run("PRAGMA user_version").fetchone()[0]
        if found > version:
            raise LibraryTooNew(f"{self.path} was written by a later version of Lamarck", "upgrade Lamarck")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        if found == version:
            return
        run("BEGIN IMMEDIATE")
        try:
            if run("PRAGMA user_version").fetchone()[0] != version:  # another process may have been faster
                for statement in schema:
                    run(statement)
                run(f"PRAGMA user_version = {version}")
            run("COMMIT")
        except BaseException:
            run("ROLLBACK")
            raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, for statements that change nothing."""
        with self._lock, self._told():
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, begun with the write lock so that what it reads stays true until it commits."""
        with self._lock, self._told():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise self._meaning(error) from error

    def _meaning(self, error: sqlite3.DatabaseError) -> LibraryUnavailable:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return LibraryLocked(
                f"{self.path}: another process holds it for more than {_BUSY_SECONDS:.0f} s",
                "try again when it is done",
            )
        if code == sqlite3.SQLITE_FULL:
            return DiskFull(f"{self.path}: no space is left to write it", "free some disk space")
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            return LibraryCorrupt(f"{self.path}: not a readable SQLite file", "move it away; a new one will be made")
        return LibraryUnavailable(f"{self.path}: {error}", "check the file, its folder and their permissions")
