"""The paired figure of lessons over a stream of seeded bugs on disk, in the real sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamarck.api import Settings
from lamarck.benchmarks.lessons import lessons_text, measure_lessons
from lamarck.errors import BadInput


def test_the_second_half_is_mended_by_both_arms_and_resumed(packages: Path) -> None:
    rows = packages.parent.parent / "rows.jsonl"
    said: list[str] = []
    report = measure_lessons(Settings(), data=packages.parent, rows=rows, seed=0, jobs=4, say=said.append)
    assert {(b.half, b.arm) for b in report.bugs} <= {(1, "learning"), (2, "without"), (2, "with")}
    second = [b for b in report.bugs if b.half == 2]
    assert len({b.bug for b in second}) * 2 == len(second)
    assert any(b.given for b in report.bugs)
    assert "second half" in lessons_text(report)
    lines = rows.read_text()
    again = measure_lessons(Settings(), data=packages.parent, rows=rows, seed=0, jobs=4, say=said.append)
    assert rows.read_text() == lines
    assert again.bugs == report.bugs


def test_without_bugs_it_is_refused(tmp_path: Path) -> None:
    for data in (None, tmp_path):
        with pytest.raises(BadInput, match="bugs"):
            measure_lessons(Settings(), data=data, rows=None, seed=0, jobs=4, say=lambda text: None)
