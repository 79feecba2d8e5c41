"""Artifacts in the library file. Every function here runs inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lamarck.library.columns import columns_of, hash_of_text, put_parents, put_tags, silence
from lamarck.library.connection import Connection, SearchIndex
from lamarck.library.index_entry import IndexEntry, index_entry
from lamarck.library.packing import packed, unpacked
from lamarck.library.versions import Version, given_tests
from lamarck.records import Artifact, ArtifactStatus, Usage

_MANY = 500  # parameters of one statement


def save_artifact(
    connection: Connection,
    index: SearchIndex,
    artifact: Artifact,
    entry: IndexEntry,
    vector: tuple[str, bytes] | None,
) -> int:
    """Insert, or update what may change, with full text and vector, and settle which version answers for its task.

    vector: (digest of the model, floats). Returns the row.
    """
    seq, meaning, key, before, is_new = _upsert(connection, artifact, entry)
    if not is_new:
        index.drop_words(connection, seq)
    drop_is_due = vector is None and meaning != hash_of_text(entry.meaning)
    if not is_new or given_tests(artifact.task):  # what no test speaks for is better than nothing, and nothing's better
        for each in {key, before}:
            settle(connection, index, each)
    if not connection.execute("SELECT found FROM artifacts WHERE seq = ?", (seq,)).fetchone()[0]:
        index.drop_vector(connection, seq)
        return seq
    index.put_words(connection, seq, entry)
    if vector is not None:
        index.put_vector(connection, seq, *vector)
    elif drop_is_due:
        index.drop_vector(connection, seq)  # it says what the artifact meant before
    return seq


def settle(connection: Connection, index: SearchIndex, key: str) -> None:
    """Which versions of a task are found, and their full text; what is found again gets its vector later."""
    gone, back = silence(connection, key)
    for seq in gone:
        index.drop_words(connection, seq)
        index.drop_vector(connection, seq)
    for seq in back:
        index.put_words(connection, seq, index_entry(read_artifact(connection, seq)))


def _upsert(connection: Connection, artifact: Artifact, entry: IndexEntry) -> tuple[int, str, str, str, bool]:
    """The row, the hash of the meaning that stood there before, the key of its task now and before, is it new."""
    columns = columns_of(artifact, entry)
    known = connection.execute("SELECT seq, meaning, key FROM artifacts WHERE id = ?", (artifact.id,)).fetchone()
    if known is None:
        usage = artifact.usage
        values = {
            **columns,
            "id": artifact.id,
            "created": artifact.created,
            "status": artifact.status,
            "found": artifact.status is ArtifactStatus.LIVE,
            "served": usage.served,
            "last_served": usage.last_served,
        }
        (seq,) = connection.execute(
            f"INSERT INTO artifacts ({', '.join(values)}) VALUES ({', '.join('?' * len(values))}) RETURNING seq",  # noqa: S608 - our own names
            tuple(values.values()),
        ).fetchone()
        connection.execute("INSERT INTO records VALUES (?, ?)", (seq, packed(artifact.to_json())))
        put_tags(connection, seq, artifact.task.tags)
        put_parents(connection, seq, artifact)
        return seq, columns["meaning"], columns["key"], columns["key"], True
    seq, meaning, before = known
    first = read_artifact(connection, seq)
    changed = first.replace(
        task=artifact.task,
        verdict=artifact.verdict,
        lineage=artifact.lineage,
        provenance=artifact.provenance or first.provenance,
    )
    columns = columns_of(changed, entry)
    names = ", ".join(f"{name} = ?" for name in columns)
    found = artifact.status is ArtifactStatus.LIVE
    connection.execute(
        f"UPDATE artifacts SET {names}, status = ?, found = ? WHERE seq = ?",  # noqa: S608 - our own names
        (*columns.values(), artifact.status, found, seq),
    )
    connection.execute("UPDATE records SET record = ? WHERE seq = ?", (packed(changed.to_json()), seq))
    connection.execute("DELETE FROM tags WHERE seq = ?", (seq,))
    put_tags(connection, seq, artifact.task.tags)
    put_parents(connection, seq, changed)
    return seq, meaning, columns["key"], before, False


def read_artifact(connection: Connection, seq: int) -> Artifact:
    record, status, served, last_served = connection.execute(
        "SELECT record, status, served, last_served FROM artifacts JOIN records USING (seq) WHERE seq = ?", (seq,)
    ).fetchone()
    usage = Usage(served=served, last_served=last_served)
    return Artifact.from_json(unpacked(record)).replace(status=ArtifactStatus(status), usage=usage)


def rows_by_age(connection: Connection) -> list[int]:
    return [seq for (seq,) in connection.execute("SELECT seq FROM artifacts ORDER BY created, seq")]


def retire_artifact(connection: Connection, index: SearchIndex, seq: int) -> None:
    connection.execute("UPDATE artifacts SET status = ? WHERE seq = ?", (ArtifactStatus.RETIRED, seq))
    (key,) = connection.execute("SELECT key FROM artifacts WHERE seq = ?", (seq,)).fetchone()
    settle(connection, index, key)


def versions_of(connection: Connection, key: str) -> list[Version]:
    """All versions of a task, oldest first."""
    rows = connection.execute(
        "SELECT seq, status, found, why FROM artifacts WHERE key = ? ORDER BY created, seq", (key,)
    ).fetchall()
    return [
        Version(
            artifact=read_artifact(connection, seq),
            number=number,
            answers=bool(found),
            why=why or ("" if status == ArtifactStatus.LIVE else str(status)),
        )
        for number, (seq, status, found, why) in enumerate(rows, start=1)
    ]


def has_vector_for(connection: Connection, id_: str, meaning: str, digest: str) -> bool:
    row = connection.execute(
        "SELECT 1 FROM artifacts JOIN vectors USING (seq) WHERE id = ? AND meaning = ? AND digest = ?",
        (id_, hash_of_text(meaning), digest),
    ).fetchone()
    return row is not None


def has_vectors(connection: Connection, digest: str) -> bool:
    return connection.execute("SELECT 1 FROM vectors WHERE digest = ? LIMIT 1", (digest,)).fetchone() is not None


_WITHOUT_VECTOR = "FROM artifacts WHERE found AND seq NOT IN (SELECT seq FROM vectors WHERE digest = ?)"


def count_without_vector(connection: Connection, digest: str) -> int:
    count: int = connection.execute(f"SELECT count(*) {_WITHOUT_VECTOR}", (digest,)).fetchone()[0]
    return count


def without_vector(connection: Connection, digest: str, limit: int) -> list[tuple[int, str]]:
    """(row, text to embed) of artifacts that are found and have no vector of this model."""
    query = f"SELECT seq {_WITHOUT_VECTOR} ORDER BY seq LIMIT ?"
    rows = connection.execute(query, (digest, limit)).fetchall()
    return [(seq, index_entry(read_artifact(connection, seq)).meaning) for (seq,) in rows]


def add_vectors(
    connection: Connection, index: SearchIndex, digest: str, embedded: Sequence[tuple[int, str, bytes]]
) -> int:
    """(row, text, vector) each; one whose text changed or that was retired meanwhile is left out."""
    added = 0
    current = "SELECT 1 FROM artifacts WHERE seq = ? AND meaning = ? AND found"
    for seq, meaning, vector in embedded:
        if connection.execute(current, (seq, hash_of_text(meaning))).fetchone():
            index.put_vector(connection, seq, digest, vector)
            added += 1
    return added


def read_artifacts(connection: Connection, rows: Iterable[int]) -> dict[int, Artifact]:
    """Several at once, by row."""
    wanted = list(rows)
    found: dict[int, Artifact] = {}
    for begin in range(0, len(wanted), _MANY):
        part = wanted[begin : begin + _MANY]
        marks = ", ".join("?" * len(part))
        columns = "seq, record, status, served, last_served"
        query = f"SELECT {columns} FROM artifacts JOIN records USING (seq) WHERE seq IN ({marks})"  # noqa: S608 - marks
        for seq, record, status, served, last_served in connection.execute(query, part):
            usage = Usage(served=served, last_served=last_served)
            found[seq] = Artifact.from_json(unpacked(record)).replace(status=ArtifactStatus(status), usage=usage)
    return found


def ids_of(connection: Connection, rows: Sequence[int]) -> dict[int, str]:
    if not rows:
        return {}
    marks = ", ".join("?" * len(rows))
    query = f"SELECT seq, id FROM artifacts WHERE seq IN ({marks})"  # noqa: S608 - marks
    return dict(connection.execute(query, list(rows)).fetchall())
