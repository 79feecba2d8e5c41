"""Seeded bugs in a package on disk, mended by search in the real sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamarck.api import Settings
from lamarck.benchmarks.fixing import measure_seeded, seeded_text
from lamarck.errors import BadInput

CODE = """\
def clamp(x, low, high):
    if x < low:
        return low
    if x > high:
        return high
    return x
"""
TESTS = """\
from clamp import clamp


def test_low():
    assert clamp(1, 2, 3) == 2


def test_high():
    assert clamp(9, 2, 3) == 3


def test_withheld():
    assert clamp(5, 2, 8) == 5


def test_between():
    assert clamp(4, 2, 8) == 4
    assert clamp(-1, -3, 0) == -1
"""


def test_bugs_are_put_in_and_mended(tmp_path: Path) -> None:
    package = tmp_path / "packages" / "clamp"
    package.mkdir(parents=True)
    (package / "clamp.py").write_text(CODE)
    (package / "test_clamp.py").write_text(TESTS)
    said: list[str] = []
    report = measure_seeded(Settings(), data=tmp_path / "packages", bugs=2, say=said.append)
    assert len(report.bugs) == len(said) == 2
    assert all(b.variants > 0 and b.rank is not None for b in report.bugs)
    assert report.right >= 1
    assert "clamp  2" in seeded_text(report)
    assert (package / "clamp.py").read_text() == CODE


def test_a_folder_without_packages_is_refused(tmp_path: Path) -> None:
    for data in (None, tmp_path / "none", tmp_path):
        with pytest.raises(BadInput, match="package"):
            measure_seeded(Settings(), data=data, say=lambda text: None)
