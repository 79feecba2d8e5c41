"""Whether a library file is sound: its pages, its full text, and that its parts belong together."""

from __future__ import annotations

import sqlite3

from lamarck.library.connection import Connection

_MOST = 20  # lines of SQLite's own report

_CROSS = {
    "artifacts without their record": "SELECT count(*) FROM artifacts WHERE seq NOT IN (SELECT seq FROM records)",
    "live artifacts that full text does not hold": (
        "SELECT count(*) FROM artifacts WHERE found AND seq NOT IN (SELECT rowid FROM words)"
    ),
    "rows of full text without a live artifact": (
        "SELECT count(*) FROM words WHERE rowid NOT IN (SELECT seq FROM artifacts WHERE found AND status = 'live')"
    ),
    "vectors without a live artifact": (
        "SELECT count(*) FROM vectors WHERE seq NOT IN (SELECT seq FROM artifacts WHERE found AND status = 'live')"
    ),
    "attempts without a run": "SELECT count(*) FROM attempts WHERE run NOT IN (SELECT seq FROM runs)",
}


def problems(connection: Connection) -> tuple[str, ...]:
    """One line for each thing that is wrong; empty for a sound file. Needs a transaction that may write."""
    report = [str(line) for (line,) in connection.execute(f"PRAGMA integrity_check({_MOST})") if line != "ok"]
    if report:
        return tuple(report)
    try:
        connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")  # a command to FTS5; adds no row
    except sqlite3.DatabaseError as error:
        report.append(f"the full-text index does not match its texts ({error})")
    return (*report, *parts_apart(connection))


def parts_apart(connection: Connection) -> tuple[str, ...]:
    """Rows without those that belong to them, one line a kind, in whatever database."""
    counts = {what: connection.execute(query).fetchone()[0] for what, query in _CROSS.items()}
    return tuple(f"{count} {what}" for what, count in counts.items() if count)
