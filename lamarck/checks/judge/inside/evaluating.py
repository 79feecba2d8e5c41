"""Texts that a test may evaluate although a candidate wrote them: those that do nothing but build a value."""

from __future__ import annotations

import ast
import types
from typing import Any

from .handles import handle_of
from .names import named_class

_MOST_CHARACTERS = 100_000
_NODES = (
    ast.Expression, ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Starred, ast.keyword, ast.Load,
    ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.operator, ast.unaryop, ast.boolop, ast.cmpop,
    ast.Call, ast.Name, ast.Attribute,
)  # fmt: skip
_COSTLY = (ast.Pow, ast.LShift, ast.Mult)  # the candidate may say any number, and the judge would compute it


def is_harmless(text: str, frame: types.FrameType) -> bool:
    """Whether evaluating `text` where `frame` stands calls nothing but classes of values and what is the candidate's
    own, which then runs in its own process."""
    if len(text) > _MOST_CHARACTERS:
        return False
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True  # evaluating it raises the same
    nodes = list(ast.walk(tree))
    if not all(isinstance(node, _NODES) and not isinstance(node, _COSTLY) for node in nodes):
        return False
    return all(_is_of_values(node, frame) for node in nodes if isinstance(node, ast.Name | ast.Attribute))


def _is_of_values(node: ast.Name | ast.Attribute, frame: types.FrameType) -> bool:
    """A name that stands for a value's class, a constant, or something of the candidate's; a module is harmless as long
    as what is taken from it is."""
    found = _found(node, frame)
    if isinstance(found, types.ModuleType) or found is None or type(found) in (int, float, str, bool):
        return True
    if handle_of(found) is not None:
        return True
    return isinstance(found, type) and named_class(found) is not None and found is not type


def _found(node: ast.expr, frame: types.FrameType) -> Any:
    """What a name stands for; None for what is not there, which evaluating it will say."""
    if isinstance(node, ast.Name):
        for names in (frame.f_locals, frame.f_globals, frame.f_builtins):
            if node.id in names:
                return names[node.id]
        return None
    if not isinstance(node, ast.Attribute):
        return _NO_NAME
    if node.attr.startswith("_"):
        return _NO_NAME
    owner = _found(node.value, frame)
    if isinstance(owner, types.ModuleType) or isinstance(owner, type):
        return getattr(owner, node.attr, None)
    return owner if handle_of(owner) is not None else _NO_NAME


_NO_NAME = object()
