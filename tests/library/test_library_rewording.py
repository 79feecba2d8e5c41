from __future__ import annotations

import math
import struct
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from library_parts import HashingEmbedder, an_artifact

from lamarck.library.rewording import request_vector, reworded
from lamarck.library.sqlite import SqliteLibrary

TABLE = Path(__file__).parents[2] / "lamarck" / "library" / "synonyms.txt"


def test_every_word_that_has_another_is_replaced_and_the_rest_stays() -> None:
    assert reworded("get rid of the biggest item!") == (
        "remove the largest element!",
        "delete the maximum entry!",
    )
    assert reworded("Sorted  LISTS of frobs") == ("order  array of frobs", "arrange  sequence of frobs")


def test_a_request_without_a_word_of_the_table_has_no_other_wording() -> None:
    assert reworded("frobnicate the quux") == ()
    embedder = HashingEmbedder()
    assert request_vector(embedder, "frobnicate the quux") == embedder.embed(["frobnicate the quux"])[0]


def test_what_stands_in_one_line_says_the_same_and_no_line_stands_twice() -> None:
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    alike = [[part.strip() for part in line.split(",")] for line in lines]
    assert all(len(each) > 1 and all(each) and len(set(each)) == len(each) for each in alike)
    assert len(set(lines)) == len(lines)
    opposites = [
        ("first", "last"), ("largest", "smallest"), ("ascending", "descending"), ("before", "after"),
        ("prefix", "suffix"), ("encode", "decode"), ("serialize", "deserialize"), ("even", "odd"), ("add", "remove"),
        ("union", "intersection"), ("at least", "at most"), ("positive", "negative"), ("parent", "child"),
        ("capital", "lower case"), ("unique", "duplicate"), ("keep", "drop"), ("split", "join"), ("before", "after"),
        ("beginning", "end"), ("equal", "unequal"), ("row", "column"), ("add", "subtract"), ("multiply", "divide"),
    ]  # fmt: skip
    for one, other in opposites:
        assert not any(one in each and other in each for each in alike), (one, other)


@given(st.text(max_size=60))
def test_a_vector_is_the_mean_of_the_wordings(text: str) -> None:
    embedder = HashingEmbedder()
    found = struct.unpack("<256f", request_vector(embedder, text))
    others = reworded(text)
    own, *rest = (struct.unpack("<256f", vector) for vector in embedder.embed([text, *others]))
    share = 0.8 / len(rest) if rest else 0.0
    whole = 1.8 if rest else 1.0
    for place, value in enumerate(found):
        wanted = (own[place] + share * sum(vector[place] for vector in rest)) / whole
        assert math.isclose(value, wanted, abs_tol=1e-6)


def test_another_wording_finds_what_shares_no_word_with_the_request(tmp_path: Path) -> None:
    with SqliteLibrary(tmp_path / "library.sqlite", embedder=HashingEmbedder()) as library:
        library.save(an_artifact("Delete the maximum entry", "def f(x):\n    return x\n", "f"))
        for number in range(3):
            library.save(an_artifact(f"Paint wall {number} blue", f"def g(x):\n    return {number}\n", "g"))
        (first, *_) = library.find("get rid of the biggest item")
    assert first.artifact.task.goal == "Delete the maximum entry"
