"""The file of vectors beside a library: exact, checked, and never needed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from library_parts import HashingEmbedder, an_artifact

from lamarck.library import vectors
from lamarck.library.sidecar import make_block, read_block, write_block
from lamarck.library.sqlite import SqliteLibrary
from lamarck.library.vectors import sidecar_path

np = pytest.importorskip("numpy")


def clustered(count: int, dimension: int, seed: int):
    """Unit vectors with near copies of each other, as texts about the same thing have."""
    dice = np.random.default_rng(seed)
    centres = dice.standard_normal((max(1, count // 20), dimension))
    raw = centres[dice.integers(len(centres), size=count)] + 0.3 * dice.standard_normal((count, dimension))
    return (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype("<f4")


@given(
    count=st.integers(1, 900),
    dimension=st.sampled_from([8, 200]),
    seed=st.integers(0, 999),
    limit=st.integers(1, 60),
    share=st.sampled_from([None, 0.05, 0.5]),
    gone=st.integers(0, 400),
)
@settings(max_examples=40, deadline=None)
def test_the_bound_leaves_out_nothing_that_belongs_among_the_nearest(
    count: int, dimension: int, seed: int, limit: int, share: float | None, gone: int
) -> None:
    dice = np.random.default_rng(seed)
    full = clustered(count, dimension, seed)
    seqs = dice.permutation(np.arange(1, count + 1, dtype=np.int64) * 3)
    block = make_block(seqs, full, 7)
    query = clustered(1, dimension, seed + 1)[0] if seed % 2 else full[0]
    dropped = dice.permutation(count)[: min(gone, count - 1)] if share is None else np.array([], dtype=np.int64)
    rows = None if share is None else np.sort(dice.permutation(count)[: max(1, int(count * share))])
    found = sorted(block.nearest(query, limit, rows=rows, gone=dropped), key=lambda pair: -pair[1])[:limit]
    everything = block.full @ query
    permitted = set(range(count)) - set(dropped.tolist()) if rows is None else set(rows.tolist())
    best = sorted((float(everything[row]) for row in permitted), reverse=True)[:limit]
    assert [cosine for _, cosine in found] == pytest.approx(best, abs=1e-5)
    assert {row for row, _ in found} <= permitted


def test_what_was_written_is_read_again_and_anything_else_is_not(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite.vectors"
    block = make_block(np.arange(300, dtype=np.int64), clustered(300, 200, 1), 12)
    header = write_block(path, block, "model")
    again = read_block(path, "model", header)
    assert again is not None
    assert again.change == 12
    assert (again.full == block.full).all()
    assert read_block(path, "model", None) is None, "the library knows of none"
    assert read_block(path, "model", "0" * 64) is None, "of another library, or of another time"
    assert read_block(path, "other model", header) is None
    assert read_block(tmp_path / "nothing", "model", header) is None
    whole = path.read_bytes()
    for place in range(0, len(whole), len(whole) // 50):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        damaged = read_block(path, "model", header)
        assert damaged is None or (damaged.full == block.full).all(), f"byte {place}"
        path.write_bytes(whole[:place])
        assert read_block(path, "model", header) is None, f"cut off at {place}"
    assert [f.name for f in tmp_path.iterdir()] == [path.name], "no part is left behind"


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if 20 vectors were many."""
    monkeypatch.setattr(vectors, "_FEW", 20)


def fill(path: Path, first: int, count: int) -> None:
    with SqliteLibrary(path, embedder=HashingEmbedder()) as library:
        several = []
        for number in range(first, first + count):
            artifact = an_artifact(
                f"Topic{number:04d} of things", f"def f{number}(x):\n    return {number}\n", f"f{number}"
            )
            several.append((artifact, None))
        library.save_many(several)
        library.embed_missing()


def best(path: Path, text: str) -> str:
    with SqliteLibrary(path, embedder=HashingEmbedder()) as library:
        return library.find(text, limit=1, by="meaning")[0].artifact.candidate.entry_point or ""


def test_a_library_keeps_a_sidecar_uses_it_and_does_not_need_it(library_path: Path, soon: None) -> None:
    fill(library_path, 0, 60)
    assert best(library_path, "Topic0042 of things def f42(x)") == "f42"
    beside = sidecar_path(library_path)
    assert beside.exists()
    made = beside.stat().st_mtime_ns
    assert best(library_path, "Topic0007 of things def f7(x)") == "f7"
    assert beside.stat().st_mtime_ns == made, "it is used as it is"
    fill(library_path, 60, 5)
    assert best(library_path, "Topic0063 of things def f63(x)") == "f63", "newer than the sidecar"
    beside.unlink()
    assert best(library_path, "Topic0042 of things def f42(x)") == "f42"
    assert beside.exists(), "it is made again"
    beside.write_bytes(beside.read_bytes()[:-40] + b"\0" * 40)
    assert best(library_path, "Topic0042 of things def f42(x)") == "f42"


def test_what_was_retired_is_not_served_out_of_a_sidecar(library_path: Path, soon: None) -> None:
    fill(library_path, 0, 60)
    assert best(library_path, "Topic0042 of things def f42(x)") == "f42"
    with SqliteLibrary(library_path) as library:
        retired = next(a for a in library.artifacts() if a.candidate.entry_point == "f42")
        library.retire(retired.id)
    assert best(library_path, "Topic0042 of things def f42(x)") != "f42"
    with SqliteLibrary(library_path, embedder=HashingEmbedder()) as library:
        library.save(retired)
    assert best(library_path, "Topic0042 of things def f42(x)") == "f42", "saved live again"


def test_a_sidecar_of_another_time_of_the_library_is_not_believed(library_path: Path, soon: None) -> None:
    fill(library_path, 0, 30)
    copy = library_path.with_name("copy.sqlite")
    shutil.copy(library_path, copy)
    fill(library_path, 30, 30)
    assert best(library_path, "Topic0042 of things def f42(x)") == "f42"
    later = sidecar_path(library_path).read_bytes()
    shutil.copy(copy, library_path)
    sidecar_path(library_path).write_bytes(later)
    assert best(library_path, "Topic0042 of things def f42(x)") != "f42"


def test_a_folder_that_takes_no_sidecar_still_finds(library_path: Path, soon: None) -> None:
    fill(library_path, 0, 60)
    sidecar_path(library_path).mkdir()
    assert best(library_path, "Topic0042 of things def f42(x)") == "f42"
