"""Python that a model may have written: it need not parse, and it may nest deeper than Python reads."""

from __future__ import annotations

import ast


def tree_of(code: str) -> ast.Module | None:
    """The syntax tree; None where Python would not read it."""
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
