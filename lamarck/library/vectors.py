"""Exact nearest neighbours over the vectors of a library.

The file is the truth and everything else a copy: every row of `vectors` carries the value of a counter that grows with
each write, and every row that lost its vector stands in `vector_drops` with such a value, so a search fetches only what
is newer than its copy. The bulk of a large library's vectors is copied to a file beside it (see `sidecar`), which
a process maps instead of reading row by row.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lamarck.errors import ModelCorrupt
from lamarck.library.connection import Connection
from lamarck.library.numbers import one_thread
from lamarck.library.sidecar import Block, make_block, read_block, write_block

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_UPSERT = "INSERT OR REPLACE INTO vectors (seq, digest, changed, vector) VALUES (?, ?, ?, ?)"
_FEW = 4000  # vectors outside the block that are compared one by one: about a millisecond
_SHARE = 0.25  # of the block, from which it is worth making a new one


def put_vector(connection: Connection, seq: int, digest: str, vector: bytes) -> None:
    before = connection.execute("SELECT digest FROM vectors WHERE seq = ?", (seq,)).fetchone()
    if before is not None and before[0] != digest:
        drop_vector(connection, seq)
    connection.execute(_UPSERT, (seq, digest, _next_change(connection), vector))


def drop_vector(connection: Connection, seq: int) -> None:
    if connection.execute("DELETE FROM vectors WHERE seq = ?", (seq,)).rowcount:
        connection.execute("INSERT INTO vector_drops VALUES (?, ?)", (_next_change(connection), seq))


def _next_change(connection: Connection) -> int:
    row = connection.execute("UPDATE counters SET value = value + 1 WHERE name = 'vectors' RETURNING value").fetchone()
    change: int = row[0]
    return change


def _change(connection: Connection) -> int:
    change: int = connection.execute("SELECT value FROM counters WHERE name = 'vectors'").fetchone()[0]
    return change


def sidecar_path(library: Path) -> Path:
    return library.with_name(library.name + ".vectors")


def register(connection: Connection, header: str) -> None:
    connection.execute("INSERT OR REPLACE INTO properties VALUES ('sidecar', ?)", (header,))


def _registered(connection: Connection) -> str | None:
    row = connection.execute("SELECT value FROM properties WHERE name = 'sidecar'").fetchone()
    return row[0] if row else None


class VectorIndex:
    """Vectors of one model (`digest`), `dimension` float32 each. Used by one thread at a time.

    path: of the sidecar; None: nothing is mapped or written.
    """

    def __init__(self, digest: str, dimension: int, path: Path | None = None) -> None:
        self._digest = digest
        self._dimension = dimension
        self._path = path
        self._block: Block | None = None
        self._gone: set[int] = set()  # rows of the block that were dropped or replaced since
        self._gone_rows: npt.NDArray[np.int64] | None = None
        self._matrix: npt.NDArray[np.float32]
        self._seqs: npt.NDArray[np.int64]
        self._seen = -1
        self._count = 0
        self._capacity = 0
        self._rows: dict[int, int] = {}
        self.is_stale = False  # whether the sidecar would be worth writing

    def nearest(
        self, connection: Connection, vector: bytes, limit: int, allowed: Collection[int] | None = None
    ) -> list[tuple[int, float]]:
        """(artifact seq, cosine) of the `limit` closest, closest first; equal ones by age. allowed: of these alone."""
        np = one_thread()
        self._refresh(connection)
        query = np.frombuffer(vector, dtype="<f4")
        permitted = None if allowed is None else np.fromiter(allowed, dtype=np.int64, count=len(allowed))
        found = self._near_in_block(query, limit, permitted) + self._near_outside(query, limit, permitted)
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def cosines(self, vector: bytes, seqs: Sequence[int]) -> dict[int, float]:
        """Of those among `seqs` that have a vector, as of the last `nearest`."""
        np = one_thread()
        query = np.frombuffer(vector, dtype="<f4")
        known = [seq for seq in seqs if seq in self._rows]
        found: dict[int, float] = {}
        if known:
            values = self._matrix[[self._rows[seq] for seq in known]] @ query
            found = dict(zip(known, values.tolist(), strict=True))
        others = np.array(sorted({*seqs} - found.keys()), dtype=np.int64)
        if self._block is not None and len(others):
            rows, there = self._block.rows_of(others)
            for seq, row, is_there in zip(others.tolist(), rows.tolist(), there.tolist(), strict=True):
                if is_there and row not in self._gone:
                    found[seq] = float(self._block.full[row] @ query)
        return found

    def write(self) -> str | None:
        """Write the sidecar, when there is something worth it; what is to be registered in the library."""
        self.is_stale = False
        if self._path is None or self._block is None:
            return None
        try:
            return write_block(self._path, self._block, self._digest)
        except OSError:
            return None  # it is a copy: without it the next process reads the rows

    def _near_in_block(
        self, query: npt.NDArray[np.float32], limit: int, permitted: npt.NDArray[np.int64] | None
    ) -> list[tuple[int, float]]:
        np = one_thread()
        block = self._block
        if block is None:
            return []
        if self._gone_rows is None:
            self._gone_rows = np.fromiter(self._gone, dtype=np.int64, count=len(self._gone))
        if permitted is None:
            near = block.nearest(query, limit, gone=self._gone_rows)
        else:
            rows, there = block.rows_of(permitted)
            rows = rows[there]
            if self._gone:
                rows = rows[~np.isin(rows, self._gone_rows)]
            near = block.nearest(query, limit, rows=rows)
        return [(int(block.seqs[row]), cosine) for row, cosine in near]

    def _near_outside(
        self, query: npt.NDArray[np.float32], limit: int, permitted: npt.NDArray[np.int64] | None
    ) -> list[tuple[int, float]]:
        np = one_thread()
        if not self._count:
            return []
        seqs = self._seqs[: self._count]
        if permitted is None:
            rows = np.arange(self._count)
            cosines = self._matrix[: self._count] @ query
        else:
            rows = np.flatnonzero(np.isin(seqs, permitted))
            if not len(rows):
                return []
            cosines = self._matrix[rows] @ query
        limit = min(limit, len(rows))
        best = np.argpartition(cosines, len(rows) - limit)[len(rows) - limit :]
        return [(int(seqs[rows[place]]), float(cosines[place])) for place in best]

    def _refresh(self, connection: Connection) -> None:
        change = _change(connection)
        if change == self._seen:
            return
        if self._seen < 0 and self._path is not None:
            self._block = read_block(self._path, self._digest, _registered(connection))
            if self._block is not None and self._block.full.shape[1] != self._dimension:
                self._block = None
            self._seen = self._block.change if self._block is not None else -1
        for (seq,) in connection.execute("SELECT seq FROM vector_drops WHERE changed > ?", (self._seen,)):
            self._forget(seq)
        self._fetch(connection)
        self._seen = change
        if self._count > max(_FEW, _SHARE * len(self._block or ())):
            self._gather()

    def _forget(self, seq: int) -> None:
        np = one_thread()
        if (row := self._rows.pop(seq, None)) is not None:
            last = self._count - 1  # fill the hole with the last one
            if row != last:
                moved = int(self._seqs[last])
                self._seqs[row], self._matrix[row] = moved, self._matrix[last]
                self._rows[moved] = row
            self._count = last
        if self._block is not None:
            rows, there = self._block.rows_of(np.array([seq], dtype=np.int64))
            if there[0]:
                self._gone.add(int(rows[0]))
                self._gone_rows = None

    def _fetch(self, connection: Connection) -> None:
        where = "WHERE digest = ? AND changed > ?"
        fresh = connection.execute(f"SELECT seq, vector FROM vectors {where}", (self._digest, self._seen)).fetchall()  # noqa: S608
        self._reserve(self._count + len(fresh))
        for seq, vector in fresh:
            if len(vector) != 4 * self._dimension:
                raise ModelCorrupt(
                    f"the library holds vectors of {len(vector) // 4} numbers of a model that now states"
                    f" {self._dimension}",
                    "use the model that made them; what is stored was not touched",
                )
            row = self._rows.get(seq)
            if row is None:
                self._forget(seq)  # of the block
                row = self._count
                self._rows[seq] = row
                self._seqs[row] = seq
                self._count += 1
            self._matrix[row] = _floats(vector)

    def _gather(self) -> None:
        """One block of everything."""
        np = one_thread()
        seqs, full = self._seqs[: self._count], self._matrix[: self._count]
        if self._block is not None:
            keep = np.ones(len(self._block), dtype=bool)
            keep[list(self._gone)] = False
            seqs = np.concatenate([self._block.seqs[keep], seqs])
            full = np.concatenate([self._block.full[keep], full])
        self._block = make_block(seqs, full, self._seen)
        self._gone, self._gone_rows = set(), None
        self._rows, self._count, self._capacity = {}, 0, 0
        self.is_stale = True

    def _reserve(self, rows: int) -> None:
        """Room for `rows`, doubling, so that one more artifact does not copy the whole matrix."""
        np = one_thread()
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
