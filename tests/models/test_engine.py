from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.models.engine import usable_cores, usable_seed


@given(st.integers())
def test_a_seed_is_a_seed_to_llama_cpp_and_never_any(seed: int) -> None:
    assert 0 <= usable_seed(seed) < 2**32 - 1


@given(st.integers(0, 2**31 - 1))
def test_ordinary_seeds_stay_as_they_are(seed: int) -> None:
    assert usable_seed(seed) == seed


@pytest.mark.parametrize(
    ("limit", "expected"),
    [("max 100000", None), ("100000 100000", 1), ("10000 100000", 1), ("nonsense", None), ("1 0", None)],
)
def test_cores_are_those_of_the_container(tmp_path: Path, limit: str, expected: int | None) -> None:
    file = tmp_path / "cpu.max"
    file.write_text(limit)
    assert usable_cores(file) == (len(os.sched_getaffinity(0)) if expected is None else expected)
    assert usable_cores(tmp_path / "none") == len(os.sched_getaffinity(0))
