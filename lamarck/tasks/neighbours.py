"""What stands beside test files, and where all of it goes relative to the candidate's files.

Import folders follow pytest: the first folder upward from a test file that holds no `__init__.py` is the one that
absolute imports of local modules start from.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lamarck.errors import BadInput
from lamarck.tasks.imports import Import, imports_of
from lamarck.tasks.python_source import parse_python
from lamarck.tasks.reading import read_text

_LONGEST_NAME = 200


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """The folders around some test files. All paths are absolute."""

    root: Path  # what places are relative to
    bases: tuple[Path, ...]  # where local modules are looked for, in order

    @classmethod
    def around(cls, files: tuple[Path, ...], root: Path | None) -> Neighbours:
        bases = list(dict.fromkeys(_import_base(path) for path in files))
        folder = Path(os.path.abspath(root)) if root is not None else None
        if folder is None or not all(b.is_relative_to(folder) for b in bases):
            folder = Path(os.path.commonpath([*bases, *([folder] if folder else [])]))
        return cls(root=folder, bases=tuple(dict.fromkeys([*bases, folder])))

    def place(self, path: Path) -> str:
        """POSIX path relative to the candidate's files."""
        return path.relative_to(self.root).as_posix()

    def package(self, path: Path) -> str:
        """The dotted package that a file stands in; empty at the top of an import folder."""
        return ".".join(path.parent.relative_to(import_folder(path.parent)).parts)

    def shadows(self, module: str) -> bool:
        """Whether a local file answers for `module` before an installed package would."""
        top = module.partition(".")[0]
        return top not in sys.stdlib_module_names and bool(self.find(module))

    def find(self, module: str) -> tuple[Path, ...]:
        """The files of a local module: the `__init__.py` of its packages where there are any, then its own."""
        for base in self.bases:
            *packages, last = module.split(".")
            folder = base.joinpath(*packages)
            inits = [base.joinpath(*packages[: i + 1], "__init__.py") for i in range(len(packages))]
            inits = [i for i in inits if i.is_file()]
            for own in (folder / f"{last}.py", folder / last / "__init__.py"):
                if own.is_file():
                    return (*inits, own)
        return ()

    def modules_of(self, item: Import) -> Iterator[str]:
        """The modules that an import statement needs: `from package import name` may mean the module package.name."""
        names = [name for name, _ in item.names if name != "*"]
        own = self.find(item.module)
        if not own and any(base.joinpath(*item.module.split(".")).is_dir() for base in self.bases):
            yield from (f"{item.module}.{name}" for name in names)  # a folder without __init__.py
            return
        yield item.module
        text = read_text(own[-1]) if own and own[-1].name == "__init__.py" else None
        for name in names:
            is_named = text is None or name in text or "import *" in text or "__getattr__" in text
            if self.find(f"{item.module}.{name}") or not is_named:
                yield f"{item.module}.{name}"

    def always_beside(self, path: Path) -> Iterator[Path]:
        """conftest.py and `__init__.py` from the test's folder up to its import folder."""
        top = _import_base(path)
        folder = path.parent
        while True:
            for name in ("conftest.py", "__init__.py"):
                if (folder / name).is_file() and (name == "conftest.py" or folder != top):
                    yield folder / name
            if folder in {top, folder.parent}:
                return
            folder = folder.parent

    def mentioned(self, path: Path, tree: ast.Module) -> Iterator[Path]:
        """Data files beside the test whose names stand in it, alone or joined with `/`."""
        for name in sorted({n for n in _names_in(tree) if 0 < len(n) <= _LONGEST_NAME}):
            if name.endswith(".py") or "\0" in name or "\n" in name or os.path.isabs(name):
                continue
            target = Path(os.path.normpath(path.parent / name))
            if target.is_relative_to(path.parent) and os.path.isfile(target):
                refuse_escape(target, path.parent)
                yield target


def refuse_escape(path: Path, folder: Path) -> None:
    """Raises `BadInput` for a link that leads out of the task's folder, or to what is hidden in it: a task must not
    pick up foreign files, nor an answer that lies there for somebody else."""
    try:
        target, top = path.resolve(strict=True), folder.resolve()
    except (OSError, RuntimeError) as error:
        raise BadInput(f"{shown(path)}: is a broken link or a loop of links", "remove it or give the file") from error
    if not target.is_relative_to(top):
        raise BadInput(f"{shown(path)}: is a link that leads out of its folder", "put the file itself there")
    if any(part.startswith(".") for part in target.relative_to(top).parts):
        raise BadInput(f"{shown(path)}: is a link to a hidden file", "put the file itself there")


def shown(path: Path) -> str:
    """How a path is written in messages: relative where it lies below the working folder."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def import_folder(folder: Path) -> Path:
    """The first folder at or above `folder` that is no package."""
    while (folder / "__init__.py").is_file() and folder.parent != folder:
        folder = folder.parent
    return folder


def _import_base(path: Path) -> Path:
    """Pytest's import folder; or the parent where the test names its own folder as a package (`tests.helpers`). A
    module in the folder that is called like the folder is what pytest would find first: `meetup/meetup.py`."""
    base = import_folder(path.parent)
    hides = (base / f"{base.name}.py").is_file() or (base / base.name / "__init__.py").is_file()
    if base == path.parent and not hides:
        try:
            items = imports_of(parse_python(read_text(path)))
        except (BadInput, SyntaxError):
            return base
        for item in items:
            top, _, rest = item.module.partition(".")
            names = [rest.split(".")[0]] if rest else [name for name, _ in item.names]
            if top == base.name and any((base / f"{n}.py").is_file() or (base / n).is_dir() for n in names):
                return base.parent
    return base


def _names_in(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            if parts := _joined(node):
                yield "/".join(parts)
        elif isinstance(node, ast.Call) and node.args:
            texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if len(texts) > 1:
                yield "/".join(texts)


def _joined(node: ast.expr) -> list[str]:
    """The constant parts that end a chain `folder / "data" / "x.json"`."""
    parts: list[str] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        if not (isinstance(node.right, ast.Constant) and isinstance(node.right.value, str)):
            break
        parts.append(node.right.value)
        node = node.left
    return parts[::-1]
