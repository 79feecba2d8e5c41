"""Which modules a file imports, as absolute names, and whether it can do without them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_MISSING = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


@dataclass(frozen=True, kw_only=True)
class Import:
    """One imported module. names: what `from module import …` takes ('*' too), with the local name of each.

    alias: the local name of `import module [as alias]` (for `import a.b` it is `a`), else None. optional: the import
    stands in a `try` that catches its failure, or is for type checkers only. module is empty for a relative import
    that climbs out of its package.
    """

    module: str
    line: int
    names: tuple[tuple[str, str], ...] = ()
    alias: str | None = None
    optional: bool = False
    relative: bool = False


def imports_of(tree: ast.Module, package: str = "") -> tuple[Import, ...]:
    """All imports at any depth, in order of their lines. package: the dotted package that the file stands in."""
    found = [i for node, optional in _walk(tree) for i in _read(node, package, optional)]
    return tuple(sorted(found, key=lambda i: i.line))


def _read(node: ast.AST, package: str, optional: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for item in node.names:
            alias = item.asname or item.name.partition(".")[0]
            yield Import(module=item.name, line=node.lineno, alias=alias, optional=optional)
    elif isinstance(node, ast.ImportFrom):
        names = tuple((n.name, n.asname or n.name) for n in node.names)
        if not node.level:
            yield Import(module=node.module or "", line=node.lineno, names=names, optional=optional)
            return
        parts = package.split(".") if package else []
        base = parts[: len(parts) - node.level + 1] if node.level <= len(parts) else []
        module = ".".join([*base, *([node.module] if node.module else [])]) if base else ""
        if module and not node.module:  # `from . import a, b`: each name is a module of the package
            for name, local in names:
                yield Import(module=f"{module}.{name}", line=node.lineno, alias=local, optional=optional, relative=True)
            return
        yield Import(module=module, line=node.lineno, names=names, optional=optional, relative=True)


def _walk(tree: ast.Module) -> Iterator[tuple[ast.AST, bool]]:
    """All nodes, each with whether a failing import at its place would be caught."""
    stack: list[tuple[ast.AST, bool]] = [(tree, False)]
    while stack:
        node, optional = stack.pop()
        yield node, optional
        guarded = node.body if isinstance(node, ast.Try | ast.If | ast.With) and _guards(node) else []
        inside = {id(statement) for statement in guarded}
        stack += [(child, optional or id(child) in inside) for child in ast.iter_child_nodes(node)]


def _guards(node: ast.Try | ast.If | ast.With) -> bool:
    if isinstance(node, ast.Try):
        return any(_catches(h.type) for h in node.handlers)
    if isinstance(node, ast.If):
        return _last(node.test) == "TYPE_CHECKING"
    return any(_suppresses(item.context_expr) for item in node.items)


def _catches(kind: ast.expr | None) -> bool:
    if kind is None:
        return True
    return any(_last(k) in _MISSING for k in (kind.elts if isinstance(kind, ast.Tuple) else [kind]))


def _suppresses(expression: ast.expr) -> bool:
    return (
        isinstance(expression, ast.Call)
        and _last(expression.func) == "suppress"
        and any(_last(a) in _MISSING for a in expression.args)
    )


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
