"""Putting a library in order: what can be made again goes, what was proven stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lamarck.library.connection import Connection
from lamarck.records import Record

_OLD = timedelta(days=90)
_FREE = 0.1  # share of free pages from which giving them back is worth copying the file


class Tidied(Record, frozen=True, kw_only=True):
    """What went and what came. verdicts: kept answers that were older than 90 days; the evidence of artifacts stays."""

    embedded: int
    verdicts: int
    requests: int
    bytes_before: int
    bytes_after: int


def drop_stale(connection: Connection) -> tuple[int, int]:
    """(verdicts, recognised requests) dropped: the old ones, and those of artifacts that are not served."""
    before = (datetime.now(UTC) - _OLD).isoformat()
    verdicts = connection.execute("DELETE FROM verdicts WHERE stored < ?", (before,)).rowcount
    gone = "artifact NOT IN (SELECT id FROM artifacts WHERE status = 'live')"
    requests = connection.execute(f"DELETE FROM recognised WHERE {gone}").rowcount  # noqa: S608 - a constant
    return verdicts, requests


def gives_back(connection: Connection) -> bool:
    """Whether so much of the file is free that copying it without is worth it."""
    pages, free = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count"))
    return bool(free > _FREE * pages)
