"""`lamarck config`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lamarck.settings import Settings, endpoint_keys, keys

Cli = Callable[..., Any]
ENDPOINT = '[endpoints.cloud]\nbase_url = "https://api.example.com/v1"\nmodel = "m"\napi_key_env = "CLOUD_KEY"\n'


@pytest.fixture
def users(folder: Path) -> Path:
    path = folder.parent / "config" / "lamarck" / "lamarck.toml"
    path.parent.mkdir(parents=True)
    return path


def row(out: str, key: str) -> str:
    return next(" ".join(line.split()) for line in out.splitlines() if line.startswith(f"{key} "))


def test_show_says_where_each_value_is_from(
    cli: Cli, users: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users.write_text("[limits]\nseconds = 10\n" + ENDPOINT)
    (folder / "lamarck.toml").write_text("[models]\nsamples = 2\n")
    monkeypatch.setenv("LAMARCK_LIMITS_TOKENS", "77")
    monkeypatch.setenv("CLOUD_KEY", "secret-value")
    ended = cli("config", "show", "--json")
    assert ended.code == 0
    found = {s["key"]: (s["value"], s["from"]) for s in ended.document["settings"]}
    assert found["limits.seconds"] == (10.0, str(users))
    assert found["models.samples"] == (2, str(folder / "lamarck.toml"))
    assert found["limits.tokens"] == (77, "environment")
    assert found["limits.usd"] == (0.0, "default")
    assert found["models.tiers"] == (["qwen2.5-coder-1.5b"], "default")
    assert found["endpoints.cloud.api_key_env"] == ("CLOUD_KEY", str(users))
    assert ended.document["places"]["project's file"] == str(folder / "lamarck.toml")
    assert "secret-value" not in ended.out
    monkeypatch.setenv("COLUMNS", "200")
    out = cli("config", "show").out
    assert row(out, "limits.tokens") == "limits.tokens 77 environment"
    assert row(out, "models.samples") == f"models.samples 2 {folder / 'lamarck.toml'}"
    assert row(out, "endpoints.cloud.timeout_seconds") == "endpoints.cloud.timeout_seconds 120.0 default"
    assert "secret-value" not in out


def test_show_lists_every_key(cli: Cli) -> None:
    listed = [s["key"] for s in cli("config", "show", "--json").document["settings"]]
    assert listed == [key.name for key in keys(Settings())]


def test_schema_explains_every_key(cli: Cli) -> None:
    ended = cli("config", "schema")
    assert ended.code == 0
    sections = re.findall(r"^\[(.+)\]$", ended.out, re.MULTILINE)
    assert sections == [
        *("limits", "sandbox", "trust", "checks", "library", "reuse", "templates", "search", "lessons", "models"),
        "endpoints.NAME",
    ]
    text = " ".join(ended.out.split())
    for key in keys(Settings()) + endpoint_keys():
        assert f" {key.key} {key.type} " in f" {text} "
        assert " ".join(key.meaning.split()) in text


def test_schema_in_json_is_a_json_schema(cli: Cli) -> None:
    document = cli("config", "schema", "--json").document
    assert document["$ref"] == "#/$defs/Settings"
    assert document["$defs"]["Settings"]["additionalProperties"] is False


def test_validate_what_is_in_use(cli: Cli, users: Path, folder: Path) -> None:
    ended = cli("config", "validate")
    assert (ended.code, ended.out, ended.err) == (0, "settings: no problem\n", "")
    users.write_text("x = 1\n[limits]\ntoken = 2\n")
    (folder / "lamarck.toml").write_text("[limits]\nusd = -1\n")
    ended = cli("config", "validate")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.splitlines() == [
        f"lamarck: {users}: unknown setting 'x'",
        f"lamarck: {users}: unknown setting 'limits.token' (did you mean 'limits.tokens'?)",
        f"lamarck: {folder}/lamarck.toml: setting 'limits.usd' must be number ≥ 0, ≤ 1,000,000, not -1",
    ]


def test_validate_a_file(cli: Cli, folder: Path) -> None:
    (folder / "mine.toml").write_text(ENDPOINT)
    assert cli("config", "validate", "mine.toml").out == "mine.toml: no problem\n"
    assert cli("config", "validate", "mine.toml", "--json").document == {"ok": True, "problems": []}
    ended = cli("config", "validate", "none.toml", "--json")
    assert ended.code == 2
    assert ended.document["ok"] is False
    assert ended.document["problems"][0].startswith("none.toml: cannot be read")


def test_a_broken_file_stops_every_command_with_one_line(cli: Cli, users: Path) -> None:
    users.write_text("[limits\n")
    for command in (["config", "show"], ["stats"], ["solve", "x y"], ["doctor"], ["models", "list"]):
        ended = cli(*command)
        assert (ended.code, ended.out) == (2, "")
        assert ended.line.startswith(f"lamarck: {users}: not valid TOML: ")


def test_a_projects_file_that_loosens_stops_every_command(cli: Cli, folder: Path) -> None:
    (folder / "lamarck.toml").write_text('[trust]\naccept_claimed = "always"\n')
    ended = cli("stats")
    assert ended.code == 2
    assert "may not set 'trust.accept_claimed'" in ended.line
