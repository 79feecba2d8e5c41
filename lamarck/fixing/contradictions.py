"""Tests that no code can pass together, as far as their text shows it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lamarck.errors import BadInput
from lamarck.records import Task, Trust


def refuse_contradictions(task: Task) -> None:
    """Raises `BadInput` for two assertions that want different values of one call with written arguments."""
    wanted: dict[str, tuple[str, str]] = {}
    for acceptance in task.tests(Trust.GIVEN):
        try:
            tree = ast.parse(acceptance.content)
        except SyntaxError:
            continue
        for place, call, value in _written(tree):
            known = wanted.setdefault(call, (value, f"{acceptance.path}:{place}"))
            if known[0] != value:
                raise BadInput(
                    f"the tests contradict each other: {call} == {known[0]} ({known[1]}) and "
                    f"{call} == {value} ({acceptance.path}:{place})",
                    "no code can pass both; correct one of them",
                )


def _written(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """(line, call, value) of assertions like `f(1, "a") == 3`, in functions that have no such name as a parameter."""
    imported = {
        alias.asname or alias.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) for alias in n.names
    }
    for node in ast.walk(tree):
        test = node.test if isinstance(node, ast.Assert) else None
        if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
            continue
        call, value = test.left, test.comparators[0]
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in imported):
            continue
        try:
            for part in (*call.args, *(k.value for k in call.keywords), value):
                ast.literal_eval(part)
        except ValueError:
            continue
        if not _keeps_state(tree):
            yield test.lineno, ast.unparse(call), repr(ast.literal_eval(value))


def _keeps_state(tree: ast.Module) -> bool:
    """Whether a test patches or sets something, so that one call may well give two values."""
    words = {"monkeypatch", "patch", "mock", "setattr", "environ", "global"}
    return any(isinstance(n, ast.Name | ast.arg | ast.Attribute) and _said(n) in words for n in ast.walk(tree))


def _said(node: ast.Name | ast.arg | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.arg if isinstance(node, ast.arg) else node.attr
