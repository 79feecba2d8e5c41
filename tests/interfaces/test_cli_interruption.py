"""Ctrl-C while a model writes and while tests run: exit code 130, a line that says how to go on, and a run that can."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., Any]
GOOD = "def double(x):\n    return 2 * x\n"
SLOW = "import time\n\n\ndef double(x):\n    time.sleep(50)\n"


class SlowEndpoint:
    """An endpoint that takes a request and answers nothing until it is closed."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.closed = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.asked.set()
                outer.closed.wait(60)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/v1"

    def close(self) -> None:
        self.closed.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def endpoint(folder: Path) -> Iterator[SlowEndpoint]:
    """In the user's settings as `slow`, at no price."""
    server = SlowEndpoint()
    path = folder.parent / "config" / "lamarck" / "lamarck.toml"
    path.parent.mkdir(parents=True)
    path.write_text(
        f'[endpoints.slow]\nbase_url = "{server.url}"\nmodel = "m"\n'
        "usd_per_million_prompt = 0\nusd_per_million_completion = 0\n"
    )
    yield server
    server.close()


def _interrupt(process: subprocess.Popen[str]) -> tuple[str, str]:
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=20)


def _run_of(err: str) -> str:
    found = re.search(r"^lamarck: interrupted; go on with: lamarck resume ([0-9a-f]{12})$", err, re.MULTILINE)
    assert found, err
    return found[1]


def _log(cli: Cli, run: str) -> Any:
    return cli("log", run, "--json").document


def test_while_a_model_is_asked(
    cli: Cli, start: Callable[..., subprocess.Popen[str]], endpoint: SlowEndpoint, tests: Path, script: Any
) -> None:
    process = start("solve", "double a number", "--tests", tests, "--model", "slow")
    assert endpoint.asked.wait(30)
    out, err = _interrupt(process)
    assert process.returncode == 130, err
    assert out == ""
    assert "Traceback" not in err
    run = _run_of(err)
    assert _log(cli, run)["exit_reason"] == "interrupted"
    ended = cli("resume", run, "--model", script(GOOD), "--json")
    assert ended.code == 0
    assert ended.document["run"].startswith(run)


def test_while_tests_run(
    cli: Cli, start: Callable[..., subprocess.Popen[str]], folder: Path, tests: Path, script: Any
) -> None:
    (folder / "slow.jsonl").write_text(json.dumps({"text": f"```python\n{SLOW}```"}) + "\n")
    process = start("solve", "double a number", "--tests", tests, "--model", "scripted:slow.jsonl", "--json")
    _wait_for_sleeper(process)
    out, err = _interrupt(process)
    assert process.returncode == 130, err
    document = json.loads(out)
    run = _run_of(err)
    assert document == {"error": "interrupted", "mend": f"go on with: lamarck resume {run}", "exit_code": 130}
    assert _sandboxed(process.pid) == []
    logged = _log(cli, run)
    assert logged["exit_reason"] == "interrupted"
    assert logged["attempts"] == []  # an attempt without a verdict is no attempt
    ended = cli("resume", run, "--model", script(GOOD), "--json")
    assert ended.code == 0
    assert [a["decision"] for a in ended.document["attempts"]] == ["accepted"]


def test_while_own_code_is_proven(
    cli: Cli, start: Callable[..., subprocess.Popen[str]], own: Path, tests: Path
) -> None:
    own.write_text(SLOW)
    process = start("add", own, "--tests", tests)
    _wait_for_sleeper(process)
    _, err = _interrupt(process)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "lamarck: interrupted"  # an `add` is begun anew, not resumed
    assert cli("log", "--json").document["runs"][0]["exit_reason"] == "interrupted"
    assert cli("stats", "--json").document["artifacts_live"] == 0


def test_a_second_interruption_changes_nothing(
    cli: Cli, start: Callable[..., subprocess.Popen[str]], endpoint: SlowEndpoint, tests: Path
) -> None:
    process = start("solve", "double a number", "--tests", tests, "--model", "slow")
    assert endpoint.asked.wait(30)
    process.send_signal(signal.SIGINT)
    time.sleep(0.02)
    _, err = _interrupt(process)
    assert process.returncode == 130
    assert "Traceback" not in err


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            if int(stat.rpartition(")")[2].split()[1]) == pid:
                found += [int(entry.name), *_children(int(entry.name))]
    return found


def _sandboxed(pid: int) -> list[int]:
    return _children(pid)


def _wait_for_sleeper(process: subprocess.Popen[str]) -> None:
    """Until the judge runs the tests: the judge's and the candidate's sandbox are both there for a while."""
    deadline = time.monotonic() + 30
    steady = 0
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        names = [_name(pid) for pid in _children(process.pid)]
        steady = steady + 1 if sum(name.startswith("python") for name in names) >= 2 else 0
        if steady >= 8:
            return
        time.sleep(0.1)
    raise AssertionError("the tests never began")


def _name(pid: int) -> str:
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return ""
