"""Probes in a syntax tree: one before every statement and one on every way out of a decision. Each writes a one into a
buffer that the candidate shares with its judge.

The same code numbers the probes on the host and puts them in, in the candidate's process. Standard library only.
Decisions are `if`, `while`, `for`, `match` and the conditional expression, as coverage.py counts them but for the last.
"""

from __future__ import annotations

import ast
import builtins
import mmap
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import SourceFileLoader
from typing import Any, NamedTuple

NAME = "_lamarck_probes"


class Probe(NamedTuple):
    """kind: line, or branch. way: which one of the decision at that line."""

    kind: str
    line: int
    way: str = ""


def probes_in(tree: ast.Module) -> list[Probe]:
    """Of a tree that is thrown away afterwards: it is changed."""
    found: list[Probe] = []

    def slot(probe: Probe) -> int:
        found.append(probe)
        return len(found) - 1

    _Putting(slot).module(tree)
    return found


def put_probes(tree: ast.Module, slots: Sequence[int]) -> None:
    """slots: where in the buffer each probe writes, in the order of `probes_in`."""
    given = iter(slots)
    _Putting(lambda probe: next(given)).module(tree)


class _Putting:
    def __init__(self, slot: Callable[[Probe], int]) -> None:
        self._slot = slot

    def module(self, tree: ast.Module) -> None:
        tree.body = self._block(tree.body, first=True)
        ast.fix_missing_locations(tree)

    def _block(self, body: list[ast.stmt], *, first: bool = False) -> list[ast.stmt]:
        """first: of a module, class or function, where a docstring stands."""
        out: list[ast.stmt] = []
        for place, statement in enumerate(body):
            if (first and place == 0 and _is_text(statement)) or _is_future(statement):
                out.append(statement)
                continue
            if not _is_ellipsis(statement):
                out.append(self._mark(Probe("line", statement.lineno), statement))
            self._inside(statement)
            out.append(statement)
        return out

    def _mark(self, probe: Probe, at: ast.AST) -> Any:
        target = ast.Subscript(_name(), ast.Constant(self._slot(probe)), ast.Store())
        return _placed(ast.Assign([target], ast.Constant(1)), at)

    def _inside(self, node: ast.AST) -> None:
        """Below a statement: its blocks, and the expressions that are its own."""
        if _is_never_run(node):
            return
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self._expressions(node)
            node.body = self._block(node.body, first=True)
            return
        self._expressions(node)
        if isinstance(node, (ast.If, ast.While, ast.For, ast.AsyncFor)):
            self._decision(node)
        elif isinstance(node, ast.Match):
            self._match(node)
        else:
            for field in ("body", "orelse", "finalbody"):
                if getattr(node, field, None):
                    setattr(node, field, self._block(getattr(node, field)))
            for handler in getattr(node, "handlers", ()):
                handler.body = self._block(handler.body)

    def _decision(self, node: Any) -> None:
        ways = ("true", "false") if isinstance(node, (ast.If, ast.While)) else ("entered", "over")
        body = self._block(node.body)
        orelse = self._block(node.orelse)
        node.body = [self._mark(Probe("branch", node.lineno, ways[0]), node), *body]
        endless = isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and node.test.value
        if not endless:
            node.orelse = [self._mark(Probe("branch", node.lineno, ways[1]), node), *orelse]

    def _match(self, node: ast.Match) -> None:
        for number, case in enumerate(node.cases, 1):
            body = self._block(case.body)
            case.body = [self._mark(Probe("branch", node.lineno, f"case {number}"), case.body[0]), *body]
        last = node.cases[-1]
        if not (isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None and last.guard is None):
            pattern = _placed(ast.MatchAs(), last.body[0])
            node.cases.append(ast.match_case(pattern, None, [self._mark(Probe("branch", node.lineno, "none"), node)]))

    def _expressions(self, statement: ast.AST) -> None:
        """Conditional expressions that belong to the statement itself."""
        for field, value in ast.iter_fields(statement):
            if field in ("body", "orelse", "finalbody", "handlers", "cases"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    for node in [n for n in ast.walk(child) if isinstance(n, ast.IfExp)]:
                        node.body = self._told(node.body, Probe("branch", node.lineno, "true"))
                        node.orelse = self._told(node.orelse, Probe("branch", node.lineno, "false"))

    def _told(self, value: ast.expr, probe: Probe) -> Any:
        """`probes.__setitem__(slot, 1) or value`: the call gives None."""
        method = ast.Attribute(_name(), "__setitem__", ast.Load())
        call = ast.Call(method, [ast.Constant(self._slot(probe)), ast.Constant(1)], [])
        return _placed(ast.BoolOp(ast.Or(), [call, value]), value)


def _name() -> ast.Name:
    return ast.Name(NAME, ast.Load())


def _placed(node: Any, at: ast.AST) -> Any:
    for each in ast.walk(node):
        if "lineno" in each._attributes and not hasattr(each, "lineno"):
            ast.copy_location(each, at)
    return node


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_ellipsis(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is ...


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _is_never_run(node: ast.AST) -> bool:
    """`if TYPE_CHECKING:` and `if __name__ == "__main__":`, whose blocks no test reaches."""
    if not isinstance(node, ast.If):
        return False
    names = {n.id for n in ast.walk(node.test) if isinstance(n, ast.Name)}
    names |= {n.attr for n in ast.walk(node.test) if isinstance(n, ast.Attribute)}
    return bool(names & {"TYPE_CHECKING", "__name__"})


# --- in the candidate's process -----------------------------------------------------------------------------------


def install(descriptor: int, size: int, files: dict[str, list[int]]) -> None:
    """From now on modules that are loaded from these files (absolute path → slots) have their probes."""
    setattr(builtins, NAME, mmap.mmap(descriptor, size))
    compiled: Any = SourceFileLoader.source_to_code

    def source_to_code(loader: Any, data: Any, path: Any, *, _optimization: int = -1) -> Any:
        if path not in files:
            return compiled(loader, data, path, _optimization=_optimization)
        tree: Any = compile(data, path, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
        put_probes(tree, files[path])
        return compile(tree, path, "exec", dont_inherit=True, optimize=_optimization)

    SourceFileLoader.source_to_code = source_to_code  # type: ignore[method-assign,assignment]
    sys.path_importer_cache.clear()


# --- in the judge's process ---------------------------------------------------------------------------------------


class Buffer:
    """What the candidate's probes have written since it was last taken."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._memory = mmap.mmap(descriptor, size)
        self._zeros = bytes(size)

    def take(self) -> bytes:
        """One byte for every slot."""
        found = self._memory[:]
        self._memory[:] = self._zeros
        return found
