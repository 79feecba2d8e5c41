"""The loop over a library that grows: what nobody recorded is told and left out, and finished rows are kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lamarck.api import Settings
from lamarck.benchmarks.loop import LoopReport, LoopRow, loop_text, measure_loop
from lamarck.benchmarks.machine import this_machine
from lamarck.errors import BadInput

TASK = {
    "id": "MBPP/0",
    "prompt": "Write a function to double a number that nobody asked a model for.",
    "visible_test": "assert double_it(2) == 4",
    "hidden_tests": ["assert double_it(3) == 6", "assert double_it(0) == 0"],
    "imports": [],
    "reference": "def double_it(x):\n    return 2 * x\n",
}


def test_a_task_without_recorded_replies_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "mbpp.jsonl").write_text(json.dumps(TASK) + "\n")
    rows = tmp_path / "rows.jsonl"
    said: list[str] = []
    report = measure_loop(Settings(), data=tmp_path, rows=rows, jobs=5, seed=0, say=said.append)
    assert [(r.number, r.unrecorded, r.done) for r in report.rows] == [(1, True, False), (2, True, False)]
    assert "left out of both runs" in loop_text(report)
    again = measure_loop(Settings(), data=tmp_path, rows=rows, jobs=5, seed=0, say=said.append)
    assert again.rows == report.rows
    assert len(said) == 2


def test_refinements_are_counted_by_origin() -> None:
    rows = [
        LoopRow(number=1, task="a", done=True, right=True, origin="model", refinements=2, calls=3, tokens=900),
        LoopRow(number=1, task="b", done=True, origin="search", refinements=7, calls=1, tokens=100),
        LoopRow(number=2, task="a", done=True, right=True, origin="reuse"),
        LoopRow(number=2, task="b"),
    ]
    lines = loop_text(LoopReport(rows=tuple(rows), machine=this_machine())).splitlines()
    assert "1    2      2     1      4      1000    0        0.00" in lines
    assert "model      0     0     1     0     0" in lines
    assert "search     0     0     0     0     1" in lines
    assert "reuse      1     0     0     0     0" in lines


def test_without_tasks_it_is_refused(tmp_path: Path) -> None:
    for data in (None, tmp_path):
        with pytest.raises(BadInput, match=r"tasks|replies"):
            measure_loop(Settings(), data=data, rows=None, jobs=5, seed=0, say=lambda text: None)
