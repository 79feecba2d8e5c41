"""Several candidates that pass: what is kept, what is asked, and what an answer does. Scripted model, real sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., Any]

STUB = '''\
def longest_run(values: list[int]) -> int:
    """How many equal values stand side by side at most.

    >>> longest_run([1, 1, 2])
    2
    """
'''
COUNTING = "def longest_run(values):\n    return max([values.count(v) for v in values] or [0])\n"
GROUPING = """\
from itertools import groupby


def longest_run(values):
    return max((len(list(group)) for _, group in groupby(values)), default=0)
"""
WALKING = """\
def longest_run(values):
    best = run = 0
    for place, value in enumerate(values):
        run = run + 1 if place and values[place - 1] == value else 1
        best = max(best, run)
    return best
"""


@pytest.fixture
def solved(cli: Cli, folder: Path, script: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The document of a run that three candidates pass."""
    monkeypatch.setenv("LAMARCK_MODELS_AGREEMENT", "3")
    (folder / "longest_run.py").write_text(STUB)
    model = script(COUNTING, GROUPING, WALKING)
    document: dict[str, Any] = cli("solve", "longest_run.py", "--model", model, "--json").document
    return document


def chosen(document: dict[str, Any]) -> str:
    return str(document["files"][0]["text"])


def test_the_majority_is_kept_and_the_question_told(cli: Cli, solved: dict[str, Any]) -> None:
    assert solved["exit_reason"] == "accepted"
    assert "groupby" in chosen(solved)
    assert [a["generator"] for a in solved["attempts"]] == ["model", "model", "model", "agreement"]
    (evidence,) = [e for e in solved["verdict"]["evidence"] if e["check"] == "agreement"]
    assert (evidence["trust"], evidence["assurance"], evidence["outcome"]) == ("generated", "judged", "pending")
    assert evidence["measurements"]["agreeing"] == 2
    first = evidence["differences"][0]
    assert [len(b["candidates"]) for b in first["behaviours"]] == [2, 1]
    run = solved["run"]
    assert [r["run"] for r in cli("review", "list", "--json").document["runs"]] == [run]
    assert f"what should {first['call']} give?" in cli("review", "list").out
    shown = cli("review", "show", run).out
    for said in ("groupby", f"{first['call']} gives", "by 2 candidates", "by 1 candidate", "lamarck review answer "):
        assert said in shown
    again = cli("review", "compare", run, "--json").document
    assert again["differences"] == evidence["differences"]
    assert first["call"] in cli("review", "compare", run).out


def test_an_answer_is_a_given_test(cli: Cli, solved: dict[str, Any]) -> None:
    run = solved["run"]
    ended = cli("review", "answer", run, "--like", "1", "--json")
    assert ended.code == 0
    assert ended.document["run"] == run
    assert [a["decision"] for a in ended.document["attempts"]] == ["rejected", "accepted", "accepted", None, "accepted"]
    assert ended.document["artifact"] == solved["artifact"]
    assert ended.document["spend"]["calls"] == 3
    assert cli("review", "list", "--json").document == {"runs": []}
    assert "test_answers_given" in json.dumps(cli("verify", solved["artifact"], "--json").document)


def test_an_answer_that_refutes_what_was_kept(cli: Cli, solved: dict[str, Any]) -> None:
    run = solved["run"]
    ended = cli("review", "answer", run, "--like", "2", "--out", "longest.py")
    assert ended.code == 0
    assert "values.count" in Path("longest.py").read_text()
    assert cli("find", "equal values side by side", "--json").document["hits"][0]["artifact"] != solved["artifact"]
    assert cli("show", solved["artifact"], "--json").document["status"] == "retired"


def test_an_answer_that_nobody_gives(
    cli: Cli, solved: dict[str, Any], script: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = solved["run"]
    ended = cli("review", "answer", run, "--call", "longest_run([])", "--raises", "ValueError")
    assert ended.code == 1
    assert "no candidate of this run passes" in ended.out
    assert f"lamarck resume {run[:12]}" in ended.out
    assert cli("show", solved["artifact"], "--json").document["status"] == "retired"
    monkeypatch.setenv("LAMARCK_MODELS_AGREEMENT", "1")
    strict = GROUPING.replace("    return", "    if not values:\n        raise ValueError\n    return")
    resumed = cli("resume", run, "--model", script(strict), "--json")
    assert resumed.code == 0
    assert "raise ValueError" in chosen(resumed.document)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ((), "give one of --expected VALUE, --raises NAME and --like N"),
        (("--like", "1", "--expected", "2"), "give one of"),
        (("--like", "9"), "there is no behaviour 9"),
        (("--expected", "[1"), "is no Python expression"),
        (("--expected", "1", "--call", "longest_run"), "is no call"),
    ],
)
def test_what_is_no_answer(cli: Cli, solved: dict[str, Any], flags: tuple[str, ...], said: str) -> None:
    ended = cli("review", "answer", solved["run"], *flags)
    assert ended.code == 2
    assert said in ended.line
    assert cli("log", solved["run"], "--json").document["exit_reason"] == "accepted"


def test_one_sample_is_enough_by_default(cli: Cli, folder: Path, script: Callable[..., str]) -> None:
    (folder / "longest_run.py").write_text(STUB)
    document = cli("solve", "longest_run.py", "--model", script(COUNTING, GROUPING), "--json").document
    assert len(document["attempts"]) == 1
    assert cli("review", "answer", document["run"], "--expected", "1").code == 2
    ended = cli("review", "answer", document["run"], "--call", "longest_run([1, 2, 1])", "--expected", "2")
    assert ended.code == 0, "a person may answer what nobody asked"


def test_what_cannot_be_compared_is_said(
    cli: Cli, folder: Path, script: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMARCK_MODELS_AGREEMENT", "2")
    monkeypatch.setenv("LAMARCK_TEMPLATES_ENABLED", "false")  # they know stacks
    (folder / "test_stack.py").write_text(
        "from stack import Stack\n\n\ndef test_push():\n    s = Stack()\n    s.push(3)\n    assert s.pop() == 3\n"
    )
    code = "class Stack(list):\n    def push(self, x):\n        self.append(x)\n"
    ended = cli("solve", "test_stack.py", "--model", script(code))
    assert ended.code == 0
    assert "not compared: " in ended.out and "no plain function" in ended.out
