"""Imports that are missing: names that the file uses, never binds, and that can mean one thing only."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from lamarck.generators.extraction import COMMON_IMPORTS
from lamarck.generators.search.edits.edit import Edit, Replacement
from lamarck.generators.search.edits.source import Source


def missing_imports(source: Source) -> Iterator[Edit]:
    """One edit with all imports that are missing, blamed on the first line that needs one."""
    needed: dict[str, int] = {}
    for node in ast.walk(source.tree):
        is_read = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        if not (isinstance(node, ast.Name) and is_read) or node.id in source.bound or hasattr(builtins, node.id):
            continue
        if node.id in COMMON_IMPORTS:
            needed.setdefault(node.id, node.lineno)
    if not needed:
        return
    lines = tuple(dict.fromkeys(COMMON_IMPORTS[name] for name in needed))
    at = _place(source)
    text = "".join(f"{line}\n" for line in lines)
    what = f"{'; '.join(lines)} added"
    yield Edit("import", min(needed.values()), (Replacement(at, at, text),), what, imports=lines)


def _place(source: Source) -> int:
    """Behind the docstring and the imports from the future."""
    line = 1
    for node in source.tree.body:
        is_text = (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        )
        is_future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not (is_text or is_future):
            break
        line = (node.end_lineno or node.lineno) + 1
    return source.line_start(line)
