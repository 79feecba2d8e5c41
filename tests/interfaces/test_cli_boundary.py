"""How every command ends: an exit code and one line, whatever happens."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer.main

from lamarck import __version__
from lamarck.interfaces import opening
from lamarck.interfaces.app import SECTIONS, app

Cli = Callable[..., Any]
COMMANDS = [name for names in SECTIONS.values() for name in names]


def test_version(cli: Cli) -> None:
    ended = cli("--version")
    assert (ended.code, ended.out, ended.err) == (0, f"lamarck {__version__}\n", "")


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_command(cli: Cli, flag: str) -> None:
    ended = cli(flag)
    assert ended.code == 0
    assert ended.err == ""
    for heading, names in SECTIONS.items():
        assert f"\n{heading}:\n" in ended.out
        for name in names:
            assert f"\n  {name} " in ended.out
    assert "130 interrupted" in " ".join(ended.out.split())


def test_the_sections_and_the_table_hold_the_same() -> None:
    command = typer.main.get_command(app)
    assert sorted(command.commands) == sorted(COMMANDS)  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(cli: Cli, command: str) -> None:
    ended = cli(command, "--help")
    assert ended.code == 0
    assert ended.out.startswith(f"Usage: lamarck {command} ")


def test_no_command_shows_the_help_and_is_bad_input(cli: Cli) -> None:
    ended = cli()
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith("Usage: lamarck ")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["solvee"], "lamarck: no such command 'solvee'. Did you mean 'solve'?; see `lamarck --help`"),
        (["solve"], "lamarck: missing argument 'TASK'; see `lamarck solve --help`"),
        (["find", "x", "--zzz"], "lamarck: no such option: --zzz; see `lamarck find --help`"),
        (["models"], "lamarck: missing command; see `lamarck models --help`"),
        (["review", "x"], "lamarck: no such command 'x'; see `lamarck review --help`"),
        (["show"], "lamarck: missing argument 'ID'; see `lamarck show --help`"),
    ],
)
def test_wrong_usage_is_one_line(cli: Cli, arguments: list[str], line: str) -> None:
    ended = cli(*arguments)
    assert (ended.code, ended.out, ended.line) == (2, "", line)


def test_a_number_that_is_none(cli: Cli) -> None:
    ended = cli("solve", "x", "--tokens", "many")
    assert ended.code == 2
    assert ended.line.startswith("lamarck: invalid value for '--tokens'")


def test_wrong_usage_in_json(cli: Cli) -> None:
    ended = cli("show", "--json")
    assert ended.code == 2
    assert ended.document == {
        "error": "missing argument 'ID'",
        "mend": "see `lamarck show --help`",
        "exit_code": 2,
    }
    assert ended.line == "lamarck: missing argument 'ID'; see `lamarck show --help`"


def test_a_word_after_two_dashes_is_no_option(cli: Cli) -> None:
    ended = cli("show", "--", "--json")
    assert ended.code == 2
    assert ended.out == ""
    assert ended.line.startswith("lamarck: no artifact starts with --json")


def _breaks(**_: object) -> None:
    raise RuntimeError("a bug\nin two lines")


def test_a_defect_is_one_line_that_asks_for_a_report(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "open_lamarck", _breaks)
    ended = cli("stats", "--json")
    assert ended.code == 70
    assert ended.line.startswith("lamarck: unexpected RuntimeError: a bug in two lines; ")
    assert "please report it" in ended.line
    assert ended.document["exit_code"] == 70


def test_traceback_on_request(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "open_lamarck", _breaks)
    ended = cli("--traceback", "stats")
    assert ended.code == 70
    assert "Traceback (most recent call last)" in ended.err
    assert "in _breaks" in ended.err


def test_no_traceback_for_what_was_expected(cli: Cli) -> None:
    assert "Traceback" not in cli("show", "0000000").err


def test_an_interruption_before_a_run(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(opening, "open_lamarck", interrupted)
    ended = cli("stats", "--json")
    assert ended.code == 130
    assert ended.document == {"error": "interrupted", "mend": "", "exit_code": 130}
    assert ended.line == "lamarck: interrupted"


def test_control_characters_reach_no_terminal(cli: Cli) -> None:
    ended = cli("show", "\x1b[31mred\x1b[0m")
    assert "\x1b" not in ended.err
    assert r"\x1b[31mred" in ended.err


def test_nobody_reads_the_output(folder: Path) -> None:
    command = [sys.executable, "-m", "lamarck", "config", "schema", "--json"]
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, timeout=30, check=False)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, b"")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_output_that_the_caller_closed(folder: Path, closed: str) -> None:
    command = f'"{sys.executable}" -m lamarck config validate {closed}'
    ended = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_full_disk_behind_the_output(folder: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "lamarck", "config", "show"],
            env={k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
            check=False,
        )
    assert ended.returncode == 5
    assert ended.stderr == "lamarck: no space is left on the disk; free some and try again\n"


def test_an_odd_locale_costs_no_result(shell: Cli) -> None:
    ended = shell("config", "schema", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert ended.code == 0
    assert r"\u2265" in ended.out


def test_colours_are_asked_for(shell: Cli) -> None:
    plain = shell("config", "show")
    coloured = shell("config", "show", env={**os.environ, "FORCE_COLOR": "1"})
    without = shell("config", "show", env={**os.environ, "FORCE_COLOR": "1", "NO_COLOR": "1"})
    assert "\x1b[" not in plain.out
    assert "\x1b[" in coloured.out
    assert not any(f"\x1b[{colour}m" in without.out for colour in range(30, 38))


HEAVY = ("numpy", "onnxruntime", "xllamacpp", "openai", "bandit", "yaml", "rich", "pytest", "msgspec", "sqlite3")


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_imports_nothing_heavy(folder: Path, flag: str) -> None:
    code = (
        "import sys; from lamarck.interfaces.main import main; main([sys.argv[1]]);"
        f"print([m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code, flag], capture_output=True, text=True, timeout=30, check=True)
    assert ended.stderr == "[]\n"


def test_the_console_script_is_the_module(folder: Path) -> None:
    script = Path(sys.executable).parent / "lamarck"
    if not script.exists():
        pytest.skip("the package is not installed")
    ended = subprocess.run([script, "--version"], capture_output=True, text=True, timeout=30, check=True)
    assert ended.stdout == f"lamarck {__version__}\n"
