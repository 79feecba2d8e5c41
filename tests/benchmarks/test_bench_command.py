"""`lamarck bench` as it is typed: files in, table, JSON and plot out, one clear line for bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lamarck.benchmarks.benchmark import TOKENS
from lamarck.benchmarks.harness import Progress
from lamarck.benchmarks.results import Result
from lamarck.interfaces.commands.bench import progress_line
from lamarck.interfaces.main import main

pytestmark = pytest.mark.filterwarnings("ignore:The verify_requirements argument:DeprecationWarning")

SCRIPT = {"match": "double", "text": "```python\ndef double(x):\n    return 2 * x\n```"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LAMARCK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def test_a_whole_benchmark(double_row: Path, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "script.jsonl").write_text(json.dumps(SCRIPT) + "\n")
    arguments = ["bench", "mbpp", "--data", str(double_row), "--arms", "reference,raw,lamarck"]
    arguments += [
        "--model",
        "scripted:script.jsonl",
        "--resume",
        "results.jsonl",
        "--json",
        "out.json",
        "--plot",
        "out.svg",
    ]
    assert main(arguments) == 0
    told = capsys.readouterr()
    assert "3/3 double lamarck: solved" in told.err
    assert "lamarck" in told.out and "1/1" in told.out and "p (Holm)" in told.out
    report = json.loads((tmp_path / "out.json").read_text())
    assert [a["arm"] for a in report["arms"]] == ["reference", "raw", "lamarck"]
    assert report["header"]["tokens"] == TOKENS
    assert (tmp_path / "out.svg").read_text().startswith("<svg")
    assert len((tmp_path / "results.jsonl").read_text().splitlines()) == 4
    assert not (home / "library.sqlite").exists(), "a benchmark leaves the user's library alone"

    assert main(arguments) == 0
    assert capsys.readouterr().err == "", "everything was finished"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nonsense"], "no suite is called 'nonsense'"),
        (["mbpp"], "needs its data"),
        (["mbpp", "--data", "absent.jsonl"], "absent.jsonl: cannot be read"),
        (["own", "--arms", "magic"], "no arm is called 'magic'"),
        (["own", "--arms", "raw", "--model", "nonsense"], "nonsense"),
        (["own", "--plot", "plot.png"], "plots are SVG"),
        (["own", "--json", "no/such/folder.json"], "its folder is not there"),
        (["own", "--limit", "0"], "--limit"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", *arguments]) == 2
    captured = capsys.readouterr()
    assert told in captured.err
    assert len(captured.err.splitlines()) == 1
    assert captured.out == "" or "error" in captured.out


def test_an_interruption_keeps_what_is_finished_and_says_how_to_go_on(rows: Path, tmp_path: Path) -> None:
    (tmp_path / "script.jsonl").write_text(json.dumps(SCRIPT) + "\n" + json.dumps({"match": "", "text": "nothing"}))
    arguments = [
        "bench",
        "mbpp",
        "--data",
        str(rows),
        "--arms",
        "reference,empty,best-of-n",
        "--resume",
        "results.jsonl",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "lamarck", *arguments, "--model", "scripted:script.jsonl"],
        cwd=tmp_path,
        env=os.environ | {"LAMARCK_HOME": str(tmp_path / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    results = tmp_path / "results.jsonl"
    until = time.monotonic() + 30
    while time.monotonic() < until and not (results.exists() and len(results.read_text().splitlines()) >= 2):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "the same command goes on from there" in err
    assert "Traceback" not in err
    assert "reference" in out
    assert all(line.endswith("}") for line in results.read_text().splitlines())


@pytest.mark.parametrize(
    ("result", "left", "line"),
    [
        ({"solved": True, "generated_tokens": 80}, 30.0, "2/9 t raw: solved, 1.0 s, 80 tokens; about 30 s left"),
        ({}, 7_300.0, "2/9 t raw: not solved, 1.0 s; about 2 h 2 min left"),
        ({"outcome": "no_candidate"}, None, "2/9 t raw: no_candidate, 1.0 s"),
    ],
)
def test_progress_in_words(result: dict[str, object], left: float | None, line: str) -> None:
    fields = {"task": "t", "arm": "raw", "seed": 0, "outcome": "scored", "solved": False, "seconds": 1.0} | result
    assert progress_line(Progress(done=2, total=9, result=Result(**fields), seconds_left=left)) == line  # type: ignore[arg-type]
