from __future__ import annotations

import itertools
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from lamarck.errors import ModelCorrupt, ModelUnavailable
from lamarck.library import embedding
from lamarck.library.embedding import VOCABULARY, MiniLmEmbedder
from lamarck.library.sqlite import SqliteLibrary

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
WEIGHTS = CACHE / "lamarck" / "models" / "all-minilm-l6-v2-int8.onnx"

needs_weights = pytest.mark.skipif(not WEIGHTS.is_file(), reason="the embedding model is not in the cache")

# The same thing in two ways; no word of weight in common.
PARAPHRASES = [
    ("Count the vowels in a string", "How many of the characters of a text are a, e, i, o or u"),
    ("Reverse the order of words in a sentence", "Given a phrase, say it from its last term to its first"),
    ("Parse an ISO 8601 date", "Turn text such as 2024-05-01 into a day of the calendar"),
    ("Compute the greatest common divisor of two integers", "Largest number that goes into both a and b evenly"),
    ("Remove duplicates from a list, keeping order", "Unique items of a sequence as they first appeared"),
    ("A stack with push and pop", "LIFO container"),
    ("Merge overlapping intervals", "Join ranges that touch into one"),
]


def floats(vector: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{len(vector) // 4}f", vector)


def cosine(one: bytes, other: bytes) -> float:
    return sum(a * b for a, b in zip(floats(one), floats(other), strict=True))


@pytest.fixture(scope="module")
def minilm() -> MiniLmEmbedder:
    return MiniLmEmbedder(WEIGHTS)


@needs_weights
def test_paraphrases_are_closer_than_anything_unrelated(minilm: MiniLmEmbedder) -> None:
    left = minilm.embed([one for one, _ in PARAPHRASES])
    right = minilm.embed([other for _, other in PARAPHRASES])
    same = [cosine(a, b) for a, b in zip(left, right, strict=True)]
    unrelated = [cosine(a, b) for (i, a), (j, b) in itertools.product(enumerate(left), enumerate(right)) if i != j]
    assert min(same) > minilm.floor
    assert sum(same) / len(same) > 0.4
    assert sum(unrelated) / len(unrelated) < 0.15
    below = sum(value < minilm.floor for value in unrelated) / len(unrelated)
    assert below > 0.7, "the floor keeps most of what has nothing to do with a request away"
    for number, value in enumerate(same):
        assert value == max(cosine(left[number], other) for other in right)


@needs_weights
def test_vectors_are_unit_float32_of_the_stated_size(minilm: MiniLmEmbedder) -> None:
    for vector in minilm.embed(["Count the vowels", "", "word " * 1000, "日本語 ÄÖÜ \x00 \U0001f600"]):
        assert len(vector) == 4 * minilm.dimension
        assert cosine(vector, vector) == pytest.approx(1.0, abs=1e-5)
    assert minilm.embed([]) == []


@needs_weights
def test_a_text_has_one_vector_whatever_stands_beside_it(minilm: MiniLmEmbedder) -> None:
    alone = minilm.embed(["Count the vowels"])[0]
    assert minilm.embed(["x", "a much longer text " * 20, "Count the vowels"])[2] == alone


@needs_weights
def test_the_rest_of_a_long_text_is_not_read(minilm: MiniLmEmbedder) -> None:
    start = "penguin " * 300
    one, other = minilm.embed([start + "matrix", start + "calendar"])
    assert one == other


@needs_weights
def test_several_threads_may_use_it() -> None:
    shared = MiniLmEmbedder(WEIGHTS)
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.extend(shared.embed(["Count the vowels"]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 4
    assert len(set(found)) == 1


@needs_weights
def test_a_library_finds_other_words_of_the_same_meaning(library_path: Path, minilm: MiniLmEmbedder) -> None:
    from library_parts import an_artifact

    with SqliteLibrary(library_path, embedder=minilm) as library:
        for number, (goal, _) in enumerate(PARAPHRASES):
            library.save(an_artifact(goal, f"def f{number}(x): ...\n", f"f{number}"))
        for goal, request in PARAPHRASES:
            assert library.find(request)[0].artifact.task.goal == goal
        assert library.find("Schedule a dentist appointment") == ()


def test_missing_weights_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"is missing") as told:
        MiniLmEmbedder(tmp_path / "none.onnx")
    assert told.value.mend == "lamarck models pull all-minilm-l6-v2-int8"


def test_other_weights_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    other = tmp_path / "other.onnx"
    other.write_bytes(b"no model")
    with pytest.raises(ModelCorrupt, match="not the file that was pinned"):
        MiniLmEmbedder(other).embed(["x"])


def test_a_changed_vocabulary_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = tmp_path / "vocabulary.txt"
    changed.write_bytes(VOCABULARY.read_bytes() + b"\n")
    monkeypatch.setattr(embedding, "VOCABULARY", changed)
    weights = tmp_path / "any.onnx"
    weights.touch()
    with pytest.raises(ModelCorrupt, match=r"vocabulary\.txt"):
        MiniLmEmbedder(weights).embed(["x"])


@pytest.fixture
def pieces() -> Callable[[str], list[str]]:
    pytest.importorskip("tokenizers")
    tokenizer = embedding._wordpiece(VOCABULARY.read_bytes())
    return lambda text: list(tokenizer.encode(text).tokens)


def test_texts_are_cut_as_bert_cuts_them(pieces: Callable[[str], list[str]]) -> None:
    assert pieces("Unaffable Café, 2024!") == [
        "[CLS]",
        "una",
        "##ffa",
        "##ble",
        "cafe",
        ",",
        "202",
        "##4",
        "!",
        "[SEP]",
    ]
    assert pieces("merge_iso") == ["[CLS]", "merge", "_", "iso", "[SEP]"]
    assert pieces("日本") == ["[CLS]", "日", "本", "[SEP]"]
    assert pieces("x" * 101) == ["[CLS]", "[UNK]", "[SEP]"]
    assert pieces("") == ["[CLS]", "[SEP]"]
    assert len(pieces("word " * 1000)) == 256
    assert pieces("word " * 1000)[-1] == "[SEP]"


def test_importing_the_embedder_loads_nothing_heavy() -> None:
    code = "import sys, lamarck.library.embedding; print({'numpy', 'onnxruntime', 'tokenizers'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "set()", done.stderr
