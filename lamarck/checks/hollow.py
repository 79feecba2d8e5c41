"""Code with nothing in it: what tests that prove something must refuse."""

from __future__ import annotations

import ast
from typing import Literal

from lamarck.checks.judge.inside.trial import HOLLOW
from lamarck.records import AcceptanceKind, SourceFile, Task

Body = Literal["none", "raise", "either"]  # the last: as the trial of the tests says while it runs

_BODIES: dict[Body, str] = {
    "none": "return None",
    "raise": "raise NotImplementedError",
    "either": f"return {HOLLOW}()",
}
_VALUES: dict[Body, str] = {
    "none": "None",
    "raise": "(_ for _ in ()).throw(NotImplementedError)",
    "either": f"{HOLLOW}()",
}


def hollow(files: tuple[SourceFile, ...], body: Body) -> tuple[SourceFile, ...]:
    """The same files with every function's body replaced. Classes, constants, imports and exceptions stay."""
    return tuple(f.replace(text=_rewritten(f.text, _Hollow(body))) for f in files)


def emptied(files: tuple[SourceFile, ...], body: Body) -> tuple[SourceFile, ...]:
    """As `hollow`, and nothing else that somebody wrote is left either: constants and what is imported from elsewhere
    are None, classes have neither decorators nor bases but exceptions and each other. For code whose interface no
    stub tells from its substance."""
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    own = {n.name for f in files for n in ast.walk(_parsed(f.text)) if isinstance(n, kinds)}
    own |= {part for f in files for part in f.path.removesuffix(".py").split("/")}
    return tuple(f.replace(text=_rewritten(f.text, _Emptied(body, own))) for f in files)


def is_stubbed(task: Task) -> bool:
    """Whether the user's stubs say what every file has to define."""
    return bool(task.stubs) and all(s.text.strip() for s in task.stubs)


def has_known_shape(task: Task) -> bool:
    """Whether `hollow_for` has the shape of any solution: of the user's stubs, or of functions that the tests call,
    which have none."""
    if is_stubbed(task):
        return True
    if any(s.text.strip() for s in task.stubs) or len(task.stubs) > 1:
        return False
    names = _names(task, task.module)
    return bool(names) and all(name.islower() for name in names)


def hollow_for(task: Task, body: Body) -> tuple[SourceFile, ...]:
    """Hollow files for a task that nobody has solved: from its stubs, or from what its tests use."""
    if is_stubbed(task):
        return hollow(task.stubs, body)
    written = {s.path: s.text for s in task.stubs}
    written.setdefault(task.main_path, "")
    files = []
    for path, text in written.items():
        module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        files.append(
            SourceFile(
                path=path, text=_rewritten(text, _Hollow(body)) if text.strip() else _invented(task, module, body)
            )
        )
    return tuple(files)


def _parsed(text: str) -> ast.Module:
    """An empty module for what does not parse: nothing of it would run."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module(body=[], type_ignores=[])


def _rewritten(text: str, transformer: ast.NodeTransformer) -> str:
    tree = transformer.visit(_parsed(text))
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


class _Hollow(ast.NodeTransformer):
    def __init__(self, body: Body) -> None:
        self._body = _parsed(f"def f():\n    {_BODIES[body]}").body[0].body  # type: ignore[attr-defined]
        self._value = ast.parse(_VALUES[body], mode="eval").body

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.body = self._body
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        node.body = self._body
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        node.body = self._value
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        if any(_is_exception(ast.unparse(base)) for base in node.bases):
            return node
        self.generic_visit(node)
        return node


class _Emptied(_Hollow):
    def __init__(self, body: Body, own: set[str]) -> None:
        super().__init__(body)
        self._own = own

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.decorator_list = [d for d in node.decorator_list if ast.unparse(d) in _KINDS_OF_METHOD]
        return super().visit_FunctionDef(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        node.decorator_list = []
        node.bases = [b for b in node.bases if ast.unparse(b) in self._own or _is_exception(ast.unparse(b))]
        node.keywords = []
        return super().visit_ClassDef(node)

    def visit_Assign(self, node: ast.Assign) -> ast.Assign:
        if isinstance(node.value, ast.Name) and node.value.id in self._own:
            return node  # another name for something that is hollow itself
        if not any(isinstance(t, ast.Name) and t.id.startswith("__") for t in node.targets):
            node.value = ast.Constant(None)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.stmt]:
        if node.level or (node.module or "").partition(".")[0] in {*self._own, "__future__"}:
            return [node]
        names = [a.asname or a.name for a in node.names if a.name != "*" and not _is_exception(a.name)]
        return [node, *(ast.parse(f"{name} = None").body[0] for name in names)]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        if node.value is not None:
            node.value = ast.Constant(None)
        return node


_KINDS_OF_METHOD = {"property", "staticmethod", "classmethod"}


def _is_exception(name: str) -> bool:
    return name.endswith(("Error", "Exception", "Warning", "Interrupt"))


def _invented(task: Task, module: str, body: Body) -> str:
    """A module with everything that the tests import from it or use of it, all hollow."""
    lines = []
    for name in sorted(_names(task, module)):
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


def _names(task: Task, module: str) -> set[str]:
    """What its solution has to define there, as far as the tests tell."""
    names = _used(task, module)
    if task.entry_point and module == task.module:
        names.add(task.entry_point.partition(".")[0])
    return names


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
