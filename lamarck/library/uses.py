"""What artifacts were used for and where they went. Every function here runs inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lamarck.library.connection import Connection
from lamarck.records import Record


@dataclass(frozen=True, kw_only=True)
class Use:
    """One use of an artifact, by its id. accepted: by the tests of the task it was tried on."""

    artifact_id: str
    at: str
    accepted: bool = True
    seconds: float = 0.0
    run_id: str = ""


def count_use(connection: Connection, seq: int, use: Use) -> None:
    connection.execute(
        "UPDATE artifacts SET served = served + ?, tried = tried + 1, use_seconds = use_seconds + ?,"
        " last_served = CASE WHEN ? THEN ? ELSE last_served END WHERE seq = ?",
        (int(use.accepted), use.seconds, use.accepted, use.at, seq),
    )
    row = (seq, use.run_id, use.at, use.accepted, use.seconds)
    connection.execute("INSERT INTO uses VALUES (?, ?, ?, ?, ?)", row)


def count_uses(connection: Connection, uses: Iterable[Use]) -> None:
    """What was noted meanwhile; a use of an artifact that is gone is nobody's."""
    for use in uses:
        row = connection.execute("SELECT seq FROM artifacts WHERE id = ?", (use.artifact_id,)).fetchone()
        if row is not None:
            count_use(connection, row[0], use)


class BundleEntry(Record, frozen=True, kw_only=True):
    bundle: str
    direction: str
    place: str
    signer: str
    at: str


class Whereabouts(Record, frozen=True, kw_only=True):
    """Where an artifact went: artifacts made from it, at any remove and nearest first; bundles it came in or went out
    with; runs that used it; how often it was tried, accepted, and how long that took."""

    artifact_id: str
    dependants: tuple[str, ...]
    bundles: tuple[BundleEntry, ...]
    runs: tuple[str, ...]
    tried: int
    served: int
    seconds: float


def whereabouts(connection: Connection, seq: int) -> Whereabouts:
    id_, tried, served, seconds = connection.execute(
        "SELECT id, tried, served, use_seconds FROM artifacts WHERE seq = ?", (seq,)
    ).fetchone()
    dependants: dict[str, None] = {}
    front = [id_]
    while front:
        children = [
            child
            for parent in front
            for (child,) in connection.execute(
                "SELECT id FROM parents JOIN artifacts USING (seq) WHERE parent = ? ORDER BY created", (parent,)
            )
        ]
        front = [child for child in dict.fromkeys(children) if child not in dependants and child != id_]
        dependants.update(dict.fromkeys(front))
    bundles = connection.execute(
        "SELECT bundle, direction, place, signer, at FROM bundles WHERE artifact = ? ORDER BY at", (id_,)
    )
    runs = connection.execute(
        "SELECT run FROM uses WHERE artifact = ? AND run <> '' GROUP BY run ORDER BY min(at)", (seq,)
    )
    return Whereabouts(
        artifact_id=id_,
        dependants=tuple(dependants),
        bundles=tuple(
            BundleEntry(bundle=b, direction=d, place=p, signer=s, at=a) for b, d, p, s, a in bundles.fetchall()
        ),
        runs=tuple(run for (run,) in runs),
        tried=tried,
        served=served,
        seconds=seconds,
    )
