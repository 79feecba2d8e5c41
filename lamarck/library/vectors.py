"""Exact nearest neighbours over the vectors of a library, held in memory by each process that searches.

The file is the truth and the matrix a copy: every row of `vectors` carries the value of a counter that grows with
each write, so a search fetches only the rows that are newer than its copy. A checksummed file beside the library
could stand behind the same class when loading at the start of a process takes too long.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_UPSERT = "INSERT OR REPLACE INTO vectors (seq, digest, changed, vector) VALUES (?, ?, ?, ?)"


def put_vector(connection: sqlite3.Connection, seq: int, digest: str, vector: bytes) -> None:
    connection.execute(_UPSERT, (seq, digest, _next_change(connection), vector))


def drop_vector(connection: sqlite3.Connection, seq: int) -> None:
    if connection.execute("DELETE FROM vectors WHERE seq = ?", (seq,)).rowcount:
        _next_change(connection)


def has_vectors(connection: sqlite3.Connection, digest: str) -> bool:
    return connection.execute("SELECT 1 FROM vectors WHERE digest = ? LIMIT 1", (digest,)).fetchone() is not None


def _next_change(connection: sqlite3.Connection) -> int:
    row = connection.execute("UPDATE counters SET value = value + 1 WHERE name = 'vectors' RETURNING value").fetchone()
    change: int = row[0]
    return change


def _change(connection: sqlite3.Connection) -> int:
    change: int = connection.execute("SELECT value FROM counters WHERE name = 'vectors'").fetchone()[0]
    return change


class VectorIndex:
    """Vectors of one model (`digest`), `dimension` float32 each. Used by one thread at a time."""

    def __init__(self, digest: str, dimension: int) -> None:
        self._digest = digest
        self._dimension = dimension
        self._matrix: npt.NDArray[np.float32]
        self._seqs: npt.NDArray[np.int64]
        self._forget()

    def nearest(self, connection: sqlite3.Connection, vector: bytes, limit: int) -> list[tuple[int, float]]:
        """(artifact seq, cosine) of the `limit` closest, closest first; equal ones by age."""
        import numpy as np

        self._refresh(connection)
        if not self._count:
            return []
        cosines = self._matrix[: self._count] @ np.frombuffer(vector, dtype="<f4")
        limit = min(limit, self._count)
        best = np.argpartition(cosines, self._count - limit)[self._count - limit :]
        found = [(int(self._seqs[row]), float(cosines[row])) for row in best]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def cosines(self, vector: bytes, seqs: Sequence[int]) -> dict[int, float]:
        """Of those among `seqs` that have a vector, as of the last `nearest`."""
        import numpy as np

        known = [seq for seq in seqs if seq in self._rows]
        if not known:
            return {}
        values = self._matrix[[self._rows[seq] for seq in known]] @ np.frombuffer(vector, dtype="<f4")
        return dict(zip(known, values.tolist(), strict=True))

    def _forget(self) -> None:
        self._seen = -1
        self._count = 0
        self._capacity = 0
        self._rows: dict[int, int] = {}

    def _refresh(self, connection: sqlite3.Connection) -> None:
        change = _change(connection)
        if change == self._seen:
            return
        self._fetch(connection)
        stored = connection.execute("SELECT count(*) FROM vectors WHERE digest = ?", (self._digest,)).fetchone()[0]
        if stored != self._count:
            # Some were dropped, which leaves no row to fetch: start again.
            self._forget()
            self._fetch(connection)
        self._seen = change

    def _fetch(self, connection: sqlite3.Connection) -> None:
        where = "WHERE digest = ? AND changed > ?"
        fresh = connection.execute(f"SELECT seq, vector FROM vectors {where}", (self._digest, self._seen)).fetchall()  # noqa: S608
        self._reserve(self._count + len(fresh))
        for seq, vector in fresh:
            row = self._rows.get(seq, self._count)
            if row == self._count:
                self._rows[seq] = row
                self._seqs[row] = seq
                self._count += 1
            self._matrix[row] = _floats(vector)

    def _reserve(self, rows: int) -> None:
        """Room for `rows`, doubling, so that one more artifact does not copy the whole matrix."""
        import numpy as np

        if rows <= self._capacity:
            return
        self._capacity = max(rows, 2 * self._capacity, 64)
        matrix = np.zeros((self._capacity, self._dimension), dtype=np.float32)
        seqs = np.zeros(self._capacity, dtype=np.int64)
        if self._count:
            matrix[: self._count] = self._matrix[: self._count]
            seqs[: self._count] = self._seqs[: self._count]
        self._matrix, self._seqs = matrix, seqs


def _floats(vector: bytes) -> npt.NDArray[np.float32]:
    import numpy as np

    return np.frombuffer(vector, dtype="<f4")
