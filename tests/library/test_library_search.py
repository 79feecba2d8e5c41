from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from library_parts import BrokenEmbedder, HashingEmbedder, an_artifact, numbered

from lamarck.errors import ModelCorrupt, ModelUnavailable
from lamarck.library.search import request_terms
from lamarck.library.sqlite import SqliteLibrary


def goals(library: SqliteLibrary, text: str, **options: str) -> list[str]:
    return [hit.artifact.task.goal for hit in library.find(text, **options)]


# --- words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("vowel", True),  # stemmed: vowels
        ("COUNTING", True),
        ("parse_http_date", True),
        ("http date", True),
        ("ParseHTTPDate", True),
        ("naïve", True),
        ("naive", True),
        ("docstringword", True),
        ("timedelta", True),  # of the signature
        ("bodyword", False),
        ("consonant", False),
    ],
)
def test_words_are_found_in_goal_name_signature_and_docstring_but_not_in_the_body(
    sqlite_library: SqliteLibrary, text: str, found: bool
) -> None:
    code = 'def parseHTTPDate(a: timedelta) -> int:\n    """Docstringword."""\n    bodyword = 1\n    return bodyword\n'
    sqlite_library.save(an_artifact("Count the naïve vowels", code, "parseHTTPDate"))
    assert bool(sqlite_library.find(text)) is found


def test_code_that_does_not_parse_is_found_by_its_goal_and_name(sqlite_library: SqliteLibrary) -> None:
    sqlite_library.save(an_artifact("Count penguins", "def (:\n", "count_birds"))
    assert goals(sqlite_library, "penguins") == ["Count penguins"]
    assert goals(sqlite_library, "birds") == ["Count penguins"]


def test_a_module_without_entry_point_is_found_by_its_public_names(sqlite_library: SqliteLibrary) -> None:
    sqlite_library.save(an_artifact("Things", "class RingBuffer:\n    pass\n\ndef _hidden():\n    pass\n", None))
    assert goals(sqlite_library, "ring buffer") == ["Things"]
    assert goals(sqlite_library, "hidden") == []


def test_a_name_weighs_more_than_a_word_of_the_goal(sqlite_library: SqliteLibrary) -> None:
    sqlite_library.save(
        an_artifact("Mentions slugify in passing, as one of many things", "def other(x): ...\n", "other")
    )
    sqlite_library.save(an_artifact("Make an address of a title, as one of many", "def slugify(x): ...\n", "slugify"))
    assert goals(sqlite_library, "slugify")[0].startswith("Make an address")


def test_stop_words_alone_do_not_propose_anything_unless_nothing_else_is_asked() -> None:
    assert request_terms("Write a function that returns the median of a list") == ("median", "list")
    assert request_terms("from it to that") == ("from", "it", "to", "that")
    assert len(request_terms(" ".join(f"w{n}" for n in range(500)))) == 40


@given(st.text(max_size=80))
@settings(max_examples=100, deadline=None)
def test_terms_are_words_without_anything_that_a_query_could_mean(text: str) -> None:
    for term in request_terms(text):
        assert term
        assert '"' not in term
        assert not any(c.isspace() for c in term)


@given(st.text(max_size=60))
@settings(max_examples=40, deadline=None)
def test_any_text_can_be_stored_and_searched(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder, SqliteLibrary(Path(folder) / "library.sqlite") as library:
        library.save(an_artifact(f"Penguins {text}", "x = 1\n", None))
        assert len(library.find(f"penguins {text}")) == 1


# --- shape and use


def test_the_same_shape_goes_first_among_equals(sqlite_library: SqliteLibrary) -> None:
    sqlite_library.save(an_artifact("Count penguins", "def one(a: str) -> int: ...\n", "one"))
    sqlite_library.save(an_artifact("Count penguins", "def two(a: str, b: str) -> int: ...\n", "two"))
    for signature, first in (("def f(x) -> int", "one"), ("(x, y) -> int", "two"), ("f(x, y)", "two")):
        hits = sqlite_library.find("penguins", signature=signature)
        assert hits[0].artifact.candidate.entry_point == first
        assert "same signature shape" in hits[0].reasons
        assert "same signature shape" not in hits[1].reasons
    assert len(sqlite_library.find("penguins", signature="what is this (")) == 2


def test_use_is_a_reason(sqlite_library: SqliteLibrary) -> None:
    saved = an_artifact("Count penguins")
    sqlite_library.save(saved)
    reasons = []
    for _ in range(3):
        reasons.append(sqlite_library.find("penguins")[0].reasons)
        sqlite_library.record_use(saved.id)
    words = "words: 1.0 of the request"
    assert reasons == [(words,), (words, "used once"), (words, "used 2 times")]


# --- meaning


def test_other_words_of_the_same_meaning_are_found_by_vectors(library_path: Path) -> None:
    embedder = HashingEmbedder(synonyms={"birds": "penguins", "tally": "count"})
    embedder.floor = 0.3
    with SqliteLibrary(library_path, embedder=embedder) as library:
        library.save(an_artifact("count penguins", "", None))
        library.save(an_artifact("merge overlapping intervals", "x = 1", None))
        (hit,) = library.find("tally birds")
    assert hit.artifact.task.goal == "count penguins"
    assert [reason.split()[0] for reason in hit.reasons] == ["meaning:"]


def test_what_both_words_and_meaning_call_unrelated_is_left_out(library_path: Path) -> None:
    embedder = HashingEmbedder()
    embedder.floor = 0.99
    with SqliteLibrary(library_path, embedder=embedder) as library:
        library.save(an_artifact("count penguins", "", None))
        assert library.find("penguins in a list of animals sorted by height") == ()
        assert len(library.find("penguins counted")) == 1, "enough of the words are enough"


def test_an_embedder_that_appears_later_gets_its_vectors_made(library_path: Path) -> None:
    numbered(library_path, 70).close()
    embedder = HashingEmbedder()
    with SqliteLibrary(library_path, embedder=embedder) as library:
        library.find("topic0003")
        assert embedder.embedded == [], "without a vector there is nothing to compare with"
        assert len(library.find("topic0003")) == 1
        progress: list[tuple[int, int]] = []
        assert library.embed_missing(lambda done, total: progress.append((done, total))) == 70
        assert progress == [(32, 70), (64, 70), (70, 70)]
        assert library.embed_missing() == 0
        assert library.stats()["artifacts_with_vector"] == 70
        assert any("meaning" in reason for hit in library.find("topic0003") for reason in hit.reasons)
    with SqliteLibrary(library_path, embedder=HashingEmbedder(digest="another")) as library:
        assert not any("meaning" in reason for hit in library.find("topic0003") for reason in hit.reasons)
        assert library.embed_missing() == 70
        assert library.stats()["artifacts_with_vector"] == 70
    with SqliteLibrary(library_path) as library:
        assert library.embed_missing() == 0
        assert library.problems() == ()


def test_a_vector_of_what_an_artifact_no_longer_means_goes(library_path: Path) -> None:
    with SqliteLibrary(library_path, embedder=HashingEmbedder()) as library:
        library.save(an_artifact("Count penguins"))
        library.save(an_artifact("Merge intervals", "x = 1", None))
    with SqliteLibrary(library_path) as plain:
        plain.save(an_artifact("Count penguins"))
        assert plain.stats()["artifacts_with_vector"] == 2
        plain.save(an_artifact("Count albatrosses"))
        assert plain.stats()["artifacts_with_vector"] == 1


def test_what_is_known_is_not_embedded_again(library_path: Path) -> None:
    embedder = HashingEmbedder()
    with SqliteLibrary(library_path, embedder=embedder) as library:
        library.save(an_artifact("Count penguins"))
        library.save(an_artifact("Count penguins", log="verified again"))
        assert len(embedder.embedded) == 1
        library.save(an_artifact("Count albatrosses"))
        assert len(embedder.embedded) == 2
        assert "Count albatrosses" in embedder.embedded[1]
        assert "sum(" not in embedder.embedded[1], "the body is not embedded"


def test_an_embedder_that_fails_costs_no_artifact(library_path: Path) -> None:
    with SqliteLibrary(library_path, embedder=HashingEmbedder()) as library:
        library.save(an_artifact("Count penguins", "x = 1", None))
    with SqliteLibrary(library_path, embedder=BrokenEmbedder()) as library:
        library.save(an_artifact("Count albatrosses", "x = 2", None))
        with pytest.raises(ModelUnavailable):
            library.find("albatrosses")
        with pytest.raises(ModelUnavailable):
            library.embed_missing()
    with SqliteLibrary(library_path, embedder=HashingEmbedder()) as library:
        assert len(library.find("albatrosses", limit=1)) == 1
        assert library.embed_missing() == 1


def test_a_process_sees_the_vectors_that_another_wrote_changed_and_dropped(library_path: Path) -> None:
    here = SqliteLibrary(library_path, embedder=HashingEmbedder())
    there = SqliteLibrary(library_path, embedder=HashingEmbedder())
    saved = [an_artifact(goal, f"x = {goal!r}", None) for goal in ("penguins", "albatrosses", "puffins")]

    def meanings(library: SqliteLibrary, text: str) -> dict[str, str]:
        hits = library.find(text)
        return {hit.artifact.task.goal: next(r for r in hit.reasons if "meaning" in r) for hit in hits}

    there.save(saved[0])
    assert set(meanings(here, "penguins")) == {"penguins"}
    there.save(saved[1])
    there.save(saved[2])
    assert set(meanings(here, "penguins")) == {"penguins", "albatrosses", "puffins"}
    there.retire(saved[1].id)
    assert set(meanings(here, "penguins")) == {"penguins", "puffins"}
    there.save(saved[2].replace(task=saved[2].task.replace(goal="penguins too")))
    assert meanings(here, "penguins") == meanings(there, "penguins")
    assert set(meanings(here, "penguins")) == {"penguins", "penguins too"}
    here.close()
    there.close()


def test_without_an_embedder_nothing_heavy_is_imported(library_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from lamarck.library.sqlite import SqliteLibrary\n"
        "with SqliteLibrary(Path(sys.argv[1])) as library: library.find('penguins'); library.stats()\n"
        "print(sorted({'numpy', 'onnxruntime', 'tokenizers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, library_path], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr


class OtherLength(HashingEmbedder):
    """The same model by its digest, and half as many numbers."""

    dimension = 128

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        return [HashingEmbedder(self.digest).embed([text])[0][: 4 * 128] for text in texts]


class States128(HashingEmbedder):
    dimension = 128

    def _one(self, text: str) -> bytes:
        return HashingEmbedder()._one(text)


def test_a_model_of_another_dimension_is_refused_in_one_line_and_nothing_is_lost(library_path: Path) -> None:
    saved = an_artifact("Count penguins")
    with SqliteLibrary(library_path, embedder=HashingEmbedder()) as library:
        library.save(saved)
        library.write_sidecar()
    with SqliteLibrary(library_path, embedder=OtherLength()) as library:
        with pytest.raises(ModelCorrupt, match="holds vectors of 256 numbers"):
            library.find("penguins")
        assert library.get(saved.id) == saved
    with SqliteLibrary(library_path, embedder=States128()) as library:
        with pytest.raises(ModelCorrupt, match="gives 256 numbers for a text and states 128"):
            library.find("penguins")
        library.save(an_artifact("Paint", "x = 1\n", None))  # what was proven is kept, without a vector
    with SqliteLibrary(library_path, embedder=HashingEmbedder()) as library:
        assert library.find("penguins")[0].artifact == saved
        assert library.embed_missing() == 1
        assert library.problems() == ()
