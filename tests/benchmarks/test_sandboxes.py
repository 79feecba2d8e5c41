"""What `lamarck bench sandbox` measures: that it runs what it says, and sees a leak where there is one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from lamarck.benchmarks import leftovers, sandboxes
from lamarck.benchmarks.bars import bars_svg
from lamarck.benchmarks.leftovers import killed_supervisors, mixed_jobs
from lamarck.benchmarks.sandboxes import Cost, SandboxReport, sandboxes_text
from lamarck.interfaces.main import main

pytestmark = pytest.mark.filterwarnings("ignore:The verify_requirements argument:DeprecationWarning")


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sandboxes, "ROUNDS", 1)
    monkeypatch.setattr(sandboxes, "JOBS_A_ROUND", 2)
    monkeypatch.setenv("LAMARCK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    assert main(["bench", "sandbox", "--jobs", "0", "--rounds", "0", "--json", "out.json", "--plot", "out.svg"]) == 0
    told = capsys.readouterr().out
    report = SandboxReport.from_json((tmp_path / "out.json").read_bytes())
    measured = {(c.way, c.job): c for c in report.costs}
    for way in ("plain subprocess", "cold bubblewrap", "warm pool"):
        for job in ("asserts", "pytest"):
            cost = measured[way, job]
            assert cost.missing == ""
            assert cost.samples == 2
            assert 0 < cost.milliseconds["min"] <= cost.milliseconds["p50"] <= cost.milliseconds["p95"]
            assert cost.cpu is not None and cost.cpu > 0
    assert measured["judge and candidate apart, warm", "pytest"].samples == 2
    docker = measured["docker run", "asserts"]
    assert (docker.missing != "") == (docker.samples == 0)
    assert {f.name for f in report.figures} >= {"warm asserts", "warm pytest", "judge, against one process"}
    assert "warm pool" in told and "a second" in told
    assert "warm pool, asserts" in (tmp_path / "out.svg").read_text()
    # bare asserts and pytest are far apart, whatever the load
    assert measured["warm pool", "pytest"].cpu > measured["warm pool", "asserts"].cpu  # type: ignore[operator]
    assert measured["cold bubblewrap", "pytest"].cpu > 1.5 * measured["warm pool", "pytest"].cpu  # type: ignore[operator]


def test_mixed_jobs_leave_nothing() -> None:
    found = mixed_jobs(60, allow_degraded=False, seed=3)
    assert sum(found.jobs.values()) == 60
    assert min(found.jobs.values()) > 0
    assert found.unexpected == ()
    assert found.left == {}


def test_what_is_left_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(leftovers, "_END_SECONDS", 0.2)
    leftovers._inventory(tmp_path)
    time.sleep(0.5)  # for what earlier tests let go of
    before = leftovers._inventory(tmp_path)
    assert leftovers._what_is_left(before, tmp_path) == {}
    (tmp_path / "left").write_text("x" * 7)
    descriptor = os.open("/dev/null", os.O_RDONLY)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        left = leftovers._what_is_left(before, tmp_path)
        child.communicate(b"\n")
    os.close(descriptor)
    assert left == {"processes": 1, "descriptors": 2, "files and folders": 1, "bytes": 7}


def test_killed_supervisors_leave_nothing() -> None:
    assert killed_supervisors(2, seed=1) == ()


def test_what_outlives_a_supervisor_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "_END_SECONDS", 0.5)
    leaky = "import subprocess, sys, pathlib, time\npathlib.Path(sys.argv[1], 'left').touch()\n"
    leaky += "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(4)'], start_new_session=True)\n"
    leaky += "print('up', flush=True); time.sleep(60)"
    monkeypatch.setattr(leftovers, "_SUPERVISOR", leaky)
    found = killed_supervisors(1)
    assert [line.split()[2] for line in found] == ["process", "file"]
    os.waitpid(int(found[0].split()[-1]), 0)


def test_the_words() -> None:
    costs = (
        Cost(
            way="warm pool",
            job="asserts",
            milliseconds={"min": 8, "p50": 9.25, "p95": 12},
            cpu=7,
            per_second=104,
            samples=3,
        ),
        Cost(way="docker run", job="asserts", missing="there is no docker and no podman"),
    )
    report = SandboxReport(machine=sandboxes.this_machine(), costs=costs, figures=())
    lines = sandboxes_text(report).splitlines()
    assert lines[3].split() == ["warm", "pool", "asserts", "9.2", "8.0", "12.0", "7.0", "104.0"]
    assert lines[4].endswith("not measured: there is no docker and no podman")


def test_bars_are_as_long_as_their_values() -> None:
    svg = bars_svg([("a", "asserts", 10.0), ("b & c", "pytest", 1000.0)], title="t < u", unit="ms")
    root = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    widths = [float(r.get("width", 0)) for r in root.iter(f"{space}rect")][1:]
    assert widths[0] == 0
    assert widths[1] == max(widths) > 300
    assert "b & c, pytest" in [t.text for t in root.iter(f"{space}text")]


def test_the_temporary_folder_is_given_back() -> None:
    before = tempfile.gettempdir()
    mixed_jobs(1, allow_degraded=False)
    assert tempfile.gettempdir() == before
