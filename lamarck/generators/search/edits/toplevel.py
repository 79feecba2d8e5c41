"""Edits of what runs when a module is imported: constants of modules and classes, tables, defaults of parameters, and
the bodies of functions that are called then."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from lamarck.generators.search.edits.calls import slices, unwrapped
from lamarck.generators.search.edits.edit import Edit
from lamarck.generators.search.edits.operators import arithmetic, comparisons, logic
from lamarck.generators.search.edits.source import Function, Source
from lamarck.generators.search.edits.table import KINDS, edits_of
from lamarck.generators.search.edits.told import Told, text_edits
from lamarck.generators.search.edits.values import constants, functions, off_by_one

_KINDS = (constants, arithmetic, comparisons, logic, functions, slices, unwrapped, off_by_one)
_READ = 1.0  # what a suspicious function reads
_OTHER = 0.3
_BODY = 0.7  # what a function does that is called on import


def toplevel_edits(source: Source, suspicious: Iterable[str], told: Told = Told()) -> list[Edit]:  # noqa: B008  frozen
    """Likeliest first. suspicious: qualified names of functions; what they read comes before the rest. told: what
    failing tests say."""
    return [edit for _, edit in scored_toplevel_edits(source, suspicious, told)]


def scored_toplevel_edits(
    source: Source,
    suspicious: Iterable[str],
    told: Told = Told(),  # noqa: B008  frozen
    *,
    live: bool = False,
) -> list[tuple[float, Edit]]:
    """The same, each with how likely it is. live: only what can be changed without importing anything anew, that is
    assignments of the module and defaults of parameters."""
    wanted = set(suspicious)
    nodes = [node for name, node in source.functions() if name in wanted]
    read = {n.id for f in nodes for n in ast.walk(f) if isinstance(n, ast.Name)}
    read |= {n.attr for f in nodes for n in ast.walk(f) if isinstance(n, ast.Attribute)}
    found: list[tuple[float, Edit]] = []
    for root, names in _roots(source):
        if live and not _is_live(source, root):
            continue
        near = _READ if names & read or any(root is d for f in nodes for d in _defaults(f)) else _OTHER
        stand_in = _as_function(source)
        for node in ast.walk(root):
            if source.is_quoted(node) or source.in_body(node):
                continue
            for kind in _KINDS:
                found += [(near * KINDS[e.kind] * e.worth, e) for e in kind(source, stand_in, node)]
            found += [(near * KINDS[e.kind] * e.worth, e) for e in text_edits(source, node, told)]
    for function in () if live else _called_on_import(source):
        uses = {n.id for n in ast.walk(function) if isinstance(n, ast.Name)}
        near = _BODY if uses & read else _OTHER * _BODY
        found += [(near * KINDS[e.kind] * e.worth, e) for e in edits_of(source, function)]
    found.sort(key=lambda f: -f[0])
    return found


def _is_live(source: Source, root: ast.expr) -> bool:
    around = list(source.ancestors(root))
    if around and isinstance(around[0], ast.arguments):
        return not any(isinstance(a, Function) for a in around[2:])
    return len(around) == 2 and isinstance(around[0], ast.Assign | ast.AnnAssign)


def _roots(source: Source) -> Iterator[tuple[ast.expr, set[str]]]:
    """(expression that runs on import, names that it is bound to)."""
    waiting: list[ast.stmt] = list(source.tree.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield node.value, {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
        elif isinstance(node, Function):
            yield from ((d, {node.name}) for d in _defaults(node))
        elif isinstance(node, ast.ClassDef):
            waiting[:0] = node.body
        elif isinstance(node, ast.If):
            yield node.test, set()
            waiting[:0] = [*node.body, *node.orelse]
        elif isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
            yield node.value, {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}


def _called_on_import(source: Source) -> list[Function]:
    """Functions of the module that its top level calls by name."""
    called = {
        n.func.id
        for root, _ in _roots(source)
        for n in ast.walk(root)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    }
    return [n for n in source.tree.body if isinstance(n, Function) and n.name in called]


def _defaults(function: Function) -> list[ast.expr]:
    return [*function.args.defaults, *(d for d in function.args.kw_defaults if d is not None)]


def _as_function(source: Source) -> ast.FunctionDef:
    """What the kinds of edits look names up in: there are none but the module's."""
    nothing = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    body: list[ast.stmt] = [n for n in source.tree.body if isinstance(n, ast.Assign)]
    return ast.FunctionDef(name="", args=nothing, body=body, decorator_list=[], lineno=1, col_offset=0)
