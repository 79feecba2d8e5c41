"""Which version of the code for a task answers."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from library_parts import HashingEmbedder, an_artifact

from lamarck.library.sqlite import SqliteLibrary
from lamarck.library.versions import answering, betterment, task_key
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Artifact,
    CheckOutcome,
    Evidence,
    TestResult,
    Trust,
)

A, B = "def test_a(): assert count_vowels('a') == 1\n", "def test_b(): assert count_vowels('b') == 0\n"


def version(number: int, *tests: str, quality: float | None = None, passed: int | None = None) -> Artifact:
    artifact = an_artifact(
        code=f"def count_vowels(text: str) -> int:\n    return {number}\n",
        created=f"2026-01-{number:02d}T00:00:00+00:00",
    )
    acceptance = tuple(
        Acceptance(kind=AcceptanceKind.PYTEST, content=text, path=f"test_{place}.py")
        for place, text in enumerate(tests)
    )
    results = tuple(TestResult(id=f"t{n}", outcome=CheckOutcome.PASSED) for n in range(passed or 0))
    evidence = Evidence(
        check="tests",
        check_version="1",
        candidate_id=artifact.id,
        outcome=CheckOutcome.PASSED,
        trust=Trust.GIVEN,
        results=results,
    )
    origin = artifact.candidate.origin.replace(generator="model")
    return artifact.replace(
        task=artifact.task.replace(acceptance=acceptance),
        candidate=artifact.candidate.replace(origin=origin),
        verdict=artifact.verdict.replace(evidence=(evidence,), quality=quality),
    )


def test_the_key_of_a_task_stays_when_tests_are_added_and_changes_with_what_is_wanted() -> None:
    assert task_key(version(1, A).task) == task_key(version(2, A, B).task)
    other = an_artifact("Count the consonants in a text")
    assert task_key(other.task) != task_key(version(1, A).task)
    assert task_key(an_artifact("Count  the vowels\n in a text").task) == task_key(an_artifact().task)
    assert task_key(an_artifact(signature="def f(a)").task) != task_key(an_artifact().task)


@pytest.mark.parametrize(
    ("new", "old", "why"),
    [
        (version(2, A, B), version(1, A), "proven by 1 more test file"),
        (version(2, A), version(1, A, B), None),
        (version(2, A), version(1, B), None),
        (version(2, A, quality=0.92), version(1, A, quality=0.7), "quality 0.92 after 0.70"),
        (version(2, A, quality=0.7), version(1, A, quality=0.92), None),
        (version(2, A, quality=0.7), version(1, A, quality=0.699), None),
        (version(2, A), version(1, A), None),
        (version(2), version(1), None),
    ],
)
def test_what_makes_a_version_better(new: Artifact, old: Artifact, why: str | None) -> None:
    assert betterment(new, old) == why


def test_versions_that_were_proven_by_other_tests_all_answer() -> None:
    assert answering([version(1, A), version(2, B), version(3)]) == {}


def test_the_better_version_is_found_and_every_version_stays(library_path: Path) -> None:
    first, second, third = version(1, A, quality=0.7), version(2, A, quality=0.92), version(3, A, quality=0.8)
    for order in itertools.permutations([first, second, third]):
        path = library_path.with_name("".join(a.id[0:4] for a in order))
        with SqliteLibrary(path, embedder=HashingEmbedder()) as library:
            for artifact in order:
                library.save(artifact)
            assert [h.artifact.id for h in library.find("count vowels")] == [second.id]
            versions = library.versions(first.id)
            assert [v.artifact.id for v in versions] == [first.id, second.id, third.id]
            assert [v.answers for v in versions] == [False, True, False]
            assert versions[0].why == f"{second.id[:12]} is better: quality 0.92 after 0.70"
            assert versions[2].why == f"{second.id[:12]} came first, and nothing measured says that this is better"
            assert library.problems() == ()
            library.retire(second.id)
            assert [h.artifact.id for h in library.find("count vowels")] == [third.id]
            library.embed_missing()
            assert library.stats()["artifacts_with_vector"] == 1
            assert library.problems() == ()


def test_the_users_own_later_code_answers(library_path: Path) -> None:
    first, second = version(1, A), version(2, A)
    mine = second.replace(candidate=second.candidate.replace(origin=an_artifact().candidate.origin))
    with SqliteLibrary(library_path) as library:
        library.save(first)
        library.save(mine)
        assert [h.artifact.id for h in library.find("count vowels")] == [mine.id]
        assert "the user's own code" in library.versions(first.id)[0].why
