"""A copy of a library's vectors as a file that is mapped into memory, made so that an exact search reads little of it.

Vectors are turned by an orthonormal basis (the principal axes of a sample), and their first coordinates stand apart.
For a query q and a vector x the Cauchy-Schwarz inequality bounds what the others can add:

    x·q  ≤  head(x)·head(q) + |rest(x)| |rest(q)|

so every vector whose bound lies below the k-th best cosine found so far is out, whatever its other coordinates are, and
only the few that are left are compared in full (the filter of Weber & Böhm's VA-file, VLDB 1998, with principal axes
for cells). Nothing is approximated.

The file holds nothing that the library does not: it can be deleted at any time, and a damaged one is made again.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Rows = npt.NDArray[np.int64]

_MAGIC = b"LAMARCK VECTORS 2\n"
_HEAD = 192  # coordinates that stand apart: half of 384, in which lies 85% of what MiniLM vectors differ in
_SAMPLE = 20_000  # vectors whose principal axes are taken
_SLACK = 1e-4  # many times what rounding in float32 adds to a sum of a few hundred products
_ALIGNED = 64
_FIRST = 256  # vectors compared in full to find how good is good enough
_SAMPLED = 4096  # bounds that are looked at to tell a high one
_MANY = 0.1  # share of vectors from which reading all of them in order is faster than picking them


class Block:
    """Vectors by row, sorted by `seqs`; immutable. `change`: the library's counter when it was made."""

    def __init__(self, seqs: Rows, full: Floats, axes: Floats, head: Floats, rest: Floats, change: int) -> None:
        self.seqs = seqs
        self.full = full
        self.axes = axes
        self.head = head
        self.rest = rest
        self.change = change

    def __len__(self) -> int:
        return len(self.seqs)

    def rows_of(self, seqs: Rows) -> tuple[Rows, npt.NDArray[np.bool_]]:
        """The row of each, and whether it is there at all."""
        import numpy as np

        if not len(self.seqs):
            return np.zeros(len(seqs), dtype=np.int64), np.zeros(len(seqs), dtype=bool)
        rows = np.minimum(np.searchsorted(self.seqs, seqs), len(self.seqs) - 1)
        return rows, self.seqs[rows] == seqs

    def nearest(self, query: Floats, limit: int, rows: Rows | None = None, gone: Rows | None = None) -> list[Any]:
        """[(row, cosine)] of the `limit` closest and of what equals the last of them, in no order; rows: only these;
        gone: never these."""
        import numpy as np

        limit = min(limit, len(self.seqs) if rows is None else len(rows))
        if not limit:
            return []
        turned = query @ self.axes
        beyond = float(np.sqrt(max(0.0, float(query @ query) - float(turned @ turned))))
        if rows is None:
            most = self.head @ turned + self.rest * np.float32(beyond)
        else:
            most = self.head[rows] @ turned + self.rest[rows] * np.float32(beyond)
        if gone is not None and len(gone):
            most[gone] = -np.inf
        first_many = min(len(most), max(_FIRST, 4 * limit))
        first = _highest(most, first_many)
        exact = self._cosines(first, rows, query)
        enough = np.partition(exact, len(exact) - limit)[len(exact) - limit]
        left = most >= enough - _SLACK
        left[first] = False
        others = np.flatnonzero(left)
        if rows is None and len(others) > _MANY * len(most):
            exact = self.full @ query
            exact[most == -np.inf] = -np.inf
            places = np.arange(len(most))
        else:
            places = np.concatenate([first, others])
            exact = np.concatenate([exact, self._cosines(others, rows, query)])
            exact[most[places] == -np.inf] = -np.inf
        best = _best(exact, limit)
        places, cosines = places[best], exact[best]
        if rows is not None:
            places = rows[places]
        return list(zip(places.tolist(), cosines.tolist(), strict=True))

    def _cosines(self, places: Rows, rows: Rows | None, query: Floats) -> Floats:
        import numpy as np

        # In the order of the file: neighbours are read together.
        chosen = places if rows is None else rows[places]
        order = np.argsort(chosen)
        cosines = np.empty(len(chosen), dtype=np.float32)
        cosines[order] = self.full[chosen[order]] @ query
        return cosines


def _highest(values: Floats, count: int) -> Rows:
    """Places of the `count` largest, in no order. What a sample calls small is left out at once, since to partition all
    of a large array takes longer than to compare it with its query."""
    import numpy as np

    sample = values[:: max(1, len(values) // _SAMPLED)]
    likely = min(len(sample), 2 * count * len(sample) // len(values) + _SAMPLED // 256)
    places = np.flatnonzero(values >= np.partition(sample, len(sample) - likely)[len(sample) - likely])
    if len(places) < count:
        places = np.arange(len(values))
    left = values[places]
    return places[np.argpartition(left, len(left) - count)[len(left) - count :]]


def _best(values: Floats, limit: int) -> Rows:
    """Places of the `limit` largest, and of all that equal the least of these; none that is minus infinity."""
    import numpy as np

    limit = min(limit, len(values))
    enough = np.partition(values, len(values) - limit)[len(values) - limit]
    return np.flatnonzero((values >= enough) & (values > -np.inf))


def make_block(seqs: Rows, full: Floats, change: int) -> Block:
    """Sorts by `seqs`."""
    import numpy as np

    order = np.argsort(seqs)
    seqs, full = np.ascontiguousarray(seqs[order]), np.ascontiguousarray(full[order])
    dimension = full.shape[1]
    width = min(_HEAD, dimension)
    sample = full[:: max(1, len(full) // _SAMPLE)]
    _, vectors = np.linalg.eigh((sample.T @ sample).astype(np.float64))  # ascending
    axes = np.ascontiguousarray(vectors[:, ::-1][:, :width], dtype=np.float32)
    head = np.ascontiguousarray(full @ axes)
    squares = np.einsum("ij,ij->i", full, full) - np.einsum("ij,ij->i", head, head)
    return Block(seqs, full, axes, head, np.sqrt(np.maximum(squares, 0)).astype(np.float32), change)


def write_block(path: Path, block: Block, digest: str) -> str:
    """Write it to `path`, complete or not at all; returns the SHA-256 of its header. Raises `OSError`."""
    parts: dict[str, npt.NDArray[Any]] = {
        "seqs": block.seqs,
        "axes": block.axes,
        "head": block.head,
        "rest": block.rest,
        "full": block.full,
    }
    sections = [
        {"name": name, "shape": list(part.shape), "crc32": zlib.crc32(part.data)} for name, part in parts.items()
    ]
    header = json.dumps({"digest": digest, "change": block.change, "sections": sections}).encode()
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            file.write(_MAGIC + f"{len(header):08d}\n".encode() + header)
            for part in parts.values():
                file.write(b"\0" * (-file.tell() % _ALIGNED))
                file.write(part.data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return hashlib.sha256(header).hexdigest()


def read_block(path: Path, digest: str, registered: str | None) -> Block | None:
    """What `write_block` wrote, checked in full; None for a file that is missing, damaged, of another model or not the
    one whose header the library has registered."""
    import numpy as np

    kinds: dict[str, Any] = {"seqs": np.dtype("<i8")}
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                return None
            header = file.read(int(file.read(9)))
            if hashlib.sha256(header).hexdigest() != registered:
                return None
            told = json.loads(header)
            if told["digest"] != digest:
                return None
            offset = file.tell()
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        parts: dict[str, Any] = {}
        for section in told["sections"]:
            offset += -offset % _ALIGNED
            kind = kinds.get(section["name"], np.dtype("<f4"))
            count = int(np.prod(section["shape"]))
            part = np.frombuffer(mapped, dtype=kind, count=count, offset=offset).reshape(section["shape"])
            if zlib.crc32(part.data) != section["crc32"]:
                return None
            parts[section["name"]] = part
            offset += part.nbytes
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Block(change=told["change"], **parts)
