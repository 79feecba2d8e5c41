"""The arm aider with a program that stands in for it: it asks the endpoint and writes files as aider does."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lamarck.api import Request, ScriptedModel, Settings
from lamarck.benchmarks.benchmark import Benchmark, Options
from lamarck.benchmarks.results import Result
from lamarck.errors import BadInput, EnvironmentProblem

# bandit's plug-in loader still calls stevedore in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:The verify_requirements argument:DeprecationWarning")

STAND_IN = """#!{python}
import json, os, pathlib, sys, urllib.error, urllib.request
files = [a for a in sys.argv[1:] if not a.startswith("-")]
shown = [a.partition("=")[2] for a in sys.argv[1:] if a.startswith("--read=")]
said = pathlib.Path(".message").read_text()
text = said + "".join(pathlib.Path(p).read_text() for p in shown)
body = {{"model": "openai/embedded", "messages": [{{"role": "user", "content": [{{"type": "text", "text": text}}]}}]}}
request = urllib.request.Request(
    os.environ["OPENAI_API_BASE"] + "/chat/completions",
    json.dumps(body).encode(),
    {{"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"], "Content-Type": "application/json"}},
)
try:
    reply = json.load(urllib.request.urlopen(request))
except urllib.error.HTTPError as error:
    sys.exit(json.load(error)["error"]["message"])
pathlib.Path(files[0]).write_text(reply["choices"][0]["message"]["content"])
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "aider"
    path.write_text(STAND_IN.format(python=sys.executable))
    path.chmod(0o755)
    return path


def row(data: Path, program: Path | None, model: ScriptedModel, **options: int) -> Result:
    chosen = Options(suite="mbpp", data=data, arms=("aider",), aider=program, **options)  # type: ignore[arg-type]
    with Benchmark(chosen, Settings(), model=model) as benchmark:
        benchmark.run()
        return benchmark.rows()[0]


def test_it_is_told_what_failed_until_the_tests_pass(double_row: Path, program: Path) -> None:
    asked: list[str] = []

    def learner(request: Request) -> str:
        asked.append(request.messages[-1].content)
        return "def double(x):\n    return 2 * x\n" if "tests fail" in asked[-1] else "def double(x):\n    return 9\n"

    found = row(double_row, program, ScriptedModel(learner))
    assert (found.solved, found.shown_passed, found.calls) == (True, True, 2)
    assert "doubles a number" in asked[0]
    assert "double(2) == 4" in asked[0], "the given test is shown"
    assert "double(3)" not in "".join(asked), "the hidden ones are not"
    assert "1 of 1 tests fail" in asked[1]


def test_it_ends_with_its_tokens(double_row: Path, program: Path) -> None:
    wrong = "def double(x):\n    return 9\n" + "# a line that costs tokens\n" * 8
    found = row(double_row, program, ScriptedModel(lambda _: wrong), tokens=150)
    assert not found.solved
    assert found.outcome == "scored"
    assert found.generated_tokens <= 150
    assert "150 generated tokens are spent" in found.note


def test_without_the_program_nothing_is_made_up(double_row: Path, program: Path) -> None:
    with pytest.raises(BadInput, match="needs its program"):
        row(double_row, None, ScriptedModel(lambda _: ""))
    with pytest.raises(EnvironmentProblem, match="cannot be run"):
        row(double_row, program.with_name("none"), ScriptedModel(lambda _: ""))
    program.write_text("#!/bin/sh\necho no such option\nexit 2\n")
    with pytest.raises(EnvironmentProblem, match="asked the model nothing: no such option"):
        row(double_row, program, ScriptedModel(lambda _: ""))
