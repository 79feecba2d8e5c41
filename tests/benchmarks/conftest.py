"""Small tasks in the form of a public set, written for these tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def mbpp_row(name: str, sentence: str, visible: str, hidden: list[str], reference: str) -> dict[str, Any]:
    return {
        "id": name,
        "prompt": sentence,
        "visible_test": visible,
        "hidden_tests": hidden,
        "imports": [],
        "reference": reference,
    }


DOUBLE = mbpp_row(
    "double",
    "Write a function that doubles a number.",
    "assert double(2) == 4",
    ["assert double(3) == 6", "assert double(-1) == -2"],
    "def double(x):\n    return 2 * x",
)
CANARY = mbpp_row(
    "canary",
    "Write a function that says yes.",
    "assert agree() == 'yes'",
    ["assert agree() == 'no'"],  # contradicts what is shown: nothing can solve it
    "def agree():\n    return 'yes'",
)
PROVES_NOTHING = mbpp_row(
    "vain",
    "Write a function that hides a one.",
    "assert mute(1) is None",
    ["assert mute(2) == 2"],
    "def mute(x):\n    return None if x == 1 else x",
)


def written(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return path


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    return written(tmp_path / "rows.jsonl", DOUBLE, CANARY)


@pytest.fixture
def double_row(tmp_path: Path) -> Path:
    return written(tmp_path / "double.jsonl", DOUBLE)


@pytest.fixture
def vain_row(tmp_path: Path) -> Path:
    return written(tmp_path / "vain.jsonl", PROVES_NOTHING)


CLAMP = """\
def clamp(x, low, high):
    if x < low:
        return low
    if x > high:
        return high
    return x
"""
CLAMP_TESTS = """\
from clamp import clamp


def test_low():
    assert clamp(1, 2, 3) == 2


def test_high():
    assert clamp(9, 2, 3) == 3


def test_withheld():
    assert clamp(5, 2, 8) == 5


def test_between():
    assert clamp(4, 2, 8) == 4
    assert clamp(-1, -3, 0) == -1
"""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder of packages with their tests, which bugs are put into: of one, small enough to be mended at once."""
    package = tmp_path / "data" / "packages" / "clamp"
    package.mkdir(parents=True)
    (package / "clamp.py").write_text(CLAMP)
    (package / "test_clamp.py").write_text(CLAMP_TESTS)
    return package.parent
