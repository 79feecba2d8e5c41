"""Search by what code does, in real sandboxes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lamarck.api import Filter, Lamarck
from lamarck.errors import BadInput
from lamarck.records import Run

Keep = Callable[..., Run]

LOUD = 'def shout(text: str) -> str:\n    """Make a text loud."""\n    return text.upper()\n'
TESTS = "from {module} import {name}\n\n\ndef test_it():\n    assert {name}('a b') == {result!r}\n"


@pytest.fixture
def filled(lamarck: Lamarck, keep: Keep) -> Lamarck:
    keep("loud", LOUD, TESTS.format(module="loud", name="shout", result="A B"))
    code = (
        'def capitals(words: str) -> str:\n    """Capital letters."""\n    return "".join(c.upper() for c in words)\n'
    )
    keep("capital", code, TESTS.format(module="capital", name="capitals", result="A B"))
    code = 'def title(words: str) -> str:\n    """Every word begins large."""\n    return words.title()\n'
    keep("titles", code, TESTS.format(module="titles", name="title", result="A B"))
    code = 'def quiet(text: str) -> str:\n    """Make a text quiet."""\n    return text.lower()\n'
    tests = "from silence import quiet\n\n\ndef test_it():\n    assert quiet('A') == 'a'\n"
    keep("silence", code, tests)
    return lamarck


def test_what_passes_is_found_in_clusters_that_behave_alike(filled: Lamarck) -> None:
    task = filled.shelf.task_of_examples(["f('a b') == 'A B'", "f('') == ''"])
    seen: list[tuple[int, int]] = []
    found = filled.shelf.find_behaving(task, on_progress=lambda *at: seen.append(at))
    names = [sorted(b.artifact.candidate.entry_point or "" for b in cluster) for cluster in found.clusters]
    assert sorted(names) == [["capitals", "shout"], ["title"]], found.told
    assert all(b.adapted for cluster in found.clusters for b in cluster), "all under the name f"
    assert all(
        "def f" in b.candidate.files[0].text or "f = " in b.candidate.files[0].text for c in found.clusters for b in c
    )
    assert (found.tried, found.not_tried) == (4, 0)
    assert seen[-1] == (4, 3)


def test_more_examples_leave_fewer(filled: Lamarck) -> None:
    task = filled.shelf.task_of_examples(["f('ab') == 'AB'", "f('x') == 'X'"])
    found = filled.shelf.find_behaving(task)
    assert {b.artifact.candidate.entry_point for c in found.clusters for b in c} == {"shout", "capitals"}
    assert len(found.clusters) == 1


def test_filter_and_budget_are_kept(filled: Lamarck) -> None:
    task = filled.shelf.task_of_examples(["f('a b') == 'A B'"])
    assert filled.shelf.find_behaving(task, filter=Filter(kind="tool")).clusters == ()
    nothing = filled.shelf.find_behaving(task, seconds=0)
    assert (nothing.clusters, nothing.tried, nothing.not_tried) == ((), 0, 4)
    assert sum(len(c) for c in filled.shelf.find_behaving(task, limit=1).clusters) == 1


def test_tests_that_prove_nothing_find_nothing(filled: Lamarck, tmp_path: Path) -> None:
    test = tmp_path / "test_hollow.py"
    test.write_text("from thing import f\n\n\ndef test_it():\n    f('a')\n")
    with pytest.raises(BadInput, match="prove nothing"):
        filled.shelf.find_behaving(filled.task(test))


@pytest.mark.parametrize(
    ("examples", "told"),
    [
        (["f(1)"], "is no example"),
        (["f(1) == 2 == 3"], "is no example"),
        (["x.f(1) == 2"], "is no example"),
        (["f(1) raises 3"], "is no example"),
        (["f(1 == 2"], "is no example"),
        (["f(1) == 2", "g(1) == 2"], "call f, g"),
    ],
)
def test_examples_are_read_or_refused(lamarck: Lamarck, examples: list[str], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        lamarck.shelf.task_of_examples(examples)


def test_an_example_that_raises(lamarck: Lamarck, keep: Keep) -> None:
    code = "def half(n: int) -> int:\n    if n % 2:\n        raise ValueError(n)\n    return n // 2\n"
    keep("halves", code, "from halves import half\n\n\ndef test_it():\n    assert half(4) == 2\n")
    task = lamarck.shelf.task_of_examples(["half(8) == 4", "half(3) raises ValueError"])
    assert len(lamarck.shelf.find_behaving(task).clusters) == 1
