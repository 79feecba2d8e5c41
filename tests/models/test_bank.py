from __future__ import annotations

import gzip
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models_parts import a_request

from lamarck.errors import BadInput, DiskFull, LibraryCorrupt, LibraryTooNew, LibraryUnavailable
from lamarck.models.bank import Bank
from lamarck.models.model import Reply, Request, reply_key
from lamarck.models.scripted import ScriptedModel

DIGEST = "d" * 64


def a_reply(text: str = "hello", **more: object) -> Reply:
    return Reply(
        **{
            "text": text,
            "finish": "stop",
            "prompt_tokens": 5,
            "completion_tokens": 1,
            "seconds": 0.5,
            "model": "m",
            "model_digest": DIGEST,
            "engine": "e",
            **more,
        }
    )


def put(bank: Bank, request: Request, reply: Reply) -> str:
    key = reply_key(reply.model_digest, request)
    bank.put(key, request, reply)
    return key


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "bank.sqlite"


def test_what_was_put_is_found_again_and_marked(path: Path) -> None:
    bank = Bank(path)
    key = put(bank, a_request(), a_reply())
    assert bank.get(key) == a_reply(from_cache=True)
    assert bank.get("0" * 64) is None


def test_the_first_reply_of_a_key_stays(path: Path) -> None:
    bank = Bank(path)
    put(bank, a_request(), a_reply("first"))
    key = put(bank, a_request(), a_reply("second"))
    found = bank.get(key)
    assert found is not None
    assert found.text == "first"
    assert len(bank) == 1


def test_it_is_there_after_the_process(path: Path) -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom lamarck.models.bank import Bank\n"
        "from lamarck.models.model import Reply, Request\n"
        "request, reply = Request.from_json(sys.argv[2]), Reply.from_json(sys.argv[3])\n"
        "Bank(Path(sys.argv[1])).put('k', request, reply)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    arguments = [sys.executable, "-c", code, str(path), a_request().to_json(), a_reply().to_json()]
    assert subprocess.run(arguments, timeout=30).returncode == -9
    assert Bank(path).get("k") == a_reply(from_cache=True)


def test_several_processes_write_at_once(path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom lamarck.models.bank import Bank\n"
        "from lamarck.models.model import Reply, Request\n"
        "request, reply = Request.from_json(sys.argv[2]), Reply.from_json(sys.argv[3])\n"
        "bank = Bank(Path(sys.argv[1]))\n"
        "for n in range(20): bank.put(f'{sys.argv[4]}-{n % 15}', request, reply)\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(path), a_request().to_json(), a_reply().to_json(), who])
        for who in ("a", "b", "c")
    ]
    assert [p.wait(60) for p in running] == [0, 0, 0]
    assert len(Bank(path)) == 45


def test_a_count_is_asked_once_and_remembered(path: Path) -> None:
    bank = Bank(path)
    messages = a_request().messages
    assert bank.count(DIGEST, messages, lambda _: 30) == 30
    assert Bank(path).count(DIGEST, messages, lambda _: 99) == 30
    assert bank.count("e" * 64, messages, lambda _: 99) == 99


# --- lines


def test_packed_lines_are_the_same_lines(path: Path, tmp_path: Path) -> None:
    bank = Bank(path)
    put(bank, a_request("question"), a_reply("answer"))
    for name in ("plain.jsonl", "one.jsonl.gz", "two.jsonl.gz"):
        assert bank.export_lines(tmp_path / name) == 1
    assert gzip.decompress((tmp_path / "one.jsonl.gz").read_bytes()) == (tmp_path / "plain.jsonl").read_bytes()
    assert (tmp_path / "one.jsonl.gz").read_bytes() == (tmp_path / "two.jsonl.gz").read_bytes()
    assert list(Bank.of_lines(tmp_path / "one.jsonl.gz").entries()) == list(bank.entries())
    (tmp_path / "two.jsonl.gz").write_bytes((tmp_path / "one.jsonl.gz").read_bytes()[:-9])
    with pytest.raises(BadInput, match="cannot be read"):
        bank.import_lines(tmp_path / "two.jsonl.gz")


def test_a_bank_survives_its_lines(path: Path, tmp_path: Path) -> None:
    bank = Bank(path)
    keys = [put(bank, a_request(f"question {n}"), a_reply(f"answer {n}")) for n in range(3)]
    bank.count(DIGEST, a_request("question 1").messages, lambda _: 17)
    assert bank.export_lines(tmp_path / "bank.jsonl") == 3

    other = Bank(tmp_path / "other.sqlite")
    assert other.import_lines(tmp_path / "bank.jsonl") == 3
    assert other.import_lines(tmp_path / "bank.jsonl") == 0
    assert [other.get(k) for k in keys] == [bank.get(k) for k in keys]
    assert other.count(DIGEST, a_request("question 1").messages, lambda _: 0) == 17
    assert list(other.entries()) == list(bank.entries())


def test_equal_banks_have_equal_lines(path: Path, tmp_path: Path) -> None:
    texts = []
    for name, order in (("one", (0, 1, 2)), ("two", (2, 0, 1))):
        bank = Bank(tmp_path / f"{name}.sqlite")
        for n in order:
            put(bank, a_request(f"question {n}"), a_reply())
        bank.export_lines(tmp_path / f"{name}.jsonl")
        texts.append(
            [line.partition('"key"')[2][:70] for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()]
        )
    assert texts[0] == texts[1]


@given(st.text(), st.text())
@settings(deadline=None, max_examples=30)
def test_any_text_survives(asked: str, said: str) -> None:
    bank = Bank(Path(":memory:"))
    key = put(bank, a_request(asked), a_reply(said))
    found = bank.get(key)
    assert found is not None
    assert found.text == said
    assert next(bank.entries()).request == a_request(asked)
    bank.close()


def test_lines_replay_without_a_file_of_their_own(path: Path, tmp_path: Path) -> None:
    bank = Bank(path)
    key = put(bank, a_request(), a_reply())
    bank.export_lines(tmp_path / "bank.jsonl")
    before = sorted(p.name for p in tmp_path.iterdir())
    assert Bank.of_lines(tmp_path / "bank.jsonl").get(key) == a_reply(from_cache=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_a_line_whose_key_is_not_its_own_is_refused(path: Path, tmp_path: Path) -> None:
    bank = Bank(path)
    put(bank, a_request("honest question"), a_reply())
    lines = tmp_path / "bank.jsonl"
    bank.export_lines(lines)
    lines.write_text(lines.read_text().replace("honest question", "another question"))
    other = Bank(tmp_path / "other.sqlite")
    with pytest.raises(BadInput, match="line 1: the key"):
        other.import_lines(lines)
    assert len(other) == 0


@pytest.mark.parametrize("text", ["{", '{"key": "x"}', "[]", "nothing"])
def test_a_line_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    lines = tmp_path / "bank.jsonl"
    lines.write_text("\n" + text)
    with pytest.raises(BadInput, match="line 2: no recorded reply"):
        Bank.of_lines(lines)


def test_a_half_written_export_replaces_nothing(path: Path, tmp_path: Path) -> None:
    bank = Bank(path)
    put(bank, a_request(), a_reply())
    with pytest.raises(DiskFull, match="cannot be written"):
        bank.export_lines(tmp_path / "no" / "such" / "folder.jsonl")
    target = tmp_path / "bank.jsonl"
    bank.export_lines(target)
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["bank.jsonl"]


# --- files that are none


def test_a_file_of_a_later_version_is_left_alone(path: Path) -> None:
    Bank(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(LibraryTooNew, match="later version"):
        Bank(path)


def test_a_file_that_is_no_bank(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database, it is a text of some length" * 50)
    with pytest.raises(LibraryCorrupt) as failed:
        Bank(path)
    assert str(path) in str(failed.value)
    assert path.read_bytes().startswith(b"this is no database")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryUnavailable, match="cannot be made"):
        Bank(tmp_path / "file" / "bank.sqlite")


def test_a_scripted_reply_is_kept_like_any_other(path: Path) -> None:
    model = ScriptedModel(["said once"])
    reply = model.complete(a_request())
    key = put(Bank(path), a_request(), reply)
    assert Bank(path).get(key) == reply.replace(from_cache=True)
