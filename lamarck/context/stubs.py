"""A stub in two parts: the bare code, and what its docstrings say.

A small model copies what it is shown. Shown a docstring inside the code, it writes it again in every reply, which cost
three quarters of the generated tokens on tasks with doctests (docs/benchmarks.md). The docstrings go back into the code
after the reply, see `lamarck.generators.documented`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

_Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, kw_only=True)
class BareCode:
    """code: without docstrings. told: (qualified name, docstring) in the order of the file; '' names the module."""

    code: str
    told: tuple[tuple[str, str], ...] = ()

    @property
    def prose(self) -> str:
        """The docstrings as text, each named where there are several."""
        if len(self.told) == 1:
            return self.told[0][1]
        return "\n\n".join(f"`{name}`: {text}" if name else text for name, text in self.told)


def bare(source: str) -> BareCode:
    """`source` without its docstrings, and these. Code that does not parse, or a docstring on the line of its `def`,
    stays as it is.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return BareCode(code=source)
    lines = source.splitlines()
    told: list[tuple[str, str]] = []
    for name, node, statement in reversed(list(documented(tree))):
        told.append((name, ast.get_docstring(node) or ""))
        last = statement.end_lineno or statement.lineno
        alone = len(node.body) == 1 and not isinstance(node, ast.Module)
        lines[statement.lineno - 1 : last] = [" " * statement.col_offset + "..."] if alone else []
    return BareCode(code="\n".join(lines).strip("\n") + "\n", told=tuple(reversed(told)))


def documented(tree: ast.Module) -> list[tuple[str, _Documented, ast.Expr]]:
    """(qualified name, definition, docstring) of all that have a docstring on lines of its own, in order."""
    found: list[tuple[str, _Documented, ast.Expr]] = []

    def visit(node: _Documented, name: str) -> None:
        first = node.body[0] if node.body else None
        if isinstance(first, ast.Expr) and ast.get_docstring(node) and _stands_alone(node, first):
            found.append((name, node, first))
        for child in node.body:
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                visit(child, f"{name}.{child.name}" if name else child.name)

    visit(tree, "")
    return found


def _stands_alone(node: _Documented, docstring: ast.Expr) -> bool:
    """On lines that hold nothing else: neither the `def` before it nor a statement after it."""
    before = 0 if isinstance(node, ast.Module) else node.lineno
    after = node.body[1].lineno if len(node.body) > 1 else None
    end = docstring.end_lineno or docstring.lineno
    return before < docstring.lineno and (after is None or after > end)
