"""Requests that are recognised, and those that must not be."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from library_parts import an_artifact

from lamarck.library.recognition import lemma, normalised
from lamarck.library.sqlite import SqliteLibrary
from lamarck.records import Artifact, make_task


def asked(goal: str, signature: str | None = "def f(a, b)"):
    return make_task(goal=goal, module="solution", signature=signature)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Sort the numbers of a list", "sort numbers of list"),
        ("Count the words", "counting word"),
        ("Parses a date", "Please parse the dates"),
        ("copies files", "copy a file"),
        ("running totals", "run total"),
        ("merged boxes", "merge the box"),
    ],
)
def test_forms_of_the_same_words_are_one_request(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("add course to student", "add student to course"),
        ("sort ascending", "sort descending"),
        ("lines with a comment", "lines without a comment"),
        ("is valid", "is not valid"),
        ("the first 3 words", "the first 5 words"),
        ("encode the text", "decode the text"),
        ("Paris to Rome", "Rome to Paris"),
        ("any are positive", "all are positive"),
        ("convert feet to metres", "convert metres to feet"),
        ("elements in both", "elements in one"),
        ("string", "strung"),
        ("less than three", "less than or three"),
    ],
)
def test_other_requests_stay_apart(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", max_size=12))
def test_a_base_form_is_never_empty_for_a_word_and_never_longer_by_more_than_a_letter(word: str) -> None:
    assert len(lemma(word)) <= max(len(word) + 1, 6)
    assert bool(lemma(word)) == bool(word)


@pytest.fixture
def reopen(library_path: Path) -> Iterator[Callable[..., SqliteLibrary]]:
    opened: list[SqliteLibrary] = []

    def once(**how: int) -> SqliteLibrary:
        opened.append(SqliteLibrary(library_path, **how))
        return opened[-1]

    yield once
    for library in opened:
        library.close()


@pytest.fixture
def saved(reopen: Callable[..., SqliteLibrary]) -> Artifact:
    artifact = an_artifact()
    reopen().save(artifact)
    return artifact


def test_both_tiers_know_what_served_a_request(reopen: Callable[..., SqliteLibrary], saved: Artifact) -> None:
    library = reopen()
    assert library.recognise(asked("Count the vowels")) is None
    library.learn(asked("Count the vowels"), saved.id, seconds=2.0)
    for each in (library, reopen()):
        assert each.recognise(asked("Count the vowels")) == saved.id
        assert each.recognise(asked("counting vowels")) == saved.id, "in other forms of its words"
        assert each.recognise(asked("Count the vowels", "def f(a)")) is None, "another signature is another request"
        assert each.recognise(asked("Count the consonants")) is None
    library.learn(asked("counting vowels"), saved.id, seconds=1.0)
    assert library.stats()["recognition_hits"] == 1


def test_what_was_aligned_to_another_name_is_a_hit_and_leaves_the_request_with_its_origin(
    reopen: Callable[..., SqliteLibrary], saved: Artifact
) -> None:
    library = reopen()
    library.learn(asked("Count the vowels"), saved.id, seconds=2.0)
    moved = saved.candidate.replace(id="a" * 64, parents=(saved.id,))
    library.save(saved.replace(id=moved.id, candidate=moved, lineage=(saved.id,)))
    library.learn(asked("Counts the vowels"), moved.id, seconds=1.0)
    assert library.stats()["recognition_hits"] == 1
    assert library.recognise(asked("Counts the vowels")) == moved.id, "word for word"
    assert reopen().recognise(asked("counting vowels")) == saved.id
    unrelated = saved.candidate.replace(id="b" * 64)
    library.save(saved.replace(id=unrelated.id, candidate=unrelated))
    library.learn(asked("Count vowels"), unrelated.id, seconds=1.0)
    assert library.stats()["recognition_hits"] == 1


def test_what_is_no_longer_found_is_not_recognised(reopen: Callable[..., SqliteLibrary], saved: Artifact) -> None:
    library = reopen()
    library.learn(asked("Count the vowels"), saved.id, seconds=2.0)
    other = reopen()
    assert other.recognise(asked("Count the vowels")) == saved.id
    library.retire(saved.id)
    assert library.recognise(asked("Count the vowels")) is None
    assert other.recognise(asked("Count the vowels")) is None, "in the memory of another process, too"


def test_a_damaged_row_is_left_out_with_a_line_in_the_log(
    reopen: Callable[..., SqliteLibrary], saved: Artifact, library_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reopen().learn(asked("Count the vowels"), saved.id, seconds=2.0)
    with closing(sqlite3.connect(library_path, isolation_level=None)) as raw:
        raw.execute("UPDATE recognised SET seconds = 3.0")
    with caplog.at_level(logging.WARNING):
        assert reopen().recognise(asked("Count the vowels")) is None
    assert "was damaged and is left out" in caplog.text
    reopen().learn(asked("Count the vowels"), saved.id, seconds=2.0)
    assert reopen().recognise(asked("Count the vowels")) == saved.id, "learned anew"


def test_a_row_of_another_version_is_as_good_as_none(
    reopen: Callable[..., SqliteLibrary], saved: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    reopen().learn(asked("Count the vowels"), saved.id, seconds=2.0)
    monkeypatch.setattr("lamarck.library.recognition.VERSION", "2")
    assert reopen().recognise(asked("Count the vowels")) is None


def test_what_saved_least_goes_first(reopen: Callable[..., SqliteLibrary], saved: Artifact) -> None:
    library = reopen(recognised=20)
    precious = asked("Count the precious vowels")
    library.learn(precious, saved.id, seconds=100.0)
    library.learn(precious, saved.id, seconds=100.0)
    for number in range(30):
        library.learn(asked(f"Count vowels {number}"), saved.id, seconds=1.0)
    assert library.stats()["requests_recognised"] <= 20
    assert reopen(recognised=20).recognise(precious) == saved.id


def test_requests_can_be_forgotten_and_none_remembered(reopen: Callable[..., SqliteLibrary], saved: Artifact) -> None:
    library = reopen()
    for goal in ("Count the vowels", "Find the vowels"):
        library.learn(asked(goal), saved.id, seconds=1.0)
    library.forget(asked("Count the vowels"))
    assert library.recognise(asked("Count the vowels")) is None
    assert library.recognise(asked("Find the vowels")) == saved.id
    library.forget()
    assert reopen().recognise(asked("Find the vowels")) is None
    nothing = reopen(recognised=0)
    nothing.learn(asked("Count the vowels"), saved.id, seconds=1.0)
    assert nothing.recognise(asked("Count the vowels")) is None
    assert nothing.stats()["requests_recognised"] == 0
