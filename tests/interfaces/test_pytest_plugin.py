"""`pytest --lamarck` calls the same gate."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lamarck.interfaces.main import main

TESTS = "from doubling import double\n\n\ndef test_double():\n    assert double(2) == 4\n    assert double(0) == 0\n"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "lamarck.interfaces.pytest_plugin", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, "-rs", *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def module(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # it is named on the command line
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_doubling.py").write_text(TESTS)
    path = folder / "doubling.py"
    path.write_text("def double(x: int) -> int:\n    return 2 * x\n")
    return path


def test_without_the_option_nothing_is_added(folder: Path, module: Path) -> None:
    ended = run(folder)
    assert ended.returncode == 0, ended.stdout
    assert "1 passed" in ended.stdout


def test_accepted_code_is_one_more_pass(folder: Path, module: Path) -> None:
    ended = run(folder, "--lamarck", "doubling.py", "--lamarck-level", "quick")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "2 passed" in ended.stdout


def test_rejected_code_fails_with_the_reasons(folder: Path, module: Path) -> None:
    module.write_text("def double(x):\n    return eval(f'2 * {x}')\n")
    ended = run(folder, "--lamarck", "--lamarck-level", "quick", "--lamarck-static")
    assert ended.returncode == 1
    assert "security: B307 doubling.py:2" in ended.stdout
    assert "again: lamarck check" in ended.stdout


def test_pending_code_is_skipped_and_says_why(folder: Path, module: Path) -> None:
    (folder / "other.py").write_text("def other(x: int) -> int:\n    return x\n")
    ended = run(folder, "--lamarck", "other.py", "--lamarck-level", "quick")
    assert ended.returncode == 0, ended.stdout
    assert "nothing given decides" in ended.stdout


def test_the_plugin_is_registered_under_its_name() -> None:
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"lamarck": "lamarck.interfaces.pytest_plugin"}


def test_the_commands_of_the_pre_commit_hooks_work(
    folder: Path, module: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hooks = yaml.safe_load((Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text())
    for command in (["init", "-q"], ["add", "."], ["-c", "user.email=a@b", "-c", "user.name=n", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True)
    for hook in hooks:
        program, *arguments = hook["entry"].split()
        assert program == "lamarck"
        assert main(arguments) == 0, capsys.readouterr().out
    module.write_text("def double(x):\n    return eval(f'2 * {x}')\n")
    for hook in hooks:
        assert main(hook["entry"].split()[1:]) == 1
