"""What Postgres and psycopg report, told as the library's own errors, each with its mend."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lamarck.errors import DiskFull, LibraryCorrupt, LibraryLocked, LibraryUnavailable

_READ_ONLY = {"25006", "42501"}
_FULL = {"53100"}
_LOCKED = {"55P03", "40P01", "40001"}
_CANCELLED = {"57014"}
_DAMAGED = {"XX001", "XX002"}
# What libpq says when it can't connect carries no code; in another language it is told as it is.
_BY_TEXT = (
    ("password authentication failed", "the server refuses the password", "set PGPASSWORD, or mend ~/.pgpass"),
    ("no password supplied", "the server wants a password", "set PGPASSWORD, or put it into ~/.pgpass"),
    ("does not exist", "", "create it, or correct library.path"),
    ("no pg_hba.conf entry", "the server lets nobody in from here", "have pg_hba.conf allow this host and role"),
    ("too many clients", "the server has no connection left", "wait, or raise max_connections"),
    ("starting up", "the server is still starting", "wait a moment"),
    ("shutting down", "the server is being stopped", "start it again"),
)


@contextmanager
def told_plainly(name: str, lock_seconds: float, statement_seconds: float) -> Iterator[None]:
    """Turn what goes wrong inside into the children of `LibraryUnavailable`; a mistake in our SQL stays as it is.

    name: of the library, without a password.
    """
    import zlib

    import msgspec
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        told = _of_postgres(error, name, lock_seconds, statement_seconds)
        if told is None:
            raise
        raise told from error
    except (msgspec.DecodeError, zlib.error) as error:
        raise LibraryCorrupt(
            f"the library {name} is damaged (a record in it cannot be read: {error})", "restore a backup of the server"
        ) from error


def _of_postgres(error: Any, name: str, lock_seconds: float, statement_seconds: float) -> LibraryUnavailable | None:
    import psycopg

    code = error.sqlstate or ""
    if code in _READ_ONLY:
        return LibraryUnavailable(
            f"this role may only read the library {name}", "use a role that may write; nothing was stored"
        )
    if code in _LOCKED:
        return LibraryLocked(
            f"other writers hold the library {name} for longer than {lock_seconds:g} s",
            "wait for them, or raise library.lock_seconds; nothing of this was stored",
        )
    if code in _CANCELLED:
        return LibraryUnavailable(
            f"a statement in the library {name} took longer than {statement_seconds:g} s",
            "raise library.statement_seconds, or ask for less; nothing of this was stored",
        )
    if code in _FULL:
        return DiskFull(f"no space is left on the server of {name}; nothing of this was stored", "free space there")
    if code in _DAMAGED:
        return LibraryCorrupt(f"the library {name} is damaged ({_line(error)})", "restore a backup of the server")
    if code[:2] in {"08", "57", "53", "28", "3D"} or (isinstance(error, psycopg.OperationalError) and not code):
        return _unreachable(error, name)
    return None


def _unreachable(error: Any, name: str) -> LibraryUnavailable:
    line = _line(error)
    for part, what, mend in _BY_TEXT:
        if part in line:
            return LibraryUnavailable(f"the library {name} cannot be reached: {what or line}", mend)
    if "server closed the connection" in line or "connection is closed" in line or (error.sqlstate or "")[:2] == "57":
        return lost(name)
    return LibraryUnavailable(
        f"the library {name} cannot be reached: {line}", "start the server, or check the host and port in library.path"
    )


def lost(name: str) -> LibraryUnavailable:
    return LibraryUnavailable(
        f"the connection to the library {name} was lost",
        "run it again: what was acknowledged is there, and what was not is stored in whole or not at all",
    )


def _line(error: Any) -> str:
    """The one line that says most: libpq tells of every address that it tried, and the reason stands last."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if "failed:" in line or "FATAL" in line or "ERROR" in line] or lines[:1]
    text = told[0] if told else type(error).__name__
    return text.split("failed: ", 1)[-1].removeprefix("FATAL:").strip()
