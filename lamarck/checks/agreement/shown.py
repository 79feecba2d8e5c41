"""The calls that a task's tests, doctests and examples show, read out of their text. Nothing is run."""

from __future__ import annotations

import ast
import doctest
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

import msgspec

from lamarck.checks.agreement.calls import Call
from lamarck.checks.agreement.literals import Names, Unknown, items_of, named_items, value_of
from lamarck.errors import LamarckError
from lamarck.records import Acceptance, AcceptanceKind, Example, Task
from lamarck.tasks.specification import read_specification

_MOST_CALLS = 200  # of one task; more tell nothing new about what a function takes
_MOST_CASES = 50  # of one parametrization or loop
_MOST_STATEMENTS = 20_000  # read in one module, loops unrolled


def shown_calls(task: Task, functions: Iterable[str]) -> tuple[Call, ...]:
    """The different calls of `functions` in the task's tests, doctests and examples, whose arguments can be told
    without running anything: literals, names of literals, parametrizations, loops over literals."""
    wanted = frozenset(functions)
    found: dict[str, Call] = {}
    for acceptance in task.acceptance:
        for call in _calls_of(acceptance, task.module, wanted):
            found.setdefault(call.source, call)
            if len(found) >= _MOST_CALLS:
                return tuple(found.values())
    return tuple(found.values())


def _calls_of(acceptance: Acceptance, module: str, wanted: frozenset[str]) -> Iterator[Call]:
    for text in _texts(acceptance):
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            continue
        yield from _Reading(tree, module, wanted).calls()


def _texts(acceptance: Acceptance) -> Iterator[str]:
    """Python modules that say the same."""
    if acceptance.kind is AcceptanceKind.PYTEST:
        yield acceptance.content
    elif acceptance.kind is AcceptanceKind.EXAMPLES:
        try:
            examples = msgspec.json.decode(acceptance.content, type=list[Example])
        except msgspec.MsgspecError:
            return
        yield from (example.call for example in examples)
    elif acceptance.kind is AcceptanceKind.BDD:
        yield from _specified(acceptance)
    else:
        try:
            tree = ast.parse(acceptance.content)
        except (SyntaxError, ValueError, RecursionError):
            return
        kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        for node in ast.walk(tree):
            text = ast.get_docstring(node) if isinstance(node, kinds) else None
            if text and ">>>" in text:
                yield _session(text)


def _specified(acceptance: Acceptance) -> Iterator[str]:
    """The calls that a specification of a tool describes."""
    try:
        specification = read_specification(acceptance.content, acceptance.path)
    except LamarckError:
        return
    for behaviour in specification.behaviours if specification.level == "tool" else ():
        given = {str(s["name"]): s["value"] for s in behaviour.steps if s["do"] == "given"}
        for step in behaviour.steps:
            if step["do"] == "call" and (name := step["function"] or specification.target):
                yield f"{name}({', '.join(f'{k}={v!r}' for k, v in {**given, **step['with']}.items())})"


def _session(docstring: str) -> str:
    """The examples of a docstring as one module, without those that are no Python."""
    kept: list[str] = []
    try:
        examples = doctest.DocTestParser().get_examples(docstring)
    except ValueError:
        return ""
    for example in examples:
        try:
            ast.parse(example.source)
        except SyntaxError:
            continue
        kept.append(example.source)
    return "".join(kept)


class _Reading:
    """One test module, read statement by statement with the values that its names are known to have."""

    def __init__(self, tree: ast.Module, module: str, wanted: frozenset[str]) -> None:
        self._tree = tree
        self._wanted = wanted
        self._functions = {name: name for name in wanted}
        self._modules = {module, module.rpartition(".")[2]}
        self._found: list[Call] = []
        self._left = _MOST_STATEMENTS
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == module:
                self._functions |= {a.asname: a.name for a in node.names if a.asname and a.name in wanted}
            elif isinstance(node, ast.Import):
                self._modules |= {a.asname for a in node.names if a.name == module and a.asname}
        self._functions |= dict(self._handed_over())

    def _handed_over(self) -> Iterator[tuple[str, str]]:
        """Parameters of the test module's own functions that stand for a function: `check(candidate)` as `check(f)`."""
        own = {node.name: node for node in self._tree.body if isinstance(node, ast.FunctionDef)}
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in own:
                for parameter, argument in zip(own[node.func.id].args.args, node.args, strict=False):
                    if isinstance(argument, ast.Name) and argument.id in self._functions:
                        yield parameter.arg, self._functions[argument.id]

    def calls(self) -> list[Call]:
        self._read(self._tree.body, {})
        return self._found

    def _read(self, body: list[ast.stmt], before: Names) -> dict[str, Any]:
        """Note the calls in `body`; the names that are known after it."""
        names = dict(before)
        for statement in body:
            self._left -= 1
            if self._left < 0:
                break
            if isinstance(statement, ast.ClassDef):
                self._read(statement.body, names)
            elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                for more in _parametrized(statement, names):
                    self._read(statement.body, {**names, **more})
            elif isinstance(statement, ast.For | ast.AsyncFor):
                for more in _bindings(statement.target, statement.iter, names):
                    self._read(statement.body, {**names, **more})
            else:
                self._read_plain(statement, names)
        return names

    def _read_plain(self, statement: ast.stmt, names: dict[str, Any]) -> None:
        for field in ("body", "orelse", "finalbody"):
            names.update(self._read(getattr(statement, field, []), names))
        for handler in getattr(statement, "handlers", []):
            self._read(handler.body, names)
        for expression in ast.iter_child_nodes(statement):
            if isinstance(expression, ast.expr | ast.withitem):
                for node in ast.walk(expression):
                    if isinstance(node, ast.Call):
                        self._note(node, names)
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            try:
                names.update(_bound(statement.targets[0], value_of(statement.value, names)))
            except Unknown:
                for node in ast.walk(statement.targets[0]):
                    if isinstance(node, ast.Name):
                        names.pop(node.id, None)
        elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            names.pop(statement.target.id, None)

    def _note(self, node: ast.Call, names: Names) -> None:
        function = self._function(node.func)
        if function is None:
            return
        try:
            args: list[Any] = []
            for each in node.args:
                if isinstance(each, ast.Starred):
                    args += items_of(value_of(each.value, names))
                else:
                    args.append(value_of(each, names))
            kwargs: list[tuple[str, Any]] = []
            for keyword in node.keywords:
                value = value_of(keyword.value, names)
                kwargs += [(keyword.arg, value)] if keyword.arg else named_items(value)
        except Unknown:
            return
        self._found.append(Call(function, tuple(args), tuple(kwargs)))

    def _function(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Name):
            return self._functions.get(node.id)
        if isinstance(node, ast.Attribute) and node.attr in self._wanted:
            return node.attr if ast.unparse(node.value) in self._modules else None
        return None


def _parametrized(function: ast.FunctionDef | ast.AsyncFunctionDef, names: Names) -> Iterator[dict[str, Any]]:
    """The values of the parameters of a test, case by case; once with nothing where it has none."""
    cases: list[list[dict[str, Any]]] = []
    for decorator in function.decorator_list:
        if not (isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("parametrize")):
            continue
        if len(decorator.args) < 2:
            continue
        try:
            told = value_of(decorator.args[0], names)
        except Unknown:
            continue
        wanted = [n.strip() for n in told.split(",")] if isinstance(told, str) else [str(n) for n in told]
        target: ast.expr = ast.Name(wanted[0]) if len(wanted) == 1 else ast.Tuple([ast.Name(n) for n in wanted])
        cases.append(list(_bindings(target, decorator.args[1], names)))
    for number, combination in enumerate(product(*cases)):
        if number >= _MOST_CASES:
            return
        yield {name: value for each in combination for name, value in each.items()}


def _bindings(target: ast.expr, iterated: ast.expr, names: Names) -> Iterator[dict[str, Any]]:
    """What the target is bound to for each item that can be told."""
    literal = iterated.elts if isinstance(iterated, ast.List | ast.Tuple | ast.Set) else None
    try:
        nodes = literal or [ast.Constant(value=item) for item in items_of(value_of(iterated, names))]
    except Unknown:
        return
    for node in nodes[:_MOST_CASES]:
        try:
            yield dict(_bound(target, value_of(node, names)))
        except Unknown:
            continue


def _bound(target: ast.expr, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple | ast.List):
        items = items_of(value)
        if len(items) != len(target.elts):
            raise Unknown
        for each, item in zip(target.elts, items, strict=True):
            yield from _bound(each, item)
    else:
        raise Unknown
