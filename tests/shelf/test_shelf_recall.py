"""A counter-example takes back what fails it and names all that it reached."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lamarck.api import Lamarck
from lamarck.errors import BadInput
from lamarck.records import ArtifactStatus, Run

Keep = Callable[..., Run]
CODE = """def initials(name: str) -> str:
    '''Initials of a name.'''
    return "".join(w[0] for w in name.split(" "))
"""
RIGHT = CODE.replace('split(" ")', "split()")
TESTS = "from names import initials\n\n\ndef test_it():\n    assert initials('Ada Lovelace') == 'AL'\n"
COUNTER = "initials('Ada  Lovelace') == 'AL'"


def test_what_fails_is_retired_and_what_it_reached_is_named(lamarck: Lamarck, keep: Keep, tmp_path: Path) -> None:
    wrong = keep("names", CODE, TESTS).artifact_id or ""
    test = tmp_path / "test_first_letters.py"
    test.write_text("from letters import first_letters\n\n\ndef test_it():\n    assert first_letters('a b') == 'ab'\n")
    made = lamarck.solve(test)
    assert made.attempts[-1].generator == "reuse"
    lamarck.shelf.export("initials", tmp_path / "out.jsonl")
    found = lamarck.shelf.refute(wrong, examples=[COUNTER])
    assert found.refuted == (wrong,)
    assert any("Lovelace" in str(result.failure) or "IndexError" in str(result.failure) for result in found.failures)
    assert found.answers is None
    assert found.where.dependants == (made.artifact_id,)
    assert [b.direction for b in found.where.bundles] == ["exported"]
    assert found.where.runs == (made.id,)
    kept = lamarck.show(wrong)
    assert kept.status is ArtifactStatus.RETIRED
    assert kept.verdict.decision == "rejected"
    assert lamarck.verify(wrong).after.decision == "rejected", "the counter-example belongs to its task now"
    assert all(hit.artifact.id != wrong for hit in lamarck.find("initials of a name"))


def test_a_version_that_passes_answers_and_is_proven_by_it(lamarck: Lamarck, keep: Keep) -> None:
    right = keep("names", RIGHT, TESTS).artifact_id or ""
    wrong = keep("names", CODE, TESTS).artifact_id or ""
    assert [h.artifact.id for h in lamarck.find("initials")] == [wrong]
    found = lamarck.shelf.refute(wrong, examples=[COUNTER])
    assert (found.refuted, found.answers) == ((wrong,), right)
    (hit,) = lamarck.find("initials")
    assert hit.artifact.id == right
    assert len(hit.artifact.task.acceptance) == 2


def test_what_passes_is_not_refuted(lamarck: Lamarck, keep: Keep, tmp_path: Path) -> None:
    right = keep("names", RIGHT, TESTS).artifact_id or ""
    found = lamarck.shelf.refute(right, examples=[COUNTER])
    assert (found.refuted, found.answers) == ((), right)
    assert lamarck.show(right).status is ArtifactStatus.LIVE
    test = tmp_path / "test_names.py"
    test.write_text("from names import initials\n\n\ndef test_more():\n    assert initials('x y') == 'nonsense'\n")
    assert lamarck.shelf.refute(right, tests=[test]).refuted == (right,), "by a file of the same name too"


def test_a_counter_example_that_proves_nothing_refutes_nothing(lamarck: Lamarck, keep: Keep, tmp_path: Path) -> None:
    right = keep("names", RIGHT, TESTS).artifact_id or ""
    test = tmp_path / "test_nothing.py"
    for text, told in (
        ("def test_it():\n    assert False\n", "uses nothing of the module names"),
        (
            "def test_it():\n    from where.it.was import initials\n    assert initials('a b') == 'no'\n",
            "uses nothing of the module names",
        ),
        ("from names import initials\nimport nowhere\n\n\ndef test_it(): ...\n", "do not collect"),
        ("from names import initials\n\n\ndef test_it(): ...\n", "prove nothing"),
    ):
        test.write_text(text)
        with pytest.raises(BadInput, match=told):
            lamarck.shelf.refute(right, tests=[test])
    assert lamarck.show(right).status is ArtifactStatus.LIVE
    with pytest.raises(BadInput, match="without a counter-example"):
        lamarck.shelf.refute(right)
    with pytest.raises(BadInput, match="cannot be read"):
        lamarck.shelf.refute(right, tests=[tmp_path / "nowhere.py"])
