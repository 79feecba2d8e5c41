"""From a row of a suite to the task that a user would have given."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamarck.api import Lamarck, Settings
from lamarck.benchmarks.building import build
from lamarck.benchmarks.problem import Problem, hidden_tests
from lamarck.records import AcceptanceKind, SourceFile, Trust

STUB = '''def tail(s):
    """The last letter."""
    return s[-1]


def head(s: str, count: int = 1) -> str:
    """The first letters.

    >>> head("ab")
    'a'
    """
'''
SHOWN = "from solution import head\n\n\ndef test_head():\n    assert head('xyz', 2) == 'xy'\n"
HIDDEN = "from solution import head\nimport data\n\n\ndef test_all():\n    assert head(*data.CASE) == 'q'\n"


def problem(**changes: object) -> Problem:
    fields: dict[str, object] = {
        "id": "p",
        "files": (SourceFile(path="solution.py", text=STUB), SourceFile(path="test_shown.py", text=SHOWN)),
        "source": "solution.py",
        "tests": ("test_shown.py",),
        "entry_point": "head",
        "hidden": (hidden_tests("test_hidden.py", HIDDEN),),
        "hidden_support": (SourceFile(path="data.py", text="CASE = ('qrs',)\n"),),
        "reference": (SourceFile(path="solution.py", text=STUB + "    return s[:count]\n"),),
    }
    return Problem(**(fields | changes))  # type: ignore[arg-type]


@pytest.fixture
def lamarck(tmp_path: Path) -> Lamarck:
    return Lamarck(Settings(), library=tmp_path / "library.sqlite", folder=tmp_path)


def test_the_loop_gets_what_is_shown_and_the_score_what_is_hidden(lamarck: Lamarck, tmp_path: Path) -> None:
    built = build(problem(), lamarck, tmp_path / "files")
    shown = built.task.to_json()
    assert {a.kind for a in built.task.tests(Trust.GIVEN)} == {AcceptanceKind.PYTEST, AcceptanceKind.DOCTEST}
    assert "test_all" not in shown and "data.py" not in shown and "s[:count]" not in shown
    assert [a.path for a in built.scoring.acceptance] == ["test_hidden.py"]
    assert [f.path for f in built.scoring.support] == ["data.py"]
    assert built.scoring.module == built.task.module == "solution"
    assert built.scoring.id != built.task.id


def test_the_row_says_which_function_is_wanted(lamarck: Lamarck, tmp_path: Path) -> None:
    for tests in (("test_shown.py",), ()):  # with tests it shows in them; without, the loader can only guess
        task = build(problem(tests=tests), lamarck, tmp_path / f"files-{len(tests)}").task
        assert task.entry_point == "head"
        assert (task.signature or "").replace(" ", "") == "defhead(s:str,count:int=1)->str"
        assert "The first letters." in task.goal


def test_a_goal_replaces_the_one_of_the_docstring_and_doctests_can_be_left_out(
    lamarck: Lamarck, tmp_path: Path
) -> None:
    task = build(problem(goal="Mend it.", doctests=False), lamarck, tmp_path / "files").task
    assert task.goal == "Mend it."
    assert [a.kind for a in task.acceptance] == [AcceptanceKind.PYTEST]


def test_a_sentence_is_a_source_too(lamarck: Lamarck, tmp_path: Path) -> None:
    files = (SourceFile(path="test_shown.py", text=SHOWN),)
    sentence = problem(files=files, source="Write a function for the head of a text.", entry_point=None)
    task = build(sentence, lamarck, tmp_path / "files").task
    assert task.goal.startswith("Write a function for the head of a text.")
    assert (task.module, task.entry_point) == ("solution", "head")
