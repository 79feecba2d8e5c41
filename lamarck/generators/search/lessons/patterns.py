"""Code with holes: made of two pieces of code by anti-unification, matched against others, filled again.

A pattern is a syntax tree in which names like `_name1`, `_expr2` and `_value3` stand for a name, an expression and a
constant; the same hole is the same thing wherever it stands. As text it is Python, so people can read it.

Anti-unification: Plotkin, A note on inductive generalization, Machine Intelligence 5, 1970: the most special pattern
that two terms are instances of; equal pairs of different parts become the same hole.
"""

from __future__ import annotations

import ast
import builtins
import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

HOLE = re.compile(r"_(name|expr|value)\d+\Z")
_CONTEXT = re.compile(r", ctx=\w+\(\)|ctx=\w+\(\)")
_BUILTIN = frozenset(dir(builtins))
_PLAIN = (0, 1, -1, 2, "", " ")  # constants that mean the same everywhere

Bindings = dict[str, ast.expr]
Place = tuple[ast.AST, str]  # whose field
Difference = tuple[list[Place], ast.AST, ast.AST]


def key(node: ast.AST) -> str:
    """Equal for equal code, whether it is read or written to."""
    return _CONTEXT.sub("", ast.dump(node))


def hole_of(node: ast.AST) -> str | None:
    """The hole that a node of a pattern is."""
    return node.id if isinstance(node, ast.Name) and HOLE.match(node.id) else None


def holes_in(node: ast.AST) -> set[str]:
    return {h for n in ast.walk(node) if (h := hole_of(n))}


def is_bare(node: ast.AST) -> bool:
    """Whether a pattern says nothing of its own: it would fit everywhere."""
    return isinstance(node, ast.Name | ast.Constant)


# --- one pair of pieces --------------------------------------------------------------------------------------------


def abstracted(before: ast.AST, after: ast.AST) -> tuple[ast.AST, ast.AST]:
    """Two pieces of code with everything in holes that both of them hold, and with every name that is not built in."""
    shared = {key(n) for n in ast.walk(before) if isinstance(n, ast.expr)}
    shared &= {key(n) for n in ast.walk(after) if isinstance(n, ast.expr)}
    work = _Abstracting(shared)
    return work.of(before), work.part(after)


class _Abstracting:
    def __init__(self, shared: set[str]) -> None:
        self._shared = shared
        self._holes: dict[str, str] = {}

    def of(self, node: ast.AST) -> ast.AST:
        found = copy.deepcopy(node)
        for name, value in ast.iter_fields(found):
            if isinstance(value, ast.expr):
                setattr(found, name, self._expression(value))
            elif isinstance(value, ast.AST):
                setattr(found, name, self.of(value))
            elif isinstance(value, list):
                setattr(found, name, [self.part(v) for v in value])
        return found if not isinstance(found, ast.Name) else self._expression(found)

    def part(self, value: Any) -> Any:
        if isinstance(value, ast.expr):
            return self._expression(value)
        return self.of(value) if isinstance(value, ast.AST) else value

    def _expression(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Name):
            return node if node.id in _BUILTIN else self._hole(node, "name")
        if isinstance(node, ast.Constant):
            is_plain = node.value is None or isinstance(node.value, bool) or node.value in _PLAIN
            return self._hole(node, "value") if key(node) in self._shared and not is_plain else node
        if key(node) in self._shared and not isinstance(node, ast.Starred | ast.Slice | ast.Tuple):
            return self._hole(node, "expr")
        found = self.of(node)
        assert isinstance(found, ast.expr)
        return found

    def _hole(self, node: ast.expr, sort: str) -> ast.Name:
        name = self._holes.setdefault(key(node), f"_{sort}{len(self._holes) + 1}")
        return ast.Name(id=name, ctx=getattr(node, "ctx", ast.Load()))


# --- two patterns --------------------------------------------------------------------------------------------------


def generalised(one: tuple[ast.AST, ast.AST], other: tuple[ast.AST, ast.AST]) -> tuple[ast.AST, ast.AST] | None:
    """The most special pair (before, after) that both pairs are instances of; None where it would say nothing: a bare
    hole, the same before and after, or something to be made from nothing."""
    work = _Meeting()
    before, after = work.of(one[0], other[0]), work.of(one[1], other[1])
    if before is None or after is None or hole_of(before) or key(before) == key(after):
        return None
    if not holes_in(after) <= holes_in(before):
        return None
    return before, after


class _Meeting:
    def __init__(self) -> None:
        self._holes: dict[tuple[str, str], str] = {}

    def of(self, one: ast.AST, other: ast.AST) -> ast.AST | None:
        """None where no hole can stand for the two."""
        if key(one) == key(other) and not holes_in(one):
            return copy.deepcopy(one)
        if isinstance(one, ast.expr) and isinstance(other, ast.expr) and (hole_of(one) or hole_of(other)):
            return self._hole(one, other)
        if type(one) is type(other) and (found := self._inside(one, other)) is not None:
            return found
        if isinstance(one, ast.expr) and isinstance(other, ast.expr):
            return self._hole(one, other)
        return None

    def _inside(self, one: ast.AST, other: ast.AST) -> ast.AST | None:
        """Field by field; None where they differ in what no hole can be."""
        found = copy.deepcopy(one)
        for name, value in ast.iter_fields(one):
            against = getattr(other, name, None)
            if isinstance(value, ast.AST) and isinstance(against, ast.AST):
                if isinstance(value, ast.expr_context):
                    continue
                if (met := self.of(value, against)) is None:
                    return None
                setattr(found, name, met)
            elif isinstance(value, list) and isinstance(against, list):
                if len(value) != len(against):
                    return None
                parts = [self.of(v, a) if isinstance(v, ast.AST) else v for v, a in zip(value, against, strict=True)]
                if None in parts or any(v != a for v, a in zip(parts, against, strict=True) if isinstance(a, str)):
                    return None
                setattr(found, name, parts)
            elif value != against:
                return None
        return found

    def _hole(self, one: ast.expr, other: ast.expr) -> ast.expr:
        sorts = {_sort(one), _sort(other)}
        sort = sorts.pop() if len(sorts) == 1 else "expr"
        name = self._holes.setdefault((key(one), key(other)), f"_{sort}{len(self._holes) + 1}")
        return ast.Name(id=name, ctx=getattr(one, "ctx", ast.Load()))


def _sort(node: ast.expr) -> str:
    if (found := hole_of(node)) is not None:
        return found.strip("_0123456789")
    return "name" if isinstance(node, ast.Name) else "value" if isinstance(node, ast.Constant) else "expr"


# --- a pattern and code --------------------------------------------------------------------------------------------


def matched(pattern: ast.AST, node: ast.AST) -> Bindings | None:
    """What the holes stand for when `node` is an instance of the pattern."""
    found: Bindings = {}
    return found if _matches(pattern, node, found) else None


def _matches(pattern: ast.AST, node: ast.AST, found: Bindings) -> bool:
    hole = hole_of(pattern)
    if hole is not None:
        if not isinstance(node, ast.expr) or isinstance(node, ast.Starred | ast.Slice):
            return False
        if "expr" not in hole and _sort(node) != hole.strip("_0123456789"):
            return False
        return key(found.setdefault(hole, node)) == key(node)
    if type(pattern) is not type(node):
        return False
    return all(
        _parts_match(value, getattr(node, name, None), found)
        for name, value in ast.iter_fields(pattern)
        if not isinstance(value, ast.expr_context) and name not in {"kind", "type_comment"}
    )


def _parts_match(part: Any, other: Any, found: Bindings) -> bool:
    if isinstance(part, ast.AST):
        return isinstance(other, ast.AST) and _matches(part, other, found)
    if isinstance(part, list):
        if not isinstance(other, list) or len(part) != len(other):
            return False
        return all(_parts_match(p, o, found) for p, o in zip(part, other, strict=True))
    return bool(part == other) and type(part) is type(other)


def filled(pattern: ast.AST, bindings: Mapping[str, ast.expr]) -> ast.AST:
    """The pattern with code in its holes; those that stand for nothing stay."""

    class Filling(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            if node.id not in bindings:
                return node
            made = copy.deepcopy(bindings[node.id])
            if isinstance(made, ast.Name | ast.Attribute | ast.Subscript | ast.Tuple | ast.List):
                made.ctx = node.ctx
            return made

    made: ast.AST = Filling().visit(copy.deepcopy(pattern))
    return ast.fix_missing_locations(made)


# --- where two versions differ -------------------------------------------------------------------------------------


def differences(before: ast.AST, after: ast.AST) -> Iterator[Difference]:
    """The smallest expressions and statements in which two trees of the same form differ, each with what stands around
    it in the first tree, outermost first."""
    yield from _differing(before, after, []) or ()


def _differing(before: ast.AST, after: ast.AST, around: list[Place]) -> list[Difference] | None:
    """None: not told apart here, so the node around it is what differs."""
    if key(before) == key(after):
        return []
    here: list[Difference] | None = [(around, before, after)] if isinstance(before, ast.expr | ast.stmt) else None
    if type(before) is not type(after):
        return here if isinstance(after, ast.expr | ast.stmt) else None
    found: list[Difference] = []
    for name, value in ast.iter_fields(before):
        against = getattr(after, name, None)
        inside = [*around, (before, name)]
        if isinstance(value, ast.AST) and isinstance(against, ast.AST):
            pairs = [(value, against)]
        elif isinstance(value, list) and isinstance(against, list):
            if len(value) != len(against) or not all(isinstance(v, ast.AST) for v in value):
                if value != against:
                    return here
                continue
            pairs = list(zip(value, against, strict=True))
        elif value != against:
            return here
        else:
            continue
        for one, other in pairs:
            parts = _differing(one, other, inside)
            if parts is None:
                return here
            found += parts
    return found
