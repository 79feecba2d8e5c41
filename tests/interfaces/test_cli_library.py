"""What the commands show of a library: find, show, verify, log, stats, review. The library is filled once."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lamarck.api import Lamarck
from lamarck.records import Run
from lamarck.settings import load_settings

Cli = Callable[..., Any]

CODE = '"""Turn a title into a slug."""\n\n\ndef slugify(title):\n    return "-".join(title.lower().split())\n'
TESTS = 'from slugs import slugify\n\n\ndef test_words():\n    assert slugify("Hello World") == "hello-world"\n'
REPLIES = (
    "def shout(text):\n    return text\n",
    "def shout(text):\n    return text.upper() + '!'\n",
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    """A home with an artifact of the user's, one that a model repaired, and one run that is pending."""
    folder = tmp_path_factory.mktemp("filled")
    (folder / "slugs.py").write_text(CODE)
    (folder / "test_slugs.py").write_text(TESTS)
    (folder / "test_shout.py").write_text("from loud import shout\n\n\ndef test_it():\n    assert shout('a') == 'A!'\n")
    script = folder / "replies.jsonl"
    script.write_text("".join(json.dumps({"text": f"```python\n{code}```"}) + "\n" for code in REPLIES))
    whisper = folder / "whisper.jsonl"
    code = "def whisper(text):\n    return text.lower()\n"
    whisper.write_text((json.dumps({"text": f"```python\n{code}```"}) + "\n") * 4)
    with pytest.MonkeyPatch.context() as patch:
        for name in [k for k in os.environ if k.startswith("LAMARCK_")]:
            patch.delenv(name)
        for name in ("CONFIG", "CACHE", "DATA"):
            patch.setenv(f"XDG_{name}_HOME", str(folder / name))
        settings = load_settings(flags={"reuse.enabled": False}, folder=folder)[0]
        library = folder / "library.sqlite"
        runs: dict[str, Run] = {"path": library}  # type: ignore[dict-item]
        with Lamarck(settings, library=library, folder=folder, model=f"scripted:{script}") as lamarck:
            runs["own"] = lamarck.add(folder / "slugs.py", tests=[folder / "test_slugs.py"])
            runs["made"] = lamarck.solve("make a text loud", tests=[folder / "test_shout.py"])
        with Lamarck(settings, library=library, folder=folder, model=f"scripted:{whisper}") as lamarck:
            runs["pending"] = lamarck.solve("make a text quiet, in a function whisper(text)")
        assert [str(runs[k].exit_reason) for k in ("own", "made", "pending")] == ["accepted", "accepted", "pending"]
        yield runs


@pytest.fixture
def ask(cli: Cli, filled: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """A command on the filled library, with room for long paths."""
    monkeypatch.setenv("COLUMNS", "250")

    def command(*arguments: str) -> Any:
        return cli(*arguments, "--library", filled["path"])

    return command


# --- find and show


def test_find_names_what_fits(ask: Cli, filled: dict[str, Run]) -> None:
    ended = ask("find", "slug of a title")
    assert ended.code == 0
    first = ended.out.splitlines()[0]
    assert first.startswith(f"{filled['own'].artifact_id[:12]}  ")
    assert "slugify" in first
    assert "Turn a title into a slug." in ended.out
    document = ask("find", "slug of a title", "--limit", "1", "--json").document
    (hit,) = document["hits"]
    assert hit["artifact"] == filled["own"].artifact_id
    assert hit["entry_point"] == "slugify"
    assert hit["origin"] == "user"
    assert hit["reasons"]


def test_find_that_finds_nothing(cli: Cli) -> None:
    ended = cli("find", "anything at all")
    assert (ended.code, ended.out) == (0, "")
    assert ended.line == "nothing in the library fits; `lamarck solve` writes it"


@pytest.mark.parametrize("limit", ["0", "-1", "x"])
def test_find_with_a_limit_that_is_none(ask: Cli, limit: str) -> None:
    ended = ask("find", "x", "--limit", limit)
    assert ended.code == 2
    assert "--limit" in ended.line


def test_show_tells_code_evidence_and_origin(ask: Cli, filled: dict[str, Run]) -> None:
    identifier = filled["made"].artifact_id
    assert identifier is not None
    ended = ask("show", identifier[:12])
    assert ended.code == 0
    assert REPLIES[1] in ended.out
    for label, value in {
        "goal": "make a text loud",
        "tests": "test_shout.py (pytest, given)",
        "made by": "repair, scripted:",
        "cost": "2 calls",
        "isolation": "enforced ",
        "replay": f"lamarck verify {identifier[:12]}",
    }.items():
        assert re.search(rf"^{label} +{re.escape(value)}", ended.out, re.MULTILINE), label
    assert re.search(r"^tests +passed +given +judged +1/1 ", ended.out, re.MULTILINE)
    document = ask("show", identifier, "--json").document
    assert document["id"] == identifier
    assert document["candidate"]["files"][0]["text"] == REPLIES[1]


def test_show_of_nothing(ask: Cli) -> None:
    ended = ask("show", "ffffffff", "--json")
    assert ended.code == 2
    assert "lamarck find" in ended.document["mend"]


# --- verify


def test_verify_proves_again(ask: Cli, filled: dict[str, Run]) -> None:
    identifier = filled["own"].artifact_id
    assert identifier is not None
    ended = ask("verify", identifier)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"{identifier[:12]} · accepted · tests 1/1 · nothing changed\n"


def test_verify_all(ask: Cli, filled: dict[str, Run]) -> None:
    ended = ask("verify", "--all", "--json")
    assert ended.code == 0
    document = ended.document
    assert document["failed"] == 0
    verified = {v["artifact"]: v for v in document["verified"]}
    assert {filled["own"].artifact_id, filled["made"].artifact_id} <= set(verified)
    assert [v for v in verified.values() if v["decision"] != "accepted" or v["changes"] or not v["evidence"]] == []


@pytest.mark.parametrize("arguments", [[], ["abcd", "--all"]])
def test_verify_wants_one_or_all(ask: Cli, arguments: list[str]) -> None:
    ended = ask("verify", *arguments)
    assert ended.code == 2
    assert ended.line == "lamarck: what to verify is not clear; give one artifact's id, --all or --stale"


# --- log and stats


def test_log_lists_the_runs_newest_first(ask: Cli, filled: dict[str, Run]) -> None:
    runs = ask("log", "--json").document["runs"]
    assert [r["run"] for r in runs][-2:] == [filled["made"].id, filled["own"].id]
    assert runs[-1]["kind"] == "add"
    assert runs[-1]["exit_reason"] == "accepted"
    assert len(ask("log", "--limit", "1", "--json").document["runs"]) == 1
    lines = ask("log").out.splitlines()
    assert lines[0].split() == ["run", "started", "(UTC)", "kind", "ended", "tokens", "time", "goal"]
    assert lines[-1].startswith(filled["own"].id[:12])


def test_log_of_nothing(cli: Cli) -> None:
    ended = cli("log")
    assert (ended.code, ended.out) == (0, "")
    assert cli("log", "--json").document == {"runs": []}


def test_log_of_a_run_tells_its_attempts(ask: Cli, filled: dict[str, Run]) -> None:
    run = filled["made"]
    out = ask("log", run.id[:12]).out
    lines = [line for line in out.splitlines() if line]
    assert lines[0] == f"{run.id[:12]}  solve  accepted"
    assert lines[1] == "make a text loud"
    assert re.match(r"\d model scripted:.* · tests 0/1 · rejected · \d+ tokens · ", lines[2])
    assert re.match(r"    test_shout\.py::test_it: (shout\('a'\): )?expected 'A!', got 'a'$", lines[3])
    assert re.match(r"\d repair scripted:.* · tests 1/1 · accepted · ", lines[4])
    assert "spent    2 calls" in out
    document = ask("log", run.id, "--json").document
    assert document["attempts"][0]["reply"].startswith("```python")
    assert document["attempts"][0]["context"]["pieces"]


def test_stats_are_figures(ask: Cli) -> None:
    figures = ask("stats", "--json").document
    assert figures["artifacts_live"] >= 2
    assert figures["runs_accepted"] >= 2
    assert all(isinstance(value, float) for value in figures.values())
    out = ask("stats").out
    assert [line.split("  ")[0] for line in out.splitlines()] == [name.replace("_", " ") for name in figures]


# --- review


def test_review_shows_what_there_is_to_confirm(ask: Cli, filled: dict[str, Run]) -> None:
    run = filled["pending"]
    assert [r["run"] for r in ask("review", "list", "--json").document["runs"]] == [run.id]
    assert ask("review", "list").out.splitlines()[1].startswith(run.id[:12])
    out = ask("review", "show", run.id[:12]).out
    assert "def whisper(text):" in out
    assert f"lamarck review approve {run.id[:12]}" in out
    assert ask("review", "show", run.id, "--json").document["files"][0]["text"].startswith("def whisper")


def test_review_of_what_is_not_pending(ask: Cli, filled: dict[str, Run]) -> None:
    for command in ("show", "approve", "reject"):
        ended = ask("review", command, filled["own"].id)
        assert ended.code == 2
        assert "is not pending" in ended.line


def test_review_approve_and_reject(ask: Cli, cli: Cli, filled: dict[str, Any], tmp_path: Path) -> None:
    import shutil

    copies = [tmp_path / name for name in ("a.sqlite", "b.sqlite")]
    for copy in copies:
        shutil.copy(filled["path"], copy)
        for suffix in ("-wal", "-shm"):
            if Path(f"{filled['path']}{suffix}").exists():
                shutil.copy(f"{filled['path']}{suffix}", f"{copy}{suffix}")
    run = filled["pending"].id
    ended = cli("review", "approve", run, "--reason", "read it", "--library", copies[0], "--json")
    assert ended.code == 0
    document = ended.document
    assert document["exit_reason"] == "accepted"
    review = [e for e in document["verdict"]["evidence"] if e["check"] == "review"]
    assert "read it" in review[0]["log"]
    assert cli("show", document["artifact"], "--library", copies[0]).code == 0
    assert cli("review", "list", "--library", copies[0], "--json").document == {"runs": []}
    ended = cli("review", "reject", run, "--reason", "too quiet", "--library", copies[1])
    assert ended.code == 0
    assert ended.out.startswith("rejected\n")
    assert cli("find", "whisper quiet text", "--library", copies[1], "--json").document["hits"] == [] or all(
        hit["entry_point"] != "whisper"
        for hit in cli("find", "whisper quiet text", "--library", copies[1], "--json").document["hits"]
    )


# --- a library that cannot be used


def test_a_file_that_is_no_library(cli: Cli, folder: Path) -> None:
    (folder / "notes.sqlite").write_text("not a database at all, only some words\n" * 50)
    ended = cli("find", "x", "--library", "notes.sqlite", "--json")
    assert ended.code == 5
    assert ended.document["exit_code"] == 5
    assert ended.document["mend"]


def test_a_library_of_a_later_version(cli: Cli, folder: Path) -> None:
    import sqlite3

    cli("stats", "--library", "new.sqlite")
    connection = sqlite3.connect(folder / "new.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    ended = cli("stats", "--library", "new.sqlite")
    assert ended.code == 5
    assert "a later version of Lamarck wrote" in ended.line


def test_a_library_that_another_holds(cli: Cli, folder: Path, tests: Path, own: Path, monkeypatch: Any) -> None:
    import sqlite3

    cli("stats", "--library", "held.sqlite")
    monkeypatch.setenv("LAMARCK_LIBRARY_LOCK_SECONDS", "0.2")
    connection = sqlite3.connect(folder / "held.sqlite", isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    ended = cli("add", own, "--tests", tests, "--library", "held.sqlite")
    connection.close()
    assert ended.code == 5
    assert "another" in ended.err
    assert "Traceback" not in ended.err
