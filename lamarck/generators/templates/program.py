"""A template's program as the fitting reads it: parsed and walked once, for every request that it may serve."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from lamarck.generators.syntax import tree_of
from lamarck.generators.templates.asking import words_of
from lamarck.generators.templates.template import Definition


@dataclass(frozen=True)
class Program:
    """tree: which nothing changes. starts: in bytes, of each line."""

    source: bytes
    tree: ast.Module
    _walked: dict[ast.AST, tuple[ast.AST, ...]] = field(default_factory=dict)
    _attributes: dict[ast.ClassDef, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def starts(self) -> list[int]:
        starts = [0]
        for line in self.source.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        return starts

    @cached_property
    def definitions(self) -> dict[str, Definition]:
        """Public ones, by name."""
        return {n.name: n for n in self.tree.body if isinstance(n, Definition) and not n.name.startswith("_")}

    @cached_property
    def words(self) -> dict[str, frozenset[str]]:
        """Of the names of its public definitions."""
        return {name: frozenset(words_of(name)) for name in self.definitions}

    @cached_property
    def bound(self) -> frozenset[str]:
        """Names that it binds for all of it."""
        return frozenset(names_bound(self.tree))

    @cached_property
    def needed(self) -> frozenset[str]:
        """Those, and the builtins that it speaks of."""
        used = {n.id for n in self.within(self.tree) if isinstance(n, ast.Name)}
        return self.bound | {name for name in used if hasattr(builtins, name)}

    @cached_property
    def skeleton(self) -> tuple[str, ...]:
        """All that decides whether its parameters and members fit: what programs of other choices often share."""
        found: list[str] = []
        for name, node in self.definitions.items():
            if isinstance(node, ast.ClassDef):
                found += [f"class {name}", *map(ast.dump, node.bases), *sorted(self.attributes(node))]
                found += [_header(n) for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
            else:
                found.append(_header(node))
        return tuple(found)

    def within(self, node: ast.AST) -> tuple[ast.AST, ...]:
        """The node and everything in it, as `ast.walk` goes."""
        found = self._walked.get(node)
        if found is None:
            found = self._walked[node] = tuple(ast.walk(node))
        return found

    def inside(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.AST]:
        """Everything in its body."""
        return [n for statement in function.body for n in self.within(statement)]

    def attributes(self, definition: ast.ClassDef) -> frozenset[str]:
        """Of its instances, which it sets itself."""
        found = self._attributes.get(definition)
        if found is None:
            found = self._attributes[definition] = frozenset(
                n.attr
                for n in self.within(definition)
                if isinstance(n, ast.Attribute)
                and isinstance(n.ctx, ast.Store)
                and isinstance(n.value, ast.Name)
                and n.value.id == "self"
            )
        return found


def _header(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    returns = "" if node.returns is None else ast.dump(node.returns)
    return f"{type(node).__name__} {node.name} {ast.dump(node.args)} {returns}"


def names_bound(tree: ast.Module) -> set[str]:
    """Names that a module binds for all of it."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, Definition):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(a.asname or a.name).partition(".")[0] for a in node.names}
        else:
            names |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return names


@lru_cache(maxsize=4096)
def program_of(source: str) -> Program | None:
    """None for what does not parse. The same programs are wanted for one request after another."""
    tree = tree_of(source)
    return None if tree is None else Program(source.encode(), tree)
