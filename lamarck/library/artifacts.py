"""Artifacts in the library file. Every function here runs inside the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from lamarck.library.index_entry import IndexEntry
from lamarck.library.vectors import drop_vector, put_vector
from lamarck.records import Artifact, ArtifactStatus, Usage


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
    arity, returns = (entry.shape.arity, entry.shape.returns) if entry.shape else (None, None)
    known = connection.execute("SELECT seq, meaning FROM artifacts WHERE id = ?", (artifact.id,)).fetchone()
    if known is None:
        usage = artifact.usage
        (seq,) = connection.execute(
            "INSERT INTO artifacts (id, created, status, served, last_served, arity, returns, meaning)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq",
            (
                *(artifact.id, artifact.created, artifact.status, usage.served, usage.last_served),
                *(arity, returns, entry.meaning),
            ),
        ).fetchone()
        connection.execute("INSERT INTO records VALUES (?, ?)", (seq, artifact.to_json()))
        return seq, entry.meaning
    seq, meaning = known
    first = read_artifact(connection, seq)
    changed = first.replace(task=artifact.task, verdict=artifact.verdict, lineage=artifact.lineage)
    connection.execute(
        "UPDATE artifacts SET status = ?, arity = ?, returns = ?, meaning = ? WHERE seq = ?",
        (artifact.status, arity, returns, entry.meaning, seq),
    )
    connection.execute("UPDATE records SET record = ? WHERE seq = ?", (changed.to_json(), seq))
    return seq, meaning


def read_artifact(connection: sqlite3.Connection, seq: int) -> Artifact:
    record, status, served, last_served = connection.execute(
        "SELECT record, status, served, last_served FROM artifacts JOIN records USING (seq) WHERE seq = ?", (seq,)
    ).fetchone()
    usage = Usage(served=served, last_served=last_served)
    return Artifact.from_json(record).replace(status=ArtifactStatus(status), usage=usage)


def rows_by_age(connection: sqlite3.Connection) -> list[int]:
    return [seq for (seq,) in connection.execute("SELECT seq FROM artifacts ORDER BY created, seq")]


def count_use(connection: sqlite3.Connection, seq: int, at: str) -> None:
    connection.execute("UPDATE artifacts SET served = served + 1, last_served = ? WHERE seq = ?", (at, seq))


def retire_artifact(connection: sqlite3.Connection, seq: int) -> None:
    connection.execute("UPDATE artifacts SET status = ? WHERE seq = ?", (ArtifactStatus.RETIRED, seq))
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
