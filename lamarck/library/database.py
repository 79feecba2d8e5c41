"""One SQLite file in WAL mode: opened, checked, migrated, and entered by one transaction at a time."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from lamarck.errors import LibraryUnavailable
from lamarck.library.faults import corrupt, told_plainly
from lamarck.library.schema import migrate, refuse_foreign


class Database:
    """The connection of this process to a library file.

    Threads share the one connection and take turns; processes meet in SQLite's locks. Every commit is flushed to
    the disk before it returns (`synchronous=FULL`). Raises the children of `LibraryUnavailable`.
    """

    def __init__(self, path: Path, lock_seconds: float) -> None:
        self.path = path.expanduser().absolute()
        self.lock_seconds = lock_seconds
        self._turn = threading.RLock()
        self._inherited: list[sqlite3.Connection] = []
        self._closed = False
        self._open()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One snapshot: what other processes commit meanwhile is not seen."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, and on the disk when it returns. Waits up to `lock_seconds` for another writer."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            self._refuse_replaced_file()
            yield connection

    def compact(self) -> None:
        """Copy the file without its free pages. Needs as much space again while it runs; all or nothing."""
        with self._turn, told_plainly(self.path, self.lock_seconds):
            self._refuse_replaced_file()
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        with self._turn:
            if not self._closed:
                self._closed = True
                self._connection.close()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._turn, told_plainly(self.path, self.lock_seconds):
            if self._closed:
                raise LibraryUnavailable(f"the library {self.path} was closed", "open it again")
            if self._process != os.getpid():
                # A connection must not cross a fork, and closing it here would drop the parent's locks.
                self._inherited.append(self._connection)
                self._open()
            connection = self._connection
            try:
                connection.execute(begin)  # inside, so that Ctrl-C right after it leaves no transaction open
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _open(self) -> None:
        with told_plainly(self.path, self.lock_seconds):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._peek()
            self._connection = self._connect()
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise
        self._process = os.getpid()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=self.lock_seconds, isolation_level=None, check_same_thread=False)

    def _peek(self) -> None:
        """Refuse a file that is not ours before SQLite creates anything beside it.

        `immutable` reads the header without locks and without the WAL. It goes through SQLite because a plain
        open and close of the file would drop the locks of any other connection in this process.
        """
        if not self.path.exists():
            return
        try:
            with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro&immutable=1", uri=True)) as peek:
                refuse_foreign(peek, self.path)
        except sqlite3.DatabaseError as error:
            # Anything else can be a checkpoint seen half way; the real opening decides.
            if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
                raise corrupt(self.path, str(error)) from error

    def _prepare(self) -> None:
        deadline = time.monotonic() + self.lock_seconds
        while True:
            try:
                # Of a new file only: five vectors then share a page, where pages of 4 kB hold two.
                self._connection.execute("PRAGMA page_size = 8192")
                mode = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
                if mode != "wal":
                    raise LibraryUnavailable(
                        f"the file system of {self.path.parent} cannot hold a library (no shared memory for its WAL)",
                        "choose a local disk (--library, LAMARCK_HOME)",
                    )
                self._connection.execute("PRAGMA synchronous = FULL")
                self._connection.execute("PRAGMA foreign_keys = ON")
                self._connection.execute("PRAGMA journal_size_limit = 67108864")
                # A thousand artifacts of a large library touch more pages than SQLite keeps by itself, many of them
                # again and again: kept, and copied back less often, they are written once.
                self._connection.execute("PRAGMA cache_size = -32000")
                self._connection.execute("PRAGMA wal_autocheckpoint = 4000")
                migrate(self._connection, self.path)
                break
            except sqlite3.OperationalError as error:
                # Turning to WAL does not wait for SQLite's busy time-out when several processes create the file.
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        self._identity = self._file_identity()

    def _file_identity(self) -> tuple[int, int]:
        found = os.stat(self.path)
        return found.st_dev, found.st_ino

    def _refuse_replaced_file(self) -> None:
        """Writing on into a file that was moved or deleted would acknowledge what nobody can find again."""
        try:
            same = self._file_identity() == self._identity
        except FileNotFoundError:
            same = False
        if not same:
            raise LibraryUnavailable(
                f"the library {self.path} was moved or deleted while it was open", "put it back or start again"
            )
