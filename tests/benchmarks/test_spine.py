"""The measurements themselves: that they measure what they say, and see a loss where there is one."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import pytest

from lamarck.api import Lamarck, Settings
from lamarck.benchmarks import crash, crash_worker, spine
from lamarck.benchmarks.crash import Kept, crash_rounds, wrong_with
from lamarck.benchmarks.machine import this_machine
from lamarck.benchmarks.spine import Figure, SpineReport, own_overhead, spine_text
from lamarck.errors import BadInput

pytestmark = pytest.mark.filterwarnings("ignore:The verify_requirements argument:DeprecationWarning")


def test_crash_rounds_kill_and_find_everything_that_was_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crash, "KINDS", ("solve", "add"))
    seen: list[tuple[int, int]] = []
    figures = crash_rounds(2, seed=4, on_round=lambda number, kept: seen.append((number, kept)))
    assert figures.failures == ()
    assert (figures.rounds, figures.kills, figures.ended_by_themselves) == (2, 4, 0)
    assert [number for number, _ in seen] == [1, 2]
    assert figures.acknowledged == seen[-1][1] > 0


def test_a_worker_that_fails_is_told_and_no_kill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crash, "KINDS", ("solve",))
    monkeypatch.setattr(crash.sys, "executable", "/bin/false")
    figures = crash_rounds(1)
    assert figures.kills == 0
    assert figures.ended_by_themselves == 1
    assert figures.failures == ("round 1: solve: ended without a word",)


@pytest.fixture
def library(tmp_path: Path) -> tuple[Path, list[Kept]]:
    path = tmp_path / "library.sqlite"
    (tmp_path / "plus_7.py").write_text(crash_worker.code(7))
    (tmp_path / "test_plus_7.py").write_text(crash_worker.tests(7))
    with Lamarck(Settings(), library=path, folder=tmp_path) as lamarck:
        run = lamarck.add(tmp_path / "plus_7.py", tests=[tmp_path / "test_plus_7.py"])
        assert run.artifact_id is not None, run.message
    return path, [Kept(artifact_id=run.artifact_id, goal=crash_worker.goal(7))]


def test_the_check_of_a_library_sees_what_is_lost(library: tuple[Path, list[Kept]]) -> None:
    path, kept = library
    assert wrong_with(path, kept, kept) == []
    other = [Kept(artifact_id="0" * 64, goal="nobody kept it")]
    assert any("is not there" in line for line in wrong_with(path, other, []))
    assert any("is not found" in line for line in wrong_with(path, [], other))
    assert wrong_with(path.with_name("absent.sqlite"), kept, []) == [
        "artifacts were acknowledged and there is no library"
    ]


def test_the_check_of_a_library_sees_parts_that_lack_their_counterpart(library: tuple[Path, list[Kept]]) -> None:
    path, kept = library
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM words")
    connection.commit()
    connection.close()
    found = wrong_with(path, kept, [])
    assert any("full text" in line for line in found), found


def test_own_overhead_leaves_model_and_tests_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spine, "SOLVES", 2)
    figure = own_overhead(Settings(), tmp_path / "overhead")
    assert set(figure.values) == {"min", "p50", "p95", "max"}
    assert figure.values["min"] > 0
    assert figure.met is (figure.values["p50"] < 50)


def test_a_task_that_is_not_accepted_is_no_measurement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crash_worker, "code", lambda number: f"def plus_{number}(x):\n    return x\n")
    with pytest.raises(BadInput, match="the judge says failed"):
        spine.judge_times(Settings(), tmp_path / "judge")


def test_the_report_says_what_was_wanted_and_how_it_was_measured() -> None:
    figures = (
        Figure(name="a", unit="ms", values={"p50": 1234.5}, samples=3, how="with care", wanted="p50 < 1", met=False),
        Figure(name="b", unit="", values={"rounds": 2}, samples=2, how="twice", notes=("a note",)),
    )
    report = SpineReport(machine=this_machine(), figures=figures)
    lines = spine_text(report).splitlines()
    assert lines[0].startswith(f"{report.machine.cores} cores (")
    assert "a: p50 1,234 ms  [p50 < 1: MISSED]" in lines
    assert "  n = 3; with care" in lines
    assert "b: rounds 2" in lines and "  a note" in lines
    assert SpineReport.from_json(report.to_json()) == report


def test_the_machine_is_described_and_not_named() -> None:
    machine = this_machine()
    assert machine.cores >= 1 and machine.cpu and machine.memory_gb > 0
    assert machine.python == sys.version.split()[0]
