"""A parsed source text: where its nodes stand, what surrounds them, and which names they may use."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from functools import cached_property

from lamarck.generators.search.edits.edit import Edit, Replacement

Function = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
# Where an expression of several parts needs parentheses around it.
_TIGHT = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Attribute, ast.Await, ast.IfExp, ast.Starred)
_ATOMS = (ast.Name, ast.Constant, ast.Call, ast.Attribute, ast.Subscript, ast.List, ast.ListComp, ast.Dict, ast.Set,
          ast.DictComp, ast.SetComp, ast.JoinedStr)  # fmt: skip


class Source:
    """One text. Raises `SyntaxError` (or `ValueError`, `RecursionError`) for one that does not parse."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.data = text.encode()
        self.tree = ast.parse(text)
        self._starts = [0]
        for line in self.data.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self.parents: dict[ast.AST, ast.AST] = {}
        for node in ast.walk(self.tree):
            for child in ast.iter_child_nodes(node):
                self.parents[child] = node

    # --- places

    def start(self, node: ast.expr | ast.stmt | ast.excepthandler) -> int:
        return self._starts[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr | ast.stmt | ast.excepthandler) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._starts[node.end_lineno - 1] + node.end_col_offset

    def of(self, node: ast.expr | ast.stmt) -> str:
        """The node's own text."""
        return self.data[self.start(node) : self.end(node)].decode()

    def line_start(self, line: int) -> int:
        """Byte offset of a line, from 1; of one behind the last: the end."""
        return self._starts[min(line, len(self._starts)) - 1]

    def lines(self, first: int, last: int) -> str:
        return self.data[self.line_start(first) : self.line_start(last + 1)].decode()

    def block(self, node: ast.stmt) -> tuple[int, int]:
        """First and last line of a statement with its decorators."""
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
        return first, node.end_lineno or node.lineno

    def owns_lines(self, node: ast.stmt) -> bool:
        """Whether nothing else stands on the statement's lines, but a comment."""
        first, last = self.block(node)
        before = self.data[self.line_start(first) : self.line_start(first) + node.col_offset]
        after = self.data[self.end(node) : self.line_start(last + 1)].strip()
        return not before.strip() and (not after or after.startswith(b"#"))

    @cached_property
    def segments(self) -> tuple[tuple[int, int], ...]:
        """Bytes of the whole lines of every statement at top level."""
        found = []
        for node in self.tree.body:
            first, last = self.block(node)
            found.append((self.line_start(first), self.line_start(last + 1)))
        return tuple(found)

    # --- surroundings

    def functions(self) -> Iterator[tuple[str, Function]]:
        """(qualified name, node) of functions and methods that no other function holds."""

        def visit(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, Function]]:
            for node in body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield prefix + node.name, node
                elif isinstance(node, ast.ClassDef):
                    yield from visit(node.body, f"{prefix}{node.name}.")
                elif isinstance(node, ast.If | ast.Try):
                    yield from visit([*node.body, *node.orelse, *getattr(node, "finalbody", [])], prefix)

        yield from visit(self.tree.body, "")

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        while node in self.parents:
            node = self.parents[node]
            yield node

    def in_body(self, node: ast.AST) -> bool:
        """Whether it is run when a function is called, not when the module is imported."""
        child = node
        for parent in self.ancestors(node):
            if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef) and child in parent.body:
                return True
            if isinstance(parent, ast.Lambda) and child is parent.body:
                return True
            child = parent
        return False

    def is_quoted(self, node: ast.AST) -> bool:
        """Inside an f-string, whose parts have no positions of their own before Python 3.12."""
        return isinstance(node, ast.JoinedStr | ast.FormattedValue) or any(
            isinstance(a, ast.JoinedStr) for a in self.ancestors(node)
        )

    def loops_around(self, node: ast.AST, function: Function) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for parent in self.ancestors(node):
            if parent is function:
                break
            if isinstance(parent, ast.For | ast.While | ast.AsyncFor):
                found.append(parent)
        return found

    # --- names

    @cached_property
    def module_names(self) -> tuple[str, ...]:
        """Functions, classes and variables of the module's top level, imports apart, in order."""
        found: dict[str, None] = {}
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found[node.name] = None
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found.update(dict.fromkeys(t.id for t in targets if isinstance(t, ast.Name)))
        return tuple(found)

    @cached_property
    def bound(self) -> frozenset[str]:
        """Every name that the module binds anywhere, imports too."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                found.add(node.id)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.arg):
                found.add(node.arg)
            elif isinstance(node, ast.alias):
                found.add((node.asname or node.name).partition(".")[0])
            elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
                found.add(node.name)
        return frozenset(found)

    def locals_of(self, function: Function) -> tuple[str, ...]:
        """Parameters and variables of a function and of those around it, in the order of their first place. Those of
        comprehensions are not among them."""
        around = [function, *(a for a in self.ancestors(function) if isinstance(a, Function))]
        found: dict[str, None] = {}
        for each in around:
            a = each.args
            for arg in (*a.posonlyargs, *a.args, *a.kwonlyargs, *(x for x in (a.vararg, a.kwarg) if x)):
                found[arg.arg] = None
            for node in _own_nodes(each):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    found[node.id] = None
                elif isinstance(node, Function):
                    found[node.name] = None
        return tuple(found)

    def comprehended_at(self, node: ast.AST) -> tuple[str, ...]:
        """Names that comprehensions around a node bind."""
        found: dict[str, None] = {}
        for parent in self.ancestors(node):
            if isinstance(parent, _COMPREHENSIONS):
                for generator in parent.generators:
                    found.update(dict.fromkeys(n.id for n in ast.walk(generator.target) if isinstance(n, ast.Name)))
            elif isinstance(parent, ast.Lambda):
                found.update(dict.fromkeys(a.arg for a in parent.args.args))
            elif isinstance(parent, Function):
                break
        return tuple(found)

    def names_at(self, node: ast.AST, function: Function) -> tuple[str, ...]:
        inner = next((a for a in (node, *self.ancestors(node)) if isinstance(a, Function)), function)
        return tuple(dict.fromkeys((*self.comprehended_at(node), *self.locals_of(inner))))

    def can_use(self, expression: ast.AST, names: frozenset[str]) -> bool:
        """Whether all that an expression reads is bound there, or in the module, or built in."""
        own = {n.id for n in ast.walk(expression) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        read = {n.id for n in ast.walk(expression) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        return all(n in names or n in own or n in self._everywhere for n in read)

    @cached_property
    def _everywhere(self) -> frozenset[str]:
        imported = {
            (alias.asname or alias.name).partition(".")[0]
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        return frozenset({*self.module_names, *imported, *dir(builtins)})

    # --- making edits

    def swap(self, node: ast.expr, new: str | ast.expr, kind: str, worth: float = 1.0) -> Edit:
        """`node` replaced by an expression, in parentheses where it needs some."""
        text = new if isinstance(new, str) else self.text_of(new)
        replacement = Replacement(self.start(node), self.end(node), self._fitted(node, text))
        return Edit(kind, node.lineno, (replacement,), f"{_short(self.of(node))} → {_short(text)}", worth=worth)

    def text_of(self, node: ast.expr) -> str:
        """As the file has it where it is of the file, else in Python's own form."""
        if node in self.parents and not self.is_quoted(node):
            return self.of(node)
        return ast.unparse(node)

    def _fitted(self, node: ast.expr, text: str) -> str:
        parent = self.parents.get(node)
        tight = isinstance(parent, (*_TIGHT, ast.comprehension))
        tight = tight or (isinstance(parent, ast.Call) and node is parent.func)
        tight = tight or (isinstance(parent, ast.Subscript) and node is parent.value)
        if not tight and "\n" not in text:
            return text
        try:
            tree = ast.parse(text, mode="eval").body
        except SyntaxError:
            return text
        if isinstance(tree, _ATOMS) and not (isinstance(tree, ast.Constant) and isinstance(parent, ast.Attribute)):
            return text
        if isinstance(tree, ast.Compare | ast.BinOp) and isinstance(parent, ast.BoolOp):
            return text
        if isinstance(tree, ast.BinOp) and isinstance(parent, ast.Compare):
            return text
        whole = self.data[self.start(node) - 1 : self.end(node) + 1]
        return text if whole[:1] == b"(" and whole[-1:] == b")" and not isinstance(tree, ast.Tuple) else f"({text})"


def _own_nodes(function: Function) -> Iterator[ast.AST]:
    """Nodes of a function without those of functions and comprehensions inside; nested functions themselves are."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, (*_SCOPES, *_COMPREHENSIONS, ast.ClassDef)):
            waiting[:0] = list(ast.iter_child_nodes(node))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"
