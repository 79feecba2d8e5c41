"""What searches read of an artifact, as columns beside its record."""

from __future__ import annotations

import hashlib
from typing import Any

from lamarck.library.connection import Connection
from lamarck.library.index_entry import IndexEntry, index_entry
from lamarck.library.licences import is_free
from lamarck.library.packing import packed, unpacked
from lamarck.library.versions import answering, task_key
from lamarck.records import Artifact, ArtifactStatus


def columns_of(artifact: Artifact, entry: IndexEntry) -> dict[str, Any]:
    """Of the table `artifacts`, those that follow from the record; not status, age and use."""
    licence = artifact.provenance.licence if artifact.provenance else None
    return {
        "kind": artifact.kind,
        "quality": artifact.verdict.quality,
        "licence": licence,
        "free": is_free(licence),
        "key": task_key(artifact.task),
        "arity": entry.shape.arity if entry.shape else None,
        "returns": entry.shape.returns if entry.shape else None,
        "meaning": hash_of_text(entry.meaning),
    }


def hash_of_text(text: str) -> str:
    """32 hex digits; the text itself can be told again from the record."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]


def put_tags(connection: Connection, seq: int, tags: tuple[str, ...]) -> None:
    connection.executemany("INSERT INTO tags VALUES (?, ?) ON CONFLICT DO NOTHING", [(tag, seq) for tag in tags])


def put_parents(connection: Connection, seq: int, artifact: Artifact) -> None:
    """Everything it was made from: by the candidate's own word, and by the run that kept it."""
    parents = {*artifact.lineage, *artifact.candidate.parents} - {artifact.id}
    connection.executemany(
        "INSERT INTO parents VALUES (?, ?) ON CONFLICT DO NOTHING", [(parent, seq) for parent in parents]
    )


def fill_parents(connection: Connection) -> None:
    rows = [seq for (seq,) in connection.execute("SELECT seq FROM records ORDER BY seq")]
    for seq in rows:
        (record,) = connection.execute("SELECT record FROM records WHERE seq = ?", (seq,)).fetchone()
        put_parents(connection, seq, Artifact.from_json(unpacked(record)))


def fill_columns(connection: Connection) -> None:
    """For a file of form 1, whose records are text and whose `meaning` is what was embedded."""
    rows = [seq for (seq,) in connection.execute("SELECT seq FROM records ORDER BY seq")]
    for seq in rows:
        (record,) = connection.execute("SELECT record FROM records WHERE seq = ?", (seq,)).fetchone()
        artifact = Artifact.from_json(unpacked(record))
        columns = columns_of(artifact, index_entry(artifact))
        names = ", ".join(f"{name} = ?" for name in columns)
        connection.execute(f"UPDATE artifacts SET {names} WHERE seq = ?", (*columns.values(), seq))  # noqa: S608
        connection.execute("UPDATE records SET record = ? WHERE seq = ?", (packed(artifact.to_json()), seq))
        put_tags(connection, seq, artifact.task.tags)
    several = "SELECT key FROM artifacts WHERE status = 'live' GROUP BY key HAVING count(*) > 1"
    for (key,) in connection.execute(several).fetchall():
        for seq in silence(connection, key)[0]:
            connection.execute("DELETE FROM words WHERE rowid = ?", (seq,))
            connection.execute("DELETE FROM vectors WHERE seq = ?", (seq,))


def silence(connection: Connection, key: str) -> tuple[list[int], list[int]]:
    """Settle which versions of a task are found; the rows that no longer are, and those that are again."""
    rows = connection.execute(
        "SELECT seq, status, found, why FROM artifacts WHERE key = ? ORDER BY created, seq", (key,)
    ).fetchall()
    live = [row for row in rows if row[1] == ArtifactStatus.LIVE]
    silent: dict[str, str] = {}
    ids: dict[int, str] = {}
    if len(live) > 1:
        versions = []
        for seq, *_ in live:
            record = connection.execute("SELECT record FROM records WHERE seq = ?", (seq,)).fetchone()[0]
            versions.append(Artifact.from_json(unpacked(record)))
            ids[seq] = versions[-1].id
        silent = answering(versions)
    gone, back = [], []
    for seq, status, found, why in rows:
        reason = silent.get(ids.get(seq, ""))
        now_found = status == ArtifactStatus.LIVE and reason is None
        if bool(found) != now_found or why != reason:
            connection.execute("UPDATE artifacts SET found = ?, why = ? WHERE seq = ?", (now_found, reason, seq))
        if found and not now_found:
            gone.append(seq)
        if now_found and not found:
            back.append(seq)
    return gone, back
