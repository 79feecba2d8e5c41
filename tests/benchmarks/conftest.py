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
