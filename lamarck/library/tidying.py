"""Putting a library in order: what can be made again goes, what was proven stays.

Kept verdicts are answers that save a run: without one the checks run again. Of an attempt of an old run its text goes
(the reply, the candidate, the context, its evidence), and what it was and cost stays, so that every figure stays what
it was. The evidence of an artifact lies in the artifact and is never touched; nor is a run that waits for a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from lamarck.library.connection import Connection
from lamarck.records import Attempt, ExitReason, Record

_FREE = 0.1  # share of free pages from which giving them back is worth copying the file


class Keeping(Record, frozen=True, kw_only=True):
    """How long kept verdicts and the texts of attempts stay, and how much they may take together, in characters (None:
    no limit); what is oldest goes first."""

    days: float = 90
    characters: int | None = None


KEEPING = Keeping()
"""What `lamarck gc` keeps where nobody says otherwise."""


class Tidied(Record, frozen=True, kw_only=True):
    """What went and what came, or (`is_trial`) would. verdicts: kept answers; attempts: those whose text went;
    requests: remembered, of artifacts that are no longer served; characters: that verdicts and attempts took. The
    evidence of artifacts stays."""

    embedded: int
    verdicts: int
    attempts: int
    requests: int
    characters: int
    bytes_before: int
    bytes_after: int
    is_trial: bool


class Dropped(Record, frozen=True, kw_only=True):
    verdicts: int
    attempts: int
    requests: int
    characters: int


def drop_stale(connection: Connection, keeping: Keeping, *, trial: bool = False) -> Dropped:
    """Runs inside the caller's transaction; a trial changes nothing."""
    before = (datetime.now(UTC) - timedelta(days=keeping.days)).isoformat()
    verdicts, attempts, characters = [], [], 0
    over = _excess(connection, keeping)
    for at, what, size in _oldest_first(connection):
        if at >= before and characters >= over:
            break
        if isinstance(what, str):
            verdicts.append(what)
        else:
            attempts.append(what)
        characters += size
    gone = "artifact NOT IN (SELECT id FROM artifacts WHERE status = 'live')"
    (requests,) = connection.execute(f"SELECT count(*) FROM recognised WHERE {gone}").fetchone()  # noqa: S608
    if not trial:
        connection.executemany("DELETE FROM verdicts WHERE key = ?", [(key,) for key in verdicts])
        for place in attempts:
            _lighten(connection, *place)
        connection.execute(f"DELETE FROM recognised WHERE {gone}")  # noqa: S608 - a constant
    return Dropped(verdicts=len(verdicts), attempts=len(attempts), requests=requests, characters=characters)


def gives_back(connection: Connection) -> bool:
    """Whether so much of the file is free that copying it without is worth it."""
    pages, free = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count"))
    return bool(free > _FREE * pages)


def _excess(connection: Connection, keeping: Keeping) -> int:
    """Characters beyond what may be kept."""
    if keeping.characters is None:
        return 0
    sums = "SELECT (SELECT coalesce(sum(length(record)), 0) FROM verdicts)"
    sums += " + (SELECT coalesce(sum(length(record)), 0) FROM attempts)"
    return int(connection.execute(sums).fetchone()[0]) - keeping.characters


def _oldest_first(connection: Connection) -> Iterator[tuple[str, str | tuple[int, int], int]]:
    """(time, key of a verdict or (run, number) of an attempt, characters that it would free)."""
    rows: list[tuple[str, str | tuple[int, int], int]] = [
        (at, key, size)
        for key, at, size in connection.execute("SELECT key, stored, length(record) FROM verdicts").fetchall()
    ]
    waits = ExitReason.PENDING.value
    query = (
        "SELECT run, number, started, length(attempts.record) FROM attempts JOIN runs ON runs.seq = attempts.run"
        " WHERE (exit_reason IS NULL OR exit_reason <> ?) AND length(attempts.record) > ?"
    )
    rows += [
        (at, (run, number), size - _LIGHT)
        for run, number, at, size in connection.execute(query, (waits, 2 * _LIGHT)).fetchall()
    ]
    return iter(sorted(rows, key=lambda row: row[0]))


def _lighten(connection: Connection, run: int, number: int) -> None:
    where = "WHERE run = ? AND number = ?"
    (record,) = connection.execute(f"SELECT record FROM attempts {where}", (run, number)).fetchone()  # noqa: S608
    light = _light(Attempt.from_json(record)).to_json()
    connection.execute(f"UPDATE attempts SET record = ? {where}", (light, run, number))  # noqa: S608


def _light(attempt: Attempt) -> Attempt:
    return Attempt(
        number=attempt.number,
        generator=attempt.generator,
        candidate=None,
        verdict=None,
        tier=attempt.tier,
        note="its text was dropped by `lamarck gc`",
        spend=attempt.spend,
    )


_LIGHT = len(_light(Attempt(number=1, generator="model", candidate=None, verdict=None)).to_json())
