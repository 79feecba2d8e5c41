from __future__ import annotations

import os
from pathlib import Path

import pytest
from models_parts import sha256

from lamarck.errors import BadInput, ModelCorrupt, ModelUnavailable
from lamarck.models.weights import check, known_weights, state_of, verify, weights_folder, weights_path
from lamarck.models.weights_table import GENERATORS, WEIGHTS

CONTENT = b"weights " * 100


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "m.gguf"
    path.write_bytes(CONTENT)
    return path


def test_the_table_is_consistent() -> None:
    for name, weights in WEIGHTS.items():
        assert weights.name == name
        assert sum(p.size for p in weights.parts) == weights.size
        assert all(len(p.sha256) == 64 for p in weights.parts)
        assert len({p.sha256 for p in weights.parts}) == len(weights.parts)
        assert len(weights.parts) > 1 or weights.parts[0].sha256 == weights.sha256
        assert weights.licence == "Apache-2.0"
        assert (weights.hub_file is None) or weights.hub_file == weights.file
    assert len({w.file for w in WEIGHTS.values()}) == len(WEIGHTS)
    assert set(GENERATORS) <= set(WEIGHTS)


def test_a_name_that_is_none_is_told_with_those_there_are() -> None:
    with pytest.raises(BadInput, match="'gpt-9'") as failed:
        known_weights("gpt-9")
    assert all(name in failed.value.mend for name in WEIGHTS)


def test_weights_lie_in_the_cache_folder(tmp_path: Path) -> None:
    assert weights_folder() == tmp_path / "cache" / "lamarck" / "models"
    assert weights_path("smollm2-135m") == weights_folder() / "SmolLM2-135M-Instruct.Q4_1.gguf"


def test_the_right_file_passes(file: Path) -> None:
    verify(file, name="m", digest=sha256(CONTENT))


def test_a_missing_file_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="not on this machine") as failed:
        verify(tmp_path / "none.gguf", name="m", digest="0" * 64)
    assert failed.value.mend == "run: lamarck models pull m"
    assert not isinstance(failed.value, ModelCorrupt)


def test_another_file_says_both_digests_and_how_to_mend_it(file: Path) -> None:
    with pytest.raises(ModelCorrupt, match=f"{sha256(CONTENT)[:12]}.*instead of 000000000000") as failed:
        verify(file, name="m", digest="0" * 64)
    assert failed.value.mend == "run: lamarck models pull m"


def test_a_file_is_hashed_once(file: Path) -> None:
    """A content that changes without size, time and inode doing so is what a second hash would notice."""
    verify(file, name="m", digest=sha256(CONTENT))
    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    file.write_bytes(CONTENT.replace(b"w", b"W"))
    os.utime(file, ns=times)
    verify(file, name="m", digest=sha256(CONTENT))


@pytest.mark.parametrize("change", ["content", "time", "inode"])
def test_a_file_that_looks_changed_is_hashed_again(file: Path, change: str) -> None:
    verify(file, name="m", digest=sha256(CONTENT))
    new = CONTENT.replace(b"w", b"W")
    if change == "content":
        file.write_bytes(new + b"more")
    elif change == "time":
        file.write_bytes(new)
    else:
        twin = file.with_name("twin")
        twin.write_bytes(new)
        os.utime(twin, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
        twin.replace(file)
    with pytest.raises(ModelCorrupt):
        verify(file, name="m", digest=sha256(CONTENT))


@pytest.mark.parametrize("memory", [b"", b"{", b'{"sha256": "x"}', b"[]", b"\xff"])
def test_a_broken_memory_is_no_memory(file: Path, memory: bytes) -> None:
    file.with_name(file.name + ".verified.json").write_bytes(memory)
    verify(file, name="m", digest=sha256(CONTENT))
    with pytest.raises(ModelCorrupt):
        verify(file, name="m", digest="0" * 64)


def test_a_check_hashes_in_full_whatever_is_remembered(tmp_path: Path) -> None:
    path = weights_path("smollm2-135m", tmp_path)
    path.write_bytes(CONTENT)
    seen: list[tuple[int, int]] = []
    with pytest.raises(ModelCorrupt):
        check("smollm2-135m", tmp_path, on_progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    with pytest.raises(ModelUnavailable, match="not on this machine"):
        check("qwen2.5-coder-1.5b", tmp_path)


def test_states(tmp_path: Path) -> None:
    name = "all-minilm-l6-v2-int8"
    path = weights_path(name, tmp_path)
    assert state_of(name, tmp_path) == "missing"
    partial = path.with_name(path.name + ".partial")
    partial.mkdir()
    assert state_of(name, tmp_path) == "partial"
    path.write_bytes(b"short")
    assert state_of(name, tmp_path) == "corrupt"
    with path.open("r+b") as file:
        file.truncate(WEIGHTS[name].size)  # a hole of the right size
    assert state_of(name, tmp_path) == "unchecked"
    with pytest.raises(ModelCorrupt):
        check(name, tmp_path)
    assert state_of(name, tmp_path) == "corrupt"
