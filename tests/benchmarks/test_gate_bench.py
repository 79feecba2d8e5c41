"""What `lamarck bench gate` measures: that it runs what it says, and tells what the gate let through."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamarck.benchmarks import gate
from lamarck.benchmarks.gate import GateReport, Judged, gate_text
from lamarck.benchmarks.machine import this_machine
from lamarck.interfaces.main import main


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
        Judged(name="good", right="accepted", wrong="rejected", half="accepted", caught_by=("properties",)),
        Judged(name="leaky", right="accepted", wrong="accepted", half="accepted"),
    )
    figures = tuple(gate._shares(programs))
    assert dict(figures[0].values) == {"right accepted": 2, "wrong rejected": 1, "of": 2}
    assert figures[0].met is False
    assert dict(figures[1].values) == {"rejected": 0, "accepted but named by another check": 1, "of": 2}
    text = gate_text(GateReport(machine=this_machine(), figures=figures, programs=programs))
    assert "not so: leaky" in text
    assert "MISSED" in text
