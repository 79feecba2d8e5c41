"""What `lamarck bench gate` measures: that it runs what it says, and tells what the gate let through."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamarck.api import CheckReport
from lamarck.benchmarks import gate
from lamarck.benchmarks.gate import GateReport, Judged, gate_text
from lamarck.benchmarks.machine import this_machine
from lamarck.interfaces.main import main
from lamarck.records import CheckOutcome, Decision, Evidence, TestResult, Verdict


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(gate, "ROUNDS", 2)
    monkeypatch.setattr(gate, "MUTATION_ROUNDS", 0)
    for name in ("LAMARCK_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.chdir(tmp_path)
    assert main(["bench", "gate", "--json", "out.json"]) == 0
    report = GateReport.from_json((tmp_path / "out.json").read_bytes())
    figures = {f.name: f for f in report.figures}
    assert set(figures) == {"quick level, new code", "quick level, new code and new tests", "unchanged code"}
    for figure in figures.values():
        assert 0 < figure.values["p50"] <= figure.values["p95"]
        assert figure.met is None or figure.met == (figure.values["p50"] < float(figure.wanted.split()[2]))
    assert figures["unchanged code"].values["p50"] < figures["quick level, new code"].values["p50"]
    assert "quick level, new code" in capsys.readouterr().out


def test_what_was_let_through_is_named() -> None:
    programs = (
        Judged(name="good", right="accepted", wrong="rejected", half="rejected", left=3, laws=("type::f",), asked=2),
        Judged(name="leaky", right="accepted", wrong="accepted", half="accepted", left=2, shows_bug=True),
        Judged(name="plain", right="accepted", wrong="rejected", half="rejected"),
    )
    figures = tuple(gate._shares(programs))
    assert dict(figures[0].values) == {"right accepted": 3, "wrong rejected": 2, "of": 3}
    assert figures[0].met is False
    assert dict(figures[1].values) == {"rejected": 2, "of": 3}
    assert list(figures[2].values.values()) == [1, 1, 2, 2]
    text = gate_text(GateReport(machine=this_machine(), figures=figures, programs=programs))
    assert "not so: leaky" in text
    assert "MISSED" in text


def outcome(name: str, *, passed: bool) -> TestResult:
    return TestResult(id=f"test_f.py::{name}", outcome=CheckOutcome.PASSED if passed else CheckOutcome.FAILED)


def report_of(*results: TestResult) -> CheckReport:
    evidence = Evidence(
        check="tests", check_version="1", candidate_id="x", outcome=CheckOutcome.FAILED, results=results
    )
    verdict = Verdict(decision=Decision.REJECTED, evidence=(evidence,))
    return CheckReport(path="f.py", level="quick", verdict=verdict, files=1, lines=1, places={})


def test_only_the_cases_that_passed_are_left() -> None:
    text = "testdata = [[1, 2], [3, 4], [5, 6]]\n"
    results = (outcome(f"test_f[input_data{n}-{n}]", passed=n != 1) for n in range(3))
    assert gate._passing(text, report_of(*results)) == ("testdata = [[1, 2], [5, 6]]\n", 2)


def test_test_functions_that_failed_are_left_out() -> None:
    text = "def test_a():\n    pass\n\n\ndef test_b():\n    pass\n"
    report = report_of(outcome("test_a", passed=False), outcome("test_b", passed=True))
    assert gate._passing(text, report) == ("def test_b():\n    pass\n", 1)
