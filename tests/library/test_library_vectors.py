from __future__ import annotations

import math
import random
import struct
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamarck.library.database import Database
from lamarck.library.vectors import VectorIndex, drop_vector, put_vector

DIMENSION = 8


def a_vector(seed: int) -> tuple[float, ...]:
    chance = random.Random(seed)
    raw = [chance.gauss(0, 1) for _ in range(DIMENSION)]
    length = math.sqrt(sum(x * x for x in raw))
    return tuple(x / length for x in raw)


def packed(vector: tuple[float, ...]) -> bytes:
    return struct.pack(f"<{DIMENSION}f", *vector)


def in_order(vectors: dict[int, int], query: tuple[float, ...]) -> list[tuple[int, float]]:
    """By hand: all cosines, closest first."""
    cosines = [(seq, sum(a * b for a, b in zip(a_vector(seed), query, strict=True))) for seq, seed in vectors.items()]
    return sorted(cosines, key=lambda pair: -pair[1])


steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(1, 90), st.integers(0, 10_000)),
        st.tuples(st.just("other model"), st.integers(1, 90), st.integers(0, 10_000)),
        st.tuples(st.just("drop"), st.integers(1, 90), st.just(0)),
        st.tuples(st.just("look"), st.just(0), st.integers(0, 10_000)),
    ),
    max_size=40,
)


@given(steps, st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_whatever_was_written_the_nearest_are_those_of_a_full_comparison(
    steps: list[tuple[str, int, int]], last: int
) -> None:
    folder = tempfile.TemporaryDirectory()
    database = Database(Path(folder.name) / "vectors.sqlite", 1)
    index = VectorIndex("m", DIMENSION)
    known: dict[int, int] = {}
    with database.write() as connection:
        connection.executemany(
            "INSERT INTO artifacts (seq, id, created, status, served, meaning) VALUES (?, ?, '', 'live', 0, '')",
            [(seq, f"id{seq}") for seq in range(1, 91)],
        )
    for what, seq, seed in [("put", n, n) for n in range(1, 70)] + steps + [("look", 0, last)]:
        with database.write() as connection:
            if what == "put":
                put_vector(connection, seq, "m", packed(a_vector(seed)))
                known[seq] = seed
            elif what == "other model":
                put_vector(connection, seq, "n", packed(a_vector(seed)))
                known.pop(seq, None)
            elif what == "drop":
                drop_vector(connection, seq)
                known.pop(seq, None)
            else:
                query = a_vector(seed)
                found = index.nearest(connection, packed(query), 10)
                wanted = in_order(known, query)[:10]
                assert [c for _, c in found] == pytest.approx([c for _, c in wanted], abs=1e-5)
                assert {seq for seq, _ in found} <= set(known)
                mine = index.cosines(packed(query), [1, 2, 3])
                assert set(mine) == {1, 2, 3} & set(known)
    database.close()
    folder.cleanup()


def test_no_vectors_are_no_neighbours(tmp_path: Path) -> None:
    database = Database(tmp_path / "vectors.sqlite", 1)
    index = VectorIndex("m", DIMENSION)
    with database.read() as connection:
        assert index.nearest(connection, packed(a_vector(1)), 5) == []
        assert index.cosines(packed(a_vector(1)), [1, 2]) == {}
    database.close()
