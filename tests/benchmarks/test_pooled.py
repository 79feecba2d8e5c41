from __future__ import annotations

from pathlib import Path

import pytest

from lamarck.benchmarks.pooled import pool
from lamarck.benchmarks.results import Header, Result
from lamarck.errors import BadInput

ARMS = ("reference", "raw", "lamarck")


def file(path: Path, suite: str, rows: list[tuple[str, str, bool]], *, tokens: int = 1500) -> Path:
    header = Header(suite=suite, data="d" * 64, model="tiny", tokens=tokens, lamarck="0.1.0")
    results = [Result(task=t, arm=a, seed=0, outcome="scored", solved=s) for t, a, s in rows]
    path.write_text("".join(r.to_json() + "\n" for r in (header, *results)))
    return path


def test_rows_of_equal_names_stay_apart_and_unfinished_tasks_stay_out(tmp_path: Path) -> None:
    one = file(tmp_path / "1", "mbpp", [("a", "raw", False), ("a", "lamarck", True), ("b", "raw", True)])
    two = file(tmp_path / "2", "humaneval", [("a", "lamarck", True), ("a", "raw", True)])
    report, rows = pool([one, two], ARMS, seed=0)
    assert {r.task for r in rows} == {"mbpp: a", "humaneval: a"}
    assert [(a.arm, a.solved, a.tasks) for a in report.arms] == [("raw", 1, 2), ("lamarck", 2, 2)]
    assert report.header.suite == "mbpp + humaneval"
    assert (report.comparisons[0].only_baseline, report.comparisons[0].tasks) == (1, 2)


def test_the_last_row_counts_and_a_line_under_way_is_left_out(tmp_path: Path) -> None:
    path = file(tmp_path / "1", "mbpp", [("a", "raw", False), ("a", "raw", True)])
    with path.open("a") as more:
        more.write('{"type":"result","task":"b"')
    report, _ = pool([path], ARMS, seed=0)
    assert [(a.solved, a.tasks) for a in report.arms] == [(1, 1)]


def test_what_cannot_be_pooled_is_told(tmp_path: Path) -> None:
    one = file(tmp_path / "1", "mbpp", [("a", "raw", True)])
    for paths, what in (
        ([], "no result files"),
        ([tmp_path / "none"], "cannot be read"),
        ([one, file(tmp_path / "2", "exercism", [], tokens=9)], "another model or budget"),
        ([one, one], "another file of the suite mbpp"),
        ([file(tmp_path / "3", "own", [("a", "empty", True)])], "no task was finished"),
    ):
        with pytest.raises(BadInput, match=what):
            pool(paths, ARMS, seed=0)
