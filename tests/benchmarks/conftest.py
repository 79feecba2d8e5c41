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
FIRST = mbpp_row(
    "first",
    "Write a function that returns the first item of a list.",
    "assert first([7, 8]) == 7",
    ["assert first(['a']) == 'a'"],
    "def first(items):\n    return items[0]",
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
    "Write a function that says nothing.",
    "assert mute() is None",
    ["assert mute() is None"],
    "def mute():\n    return None",
)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in (DOUBLE, FIRST, CANARY)))
    return path


@pytest.fixture
def vain_row(tmp_path: Path) -> Path:
    path = tmp_path / "vain.jsonl"
    path.write_text(json.dumps(PROVES_NOTHING) + "\n")
    return path
