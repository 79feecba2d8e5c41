"""Tests that no code can pass together, as far as their text shows it."""

from __future__ import annotations

import ast
import copy
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
    """(line, call, value) of assertions like `f(1, "a") == 3`, those with parameters once for each written row."""
    imported = {
        alias.asname or alias.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) for alias in n.names
    }
    if _keeps_state(tree):
        return
    for test in ast.walk(tree):
        if not isinstance(test, ast.FunctionDef):
            continue
        for line, call, value in _equals(test):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in imported):
                continue
            for row in _rows(test):
                own, wanted = _Given(row).visit(copy.deepcopy(call)), _Given(row).visit(copy.deepcopy(value))
                try:
                    for part in (*own.args, *(k.value for k in own.keywords)):
                        ast.literal_eval(part)
                    yield line, ast.unparse(own), repr(ast.literal_eval(wanted))
                except ValueError:
                    continue


def _equals(test: ast.FunctionDef) -> Iterator[tuple[int, ast.expr, ast.expr]]:
    """Both sides of what a test says is equal, by `assert` or `assertEqual`."""
    for node in ast.walk(test):
        if isinstance(node, ast.Assert) and isinstance(node.test, ast.Compare):
            if len(node.test.ops) == 1 and isinstance(node.test.ops[0], ast.Eq):
                yield node.test.lineno, node.test.left, node.test.comparators[0]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "self.assertEqual" and len(node.args) >= 2:
            yield node.lineno, node.args[0], node.args[1]


def _rows(test: ast.FunctionDef) -> list[dict[str, ast.expr]]:
    """What the parameters of a test are, row by row; one empty row for a test without written ones."""
    for decorator in test.decorator_list:
        if not (isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("parametrize")):
            continue
        names, values = [*decorator.args, None, None][:2]
        if isinstance(names, ast.Constant) and isinstance(values, ast.List | ast.Tuple):
            words = [n.strip() for n in str(names.value).split(",")]
            rows = [e.elts if len(words) > 1 and isinstance(e, ast.Tuple | ast.List) else [e] for e in values.elts]
            return [dict(zip(words, row, strict=False)) for row in rows]
    return [{}]


class _Given(ast.NodeTransformer):
    """An expression with what its names stand for."""

    def __init__(self, row: dict[str, ast.expr]) -> None:
        self._row = row

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._row.get(node.id, node)


def _keeps_state(tree: ast.Module) -> bool:
    """Whether a test patches or sets something, so that one call may well give two values."""
    words = {"monkeypatch", "patch", "mock", "setattr", "environ", "global"}
    return any(isinstance(n, ast.Name | ast.arg | ast.Attribute) and _said(n) in words for n in ast.walk(tree))


def _said(node: ast.Name | ast.arg | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.arg if isinstance(node, ast.arg) else node.attr
