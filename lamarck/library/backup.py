"""Copies of a library file, made before its form changes."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path


def backups(path: Path) -> tuple[Path, ...]:
    """Backups of the library at `path`, newest first."""
    found = path.parent.glob(f"{path.name}.backup-v*")
    return tuple(sorted((f for f in found if f.suffix != ".part"), key=lambda f: f.stat().st_mtime, reverse=True))


def make_backup(path: Path, version: int) -> Path:
    """Copy the committed state of the library at `path` (of form `version`) beside it, complete or not at all.

    Safe while somebody else writes: the copy is one snapshot. A backup of the same version is replaced. Raises
    `sqlite3.Error` and `OSError`.
    """
    target = path.with_name(f"{path.name}.backup-v{version}")
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(part)) as copy:
        source.backup(copy)
        # The copy inherits WAL mode; a backup should be one file that can be moved into place.
        copy.execute("PRAGMA journal_mode=DELETE")
    with part.open("rb") as handle:
        os.fsync(handle.fileno())
    part.replace(target)
    return target
