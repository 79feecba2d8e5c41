"""Code with nothing in it: what tests that prove something must refuse."""

from __future__ import annotations

import ast
from typing import Literal

from lamarck.records import AcceptanceKind, SourceFile, Task

Body = Literal["none", "raise"]

_BODIES: dict[Body, str] = {"none": "return None", "raise": "raise NotImplementedError"}


def hollow(files: tuple[SourceFile, ...], body: Body) -> tuple[SourceFile, ...]:
    """The same files with every function's body replaced. Classes, constants, imports and exceptions stay."""
    return tuple(SourceFile(path=f.path, text=_hollow_text(f.text, body)) for f in files)


def hollow_for(task: Task, body: Body) -> tuple[SourceFile, ...]:
    """Hollow files for a task that nobody has solved: from its stubs, or from what its tests use."""
    stubs = tuple(s for s in task.stubs if s.text.strip())
    if stubs and len(stubs) == len(task.stubs):
        return hollow(stubs, body)
    written = {s.path: s.text for s in task.stubs}
    written.setdefault(task.main_path, "")
    files = []
    for path, text in written.items():
        module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        files.append(
            SourceFile(path=path, text=_hollow_text(text, body) if text.strip() else _invented(task, module, body))
        )
    return tuple(files)


def _hollow_text(text: str, body: Body) -> str:
    tree = ast.parse(text)
    _Hollow(body).visit(tree)
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


class _Hollow(ast.NodeTransformer):
    def __init__(self, body: Body) -> None:
        self._body = ast.parse(f"def f():\n    {_BODIES[body]}").body[0].body  # type: ignore[attr-defined]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.body = self._body
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        node.body = self._body
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        if any(_is_exception(ast.unparse(base)) for base in node.bases):
            return node
        self.generic_visit(node)
        return node


def _is_exception(name: str) -> bool:
    return name.endswith(("Error", "Exception", "Warning", "Interrupt"))


def _invented(task: Task, module: str, body: Body) -> str:
    """A module with everything that the tests import from it or use of it, all hollow."""
    names = _used(task, module)
    if task.entry_point and module == task.module:
        names.add(task.entry_point.partition(".")[0])
    lines = []
    for name in sorted(names):
        if _is_exception(name):
            lines.append(f"class {name}(Exception):\n    pass\n")
        elif name[:1].isupper() and not name.isupper():
            lines.append(
                f"class {name}:\n    def __init__(self, *args, **kwargs):\n        pass\n"
                f"    def __getattr__(self, name):\n        def method(*args, **kwargs):\n            {_BODIES[body]}\n"
                "        return method\n"
            )
        elif name.isupper():
            lines.append(f"{name} = None\n")
        else:
            lines.append(f"def {name}(*args, **kwargs):\n    {_BODIES[body]}\n")
    return "\n\n".join(lines) or "pass\n"


def _used(task: Task, module: str) -> set[str]:
    names: set[str] = set()
    for acceptance in task.acceptance:
        if acceptance.kind is not AcceptanceKind.PYTEST:
            continue
        try:
            tree = ast.parse(acceptance.content)
        except SyntaxError:
            continue
        aliases = {module.rpartition(".")[2]}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == module:
                names |= {a.name for a in node.names if a.name != "*"}
            elif isinstance(node, ast.Import):
                aliases |= {a.asname for a in node.names if a.name == module and a.asname}
        names |= {
            n.attr
            for n in ast.walk(tree)
            if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id in aliases
        }
    return names
