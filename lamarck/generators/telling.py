"""How much the given tests of a task tell: in bits, what their expected answers rule out.

Code that has nothing to do with a task passes a test whose answer is True every other time, and one whose answer is a
sentence hardly ever. So what is tried on tests because it lies near, and not because it was made for them, is tried
only where a coincidence is unlikely. The bits are a scale of ours, not an entropy that was measured: wide enough apart
to tell a few truth values from a few texts.
"""

from __future__ import annotations

import ast
import doctest
import json
from collections.abc import Iterator
from contextlib import suppress
from math import log2

from lamarck.generators.search.cases import cases_of
from lamarck.generators.syntax import tree_of
from lamarck.records import AcceptanceKind, Task, Trust

_UNREAD = 3.0  # of a case whose answer is no literal
_AGAIN = 1.0  # of an answer that another case has already, or that is an argument of its own case
_MADE = 12.0  # of an object that is made, such as a date
_FLOAT = 10.0
_TEXT, _MOST_TEXT = 4.0, 24.0  # of a character; of a text
_MOST = 32.0
_CONTAINERS: dict[type[ast.expr], str] = {ast.List: "list", ast.Tuple: "tuple", ast.Set: "set"}
_EQUAL = {"assertEqual", "assertEquals", "assertListEqual", "assertDictEqual", "assertCountEqual", "assertAlmostEqual"}


def bits_of(task: Task) -> float:
    """Of all given tests together; each answer counts in full once."""
    shown = list(_shown(task))
    total = 0.0
    seen: set[str] = set()
    for answer, call in shown:
        text = ast.dump(answer)
        is_known = text in seen or text in map(ast.dump, call.args)
        seen.add(text)
        total += min(_AGAIN, _bits(answer)) if is_known else _bits(answer)
    return total + _UNREAD * max(0, cases_of(task) - len(shown))


def container_of(task: Task) -> str | None:
    """`list`, `tuple` or `set`, where every answer that can be read is one, and what is asked for gives it itself; else
    None: a test may put into a list what it got."""
    shown = list(_shown(task))
    kinds = {type(answer) for answer, _ in shown}
    itself = all(isinstance(call.func, ast.Name) and call.func.id == task.entry_point for _, call in shown)
    return _CONTAINERS.get(kinds.pop()) if itself and len(kinds) == 1 else None


def _shown(task: Task) -> Iterator[tuple[ast.expr, ast.Call]]:
    return (pair for each in task.tests(Trust.GIVEN) for pair in _answers(each.kind, each.content))


def _answers(kind: AcceptanceKind, content: str) -> Iterator[tuple[ast.expr, ast.Call]]:
    """Each expected answer that can be read, with the call that has to give it."""
    if kind is AcceptanceKind.PYTEST:
        tree = tree_of(content)
        yield from _of_tests(tree) if tree is not None else ()
    elif kind is AcceptanceKind.EXAMPLES:
        for example in json.loads(content):
            yield from _pair(str(example.get("call", "")), str(example.get("equals") or ""))
    elif kind is AcceptanceKind.DOCTEST:
        for one in _examples(content):
            if one.want and one.exc_msg is None:
                yield from _pair(one.source, one.want)


def _examples(source: str) -> Iterator[doctest.Example]:
    tree = tree_of(source)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            with suppress(ValueError):  # of doctests that are none
                yield from doctest.DocTestParser().get_examples(ast.get_docstring(node) or "")


def _pair(call: str, answer: str) -> Iterator[tuple[ast.expr, ast.Call]]:
    made, expected = tree_of(call.strip()), tree_of(answer.strip())
    match (made.body[-1:] if made else [], expected.body if expected else []):
        case [ast.Expr(value=ast.Call() as called)], [ast.Expr(value=value)]:
            yield value, called


def _of_tests(tree: ast.Module) -> Iterator[tuple[ast.expr, ast.Call]]:
    for node in ast.walk(tree):
        match node:
            case ast.Assert(test=ast.Compare(left=ast.Call() as call, ops=[ast.Eq() | ast.Is()], comparators=[answer])):
                pass
            case ast.Assert(test=ast.Compare(left=answer, ops=[ast.Eq() | ast.Is()], comparators=[ast.Call() as call])):
                pass
            case ast.Assert(test=ast.Call() as call):
                answer = ast.Constant(value=True)
            case ast.Assert(test=ast.UnaryOp(op=ast.Not(), operand=ast.Call() as call)):
                answer = ast.Constant(value=False)
            case ast.Call(func=ast.Attribute(attr=name), args=[ast.Call() as call, answer, *_]) if name in _EQUAL:
                pass
            case ast.Call(func=ast.Attribute(attr="assertTrue" | "assertFalse"), args=[ast.Call() as call, *_]):
                answer = ast.Constant(value=True)
            case _:
                continue
        if _is_read(answer):
            yield answer, call


def _is_read(answer: ast.expr) -> bool:
    return not isinstance(answer, ast.Name | ast.Attribute | ast.Subscript | ast.BinOp)


def _bits(answer: ast.expr) -> float:
    match answer:
        case ast.Constant(value=bool() | None):
            return 1.0
        case ast.Constant(value=int(number)):
            return min(16.0, 1 + log2(2 * abs(number) + 2))
        case ast.Constant(value=float(number)):
            return _FLOAT if number % 1 else min(16.0, 1 + log2(2 * abs(number) + 2))
        case ast.Constant(value=str(text) | bytes(text)):
            return min(_MOST_TEXT, 2 + _TEXT * len(text))
        case ast.UnaryOp(operand=inner):
            return 1 + _bits(inner)
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return min(_MOST, 2 + sum(map(_bits, parts)))
        case ast.Dict(keys=keys, values=values):
            return min(_MOST, 2 + sum(_bits(p) for p in (*keys, *values) if p is not None))
        case ast.Call():
            return _MADE
        case _:
            return _UNREAD
