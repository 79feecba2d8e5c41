"""Blocks: what a task is offered, and how what is called comes along."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from lamarck.generators.blocks import Blocks, bundled, import_line, parts_of
from lamarck.generators.prompt import opening
from lamarck.library.building_block import Block, block_of
from lamarck.library.sqlite import SqliteLibrary
from lamarck.records import (
    Artifact,
    Decision,
    Origin,
    SourceFile,
    Verdict,
    make_candidate,
    make_task,
    now,
)


def block(name: str, source: str) -> Block:
    return Block(artifact_id=f"id of {name}", name=name, shown="", source=source)


SPLIT = block(
    "split_row",
    '"""Rows."""\n\nfrom __future__ import annotations\n\nimport re\n\n_GAP = re.compile(r"\\s+")\n_UNUSED = 1\n\n\n'
    "def _words(text):\n    return _GAP.split(text)\n\n\n"
    'def split_row(text):\n    """Split."""\n    return _words(text)\n',
)
TOTAL = block("total", "def total(values):\n    return sum(int(v) for v in values)\n")


def artifact(text: str, entry: str | None, goal: str = "something", paths: tuple[str, ...] = ("m.py",)) -> Artifact:
    candidate = make_candidate(
        files=tuple(SourceFile(path=p, text=text) for p in paths), entry_point=entry, origin=Origin(generator="user")
    )
    return Artifact(
        id=candidate.id,
        kind="function",
        task=make_task(goal=goal, module="m", entry_point=entry),
        candidate=candidate,
        verdict=Verdict(decision=Decision.ACCEPTED, evidence=()),
        created=now(),
    )


def test_what_is_called_comes_along_with_what_it_needs_and_nothing_else() -> None:
    code, used = bundled(
        "from proven import split_row, total\n\n\ndef answer(text):\n    return split_row(text)\n", (SPLIT, TOTAL)
    )
    assert [b.name for b in used] == ["split_row"]
    tree = ast.parse(code)
    names = [n.name for n in tree.body if isinstance(n, ast.FunctionDef)]
    assert names == ["_words", "split_row", "answer"]
    assert "import re" in code
    assert "_GAP =" in code
    assert "_UNUSED" not in code
    assert "proven" not in code
    assert isinstance(tree.body[0], ast.ImportFrom)
    assert tree.body[0].module == "__future__"


@pytest.mark.parametrize(
    "code",
    [
        "def answer(text):\n    return total(text)\n",
        "def answer(text):\n    from proven import total\n    return total(text)\n",
        "from proven import total as added\n\n\ndef answer(text):\n    return added(text)\n",
        'def total(values):\n    """Told."""\n    return sum(int(v) for v in values)\n\n\n'
        "def answer(text):\n    return total(text)\n",
    ],
    ids=["without an import", "imported inside", "under another name", "written again"],
)
def test_ways_of_calling(code: str) -> None:
    text, used = bundled(code, (SPLIT, TOTAL))
    assert used == (TOTAL,)
    assert text.count("def total(") == 1
    assert "proven" not in text
    ast.parse(text)


def test_a_name_that_means_something_else_stays_out() -> None:
    other = block(
        "count", "def _words(text):\n    return list(text)\n\n\ndef count(text):\n    return len(_words(text))\n"
    )
    text, used = bundled("def answer(t):\n    return split_row(t), count(t)\n", (SPLIT, other))
    assert used == (SPLIT,)
    assert text.count("def _words(") == 1


def test_code_that_calls_nothing_and_text_that_is_none_stay_as_they_are() -> None:
    assert bundled("def answer(t):\n    return 1\n", (SPLIT,)) == ("def answer(t):\n    return 1\n", ())
    assert bundled("def answer(", (SPLIT,)) == ("def answer(", ())


def test_a_helper_that_both_have_is_brought_once() -> None:
    first = block("one", "def _h(t):\n    return t\n\n\ndef one(t):\n    return _h(t)\n")
    second = block("two", 'def _h(t):\n    """Same."""\n    return t\n\n\ndef two(t):\n    return _h(t)\n')
    text, used = bundled("def answer(t):\n    return one(two(t))\n", (first, second))
    assert len(used) == 2
    assert text.count("def _h(") == 1


def test_only_plain_functions_of_one_file_are_blocks() -> None:
    good = "def f(x: int) -> int:\n    return x\n"
    found = block_of(artifact(good, "f", "Give x. More."))
    assert found is not None
    assert found.shown == 'def f(x: int) -> int:\n    """Give x. More."""'
    ast.parse(found.shown)
    assert block_of(artifact(good, None)) is None
    assert block_of(artifact(good, "f", paths=("a.py", "b.py"))) is None
    assert block_of(artifact("print(1)\n\n\n" + good, "f")) is None
    assert block_of(artifact("class f:\n    pass\n", "f")) is None
    assert block_of(artifact("def f(:", "f")) is None


def test_a_goal_is_searched_by_its_steps() -> None:
    goal = "Read the rows of a text, then add up what each customer paid and write it as a table. Blank lines are out."
    assert parts_of(goal) == (
        goal,
        "Read the rows of a text",
        "add up what each customer paid",
        "write it as a table",
        "Blank lines are out",
    )


def test_the_opening_imports_what_is_offered() -> None:
    stub = 'from __future__ import annotations\n\n\ndef answer(t: str) -> int:\n    """Answer."""\n    ...\n'
    stub = stub.replace('"""Answer."""', '"""\n    Answer.\n    """')
    task = make_task(goal="Answer.", module="m", entry_point="answer", stubs=(SourceFile(path="m.py", text=stub),))
    begun = opening(task, import_line((SPLIT, TOTAL)))
    assert "from proven import split_row, total\n\n\ndef answer" in begun
    assert opening(task, import_line(())) == opening(task)


def test_a_task_is_offered_what_is_near_to_its_steps(tmp_path: Path) -> None:
    with SqliteLibrary(tmp_path / "library.sqlite") as library:
        near = artifact("def split_row(t):\n    return t.split()\n", "split_row", "Split a row of text into words.")
        far = artifact("def pi():\n    return 3\n", "pi", "Circumference over diameter.")
        library.save(near)
        library.save(far)
        task = make_task(goal="Split a row of text into words, then count them.", module="m", entry_point="count")
        offered = Blocks(library, most=4, least=0.4).for_task(task)
        assert [a.id for a in offered] == [near.id]
        assert Blocks(library, most=0, least=0.0).for_task(task) == ()
        own = task.replace(entry_point="split_row")
        assert Blocks(library, most=4, least=0.4).for_task(own) == ()


def test_what_makes_what_is_given_is_not_offered(tmp_path: Path) -> None:
    with SqliteLibrary(tmp_path / "library.sqlite") as library:
        reader = "def read_rows(text: str) -> list[int]:\n    return [int(t) for t in text.split()]\n"
        sorter = "def sort_rows(rows: list[int]) -> list[int]:\n    return sorted(rows)\n"
        library.save(artifact(reader, "read_rows", "Read the rows of a text."))
        library.save(artifact(sorter, "sort_rows", "Sort the rows of numbers."))
        task = make_task(goal="Sort the rows, then read the rows twice.", module="m", entry_point="f")
        names = [
            [a.candidate.entry_point for a in Blocks(library, most=4, least=0.2).for_task(t)]
            for t in (task, task.replace(signature="def f(rows: list[int]) -> list[int]"))
        ]
        assert sorted(map(str, names[0])) == ["read_rows", "sort_rows"]
        assert names[1] == ["sort_rows"]
