"""Library artifacts as candidates: aligned, each tried once a run, and asked for anew in every run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lamarck.budget import Budget
from lamarck.generators.reuse import Reuse, query
from lamarck.library.library import Hit
from lamarck.library.sqlite import SqliteLibrary
from lamarck.policy import Step
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Artifact,
    Attempt,
    Decision,
    Limits,
    Origin,
    SourceFile,
    Task,
    Trust,
    Verdict,
    make_candidate,
    make_task,
    now,
)

STEP = Step(number=1, generator="reuse", seed=1)
BUDGET = Budget(limits=Limits())


def kept(library: SqliteLibrary, text: str, entry: str, goal: str) -> Artifact:
    files = (SourceFile(path=f"{entry}.py", text=text),)
    candidate = make_candidate(files=files, entry_point=entry, origin=Origin(generator="user"))
    artifact = Artifact(
        id=candidate.id,
        kind="function",
        task=make_task(goal=goal, module=entry, entry_point=entry),
        candidate=candidate,
        verdict=Verdict(decision=Decision.ACCEPTED, evidence=()),
        created=now(),
    )
    library.save(artifact)
    return artifact


def proposed(reuse: Reuse, task: Task) -> list[Attempt]:
    history: list[Attempt] = []
    while (proposal := reuse.propose(task, tuple(history), STEP, BUDGET)) is not None:
        number = len(history) + 1
        history.append(Attempt(number=number, generator="reuse", candidate=proposal.candidate, verdict=None))
    return history


def test_every_alignment_once_and_anew_in_every_run(tmp_path: Path) -> None:
    with SqliteLibrary(tmp_path / "library.sqlite") as library:
        source = kept(library, "def repeat(text, times):\n    return text * times\n", "repeat", "repeat a text")
        reuse = Reuse(library, candidates=5, bits=0)
        task = make_task(
            goal="repeat some text", module="again", entry_point="again", signature="def again(count, word)"
        )
        first = proposed(reuse, task)
        texts = [a.candidate.files[0].text for a in first if a.candidate]
        assert len(texts) == 2
        assert any("return repeat(count, word)" in t for t in texts)
        assert any("return repeat(word, count)" in t for t in texts)
        assert all(a.candidate and a.candidate.parents == (source.id,) for a in first)
        assert all(a.candidate and a.candidate.files[0].path == "again.py" for a in first)
        assert [a.candidate for a in proposed(reuse, task)] == [a.candidate for a in first]


def test_several_files_serve_only_the_same_layout(tmp_path: Path) -> None:
    with SqliteLibrary(tmp_path / "library.sqlite") as library:
        files = (SourceFile(path="pkg/a.py", text="A = 1\n"), SourceFile(path="pkg/b.py", text="B = 2\n"))
        candidate = make_candidate(files=files, entry_point="A", origin=Origin(generator="user"))
        library.save(
            Artifact(
                id=candidate.id,
                kind="function",
                task=make_task(goal="two constants", module="pkg.a"),
                candidate=candidate,
                verdict=Verdict(decision=Decision.ACCEPTED, evidence=()),
                created=now(),
            )
        )
        reuse = Reuse(library, candidates=5, bits=0)
        same = tuple(SourceFile(path=f.path, text="") for f in files)
        assert proposed(reuse, make_task(goal="two constants", module="pkg.a", entry_point="A", stubs=same))
        assert not proposed(reuse, make_task(goal="two constants", module="other", entry_point="A"))


def test_the_query_is_what_is_wanted() -> None:
    task = make_task(goal="add numbers", module="m", entry_point="add", signature="def add(a, b)")
    assert query(task) == "add numbers\nadd"


def test_what_contradicts_the_request_and_what_is_only_renamed_is_left_out(tmp_path: Path) -> None:
    with SqliteLibrary(tmp_path / "library.sqlite") as library:
        three = kept(library, "def first(v):\n    return v[:3]\n", "first", "The first 3 elements of a list.")
        kept(library, "def first2(v):\n    return v[:2]\n", "first2", "The first 2 elements of a list.")
        kept(library, "def last(v):\n    return v[-3:]\n", "last", "The last 3 elements of a list.")
        renamed = make_candidate(
            files=(SourceFile(path="m.py", text="def first(v):\n    return v[:3]\n\n\nhead = first\n"),),
            entry_point="head",
            origin=Origin(generator="reuse"),
            parents=(three.id,),
        )
        library.save(three.replace(id=renamed.id, candidate=renamed, lineage=(three.id,)))
        task = make_task(goal="The first three elements of a list.", module="answer", entry_point="begin")
        attempts = proposed(Reuse(library, candidates=5, bits=0), task)
        origins = {a.candidate.parents[0] for a in attempts if a.candidate}
        assert len(origins) == 1
        assert origins <= {three.id, renamed.id}


def test_meaning_is_looked_for_only_when_words_leave_doubt(tmp_path: Path) -> None:
    asked: list[str] = []

    class Asked(SqliteLibrary):
        def find(self, text: str, **more: Any) -> tuple[Hit, ...]:
            asked.append(more.get("by", "both"))
            return super().find(text, **more)

    with Asked(tmp_path / "library.sqlite") as library:
        other = kept(library, "def echo(text, times):\n    return text * times\n", "echo", "say any text many times")
        named = kept(library, "def repeat(text):\n    return text * 2\n", "repeat", "the same once more")
        task = make_task(goal="say a text several times", module="repeat", entry_point="repeat")
        reuse = Reuse(library, candidates=5, bits=0)
        first = reuse.propose(task, (), STEP, BUDGET)
        assert first is not None
        assert first.candidate is not None
        assert first.candidate.parents == (named.id,)
        assert asked == ["words"]
        assert [a.candidate and a.candidate.parents for a in proposed(reuse, task)] == [(named.id,), (other.id,)]
        assert asked == ["words", "words", "both"]
        asked.clear()
        vague = make_task(goal="echoes of what was said", module="m", entry_point="f")
        reuse.propose(vague, (), STEP, BUDGET)
        assert asked == ["words", "both"]


def test_how_tests_call_something_is_no_number_that_a_request_names(tmp_path: Path) -> None:
    with SqliteLibrary(tmp_path / "library.sqlite") as library:
        goal = "halve a value\n\nThe module `halve` must provide: halve (3 arguments)."
        source = kept(library, "def halve(a, b=2, c=0):\n    return a / b\n", "halve", goal)
        task = make_task(goal="halve a value; nothing for 0", module="halve", entry_point="halve")
        assert [a.candidate and a.candidate.parents for a in proposed(Reuse(library, candidates=5, bits=0), task)] == [
            (source.id,)
        ]
        third = make_task(goal="a third of a value, for 3", module="halve", entry_point="halve")
        kept(library, "def third(a):\n    return a / 4\n", "third", "a fourth of a value, for 4")
        assert [a.candidate and a.candidate.parents for a in proposed(Reuse(library, candidates=5, bits=0), third)] == [
            (source.id,)
        ]


def test_a_crowd_of_opposites_hides_nothing(tmp_path: Path) -> None:
    with SqliteLibrary(tmp_path / "library.sqlite") as library:
        for number in range(2, 40):
            name = f"take_{number}"
            kept(library, f"def {name}(a):\n    return a[:{number}]\n", name, f"take the first {number} of a list")
        wanted = kept(library, "def front(a):\n    return a[:50]\n", "front", "what a list begins with")
        task = make_task(goal="take the first 50 of a list", module="m", entry_point="f", signature="def f(a)")
        found = [a.candidate and a.candidate.parents for a in proposed(Reuse(library, candidates=5, bits=0), task)]
        assert found == [(wanted.id,)]


@pytest.mark.parametrize(
    ("answers", "wanted"),
    [
        (["True"], {"mirror"}),
        (["7", "7", "7"], {"mirror"}),
        (["'not so large'"], {"mirror", "shout"}),
        (["True", "7", "[4, 5]"], {"mirror", "shout"}),
    ],
)
def test_where_tests_tell_little_only_nearly_the_same_request_is_tried(
    tmp_path: Path, answers: list[str], wanted: set[str]
) -> None:
    with SqliteLibrary(tmp_path / "library.sqlite") as library:
        goal = "turn a text round, from its last letter to its first"
        kept(library, "def mirror(text):\n    return text[::-1]\n", "mirror", goal)
        kept(library, "def shout(text):\n    return text.upper()\n", "shout", "every letter of a text, but large")
        tests = "from m import f\n\n\ndef test_it():\n" + "".join(f"    assert f('a') == {a}\n" for a in answers)
        task = make_task(
            goal=goal,
            module="m",
            entry_point="f",
            signature="def f(text)",
            acceptance=(Acceptance(kind=AcceptanceKind.PYTEST, content=tests, path="test_m.py", trust=Trust.GIVEN),),
        )
        attempts = proposed(Reuse(library, candidates=5), task)
        texts = [a.candidate.files[0].text for a in attempts if a.candidate]
        assert {name for name in ("mirror", "shout") if any(f"def {name}" in t for t in texts)} == wanted
