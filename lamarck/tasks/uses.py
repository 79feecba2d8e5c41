"""What tests use of a module: the names they import, how they call them, what they reach for on instances."""

from __future__ import annotations

import ast
import builtins
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lamarck.tasks.imports import imports_of

_RAISES = {"raises", "assertRaises", "assertRaisesRegex", "fail"}
_SHOWN_MEMBERS = 12
_PROVIDED = re.compile(r"The module `[^`]*` must provide: .*")


@dataclass
class Use:
    """How one public name of a module is used. shapes: (positional arguments, keyword names) of its calls."""

    name: str
    times: int = 0
    shapes: set[tuple[int, tuple[str, ...]]] = field(default_factory=set)
    members: dict[str, None] = field(default_factory=dict)  # attributes of its instances, in order of appearance
    is_exception: bool = False
    is_class: bool = False

    @property
    def kind(self) -> str:
        """exception, class, function or value, as far as the uses tell."""
        if self.is_exception:
            return "exception"
        if self.is_class or (self.shapes and self.name[:1].isupper()):
            return "class"
        return "function" if self.shapes else "value"

    def __str__(self) -> str:
        if self.kind == "exception":
            return f"exception {self.name}"
        arguments = _arguments(self.shapes)
        if self.kind == "class":
            members = list(self.members)[:_SHOWN_MEMBERS]
            return f"class {self.name}{arguments}" + (f" with {', '.join(members)}" if members else "")
        return f"{self.name}{arguments}"


def _arguments(shapes: set[tuple[int, tuple[str, ...]]]) -> str:
    if not shapes:
        return ""
    counts = sorted({count for count, _ in shapes})
    keywords = sorted({k for _, names in shapes for k in names})
    number = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    text = "no arguments" if counts == [0] else f"{number} argument{'' if counts == [1] else 's'}"
    return f" ({text}{'; by name: ' + ', '.join(keywords) if keywords else ''})"


def uses_of(trees: Iterable[tuple[ast.Module, str]], module: str) -> tuple[Use, ...]:
    """Uses of `module` in test files (tree, package it stands in), in order of first appearance."""
    found: dict[str, Use] = {}
    for tree, package in trees:
        _Reader(tree, package, module, found).read()
    return tuple(found.values())


def main_name(uses: tuple[Use, ...]) -> str | None:
    """The name that the tests are about: the one called most; else the one used most."""
    candidates = [u for u in uses if u.kind in {"function", "class"}] or list(uses)
    return max(candidates, key=lambda u: u.times).name if candidates else None


def provided(module: str, uses: tuple[Use, ...]) -> str:
    """One factual line on what the module must provide; empty when the tests name nothing of it."""
    return f"The module `{module}` must provide: {'; '.join(map(str, uses))}." if uses else ""


class _Reader:
    def __init__(self, tree: ast.Module, package: str, module: str, found: dict[str, Use]) -> None:
        self.tree = tree
        self.found = found
        self.local: dict[str, str] = {}  # local name → the module's name for it
        self.handles: set[str] = set()  # dotted local expressions that are the module itself
        self.star = False
        self.instances: dict[str, str] = {}  # variable, attribute or fixture → class it holds an instance of
        for item in imports_of(tree, package):
            if item.module == module and not item.names:
                self.handles.add(module)
                if item.alias and ("." not in module or item.alias != module.partition(".")[0]):
                    self.handles.add(item.alias)
            elif item.module == module:
                self.star = self.star or ("*", "*") in item.names
                self.local.update({local: name for name, local in item.names if name != "*"})
            elif item.module and module.startswith(f"{item.module}."):
                rest = module.removeprefix(f"{item.module}.")
                self.handles.update(local for name, local in item.names if name == rest)

    def read(self) -> None:
        for name in self.local.values():
            self._use(name)
        if self.star:
            self._read_star()
        nodes = sorted(ast.walk(self.tree), key=lambda n: (getattr(n, "lineno", 0), getattr(n, "col_offset", 0)))
        for node in nodes:
            self._note_instances(node)
        for node in nodes:
            self._note(node)

    def _use(self, name: str) -> Use:
        return self.found.setdefault(name, Use(name))

    def _name(self, node: ast.AST) -> str | None:
        """The module's name that an expression stands for."""
        if isinstance(node, ast.Name):
            return self.local.get(node.id)
        if isinstance(node, ast.Attribute) and _dotted(node.value) in self.handles:
            return node.attr
        return None

    def _note(self, node: ast.AST) -> None:
        name = self._name(node)
        if name is not None and not _is_dunder(name):
            self._use(name).times += 1
        if isinstance(node, ast.Call):
            self._note_call(node)
        elif isinstance(node, ast.ClassDef):
            for base in filter(None, map(self._name, node.bases)):
                self._use(base).is_class = True
        elif isinstance(node, ast.ExceptHandler) and node.type is not None:
            self._mark_exceptions(node.type)
        elif isinstance(node, ast.Attribute):
            owner = self._name(node.value) or self._instance(node.value)
            if owner is not None and not _is_dunder(node.attr):
                self._use(owner).members[node.attr] = None

    def _note_call(self, node: ast.Call) -> None:
        if _last(node.func) in _RAISES and node.args:
            self._mark_exceptions(node.args[0])
        if _last(node.func) == "isinstance" and len(node.args) == 2:
            for kind in filter(None, map(self._name, ast.walk(node.args[1]))):
                self._use(kind).is_class = True
        if (name := self._name(node.func)) is not None and not any(isinstance(a, ast.Starred) for a in node.args):
            keywords = tuple(sorted(k.arg for k in node.keywords if k.arg))
            self._use(name).shapes.add((len(node.args), keywords))

    def _mark_exceptions(self, kinds: ast.expr) -> None:
        for kind in kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]:
            if (name := self._name(kind)) is not None:
                self._use(name).is_exception = True

    def _note_instances(self, node: ast.AST) -> None:
        """`x = C(…)`, `self.x = C(…)`, `with C(…) as x`, and fixtures that return or yield one."""
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            if (name := self._created(node.value)) is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                self.instances.update({_dotted(t): name for t in targets if _dotted(t)})
        elif isinstance(node, ast.With):
            for item in node.items:
                if item.optional_vars is not None and (name := self._created(item.context_expr)) is not None:
                    self.instances[_dotted(item.optional_vars)] = name
        elif isinstance(node, ast.FunctionDef) and any(_last(_called(d)) == "fixture" for d in node.decorator_list):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return | ast.Yield) and inner.value is not None:
                    name = self._created(inner.value)
                    if name is not None:
                        self.instances[node.name] = name

    def _created(self, node: ast.expr) -> str | None:
        name = self._name(node.func) if isinstance(node, ast.Call) else None
        return name if name is not None and name[:1].isupper() else None

    def _instance(self, node: ast.expr) -> str | None:
        return self._created(node) or self.instances.get(_dotted(node))

    def _read_star(self) -> None:
        """`from module import *`: what is called or read and is nobody else's name must be the module's."""
        bound = {n.id for n in ast.walk(self.tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
        bound |= {n.arg for n in ast.walk(self.tree) if isinstance(n, ast.arg)}
        bound |= {n.name for n in ast.walk(self.tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
        bound |= {n.name for n in ast.walk(self.tree) if isinstance(n, ast.ExceptHandler) and n.name}
        bound |= {local for i in imports_of(self.tree) for _, local in i.names}
        bound |= {i.alias for i in imports_of(self.tree) if i.alias}
        for name in _read_names(self.tree):
            if name not in bound and not hasattr(builtins, name) and not _is_dunder(name):
                self.local[name] = name
                self._use(name)


def _read_names(tree: ast.Module) -> Iterator[str]:
    loads = Counter(n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))
    yield from loads


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _dotted(node: ast.AST) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join(reversed([*parts, node.id])) if isinstance(node, ast.Name) else ""


def _called(node: ast.expr) -> ast.expr:
    return node.func if isinstance(node, ast.Call) else node


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def without_provided(goal: str) -> str:
    """A goal without that line: in the words of whoever wants it."""
    return "\n".join(line for line in goal.splitlines() if not _PROVIDED.fullmatch(line))
