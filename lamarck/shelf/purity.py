"""Whether the text of a program says that it is pure: what it returns follows from its arguments alone.

Read off the syntax tree, on the safe side: what could look at a clock, a file, the network or chance, and what keeps
something between calls, is not called pure. Nothing is run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from lamarck.records import SourceFile

_MODULE_TEXT = """
    __future__ abc base64 binascii bisect cmath collections colorsys copy dataclasses datetime decimal difflib enum
    fractions functools hashlib heapq html itertools json keyword math numbers operator re statistics string struct
    textwrap types typing unicodedata urllib.parse zlib
"""
_NAME_TEXT = """
    open input print eval exec compile __import__ globals locals vars id hash breakpoint help exit quit
"""
_CHANGE_TEXT = """
    append extend insert remove pop clear sort reverse add discard update setdefault popitem appendleft popleft
    extendleft rotate subtract __setitem__ __delitem__
"""
_MODULES = frozenset(_MODULE_TEXT.split())
_NAMES = frozenset(_NAME_TEXT.split())
_CHANGES = frozenset(_CHANGE_TEXT.split())
_CLOCKS = frozenset({"now", "today", "utcnow", "fromtimestamp", "localtime", "astimezone"})
_Function = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def impurity(files: Sequence[SourceFile]) -> str:
    """Why the results of these files' functions may differ from call to call; empty when nothing says so."""
    own = {file.path.removesuffix(".py").replace("/", ".") for file in files}
    for file in files:
        try:
            tree = ast.parse(file.text)
        except (SyntaxError, ValueError, RecursionError):
            return f"{file.path} does not parse"
        if why := next(_reasons(tree, own), ""):
            return why
    return ""


def _reasons(tree: ast.Module, own: set[str]) -> Iterator[str]:
    shared = {name for statement in tree.body for name in _kept_by(statement)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (f"it imports {name}" for name in _imported(node) if name not in _MODULES | own)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in _NAMES:
            yield f"it uses {node.id}"
        elif isinstance(node, ast.Attribute) and node.attr in _CLOCKS:
            yield f"it uses {node.attr}"
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield f"it keeps {', '.join(node.names)} between calls"
        elif isinstance(node, ast.AsyncFunctionDef):
            yield "it is asynchronous"
        elif isinstance(node, _Function):
            yield from (f"it keeps {name} between calls" for name in _changed(node) if name in shared)
            yield from ("it keeps a default value between calls" for each in _defaults(node) if _is_mutable(each))


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [] if node.level else [node.module or ""]


def _kept_by(statement: ast.stmt) -> Iterator[str]:
    """Names that a statement of the module binds to what could be changed."""
    if isinstance(statement, ast.ClassDef | ast.FunctionDef):
        yield statement.name
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    for target in targets:
        yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))


def _changed(function: ast.AST) -> Iterator[str]:
    """Names of which a function changes a part."""
    for node in ast.walk(function):
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
            yield from _base(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGES:
            yield from _base(node.func.value)


def _base(node: ast.expr) -> Iterator[str]:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id


def _defaults(function: ast.AST) -> list[ast.expr]:
    arguments = getattr(function, "args", None)
    if not isinstance(arguments, ast.arguments):
        return []
    return [*arguments.defaults, *(each for each in arguments.kw_defaults if each is not None)]


def _is_mutable(default: ast.expr) -> bool:
    return isinstance(default, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp | ast.Call)
