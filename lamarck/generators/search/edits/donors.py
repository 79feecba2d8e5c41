"""Expressions and conditions of the same file in another place."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lamarck.generators.search.edits.edit import Edit
from lamarck.generators.search.edits.source import Function, Source

_MOST = 40  # of each role
_LONGEST = 80  # characters


def donated(source: Source, function: Function, node: ast.AST) -> Iterator[Edit]:
    """Another expression that plays the same role elsewhere: a condition for a condition, a result for a result."""
    for place, role in _places(node):
        names = frozenset(source.names_at(place, function))
        own = source.text_of(place)
        number = 0
        for text, near in _donors(source, function, role):
            if text != own and _usable(source, text, names):
                number += 1
                if number > _MOST:
                    break
                yield source.swap(place, text, "donor", worth=1.0 if near else 0.5)


def _places(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    if isinstance(node, ast.If | ast.While | ast.IfExp | ast.Assert):
        yield node.test, "condition"
    elif isinstance(node, ast.Return | ast.Assign | ast.AugAssign):
        if node.value is not None:
            yield node.value, "value"
    elif isinstance(node, ast.For | ast.comprehension):
        yield node.iter, "series"
    elif isinstance(node, ast.Call):
        yield from ((a, "value") for a in node.args if not isinstance(a, ast.Starred))
    elif isinstance(node, ast.Compare):
        yield from ((c, "operand") for c in (node.left, *node.comparators))
    elif isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice | ast.Tuple):
        yield node.slice, "index"
    elif isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp):
        yield node.elt, "value"
    elif isinstance(node, ast.BinOp):
        yield from ((c, "operand") for c in (node.left, node.right))


def _donors(source: Source, function: Function, role: str) -> list[tuple[str, bool]]:
    """(text, of the same function?) of what may stand in a role; cached on the source."""
    cache: dict[tuple[int, str], list[tuple[str, bool]]] = source.__dict__.setdefault("_donor_cache", {})
    key = (id(function), role)
    if key not in cache:
        found: dict[str, bool] = {}
        for near, tree in ((True, function), (False, source.tree)):
            for node in ast.walk(tree):
                if isinstance(node, ast.expr) and not source.is_quoted(node) and _plays(source, node, role):
                    text = source.of(node)
                    if len(text) <= _LONGEST and "\n" not in text:
                        found.setdefault(text, near)
        cache[key] = list(found.items())
    return cache[key]


def _plays(source: Source, node: ast.expr, role: str) -> bool:
    if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load) or isinstance(node, ast.Starred | ast.Slice):
        return False
    parent = source.parents.get(node)
    if role == "condition":
        is_test = isinstance(parent, ast.If | ast.While | ast.IfExp) and node is parent.test
        return isinstance(node, ast.Compare | ast.BoolOp) or is_test
    if role == "series":
        return isinstance(parent, ast.For | ast.comprehension) and node is parent.iter
    if role == "index":
        return isinstance(parent, ast.Subscript) and node is parent.slice
    if isinstance(parent, ast.Call) and node is parent.func:
        return False
    if isinstance(node, ast.Name | ast.Constant):
        return False  # another kind of edit
    return isinstance(node, ast.BinOp | ast.Call | ast.Subscript | ast.Attribute | ast.Compare | ast.List | ast.Tuple)


def _usable(source: Source, text: str, names: frozenset[str]) -> bool:
    cache: dict[str, ast.expr] = source.__dict__.setdefault("_parsed_donors", {})
    if text not in cache:
        try:
            cache[text] = ast.parse(text, mode="eval").body
        except SyntaxError:
            return False
    return source.can_use(cache[text], names)


def conditions(source: Source, function: Function, node: ast.AST) -> Iterator[Edit]:
    """A condition with another one beside it: one of the file, or whether a variable holds anything."""
    if not isinstance(node, ast.If | ast.While | ast.IfExp):
        return
    test = node.test
    names = source.names_at(test, function)
    own = source.text_of(test)
    bracketed = f"({own})" if isinstance(test, ast.BoolOp | ast.IfExp) else own
    more: dict[str, float] = {}
    for text, near in _donors(source, function, "condition"):
        if text != own and _usable(source, text, frozenset(names)):
            more.setdefault(text if " or " not in text and " and " not in text else f"({text})", 1.0 if near else 0.4)
    for name in names[:8]:
        more.setdefault(f"not {name}", 0.9)
        more.setdefault(name, 0.6)
        more.setdefault(f"{name} is None", 0.5)
        more.setdefault(f"{name} > 0", 0.5)
        more.setdefault(f"{name} == 0", 0.5)
    for text, worth in list(more.items())[:60]:
        yield source.swap(test, f"{text} or {bracketed}", "condition", worth=worth)
        yield source.swap(test, f"{text} and {bracketed}", "condition", worth=worth)
        yield source.swap(test, f"{bracketed} or {text}", "condition", worth=worth * 0.9)
        yield source.swap(test, f"{bracketed} and {text}", "condition", worth=worth * 0.9)
    for name in names[:8]:
        yield source.swap(test, name, "condition", worth=0.6)
        yield source.swap(test, f"not {name}", "condition", worth=0.4)


def results(source: Source, function: Function, node: ast.AST) -> Iterator[Edit]:
    """Another result: a variable, nothing, or what the function compares."""
    if not isinstance(node, ast.Return) or node.value is None:
        return
    own = source.text_of(node.value)
    names = source.names_at(node, function)
    found: dict[str, float] = {name: 1.0 for name in names[:10]}
    found |= {f"[{name}]": 0.6 for name in names[:6]}
    found |= {
        "True": 0.6,
        "False": 0.6,
        "None": 0.6,
        "0": 0.5,
        "1": 0.4,
        "-1": 0.4,
        '""': 0.4,
        "[]": 0.5,
        "{}": 0.2,
        "[[]]": 0.3,
    }
    found |= {f"{name} == 0": 0.5 for name in names[:6]} | {f"not {name}": 0.5 for name in names[:6]}
    found |= {f"len({name})": 0.4 for name in names[:6]}
    for text, worth in found.items():
        if text != own:
            yield source.swap(node.value, text, "result", worth=worth)
