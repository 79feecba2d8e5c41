"""`lamarck solve`, `resume` and `add` with a scripted model, the real sandbox and a real library."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., Any]
Script = Callable[..., str]

GOOD = "def double(x):\n    return 2 * x\n"
WRONG = "def double(x):\n    return x + 1\n"
GOAL = "double a number"


# --- accepted


def test_a_right_reply_is_accepted_and_told(cli: Cli, tests: Path, script: Script) -> None:
    ended = cli("solve", GOAL, "--tests", tests, "--model", script(GOOD))
    assert ended.code == 0
    for said in (GOOD, "accepted", "given", "judged", "2/2", "isolation", "1 call", "lamarck show ", "lamarck verify "):
        assert said in ended.out
    first, step = ended.err.splitlines()
    assert first == f"task: {GOAL} · tests: test_doubling.py"
    assert step.startswith("model scripted:")
    assert " · tests 2/2 · accepted · " in step


def test_a_repair_is_told_with_what_failed(cli: Cli, tests: Path, script: Script) -> None:
    ended = cli("solve", GOAL, "--tests", tests, "--model", script(WRONG, GOOD))
    assert ended.code == 0
    lines = ended.err.splitlines()
    assert " · tests 0/2 · rejected · " in lines[1]
    assert "test_small" in lines[2] and "expected 4, got 3" in lines[2]
    assert lines[4].startswith("repair of attempt 1 by scripted:")
    assert " · accepted · " in lines[4]


def test_the_json_is_one_document_and_out_writes_a_file(cli: Cli, folder: Path, tests: Path, script: Script) -> None:
    flags = ("--model", script(WRONG, GOOD), "--out", "made/result.py", "--library", "mine.sqlite")
    document = cli("solve", GOAL, "--tests", tests, *flags, "--json").document
    assert document["exit_reason"] == "accepted"
    assert document["exit_code"] == 0
    assert document["files"] == [{"path": "doubling.py", "text": GOOD}]
    assert document["artifact"]
    assert [a["decision"] for a in document["attempts"]] == ["rejected", "accepted"]
    assert document["verdict"]["decision"] == "accepted"
    assert document["spend"]["calls"] == 2
    assert document["saving"] is None
    assert document["next"] is None
    assert document["written"] == ["made/result.py"]
    assert (folder / "made" / "result.py").read_text() == GOOD
    # and it is in the library that was named, not in the user's
    assert cli("find", GOAL, "--json").document == {"hits": []}
    assert len(cli("find", GOAL, "--library", "mine.sqlite", "--json").document["hits"]) == 1


def test_the_second_time_it_comes_from_the_library(cli: Cli, folder: Path, tests: Path, script: Script) -> None:
    first = cli("solve", GOAL, "--tests", tests, "--model", script(GOOD), "--json").document
    other = folder / "test_twice.py"
    other.write_text("from numbers_of_mine import twice\n\n\ndef test_it():\n    assert twice(21) == 42\n")
    ended = cli("solve", "twice a number, doubled", "--tests", other, "--model", script())
    assert ended.code == 0
    short = first["artifact"][:12]
    assert f"reuse: double ({short}) · tests 1/1 · accepted" in ended.err
    spent = first["spend"]["prompt_tokens"] + first["spend"]["completion_tokens"]
    assert f"saved      {spent} tokens" in ended.out
    assert f"from       lamarck show {short}" in ended.out
    again = cli("solve", "twice a number, doubled", "--tests", other, "--model", script(), "--json").document
    assert again["saving"]["saved"]["calls"] == 1


# --- other ends


def test_rejected(cli: Cli, folder: Path, tests: Path, script: Script) -> None:
    model = script(WRONG, WRONG.replace("1", "2"), WRONG.replace("1", "3"), *[WRONG] * 30)
    ended = cli("solve", GOAL, "--tests", tests, "--model", model, "--out", "result.py")
    assert ended.code == 1
    assert ended.out.startswith("rejected\n")
    assert "test_doubling.py::test_small: " in ended.out
    assert "lamarck log " in ended.out
    assert not (folder / "result.py").exists()


def test_nothing_given_is_pending(cli: Cli, folder: Path, script: Script) -> None:
    model = script("def test_one():\n    assert double(1) == 2\n", GOOD, GOOD)
    ended = cli("solve", "double a number in a function double(x)", "--model", model, "--out", "result.py")
    assert ended.code == 3
    assert ended.out.startswith("pending\n")
    assert "confirm" in ended.out
    assert "lamarck review approve " in ended.out
    assert (folder / "result.py").exists()  # written out, for reading


@pytest.mark.parametrize(
    ("flags", "reason"),
    [(("--tokens", "50"), "tokens spent"), (("--seconds", "0"), "seconds spent")],
)
def test_a_limit_is_spent(cli: Cli, tests: Path, script: Script, flags: tuple[str, ...], reason: str) -> None:
    ended = cli("solve", GOAL, "--tests", tests, "--model", script(GOOD), *flags)
    assert ended.code == 4
    assert ended.out.startswith(f"{reason}\n")
    assert f"raise {flags[0]}" in ended.out
    assert f" {flags[0]} " in ended.out.split("go on")[1]


def test_no_weights_on_this_machine(cli: Cli, tests: Path) -> None:
    ended = cli("solve", GOAL, "--tests", tests, "--json")
    assert ended.code == 5
    assert ended.document["exit_code"] == 5
    assert "not on this machine" in ended.document["error"]
    assert "lamarck models pull qwen2.5-coder-1.5b" in ended.document["mend"]
    assert ended.err.splitlines()[-1].startswith("lamarck: the weights of ")


# --- resume


def test_a_run_that_hit_a_limit_is_resumed(cli: Cli, tests: Path, script: Script) -> None:
    first = cli("solve", GOAL, "--tests", tests, "--model", script(WRONG, GOOD), "--tokens", "400", "--json").document
    assert first["exit_reason"] == "tokens_spent"
    assert first["next"] == f"lamarck resume {first['run'][:12]} --tokens 800"
    ended = cli("resume", first["run"][:12], "--tokens", "3000", "--model", script(GOOD), "--json")
    assert ended.code == 0
    document = ended.document
    assert document["run"] == first["run"]
    assert document["attempts"][0] == first["attempts"][0]
    assert document["attempts"][-1]["decision"] == "accepted"
    assert document["spend"]["calls"] == sum(a["spend"]["calls"] for a in document["attempts"])
    ended = cli("resume", first["run"])
    assert ended.code == 2
    assert ended.line.endswith(" ended accepted; there is nothing to resume")


@pytest.mark.parametrize(("run", "said"), [("0000", "0000"), ("zz", "zz")])
def test_an_unknown_run_is_not_resumed(cli: Cli, run: str, said: str) -> None:
    ended = cli("resume", run)
    assert ended.code == 2
    assert said in ended.line


# --- bad input, each in one line and before anything is paid for


def _files(folder: Path) -> None:
    (folder / "test_broken.py").write_text("def test_x(:\n")
    (folder / "test_none.py").write_text("from doubling import double\n")
    (folder / "test_nothing.py").write_text("import doubling\n\n\ndef test_a():\n    assert True\n")
    (folder / "test_import.py").write_text("import doubling\nimport no_such_thing\n\n\ndef test_a():\n    assert 1\n")
    (folder / "task.yaml").write_text("goal: x\nexamples: [\n")
    (folder / "binary.py").write_bytes(b"\xff\x00")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothere.py"], "nothere.py: no such file"),
        (["some/folder"], "some/folder"),
        (["task.yaml"], "task.yaml:"),
        (["binary.py"], "binary.py"),
        ([""], "the task is empty"),
        ([GOAL, "--tests", "nowhere.py"], "nowhere.py: no such file"),
        ([GOAL, "--tests", "test_broken.py"], "test_broken.py:1"),
        ([GOAL, "--tests", "test_none.py"], "no test functions"),
        ([GOAL, "--tests", "test_nothing.py"], "prove nothing"),
        ([GOAL, "--tests", "test_import.py"], "no_such_thing"),
        ([GOAL, "--tests", "test_doubling.py", "--model", "nonsense"], "no model is called 'nonsense'"),
        ([GOAL, "--tests", "test_doubling.py", "--model", "scripted:none.jsonl"], "none.jsonl"),
        ([GOAL, "--tests", "test_doubling.py", "--python", "/nowhere/python"], "/nowhere/python"),
        ([GOAL, "--tests", "test_doubling.py", "--tokens", "-1"], "'limits.tokens' must be integer"),
        ([GOAL, "--tests", "test_doubling.py", "--seconds", "inf"], "'limits.seconds' must be number"),
        ([GOAL, "--tests", "test_doubling.py", "--usd", "nan"], "'limits.usd' must be number"),
        ([GOAL, "--tests", "test_doubling.py", "--out", "test_doubling.py/x.py"], "Not a directory"),
    ],
)
def test_bad_input_is_one_line(
    cli: Cli, folder: Path, tests: Path, script: Script, arguments: list[str], said: str
) -> None:
    _files(folder)
    model = [] if "--model" in arguments else ["--model", script(GOOD)]
    ended = cli("solve", *arguments, *model)
    assert ended.code == 2
    assert ended.out == ""
    last = ended.err.splitlines()[-1]
    assert last.startswith("lamarck: ")
    assert said in last
    assert "; " in last  # what mends it
    assert "Traceback" not in ended.err
    runs = cli("log", "--json").document["runs"]
    assert all(run["spend"]["calls"] == 0 for run in runs)


def test_a_reply_without_code_costs_an_attempt_and_no_more(cli: Cli, folder: Path, tests: Path) -> None:
    path = folder / "chat.jsonl"
    path.write_text(
        "".join(json.dumps({"text": t}) + "\n" for t in ("I cannot do that.", *[f"```python\n{GOOD}```"] * 3))
    )
    document = cli("solve", GOAL, "--tests", tests, "--model", f"scripted:{path}", "--json").document
    assert document["attempts"][0]["decision"] is None
    assert document["attempts"][0]["note"]
    assert document["exit_reason"] == "accepted"


# --- settings reach the run


def test_a_flag_wins_over_the_environment(
    cli: Cli, tests: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMARCK_LIMITS_TOKENS", "0")
    monkeypatch.setenv("LAMARCK_MODELS_TIERS", script(GOOD))
    found = {s["key"]: s["value"] for s in cli("config", "show", "--json").document["settings"]}
    assert found["limits.tokens"] == 0
    assert cli("solve", GOAL, "--tests", tests, "--tokens", "2000").code == 0


def test_an_unknown_variable_is_bad_input(cli: Cli, tests: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMARCK_LIMITS_TOKEN", "1")
    ended = cli("solve", GOAL, "--tests", tests)
    assert ended.code == 2
    assert "LAMARCK_LIMITS_TOKENS" in ended.line


# --- add


def test_own_code_is_proven_and_kept(cli: Cli, own: Path, tests: Path) -> None:
    ended = cli("add", own, "--tests", tests)
    assert ended.code == 0
    assert ended.out.startswith("accepted\n")
    assert "return 2 * x" not in ended.out  # it is the user's own, on the user's own disk
    assert ended.err.startswith("your code: double · tests 2/2 · accepted · ")


def test_own_code_that_fails_is_not_kept(cli: Cli, own: Path, tests: Path) -> None:
    own.write_text(WRONG)
    ended = cli("add", own, "--tests", tests, "--json")
    assert ended.code == 1
    document = ended.document
    assert (document["exit_reason"], document["artifact"]) == ("rejected", None)
    failed = [r for e in document["verdict"]["evidence"] for r in e["results"] if r["outcome"] == "failed"]
    assert [r["id"] for r in failed] == ["test_doubling.py::test_small", "test_doubling.py::test_zero"]
    assert failed[0]["failure"]["expected"] == "4"
    assert failed[0]["failure"]["got"] == "3"


def test_a_goal_of_ones_own(cli: Cli, own: Path, tests: Path) -> None:
    assert cli("add", own, "--tests", tests, "--goal", "multiply by two").code == 0
    assert cli("find", "multiply by two", "--json").document["hits"][0]["goal"].startswith("multiply by two")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["doubling.py"], "give the tests with --tests"),
        (["doubling.py", "--tests", "nowhere.py"], "nowhere.py"),
        (["doubling.py", "test_doubling.py", "--tests", "test_doubling.py"], "give every test file its own --tests"),
        (["other.py", "--tests", "test_doubling.py"], "other"),
    ],
)
def test_what_cannot_be_added_is_one_line(cli: Cli, own: Path, arguments: list[str], said: str) -> None:
    ended = cli("add", *arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert said in ended.line
