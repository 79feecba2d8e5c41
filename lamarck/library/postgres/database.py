"""One Postgres database: reached, checked, migrated, and entered by one transaction at a time."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from lamarck.errors import LibraryUnavailable
from lamarck.library.place import Server
from lamarck.library.postgres.dialect import PostgresConnection
from lamarck.library.postgres.faults import lost, told_plainly
from lamarck.library.postgres.held import MAKE_HELD
from lamarck.library.postgres.index import SEARCH_SETTINGS
from lamarck.library.postgres.schema import (
    MIGRATIONS,
    SCHEMA,
    known_form,
    migrate,
    refuse_old_server,
    refuse_old_vector,
    vector_version,
)

_CONNECT_SECONDS = 10
_WRITERS = 0x4C414D57  # the lock that writers take in turns: which version answers is settled by one at a time


class PostgresDatabase:
    """The connection of this process to a library on a server.

    Threads share the one connection and take turns. A connection that was lost is made again by the next call; the one
    that met the loss fails, and what it was about to store is stored in whole or not at all. `reads_only`: the role may
    not write, or the server is a standby. Raises the children of `LibraryUnavailable`.
    """

    def __init__(self, server: Server, *, lock_seconds: float, statement_seconds: float) -> None:
        self.server = server
        self.lock_seconds = lock_seconds
        self.statement_seconds = statement_seconds
        self.reads_only = False
        self.renew_held = False  # the next transaction finds the table of held rows made anew and empty
        self._turn = threading.RLock()
        self._inherited: list[Any] = []  # connections of the parent of this process: not ours to close
        self._raw: Any = None
        self._closed = False
        with self._turn, self._told():
            self._open()

    @contextmanager
    def read(self) -> Iterator[PostgresConnection]:
        """One snapshot: what others commit meanwhile is not seen."""
        with self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[PostgresConnection]:
        """All or nothing, and on the server's disk when it returns. Waits up to `lock_seconds` for other writers."""
        if self.reads_only:
            raise LibraryUnavailable(
                f"this role may only read the library {self.server.name}",
                "use a role that may write; nothing was stored",
            )
        with self._transaction(f"BEGIN; SELECT pg_advisory_xact_lock({_WRITERS})") as connection:
            yield connection

    def close(self) -> None:
        with self._turn:
            self._closed = True
            if self._raw is not None:
                self._raw.close()

    @contextmanager
    def patiently(self) -> Iterator[PostgresConnection]:
        """A write that may take as long as it takes, such as the making of an index."""
        with self.write() as connection:
            connection.execute("SET LOCAL statement_timeout = 0")
            yield connection

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[PostgresConnection]:
        with self._turn, self._told():
            if self._closed:
                raise LibraryUnavailable(f"the library {self.server.name} was closed", "open it again")
            try:
                self._begin(begin)
                yield PostgresConnection(self._raw)
                self._raw.execute("COMMIT")
            except BaseException:
                with suppress(Exception):  # what broke is told; a connection that is gone has nothing to take back
                    self._raw.execute("ROLLBACK")
                raise

    def _begin(self, begin: str) -> None:
        import psycopg

        if self._process != os.getpid():
            self._inherited.append(self._raw)
            self._open()
        if self._raw.closed:
            self._open()
        try:
            if self.renew_held:
                self._make_held()
            self._raw.execute(begin)
        except psycopg.OperationalError:
            if not self._raw.closed:
                raise
            self._open()  # lost while nobody used it: nothing was under way
            self._raw.execute(begin)

    def _make_held(self) -> None:
        """A reading transaction may fill a temporary table, but not make one. Where the role or a standby may not
        either, rows are not held."""
        import psycopg

        self.renew_held = False
        with suppress(psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction):
            self._raw.execute(MAKE_HELD)

    def _told(self) -> Any:
        return told_plainly(self.server.name, self.lock_seconds, self.statement_seconds)

    def _open(self) -> None:
        raw = _connected(self.server)
        try:
            self._prepare(raw)
        except BaseException:
            raw.close()
            raise
        self._raw = raw
        self._process = os.getpid()

    def _prepare(self, raw: Any) -> None:
        name = self.server.name
        connection = PostgresConnection(raw)
        refuse_old_server(raw.info.server_version, name)
        raw.execute(f"SET lock_timeout = {int(self.lock_seconds * 1000)}")
        raw.execute(f"SET statement_timeout = {int(self.statement_seconds * 1000)}")
        known = known_form(connection, name)
        _require_vector(raw, name)
        place = "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'vector'"
        (beside,) = connection.execute(place).fetchone()
        raw.execute(f"SET search_path = {SCHEMA}, {beside}, pg_catalog")
        raw.execute(SEARCH_SETTINGS)
        if known < len(MIGRATIONS):
            with raw.transaction():
                migrate(connection, name)
        may_write = "SELECT has_table_privilege(?, 'INSERT') AND NOT pg_is_in_recovery()"
        self.reads_only = not connection.execute(may_write, (f"{SCHEMA}.artifacts",)).fetchone()[0]


def _connected(server: Server) -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise LibraryUnavailable("psycopg is not installed", "pip install 'lamarck-dse[postgres]'") from error
    return psycopg.connect(
        server.url,
        autocommit=True,
        connect_timeout=_CONNECT_SECONDS,
        application_name="lamarck",
        keepalives_idle=30,
        tcp_user_timeout=60_000,
    )


def _require_vector(raw: Any, name: str) -> None:
    import psycopg

    connection = PostgresConnection(raw)
    version = vector_version(connection)
    if version is None:
        try:
            raw.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except psycopg.errors.InsufficientPrivilege as error:
            raise LibraryUnavailable(
                f"{name} lacks the extension pgvector, and this role may not make it",
                "have the owner of the database run: CREATE EXTENSION vector",
            ) from error
        except (psycopg.errors.FeatureNotSupported, psycopg.errors.UndefinedFile) as error:
            raise LibraryUnavailable(
                f"the server of {name} has no pgvector", "install pgvector 0.8 or newer there, then try again"
            ) from error
        version = vector_version(connection)
    if version is None:
        raise lost(name)
    refuse_old_vector(version, name)
