"""The command line on a bare home below `tmp_path`: in this process, or as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lamarck.interfaces.main import main


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output; fails when there is anything else."""
        return json.loads(self.out)

    @property
    def line(self) -> str:
        """The one line on standard error; fails when there is anything else."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        return lines[0]


Command = Callable[..., Ended]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder; home, cache and configuration lie beside it and are empty."""
    for name in [k for k in os.environ if k.startswith("LAMARCK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LAMARCK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """A command that was interrupted ignores the next Ctrl-C; pytest must not."""
    handler = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.fixture
def cli(_interruptible: None, folder: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command in this process."""

    def command(*arguments: str | Path) -> Ended:
        capsys.readouterr()
        code = main([str(a) for a in arguments])
        told = capsys.readouterr()
        return Ended(code, told.out, told.err)

    return command


LAMARCK = (sys.executable, "-m", "lamarck")


@pytest.fixture
def shell(folder: Path) -> Command:
    """Run a command in a process of its own."""

    def command(*arguments: str | Path, timeout: float = 60, **more: Any) -> Ended:
        ended = subprocess.run(
            [*LAMARCK, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, check=False, **more
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return command


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a command; it is killed when the test ends before it does."""
    started: list[subprocess.Popen[str]] = []

    def command(*arguments: str | Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*LAMARCK, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            restore_signals=True,
        )
        started.append(process)
        return process

    yield command
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


# --- a task that runs fast


GOOD = "def double(x):\n    return 2 * x\n"
WRONG = "def double(x):\n    return x + 1\n"
TESTS = """\
from doubling import double


def test_small():
    assert double(2) == 4


def test_zero():
    assert double(0) == 0
"""


@pytest.fixture
def tests(folder: Path) -> Path:
    path = folder / "test_doubling.py"
    path.write_text(TESTS)
    return path


@pytest.fixture
def own(folder: Path, tests: Path) -> Path:
    """Code that `tests` accept."""
    path = folder / "doubling.py"
    path.write_text('"""Double a number."""\n\n\n' + GOOD)
    return path


@pytest.fixture
def script(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Write a script of replies, each some code, and return the model's name. What it says is not mended by search."""
    monkeypatch.setenv("LAMARCK_SEARCH_ENABLED", "false")

    def write(*codes: str) -> str:
        path = folder / "replies.jsonl"
        path.write_text("".join(json.dumps({"text": f"```python\n{code}```"}) + "\n" for code in codes))
        return f"scripted:{path}"

    return write
