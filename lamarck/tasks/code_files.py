"""Python files that a candidate stands for: which modules they are, and what they import from beside them."""

from __future__ import annotations

import os
from pathlib import Path

from lamarck.errors import BadInput
from lamarck.records import SourceFile
from lamarck.tasks.choosing import placed, refuse_unresolved
from lamarck.tasks.given import Given, read_imports
from lamarck.tasks.imports import imports_of
from lamarck.tasks.loader import Surroundings
from lamarck.tasks.naming import is_name
from lamarck.tasks.neighbours import import_folder, shown
from lamarck.tasks.reading import read_text


def module_choices(path: Path, root: Path | None = None) -> tuple[str, ...]:
    """Dotted names that a file could be imported by: the one its packages give it first, then ever longer ones.

    root: the folder above which no name reaches. Raises `BadInput` when its name cannot be a module's.
    """
    path = Path(os.path.abspath(path))
    parts = path.parent.parts if path.name == "__init__.py" else (*path.parent.parts, path.stem)
    if not is_name(parts[-1]):
        raise BadInput(
            f"{shown(path)}: '{parts[-1]}' cannot be a module's name", "rename it with letters, digits and underscores"
        )
    least = len(root.parts) if root is not None else 1
    names: list[str] = []
    for start in range(len(parts) - 1, least - 1, -1):
        if not is_name(parts[start]):
            break
        names.append(".".join(parts[start:]))
    by_package = ".".join(path.relative_to(import_folder(path.parent)).with_suffix("").parts).removesuffix(".__init__")
    return tuple(dict.fromkeys([*([by_package] if by_package in names else []), *names]))


def imported_choice(given: Given, choices: tuple[str, ...]) -> str | None:
    """The first of the names that the tests import."""
    imported: set[str] = set()
    for tree, package in given.trees:
        for item in imports_of(tree, package):
            imported.add(item.module)
            imported.update(f"{item.module}.{name}" for name, _ in item.names)
    return next((name for name in choices if name in imported), None)


def module_place(module: str, path: Path) -> str:
    """Where a module's file stands relative to the candidate's other files."""
    return module.replace(".", "/") + ("/__init__.py" if path.name == "__init__.py" else ".py")


def read_code(paths: dict[str, Path], surroundings: Surroundings) -> tuple[tuple[SourceFile, ...], Given]:
    """The files of modules (name → file), then the stubs beside them that they import; and what else stands there.

    Raises `BadInput` for a file that does not parse and for an import that is neither in the environment nor beside it.
    """
    given = read_imports(tuple(paths.values()), surroundings, written=frozenset(paths))
    refuse_unresolved(given)
    files = [SourceFile(path=module_place(module, path), text=read_text(path)) for module, path in paths.items()]
    files += [placed(local) for local in given.local if local.unwritten]
    return tuple({f.path: f for f in files}.values()), given
