"""Test files with one test for every assertion, so that what fails can be told from what passes.

Only for searching: what is left out of a test, or parted, decides nothing; the judge runs the tests as they were given.
"""

from __future__ import annotations

import ast
import copy
import doctest
from collections.abc import Iterator

from lamarck.records import AcceptanceKind, Task, Trust

_MOST = 60  # cases of one test
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def parted(text: str) -> str:
    """A test file in which every test of several assertions, or of a loop over written cases, is several tests. As it
    was where it does not parse."""
    tree = _parted(text)
    return text if tree is None else ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _parted(text: str) -> ast.Module | None:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    helpers = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("test")}
    body: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, ast.Assign) and _is_docstrings(node):
            node.value = ast.parse(repr(list(_doctests(ast.literal_eval(node.value)))), mode="eval").body
            body.append(node)
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            body += list(_parts(node, helpers, constants)) or [node]
        elif isinstance(node, ast.ClassDef):
            node.body = [
                part
                for inner in node.body
                for part in (
                    (list(_parts(inner, {}, constants)) or [inner])
                    if isinstance(inner, ast.FunctionDef) and inner.name.startswith("test")
                    else [inner]
                )
            ]
            body.append(node)
        else:
            body.append(node)
    tree.body = body
    return tree


def shown_cases(text: str) -> int:
    """How many cases a test file shows: assertions, examples of doctests, rows of parameters; 0 where it does not
    parse."""
    tree = _parted(text)
    if tree is None:
        return 0
    examples = [len(ast.literal_eval(n.value)) for n in tree.body if isinstance(n, ast.Assign) and _is_docstrings(n)]
    inner = [n for node in tree.body for n in (node.body if isinstance(node, ast.ClassDef) else [node])]
    tests = [n for n in inner if isinstance(n, _Function) and n.name.startswith("test")]
    # One test runs all the examples, whatever their number.
    return sum(examples) - len(examples) + sum(_rows(t) for t in tests)


def cases_of(task: Task) -> int:
    """How many cases a task's given tests show."""
    count = 0
    for each in task.tests(Trust.GIVEN):
        if each.kind is AcceptanceKind.PYTEST:
            count += shown_cases(each.content)
        elif each.kind is AcceptanceKind.EXAMPLES:
            count += each.content.count('"call"')
        elif each.kind is AcceptanceKind.DOCTEST:
            count += each.content.count(">>>")
    return count


def _rows(test: _Function) -> int:
    """How often a test runs: the product of what its parametrize decorators list, 1 without any."""
    count = 1
    for decorator in test.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("parametrize"):
            rows = [a for a in decorator.args[1:] if isinstance(a, ast.List | ast.Tuple)]
            count *= max(1, len(rows[0].elts)) if rows else 1
    return count


def _parts(
    test: ast.FunctionDef, helpers: dict[str, ast.FunctionDef], constants: dict[str, ast.expr]
) -> Iterator[ast.stmt]:
    """The tests that `test` is parted into, with the helpers that they need; nothing where it cannot be."""
    cases = list(_cases(test.body, constants))
    if len(cases) > 1:
        for number, case in enumerate(cases[:_MOST]):
            yield _with(test, f"{test.name}__{number}", case)
        return
    called = [
        n.func.id
        for n in ast.walk(test)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id in helpers
    ]
    if len(called) != 1 or any(isinstance(n, ast.Assert) for n in ast.walk(test)):
        return
    helper = helpers[called[0]]
    cases = list(_cases(helper.body, constants))
    if len(cases) < 2:
        return
    for number, case in enumerate(cases[:_MOST]):
        yield _with(helper, f"{helper.name}__{number}", case)
        renamed = _Renamed(helper.name, f"{helper.name}__{number}").visit(copy.deepcopy(test))
        yield _with(renamed, f"{test.name}__{number}", renamed.body)


def _cases(body: list[ast.stmt], constants: dict[str, ast.expr]) -> Iterator[list[ast.stmt]]:
    """What has to run for each assertion, or each round of a loop, alone."""
    own = {n.id for s in body for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    before: list[ast.stmt] = []
    for statement in body:
        if isinstance(statement, ast.Assert):
            yield [*before, statement]
            if own & {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}:
                before.append(ast.Expr(value=statement.test))  # it may change what the next ones see
        elif isinstance(statement, ast.With) and any(isinstance(n, ast.Assert) for n in ast.walk(statement)):
            yield [*before, statement]
            before.append(statement)
        elif isinstance(statement, ast.For) and any(isinstance(n, ast.Assert) for n in ast.walk(statement)):
            series = statement.iter
            if isinstance(series, ast.Name) and series.id in constants and series.id not in own:
                series = constants[series.id]
            if not isinstance(series, ast.List | ast.Tuple):
                yield [*before, statement]
                continue
            for element in series.elts[:_MOST]:
                one = copy.copy(statement)
                one.iter = ast.List(elts=[element], ctx=ast.Load())
                yield [*before, one]
        else:
            before.append(statement)


def _with(function: ast.FunctionDef, name: str, body: list[ast.stmt]) -> ast.FunctionDef:
    made = copy.copy(function)
    made.name = name
    made.body = body
    return made


class _Renamed(ast.NodeTransformer):
    def __init__(self, name: str, to: str) -> None:
        self._name = name
        self._to = to

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(id=self._to, ctx=node.ctx) if node.id == self._name else node


def _is_docstrings(node: ast.Assign) -> bool:
    """The table of a doctest file of Lamarck's own making."""
    return [t.id for t in node.targets if isinstance(t, ast.Name)] == ["DOCSTRINGS"] and isinstance(
        node.value, ast.List
    )


def _doctests(rows: list[tuple[str, int, str]]) -> Iterator[tuple[str, int, str]]:
    """One row for each example, where none of them prepares another one."""
    for name, line, text in rows:
        examples = doctest.DocTestParser().get_examples(text)
        if len(examples) < 2 or not all(_is_expression(e.source) for e in examples):
            yield name, line, text
            continue
        for number, example in enumerate(examples):
            want = example.want if example.want.endswith("\n") or not example.want else example.want + "\n"
            yield f"{name}-{number}", line, f">>> {example.source.rstrip().replace(chr(10), chr(10) + '... ')}\n{want}"


def _is_expression(source: str) -> bool:
    try:
        ast.parse(source, mode="eval")
    except SyntaxError:
        return False
    return True
