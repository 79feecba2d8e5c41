"""Banks of replies as lines, by command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lamarck.models.bank import Bank
from lamarck.models.model import Message, Reply, Request, reply_key
from lamarck.records import Sampling

DIGEST = "d" * 64


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    path = tmp_path / "bank.sqlite"
    opened = Bank(path)
    for number in range(2):
        request = Request(messages=(Message(role="user", content=f"question {number}"),), sampling=Sampling())
        spent = {"prompt_tokens": 3, "completion_tokens": 2, "seconds": 0.5}
        reply = Reply(text="an answer", finish="stop", model="m", model_digest=DIGEST, **spent)  # type: ignore[arg-type]
        opened.put(reply_key(DIGEST, request), request, reply)
    opened.close()
    return path


def test_out_and_in_again(bank: Path, tmp_path: Path, cli: Callable[..., Any]) -> None:
    lines, other = tmp_path / "lines.jsonl.gz", tmp_path / "other.sqlite"
    out = cli("replies", "export", bank, lines)
    assert (out.code, "2 replies" in out.out) == (0, True)
    taken = cli("replies", "import", lines, other, "--json")
    assert json.loads(taken.out) == {"new": 2, "replies": 2, "bank": str(other)}


def test_what_is_no_bank_and_what_are_no_lines(bank: Path, tmp_path: Path, cli: Callable[..., Any]) -> None:
    missing = cli("replies", "export", tmp_path / "none", tmp_path / "out.jsonl")
    assert (missing.code, missing.err.count("\n")) == (2, 1)
    assert not (tmp_path / "out.jsonl").exists()
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text("{}\n")
    refused = cli("replies", "import", wrong, bank)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
