"""Tests that need candidate and test in one process: what becomes of their evidence, from the setting to the exit code.
Scripted model, real sandbox, real library."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., Any]
Script = Callable[..., str]

GOOD = "def double(x):\n    return 2 * x\n"
TESTS = """import inspect

from doubling import double


def test_small():
    assert double(2) == 4


def test_source():
    assert "return" in inspect.getsource(double)
    assert double(21) == 42
"""
WHY = "test_doubling.py::test_source ran in the candidate's own process: line 11 uses inspect"


@pytest.fixture
def live(folder: Path) -> Path:
    path = folder / "test_doubling.py"
    path.write_text(TESTS)
    return path


def test_by_default_a_models_code_waits_for_a_person(cli: Cli, live: Path, script: Script) -> None:
    document = cli("solve", "double a number", "--tests", live, "--model", script(GOOD), "--json").document
    assert (document["exit_code"], document["exit_reason"]) == (3, "pending")
    [reason] = document["verdict"]["reasons"]
    assert reason == f"tests: claimed ({WHY}), and accept_claimed is 'ask': look at the code and confirm it"
    [tests] = [e for e in document["verdict"]["evidence"] if e["check"] == "tests"]
    assert (tests["outcome"], tests["assurance"]) == ("passed", "claimed")
    run = document["run"][:12]
    approved = cli("review", "approve", run, "--json")
    assert approved.code == 0, approved.err


def test_a_person_sees_why_it_waits(cli: Cli, live: Path, script: Script) -> None:
    ended = cli("solve", "double a number", "--tests", live, "--model", script(GOOD))
    assert ended.code == 3
    words = " ".join(ended.out.split())
    assert "claimed" in words
    assert "line 11 uses inspect" in words
    assert "lamarck review" in words


@pytest.mark.parametrize(("setting", "code", "decision"), [("always", 0, "accepted"), ("never", 3, "pending")])
def test_the_setting_decides(
    cli: Cli, live: Path, script: Script, monkeypatch: pytest.MonkeyPatch, setting: str, code: int, decision: str
) -> None:
    monkeypatch.setenv("LAMARCK_TRUST_ACCEPT_CLAIMED", setting)
    document = cli("solve", "double a number", "--tests", live, "--model", script(GOOD), "--json").document
    assert (document["exit_code"], document["verdict"]["decision"]) == (code, decision)
    assert any(WHY in reason for reason in document["verdict"]["reasons"])


@pytest.mark.parametrize(("setting", "code"), [("ask", 0), ("always", 0), ("never", 3)])
def test_ones_own_code_passes_with_the_label(
    cli: Cli, folder: Path, live: Path, monkeypatch: pytest.MonkeyPatch, setting: str, code: int
) -> None:
    monkeypatch.setenv("LAMARCK_TRUST_ACCEPT_CLAIMED", setting)
    (folder / "doubling.py").write_text(GOOD)
    ended = cli("add", "doubling.py", "--tests", live, "--json")
    assert ended.code == code
    assert any(f"tests: claimed ({WHY})" in reason for reason in ended.document["verdict"]["reasons"])


def test_a_wrong_one_is_rejected_as_ever(cli: Cli, folder: Path, live: Path) -> None:
    (folder / "doubling.py").write_text("def double(x):\n    return 4\n")
    ended = cli("add", "doubling.py", "--tests", live, "--json")
    assert (ended.code, ended.document["verdict"]["decision"]) == (1, "rejected")
    assert "claimed" not in str(ended.document["verdict"]["reasons"])
