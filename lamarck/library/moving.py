"""Everything of one library into another, whatever holds either: artifacts with evidence, vectors and use, runs with
their attempts, kept verdicts, bundles, remembered requests.

Batch by batch, each one transaction of the target: what is there already is not copied again, so that a move that broke
off is gone on with by moving again, and libraries of several people can be moved into one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lamarck.library import artifacts, runs
from lamarck.library.connection import Connection
from lamarck.library.index_entry import index_entry
from lamarck.library.stored import StoredLibrary
from lamarck.records import Artifact, Record

Told = Callable[[str, int, int], None]
"""Gets what is copied or compared, how much is done, and of how much."""

_BATCH = 200
_TABLES = {
    "verdicts": ("key", "stored", "record"),
    "bundles": ("bundle", "artifact", "direction", "place", "signer", "at"),
    "recognised": ("key", "artifact", "version", "hits", "seconds", "used", "checked"),
}


class Moved(Record, frozen=True, kw_only=True):
    """What a move came to. `artifacts`, `vectors`, `runs` and `others` are of the source; `fresh`: artifacts that the
    target did not have. `kept`: ids of artifacts that the target had with other evidence, and kept so. `missing`: what
    the comparison of both afterwards found to be amiss, one line each; empty is what is wanted."""

    artifacts: int
    fresh: int
    vectors: int
    runs: int
    others: int
    kept: tuple[str, ...]
    missing: tuple[str, ...]


class _Whole(Record, frozen=True, kw_only=True):
    """An artifact with what is not part of its record."""

    artifact: Artifact
    vector: tuple[str, bytes] | None
    tried: int
    seconds: float
    uses: tuple[tuple[str, str, bool, float], ...]


def move(source: StoredLibrary, target: StoredLibrary, told: Told = lambda what, done, of: None) -> Moved:
    """Copy, then compare everything. The source is only read. Raises as either library does; what was copied until then
    stays, and the next move goes on from there."""
    fresh = 0
    with target.filling():
        for batch, done, of in _batches(source, "artifacts"):
            fresh += _put_artifacts(target, _wholes(source, batch))
            told("artifacts copied", done, of)
    for batch, done, of in _batches(source, "runs"):
        _copy_runs(source, target, batch)
        told("runs copied", done, of)
    others = sum(_copy_table(source, target, table) for table in _TABLES)
    return _compared(source, target, fresh, others, told)


def _batches(library: StoredLibrary, table: str) -> Iterator[tuple[Sequence[int], int, int]]:
    """Rows by row number, how many are done with them, and of how many."""
    with library.transactions.read() as connection:
        rows = [seq for (seq,) in connection.execute(f"SELECT seq FROM {table} ORDER BY seq")]  # noqa: S608 - our own
    for number in range(0, len(rows), _BATCH):
        batch = rows[number : number + _BATCH]
        yield batch, number + len(batch), len(rows)


def _wholes(library: StoredLibrary, rows: Sequence[int]) -> list[_Whole]:
    marks = ", ".join("?" * len(rows))
    with library.transactions.read() as connection:
        known = artifacts.read_artifacts(connection, rows)
        vectors = library.index.vectors_of(connection, rows)
        counts = f"SELECT seq, tried, use_seconds FROM artifacts WHERE seq IN ({marks})"  # noqa: S608 - marks
        tries = {seq: (tried, seconds) for seq, tried, seconds in connection.execute(counts, list(rows))}
        each = f"SELECT artifact, run, at, accepted, seconds FROM uses WHERE artifact IN ({marks})"  # noqa: S608
        uses: dict[int, list[tuple[str, str, bool, float]]] = {}
        for seq, run, at, accepted, seconds in connection.execute(each, list(rows)):
            uses.setdefault(seq, []).append((run, at, bool(accepted), seconds))
    return [
        _Whole(
            artifact=known[seq],
            vector=vectors.get(seq),
            tried=tries[seq][0],
            seconds=tries[seq][1],
            uses=tuple(sorted(uses.get(seq, []))),
        )
        for seq in rows
    ]


def _put_artifacts(target: StoredLibrary, wholes: Sequence[_Whole]) -> int:
    """How many of them the target did not have."""
    fresh = 0
    entries = [index_entry(whole.artifact) for whole in wholes]
    with target.transactions.write() as connection:
        there = _rows_of(connection, [whole.artifact.id for whole in wholes])
        for whole, entry in zip(wholes, entries, strict=True):
            artifact = whole.artifact
            if artifact.id in there:
                continue
            fresh += 1
            seq = artifacts.save_artifact(connection, target.index, artifact, entry, whole.vector)
            connection.execute(
                "UPDATE artifacts SET tried = ?, use_seconds = ? WHERE seq = ?", (whole.tried, whole.seconds, seq)
            )
            connection.executemany(
                "INSERT INTO uses (artifact, run, at, accepted, seconds) VALUES (?, ?, ?, ?, ?)",
                [(seq, *use) for use in whole.uses],
            )
    return fresh


def _rows_of(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    marks = ", ".join("?" * len(ids))
    rows = connection.execute(f"SELECT id, seq FROM artifacts WHERE id IN ({marks})", list(ids))  # noqa: S608 - marks
    return dict(rows.fetchall())


def _copy_runs(source: StoredLibrary, target: StoredLibrary, rows: Sequence[int]) -> None:
    with source.transactions.read() as connection:
        several = [runs.read_run(connection, seq, attempts=True) for seq in rows]
    with target.transactions.write() as connection:
        for run in several:
            runs.put_run(connection, run)


def _copy_table(source: StoredLibrary, target: StoredLibrary, table: str) -> int:
    columns = _TABLES[table]
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    with source.transactions.read() as connection:
        rows = connection.execute(f"SELECT {names} FROM {table}").fetchall()  # noqa: S608 - our own names
    for number in range(0, len(rows), _BATCH):
        with target.transactions.write() as connection:
            connection.executemany(
                f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING",  # noqa: S608
                rows[number : number + _BATCH],
            )
    return len(rows)


def _compared(source: StoredLibrary, target: StoredLibrary, fresh: int, others: int, told: Told) -> Moved:
    count = vectors = 0
    kept: list[str] = []
    missing: list[str] = []
    for batch, done, of in _batches(source, "artifacts"):
        mine = _wholes(source, batch)
        with target.transactions.read() as connection:
            there = _rows_of(connection, [whole.artifact.id for whole in mine])
        theirs = {whole.artifact.id: whole for whole in _wholes(target, list(there.values()))} if there else {}
        for whole in mine:
            count, vectors = count + 1, vectors + (whole.vector is not None)
            if (found := theirs.get(whole.artifact.id)) is None:
                missing.append(f"artifact {whole.artifact.id[:12]} is not there")
            elif _evidence(found) != _evidence(whole):
                kept.append(whole.artifact.id)
            elif found.vector != whole.vector and found.vector is None and _finds(target, there, whole):
                missing.append(f"artifact {whole.artifact.id[:12]} has lost its vector")
        told("artifacts compared", done, of)
    number = 0
    for batch, done, of in _batches(source, "runs"):
        number += len(batch)
        missing += _runs_missing(source, target, batch)
        told("runs compared", done, of)
    missing += [f"{lost} of {table} are not there" for table in _TABLES if (lost := _lost(source, target, table))]
    return Moved(
        artifacts=count,
        fresh=fresh,
        vectors=vectors,
        runs=number,
        others=others,
        kept=tuple(kept),
        missing=tuple(missing),
    )


def _finds(target: StoredLibrary, there: dict[str, int], whole: _Whole) -> bool:
    """Whether the target answers with it: of what a better version there answers for, it needs no vector."""
    with target.transactions.read() as connection:
        (found,) = connection.execute(
            "SELECT found FROM artifacts WHERE seq = ?", (there[whole.artifact.id],)
        ).fetchone()
    return bool(found)


def _evidence(whole: _Whole) -> tuple[Any, ...]:
    artifact = whole.artifact
    return artifact.task, artifact.candidate, artifact.verdict, artifact.cost, artifact.created, artifact.status


def _runs_missing(source: StoredLibrary, target: StoredLibrary, rows: Sequence[int]) -> list[str]:
    with source.transactions.read() as connection:
        several = [runs.read_run(connection, seq, attempts=True) for seq in rows]
    with target.transactions.read() as connection:
        marks = ", ".join("?" * len(several))
        query = f"SELECT id, seq FROM runs WHERE id IN ({marks})"  # noqa: S608 - marks
        there = dict(connection.execute(query, [run.id for run in several]).fetchall())
        found = {id_: runs.read_run(connection, seq, attempts=True) for id_, seq in there.items()}
    return [f"run {run.id[:12]} is not there as it was" for run in several if found.get(run.id) != run]


def _lost(source: StoredLibrary, target: StoredLibrary, table: str) -> int:
    key = ", ".join(("bundle", "artifact", "direction") if table == "bundles" else ("key",))
    keys = []
    for library in (source, target):
        with library.transactions.read() as connection:
            keys.append(set(connection.execute(f"SELECT {key} FROM {table}").fetchall()))  # noqa: S608 - our own names
    return len(keys[0] - keys[1])
