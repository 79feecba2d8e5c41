"""Artifacts in the library file. Every function here runs inside the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from lamarck.library.index_entry import IndexEntry
from lamarck.library.vectors import drop_vector, put_vector
from lamarck.records import Artifact, ArtifactStatus, Candidate, Task, Usage, Verdict

_COLUMNS = "id, status, served, last_served, created, kind, lineage, task, candidate, verdict"
_LINEAGE = msgspec.json.Decoder(tuple[str, ...])


def save_artifact(
    connection: sqlite3.Connection, artifact: Artifact, entry: IndexEntry, vector: tuple[str, bytes] | None
) -> None:
    """Insert, or update what may change, with full text and vector. `vector`: (digest of the model, floats)."""
    seq, meaning = _upsert(connection, artifact, entry)
    connection.execute("DELETE FROM words WHERE rowid = ?", (seq,))
    if artifact.status is ArtifactStatus.RETIRED:
        drop_vector(connection, seq)
        return
    connection.execute(
        "INSERT INTO words (rowid, name, goal, signature, doc) VALUES (?, ?, ?, ?, ?)",
        (seq, entry.name, entry.goal, entry.signature, entry.doc),
    )
    if vector is not None:
        put_vector(connection, seq, *vector)
    elif meaning != entry.meaning:
        drop_vector(connection, seq)  # it says what the artifact meant before


def _upsert(connection: sqlite3.Connection, artifact: Artifact, entry: IndexEntry) -> tuple[int, str]:
    """The row, and the meaning that stood there before."""
    shape = entry.shape
    arity, returns = (shape.arity, shape.returns) if shape else (None, None)
    lineage = msgspec.json.encode(artifact.lineage).decode()
    status, task, verdict = artifact.status.value, artifact.task.to_json(), artifact.verdict.to_json()
    known = connection.execute("SELECT seq, meaning FROM artifacts WHERE id = ?", (artifact.id,)).fetchone()
    if known:
        connection.execute(
            "UPDATE artifacts SET status = ?, lineage = ?, task = ?, verdict = ?, arity = ?, returns = ?, meaning = ?"
            " WHERE seq = ?",
            (status, lineage, task, verdict, arity, returns, entry.meaning, known[0]),
        )
        return known[0], known[1]
    usage = artifact.usage
    inserted = connection.execute(
        "INSERT INTO artifacts (id, status, served, last_served, created, kind, lineage, task, candidate, verdict,"
        " arity, returns, meaning) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq",
        (
            *(artifact.id, status, usage.served, usage.last_served, artifact.created, artifact.kind, lineage, task),
            *(artifact.candidate.to_json(), verdict, arity, returns, entry.meaning),
        ),
    ).fetchone()
    return inserted[0], entry.meaning


def read_artifact(connection: sqlite3.Connection, seq: int) -> Artifact:
    row = connection.execute(f"SELECT {_COLUMNS} FROM artifacts WHERE seq = ?", (seq,)).fetchone()  # noqa: S608
    id_, status, served, last_served, created, kind, lineage, task, candidate, verdict = row
    return Artifact(
        id=id_,
        kind=kind,
        task=Task.from_json(task),
        candidate=Candidate.from_json(candidate),
        verdict=Verdict.from_json(verdict),
        created=created,
        lineage=_LINEAGE.decode(lineage),
        status=ArtifactStatus(status),
        usage=Usage(served=served, last_served=last_served),
    )


def rows_by_age(connection: sqlite3.Connection) -> list[int]:
    return [seq for (seq,) in connection.execute("SELECT seq FROM artifacts ORDER BY created, seq")]


def count_use(connection: sqlite3.Connection, seq: int, at: str) -> None:
    connection.execute("UPDATE artifacts SET served = served + 1, last_served = ? WHERE seq = ?", (at, seq))


def retire_artifact(connection: sqlite3.Connection, seq: int) -> None:
    connection.execute("UPDATE artifacts SET status = ? WHERE seq = ?", (ArtifactStatus.RETIRED.value, seq))
    connection.execute("DELETE FROM words WHERE rowid = ?", (seq,))
    drop_vector(connection, seq)


def has_vector_for(connection: sqlite3.Connection, id_: str, meaning: str, digest: str) -> bool:
    row = connection.execute(
        "SELECT 1 FROM artifacts JOIN vectors USING (seq) WHERE id = ? AND meaning = ? AND digest = ?",
        (id_, meaning, digest),
    ).fetchone()
    return row is not None


_WITHOUT_VECTOR = "FROM artifacts WHERE status = 'live' AND seq NOT IN (SELECT seq FROM vectors WHERE digest = :digest)"


def count_without_vector(connection: sqlite3.Connection, digest: str) -> int:
    count: int = connection.execute(f"SELECT count(*) {_WITHOUT_VECTOR}", {"digest": digest}).fetchone()[0]
    return count


def without_vector(connection: sqlite3.Connection, digest: str, limit: int) -> list[tuple[int, str]]:
    """(row, text to embed) of live artifacts that have no vector of this model."""
    query = f"SELECT seq, meaning {_WITHOUT_VECTOR} ORDER BY seq LIMIT :limit"
    return connection.execute(query, {"digest": digest, "limit": limit}).fetchall()


def add_vectors(connection: sqlite3.Connection, digest: str, embedded: Sequence[tuple[int, str, bytes]]) -> int:
    """(row, text, vector) each; one whose text changed or that was retired meanwhile is left out."""
    added = 0
    current = "SELECT 1 FROM artifacts WHERE seq = ? AND meaning = ? AND status = 'live'"
    for seq, meaning, vector in embedded:
        if connection.execute(current, (seq, meaning)).fetchone():
            put_vector(connection, seq, digest, vector)
            added += 1
    return added
