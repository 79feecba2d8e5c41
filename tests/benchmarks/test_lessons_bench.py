"""The paired figure of lessons over a stream of seeded bugs on disk, in the real sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamarck.api import Settings
from lamarck.benchmarks.lessons import lessons_text, measure_lessons
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


def test_the_second_half_is_mended_by_both_arms_and_resumed(tmp_path: Path) -> None:
    package = tmp_path / "data" / "packages" / "clamp"
    package.mkdir(parents=True)
    (package / "clamp.py").write_text(CODE)
    (package / "test_clamp.py").write_text(TESTS)
    rows = tmp_path / "rows.jsonl"
    said: list[str] = []
    report = measure_lessons(Settings(), data=tmp_path / "data", rows=rows, seed=0, jobs=4, say=said.append)
    assert {(b.half, b.arm) for b in report.bugs} <= {(1, "learning"), (2, "without"), (2, "with")}
    second = [b for b in report.bugs if b.half == 2]
    assert len({b.bug for b in second}) * 2 == len(second)
    assert any(b.given for b in report.bugs)
    assert "second half" in lessons_text(report)
    lines = rows.read_text()
    again = measure_lessons(Settings(), data=tmp_path / "data", rows=rows, seed=0, jobs=4, say=said.append)
    assert rows.read_text() == lines
    assert again.bugs == report.bugs


def test_without_bugs_it_is_refused(tmp_path: Path) -> None:
    for data in (None, tmp_path):
        with pytest.raises(BadInput, match="bugs"):
            measure_lessons(Settings(), data=data, rows=None, seed=0, jobs=4, say=lambda text: None)
