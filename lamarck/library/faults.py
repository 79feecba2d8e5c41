"""What SQLite and the operating system report, told as the library's own errors, each with its mend."""

from __future__ import annotations

import errno
import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from lamarck.errors import DiskFull, LibraryCorrupt, LibraryLocked, LibraryUnavailable
from lamarck.library.backup import backups

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNREACHABLE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
_ALMOST_NOTHING = 1 << 20  # bytes; an I/O error with less free than this is told as a full disk


@contextmanager
def told_plainly(path: Path, lock_seconds: float) -> Iterator[None]:
    """Turn what goes wrong inside into the children of `LibraryUnavailable`; a mistake in our SQL stays as it is."""
    try:
        yield
    except sqlite3.Error as error:
        told = _of_sqlite(error, path, lock_seconds)
        if told is None:
            raise
        raise told from error
    except (msgspec.DecodeError, zlib.error) as error:
        raise corrupt(path, f"a record in it cannot be read: {error}") from error
    except OSError as error:
        raise _of_system(error, path) from error


def corrupt(path: Path, why: str) -> LibraryCorrupt:
    """The file is there and is no library that can be trusted."""
    kept = backups(path)
    restore = f" or copy the backup {kept[0]} to {path}" if kept else ""
    return LibraryCorrupt(
        f"the library {path} is damaged ({why})",
        f"move it away with its -wal and -shm files (mv {path} {path}.broken) to start afresh{restore}",
    )


def _of_sqlite(error: sqlite3.Error, path: Path, lock_seconds: float) -> LibraryUnavailable | None:
    code: int = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _LOCKED:
        return LibraryLocked(
            f"another process holds the library {path} for longer than {lock_seconds:g} s",
            "wait for it, or raise library.lock_seconds",
        )
    if code == sqlite3.SQLITE_FULL:
        return _full(path)
    if code == sqlite3.SQLITE_IOERR:
        if _free_bytes(path) < _ALMOST_NOTHING:
            return _full(path)
        return LibraryUnavailable(f"reading or writing the library {path} failed ({error})", "check the disk")
    if code in _CORRUPT:
        return corrupt(path, str(error))
    if code in _UNREACHABLE:
        return _unreachable(path, str(error))
    return None


def _of_system(error: OSError, path: Path) -> LibraryUnavailable:
    if error.errno in _NO_SPACE:
        return _full(path)
    return _unreachable(path, error.strerror or str(error))


def _full(path: Path) -> DiskFull:
    return DiskFull(
        f"no space is left for the library {path}; nothing of this was stored",
        f"free space in {path.parent} or choose another place (--library, LAMARCK_HOME)",
    )


def _unreachable(path: Path, why: str) -> LibraryUnavailable:
    return LibraryUnavailable(
        f"the library {path} cannot be opened for writing ({why})",
        f"make {path.parent} a folder you can write to, or choose another place (--library, LAMARCK_HOME)",
    )


def _free_bytes(path: Path) -> int:
    try:
        return shutil.disk_usage(path.parent).free
    except OSError:
        return _ALMOST_NOTHING
