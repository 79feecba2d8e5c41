from __future__ import annotations

import importlib.util
import sysconfig
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from models_parts import SMALL, SMALL_DIGEST

from lamarck.models.model import Message
from lamarck.models.tokens import estimate_text_tokens, estimate_tokens


@given(st.text(), st.text())
def test_more_text_has_no_fewer_tokens(first: str, second: str) -> None:
    assert estimate_text_tokens(first) <= estimate_text_tokens(first + "\n" + second)


@given(st.lists(st.text(), max_size=5))
def test_messages_have_more_tokens_than_their_texts(texts: list[str]) -> None:
    messages = tuple(Message(role="user", content=t) for t in texts)
    assert estimate_tokens(messages) > sum(estimate_text_tokens(t) for t in texts)


def test_the_estimate_is_above_a_real_tokenizer_and_not_far() -> None:
    if not SMALL.is_file() or importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("the weights of smollm2-135m, or xllamacpp, are not on this machine")
    from lamarck.models.engine import Engine

    engine = Engine(SMALL, threads=2, places=1, context=128)
    try:
        ratios = {}
        for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))[:60:3]:
            text = path.read_text(encoding="utf-8")[:4000]
            counted = engine.count_tokens([{"role": "user", "content": text}])
            ratios[path.name] = estimate_tokens((Message(role="user", content=text),)) / counted
        for text in ("Sort a list of numbers, éàü and 漢字 included. " * 9, "3.14159 26535 89793 " * 20, "😀 " * 50):
            counted = engine.count_tokens([{"role": "user", "content": text}])
            ratios[text[:12]] = estimate_tokens((Message(role="user", content=text),)) / counted
    finally:
        engine.close()
    assert min(ratios.values()) >= 1.0, ratios
    assert sum(ratios.values()) / len(ratios) < 2.0, ratios


def test_the_digest_of_the_small_weights_is_that_of_the_table() -> None:
    from lamarck.models.weights_table import WEIGHTS

    assert WEIGHTS["smollm2-135m"].sha256 == SMALL_DIGEST
