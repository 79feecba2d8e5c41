"""Every shipped task: its reference is accepted, its stub rejected, and nothing of the answer is ever loaded.

Everything that runs here runs in the real sandbox, several subjects a judging.
"""

from __future__ import annotations

import ast
import json
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from lamarck.checks.hollow import hollow, hollow_for
from lamarck.checks.judge.judge import Judge, Subject, SubjectReport
from lamarck.generators.alignment import variants
from lamarck.records import Acceptance, AcceptanceKind, CheckOutcome, SourceFile, Task
from lamarck.sandbox.interpreter import find_interpreter
from lamarck.sandbox.selection import choose_sandbox
from lamarck.settings import SandboxSettings
from lamarck.tasks.loading import load_existing, load_task

Entry = dict[str, Any]

EXAMPLES = Path(__file__).parents[2] / "examples"
TASKS: list[Entry] = json.loads((EXAMPLES / "tasks" / "index.json").read_text())
INHERIT: list[Entry] = json.loads((EXAMPLES / "inherit" / "index.json").read_text())
OWN: list[Entry] = json.loads((EXAMPLES / "own" / "index.json").read_text())["functions"]
AGAIN: list[Entry] = json.loads((EXAMPLES / "own" / "index.json").read_text())["again"]
ALIGNMENTS = 3  # as many as the loop tries of one artifact


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return Judge(choose_sandbox(SandboxSettings()), find_interpreter(None, tmp_path_factory.mktemp("project")))


def each(entries: list[Entry]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("entry", entries, ids=[e["id"] for e in entries])


def load(kind: str, entry: Entry) -> Task:
    """The task as `lamarck solve` reads it."""
    folder = EXAMPLES / kind
    return load_task(str(folder / entry["task"]), tuple(folder / t for t in entry["tests"]))


def reference(kind: str, entry: Entry) -> tuple[SourceFile, ...]:
    return tuple(
        SourceFile(path=name.partition("/reference/")[2], text=text(kind, name)) for name in entry["reference"]
    )


def text(kind: str, name: str) -> str:
    return (EXAMPLES / kind / name).read_text()


def hidden_tests(entry: Entry) -> Acceptance:
    name = PurePosixPath(entry["hidden"]).name
    return Acceptance(kind=AcceptanceKind.PYTEST, content=text("tasks", entry["hidden"]), path=name)


def judged(
    judge: Judge, task: Task, subjects: dict[str, tuple[SourceFile, ...]], *more: Acceptance
) -> dict[str, SubjectReport]:
    report = judge.judge(
        task, (*task.acceptance, *more), tuple(Subject(label=label, files=files) for label, files in subjects.items())
    )
    assert report.broke is None
    assert report.collect_error is None
    return {s.label: s for s in report.subjects}


def failures(report: SubjectReport) -> list[str]:
    return [
        f"{r.id}: {r.failure.message if r.failure else r.outcome}"
        for r in report.results
        if r.outcome is not CheckOutcome.PASSED
    ]


# --- the twenty tasks ---------------------------------------------------------------------------------------------


def test_all_forms_and_kinds_occur() -> None:
    assert len({e["id"] for e in TASKS}) == 20
    assert {e["form"] for e in TASKS} == {"doctests", "pytest", "unittest", "yaml", "folder", "stub+tests"}
    kinds = {"function", "class", "files", "exceptions", "iterators", "text", "dates"}
    assert {k for e in TASKS for k in e["kinds"]} == kinds
    assert sorted(e["id"] for e in TASKS) == sorted(p.name for p in (EXAMPLES / "tasks").iterdir() if p.is_dir())


@each(TASKS)
def test_nothing_of_the_answer_is_loaded(entry: Entry) -> None:
    task = load("tasks", entry)
    loaded = [f.text.strip() for f in (*task.stubs, *task.support)] + [a.content.strip() for a in task.acceptance]
    answers = [f.text.strip() for f in reference("tasks", entry)]
    assert not {*answers, text("tasks", entry["hidden"]).strip()} & set(loaded)
    written = {f.path for f in task.stubs} or {task.main_path}
    assert written == {f.path for f in reference("tasks", entry)}
    for name in (EXAMPLES / "tasks" / entry["id"]).rglob("example*"):
        if name.suffix == ".py":
            assert name.read_text().strip() in answers


@each(TASKS)
def test_hidden_tests_add_something(entry: Entry) -> None:
    nodes = [
        n
        for n in ast.walk(ast.parse(text("tasks", entry["hidden"])))
        if isinstance(n, ast.Assert) or (isinstance(n, ast.With) and "raises" in ast.unparse(n.items[0]))
    ]
    assert 4 <= len(nodes) <= 9
    shown = "".join(a.content for a in load("tasks", entry).acceptance)
    assert not [n for n in nodes if isinstance(n, ast.Assert) and ast.unparse(n) in shown]


@each(TASKS)
def test_the_reference_is_accepted_and_the_stub_rejected(entry: Entry, judge: Judge) -> None:
    task = load("tasks", entry)
    answer = reference("tasks", entry)
    subjects = {
        "reference": answer,
        "as given": task.stubs if any(s.text for s in task.stubs) else hollow_for(task, "raise"),
        "returns None": hollow(answer, "none"),
    }
    reports = judged(judge, task, subjects, hidden_tests(entry))
    assert failures(reports["reference"]) == []
    total = len(reports["reference"].results)
    for label in ("as given", "returns None"):
        assert not reports[label].passed
        if reports[label].import_error is None:
            assert len(failures(reports[label])) >= 0.8 * total, label


# --- asked again --------------------------------------------------------------------------------------------------


def inherited(stored: Task, files: tuple[SourceFile, ...], asked: Task) -> dict[str, tuple[SourceFile, ...]]:
    """What the loop would try of a stored artifact for another task."""
    tries = variants(
        files, stored.entry_point, path=asked.main_path, wanted=asked.entry_point, signature=asked.signature
    )
    return {f"alignment {n}": aligned for n, aligned in enumerate(islice(tries, ALIGNMENTS), 1)}


@each(INHERIT)
def test_a_task_asked_again_is_answered_by_its_first_answer(entry: Entry, judge: Judge) -> None:
    first = next(e for e in TASKS if e["id"] == entry["of"])
    stored, asked = load("tasks", first), load("inherit", entry)
    assert asked.entry_point != stored.entry_point
    subjects = inherited(stored, reference("tasks", first), asked)
    if entry["expect"] == "new":
        subjects["reference"] = reference("inherit", entry)
    reports = judged(judge, asked, subjects)
    answered = [r.passed for label, r in reports.items() if label != "reference"]
    assert any(answered) is (entry["expect"] == "library")
    if entry["expect"] == "new":
        assert failures(reports["reference"]) == []


def test_requests_of_both_kinds() -> None:
    kinds = [e["expect"] for e in INHERIT]
    assert kinds.count("library") >= 4
    assert kinds.count("new") >= 2
    assert {e["expect"] for e in AGAIN} == {"library"}


# --- a user's own functions ---------------------------------------------------------------------------------------


def existing(entry: Entry) -> tuple[Task, tuple[SourceFile, ...]]:
    folder = EXAMPLES / "own"
    return load_existing((folder / entry["file"],), tuple(folder / t for t in entry["tests"]))


@each(OWN)
def test_a_function_of_the_users_own_is_proven(entry: Entry, judge: Judge) -> None:
    task, files = existing(entry)
    assert task.entry_point == entry["entry_point"]
    reports = judged(judge, task, {"own": files, "hollow": hollow(files, "none")})
    assert failures(reports["own"]) == []
    assert not reports["hollow"].passed


@each(AGAIN)
def test_a_function_of_the_users_own_answers_another_request(entry: Entry, judge: Judge) -> None:
    stored, files = existing(next(e for e in OWN if e["id"] == entry["of"]))
    asked = load("own", entry)
    reports = judged(judge, asked, inherited(stored, files, asked))
    assert any(r.passed for r in reports.values())
