"""From a problem to the task that a user would have given."""

from __future__ import annotations

import ast
from pathlib import Path

from lamarck.api import Lamarck
from lamarck.benchmarks.problem import Problem
from lamarck.records import AcceptanceKind, Record, Task, make_task


class Built(Record, frozen=True, kw_only=True):
    """A problem as tasks: `task` for the loop, `scoring` with the hidden tests in place of the shown ones."""

    problem: Problem
    task: Task
    scoring: Task


def build(problem: Problem, lamarck: Lamarck, folder: Path) -> Built:
    """Write the problem's files below `folder` and read them as the user's task. Raises `BadInput` as reading does."""
    for file in problem.files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")
    named = folder / problem.source
    is_path = "\n" not in problem.source and len(problem.source) < 250 and named.exists()
    task = lamarck.task(named if is_path else problem.source, tests=[folder / t for t in problem.tests])
    if problem.entry_point is not None and problem.entry_point != task.entry_point:
        task = _aimed(task, problem.entry_point)
    if problem.goal is not None:
        task = _with(task, goal=problem.goal)
    if not problem.doctests:
        shown = tuple(a for a in task.acceptance if a.kind is not AcceptanceKind.DOCTEST)
        task = _with(task, acceptance=shown)
    support = {f.path: f for f in (*task.support, *problem.hidden_support)}
    scoring = _with(task, acceptance=problem.hidden, support=tuple(support.values()))
    return Built(problem=problem, task=task, scoring=scoring)


def _aimed(task: Task, entry_point: str) -> Task:
    """The task for another function of its stub than the one that was taken for it."""
    functions = [n for n in ast.parse(task.stubs[0].text).body if isinstance(n, ast.FunctionDef)]
    function = next(f for f in functions if f.name == entry_point)
    returns = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    signature = f"def {entry_point}({ast.unparse(function.args)}){returns}"
    goal = ast.get_docstring(function) or task.goal
    return _with(task, entry_point=entry_point, signature=signature, goal=goal)


def _with(task: Task, **changes: object) -> Task:
    fields = {name: getattr(task, name) for name in task.__struct_fields__ if name != "id"}
    return make_task(**(fields | changes))
