from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from models_parts import a_request

from lamarck.errors import BadInput, ModelUnavailable
from lamarck.models.scripted import Line, ScriptedModel


def test_texts_are_said_in_order_and_then_it_has_nothing_to_say() -> None:
    model = ScriptedModel(["first", "second"])
    assert [model.complete(a_request()).text for _ in range(2)] == ["first", "second"]
    with pytest.raises(ModelUnavailable, match="no reply left") as failed:
        model.complete(a_request())
    assert failed.value.mend


def test_a_line_with_a_pattern_answers_whatever_fits_it_and_uses_up_no_text() -> None:
    model = ScriptedModel([Line(text="sorted", match="(?i)sort"), Line(text="anything")])
    assert model.complete(a_request("Sort a list")).text == "sorted"
    assert model.complete(a_request("sort it again")).text == "sorted"
    assert model.complete(a_request("add two numbers")).text == "anything"


def test_the_pattern_is_searched_in_the_last_message() -> None:
    model = ScriptedModel([Line(text="brief", match="brief"), Line(text="other")])
    assert model.complete(a_request("hello")).text == "other"  # the system message says "You are brief."


def test_a_script_has_the_digest_of_its_words() -> None:
    assert ScriptedModel(["a"], name="x").digest == ScriptedModel(["a"], name="y").digest
    assert ScriptedModel(["a"]).digest != ScriptedModel(["b"]).digest


@given(st.text(), st.integers(1, 30))
def test_tokens_are_the_text_in_pieces(text: str, limit: int) -> None:
    pieces: list[str] = []
    reply = ScriptedModel([text]).complete(a_request(max_tokens=limit), pieces.append)
    assert "".join(pieces) == reply.text
    assert text.startswith(reply.text)
    assert reply.completion_tokens == len(pieces) <= limit
    assert (reply.finish == "stop") == (reply.text == text)


@given(st.text(), st.text(min_size=1, max_size=3))
def test_a_stop_is_never_in_the_text(text: str, stop: str) -> None:
    reply = ScriptedModel([text]).complete(a_request(max_tokens=10_000, stop=(stop,)))
    assert stop not in reply.text
    assert text.startswith(reply.text)


def test_a_file_of_lines(tmp_path: Path) -> None:
    script = tmp_path / "script.jsonl"
    lines = [{"text": "one"}, {"match": "^two", "text": "matched"}, {"text": "three"}]
    script.write_text("\n".join(json.dumps(line) for line in lines) + "\n\n")
    model = ScriptedModel.of_file(script, name="scripted:s")
    asked = [a_request(t) for t in ("x", "two by two", "y")]
    assert [model.complete(r).text for r in asked] == ["one", "matched", "three"]
    assert model.name == "scripted:s"


@pytest.mark.parametrize(
    "line", ['{"txt": "x"}', '{"text": 3}', "no json", '{"text": "x", "match": "("}', '{"text": "x", "more": 1}', "[]"]
)
def test_a_line_that_is_none_is_named(tmp_path: Path, line: str) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text('{"text": "fine"}\n\n' + line + "\n")
    with pytest.raises(BadInput, match="line 3") as failed:
        ScriptedModel.of_file(script, name="s")
    assert '{"text"' in failed.value.mend


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    script = tmp_path / "script.jsonl"
    if content is not None:
        script.write_bytes(content)
    with pytest.raises(BadInput, match="cannot be read"):
        ScriptedModel.of_file(script, name="s")
