"""Functions out of a repository, proven by its own tests, in real sandboxes."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamarck.api import Filter, Lamarck
from lamarck.errors import BadInput
from lamarck.records import Assurance

MIT = "Permission is hereby granted, free of charge, to any person obtaining a copy of this software\n"
GPL = "GNU GENERAL PUBLIC LICENSE\nVersion 3\n"
TEXTS = '''
import re
from functools import reduce

from .other import helper

LIMIT = 3


def words(text):
    """Split a text into its words.

    >>> words("a b")
    ['a', 'b']
    """
    return re.findall(r"\\w+", text)


def few_words(text):
    """The first words of a text, no more than the limit."""
    return words(text)[:LIMIT]


def tangled(text):
    """Needs something of another module.

    >>> tangled("a")
    'a'
    """
    return helper(text)


def untested(text):
    """Nobody has written a test for this."""
    return text


def wrong(text):
    """Its doctest does not hold.

    >>> wrong("a")
    'b'
    """
    return text
'''
TESTS = """
import pytest

from texts.words import few_words, untested


def test_few():
    assert few_words("a b c d") == ["a", "b", "c"]


def test_both():
    assert untested(few_words("a"))
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "texts-project"
    (root / "texts").mkdir(parents=True)
    (root / "tests").mkdir()
    (root / "LICENSE").write_text(MIT)
    (root / "texts" / "words.py").write_text(TEXTS)
    (root / "texts" / "raises.py").write_text("raise SystemExit('nothing of this may be run here')\n")
    (root / "tests" / "test_words.py").write_text(TESTS)
    return root


def test_what_its_own_tests_prove_is_kept_with_origin_and_licence(lamarck: Lamarck, repository: Path) -> None:
    told: list[tuple[str, str]] = []
    done = lamarck.shelf.harvest(str(repository), told=lambda name, outcome, at, of: told.append((name, outcome)))
    assert dict(told) == {
        "texts/words.py::words": "accepted",
        "texts/words.py::few_words": "accepted",
        "texts/words.py::tangled": "tangled",
        "texts/words.py::untested": "untested",
        "texts/words.py::wrong": "rejected",
    }
    assert (done.package, done.licence, done.served) == ("texts-project", "MIT", True)
    (hit,) = lamarck.find("first words no more than the limit", limit=1)
    kept = hit.artifact
    assert kept.candidate.entry_point == "few_words"
    assert "LIMIT = 3" in kept.candidate.files[0].text
    assert "def words" in kept.candidate.files[0].text, "what it needs comes along"
    assert "tangled" not in kept.candidate.files[0].text
    assert kept.provenance is not None
    assert (kept.provenance.source, kept.provenance.licence) == ("texts-project", "MIT")
    assert kept.provenance.place == "texts/words.py::few_words"
    assert {e.assurance for e in kept.verdict.evidence if e.trust} == {Assurance.CLAIMED}
    again = lamarck.shelf.harvest(str(repository))
    assert again.kept == (), "settled is settled"
    assert again.outcomes == done.outcomes


def test_an_interrupted_harvest_goes_on(lamarck: Lamarck, repository: Path) -> None:
    def interrupt(name: str, outcome: str, at: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lamarck.shelf.harvest(str(repository), told=interrupt)
    assert lamarck.stats()["artifacts_live"] == 1
    assert len(lamarck.shelf.harvest(str(repository)).kept) == 1
    assert lamarck.stats()["artifacts_live"] == 2


@pytest.mark.parametrize(("text", "licence"), [(GPL, "GPL"), ("Do what my lawyer says.", "unknown"), (None, "unknown")])
def test_copyleft_and_unknown_are_kept_and_served_to_nobody(
    lamarck: Lamarck, repository: Path, tmp_path: Path, text: str | None, licence: str
) -> None:
    (repository / "LICENSE").unlink()
    if text is not None:
        (repository / "LICENSE").write_text(text)
    done = lamarck.shelf.harvest(str(repository), limit=1)
    assert (done.licence, done.served, len(done.kept)) == (licence, False, 1)
    assert lamarck.find("split a text into words") == ()
    test = tmp_path / "test_split.py"
    test.write_text("from splits import split_words\n\n\ndef test_it():\n    assert split_words('a b') == ['a', 'b']\n")
    assert lamarck.shelf.find_behaving(lamarck.task(test)).clusters == ()
    allowed = Filter(licences=(licence,))
    assert len(lamarck.find("split a text into words", filter=allowed)) == 1
    assert len(lamarck.shelf.find_behaving(lamarck.task(test), filter=allowed).clusters) == 1


def test_what_is_no_package_is_one_line(lamarck: Lamarck, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is no installed package, folder or wheel"):
        lamarck.shelf.harvest("no-such-package-anywhere")
    broken = tmp_path / "broken-1.0-py3-none-any.whl"
    broken.write_bytes(b"not a wheel")
    with pytest.raises(BadInput, match="is no wheel"):
        lamarck.shelf.harvest(str(broken))
