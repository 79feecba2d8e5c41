"""From a problem to the task that a user would have given."""

from __future__ import annotations

from pathlib import Path

from lamarck.api import Lamarck
from lamarck.benchmarks.problem import Problem
from lamarck.records import Record, Task, make_task


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
    if problem.goal is not None:
        task = _with(task, goal=problem.goal)
    support = {f.path: f for f in (*task.support, *problem.hidden_support)}
    scoring = _with(task, acceptance=problem.hidden, support=tuple(support.values()))
    return Built(problem=problem, task=task, scoring=scoring)


def _with(task: Task, **changes: object) -> Task:
    fields = {name: getattr(task, name) for name in task.__struct_fields__ if name != "id"}
    return make_task(**(fields | changes))
