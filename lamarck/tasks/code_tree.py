"""Code that is there already, a file or a folder of them, as a task with its answer: what `lamarck check` looks at.

Unlike `stub.load_code` it takes code that does not parse or whose imports are missing: that is what checks tell.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lamarck.errors import BadInput
from lamarck.records import Acceptance, SourceFile, Task, make_task
from lamarck.tasks.choosing import entry_point_of, refuse_unresolved
from lamarck.tasks.code_files import imported_choice, module_choices, module_place
from lamarck.tasks.composing import definitions_of, doctests_of, named_like, support_without
from lamarck.tasks.given import Given, is_test_name, merged, read_given, read_imports
from lamarck.tasks.loader import Surroundings
from lamarck.tasks.naming import is_module_name, is_name
from lamarck.tasks.neighbours import import_folder, shown
from lamarck.tasks.python_source import parse_python
from lamarck.tasks.reading import read_text
from lamarck.tasks.specification import specifications_of, split, with_specifications
from lamarck.tasks.stub import goal_of_code
from lamarck.tasks.uses import uses_of

SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "venv", "build", "dist", "htmlcov", "site-packages"})
_MOST_FILES = 5_000
_FEW = 25  # files of which the main one is worth looking for


@dataclass(frozen=True, kw_only=True)
class CodeTree:
    """places: path of a file as the candidate has it → the path as the user knows it. tests: files that were read, by
    the path that the user knows. decides: path of what decides, as the task has it → the path as the user knows it."""

    task: Task
    files: tuple[SourceFile, ...]
    places: dict[str, str]
    tests: tuple[str, ...]
    decides: dict[str, str]


def load_tree(path: Path, tests: tuple[Path, ...], surroundings: Surroundings) -> CodeTree:
    """Read a Python file or all Python files below a folder that are no tests. tests: given ones; files and folders,
    specifications among them.

    Raises `BadInput` for what cannot be read at all, and for tests that are no tests or need what is nowhere.
    """
    found = _code_below(path) if path.is_dir() else (path,)
    if not path.is_dir() and path.suffix not in {".py", ".pyi"} and not read_text(path).startswith("#!"):
        raise BadInput(f"{path}: is no Python file", "name a file *.py, a script that begins with #!, or a folder")
    tests, specifications = split(tests)
    tests = tuple(t for t in _expanded(tests) if os.path.abspath(t) not in {os.path.abspath(f) for f in found})
    texts = {file: read_text(file) for file in found}
    modules = {file: _modules(file) for file in found}
    importable = {name for names in modules.values() for name in names}
    given = read_given(tests, surroundings, root=_root(path), written=frozenset(importable)) if tests else Given()
    refuse_unresolved(given)
    named = {file: imported_choice(given, names) or (names[0] if names else "") for file, names in modules.items()}
    files = tuple(SourceFile(path=_place(file, name, path), text=texts[file]) for file, name in named.items())
    if len({f.path for f in files}) < len(files):
        files = tuple(SourceFile(path=_below(file, path), text=texts[file]) for file in named)
    places = {f.path: shown(Path(os.path.abspath(file))) for f, file in zip(files, named, strict=True)}
    tree = _tree(files, dict(zip([f.path for f in files], named.items(), strict=True)), given, places, surroundings)
    task = with_specifications(tree.task, specifications) if specifications else tree.task
    below = specifications_of(specifications)
    read = tuple(dict.fromkeys(shown(Path(os.path.abspath(t))) for t in (*tests, *below)))
    return replace(tree, task=task, tests=read, decides=_decides(task, tests, below, tree.places))


def _decides(
    task: Task, tests: Iterable[Path], specifications: dict[Path, str], places: dict[str, str]
) -> dict[str, str]:
    """Told by the texts: two files of one text decide the same."""
    by_text = {read_text(t): t for t in tests} | {text: path for path, text in specifications.items()}
    found = {a.path: shown(Path(os.path.abspath(by_text[a.content]))) for a in task.acceptance if a.content in by_text}
    return {a.path: places[a.path] for a in task.acceptance if a.path in places} | found


def _root(path: Path) -> Path | None:
    """Where the imports of a package begin, for tests of a part of it that import other parts."""
    folder = Path(os.path.abspath(path if path.is_dir() else path.parent))
    top = import_folder(folder)
    return top if top != folder else None


def _tree(
    files: tuple[SourceFile, ...],
    named: dict[str, tuple[Path, str]],
    given: Given,
    places: dict[str, str],
    surroundings: Surroundings,
) -> CodeTree:
    """named: place → file and dotted name."""
    trees = {f.path: tree for f in files if (tree := _parsed(f.text)) is not None}
    main = _main(files, named, given)
    order = tuple(sorted(files, key=lambda f: f.path != main))
    module = named[main][1] or main.removesuffix(".py").replace("/", ".")
    uses = uses_of(given.trees, module) if is_module_name(module) else ()
    defined = definitions_of(order[0]) if main in trees else {}
    entry_point = entry_point_of(uses, tuple(defined), named_like(module, defined)) if len(files) == 1 else None
    acceptance: tuple[Acceptance, ...] = (*given.acceptance, *doctests_of(f for f in order if f.path in trees))
    beside = _beside(tuple(file for place, (file, _) in named.items() if place in trees), named, surroundings)
    support = support_without(merged(beside.all_support(), given.all_support()), files)
    kept = {a.path for a in acceptance if a.path not in trees}
    goal = goal_of_code(trees[main], order[0].text, given) if main in trees else ""
    task = make_task(
        goal=goal.strip() or f"The code of {places[main]}.",
        module=module,
        entry_point=entry_point,
        stubs=tuple(f.replace(text="") for f in order),
        support=tuple(s for s in support if s.path not in kept),
        acceptance=acceptance,
        limits=surroundings.limits,
        job_limits=surroundings.job_limits,
    )
    return CodeTree(task=task, files=order, places=places, tests=(), decides={})


def _main(files: tuple[SourceFile, ...], named: dict[str, tuple[Path, str]], given: Given) -> str:
    """The place of the file that the tests use most; of many files, the first that they import."""
    if len(files) == 1 or not given.trees:
        return files[0].path
    if len(files) <= _FEW:
        return max(files, key=lambda f: sum(u.times for u in uses_of(given.trees, named[f.path][1]))).path
    return next((f.path for f in files if imported_choice(given, (named[f.path][1],))), files[0].path)


def _beside(paths: tuple[Path, ...], named: dict[str, tuple[Path, str]], surroundings: Surroundings) -> Given:
    """What the files import from beside them. What cannot be read there is told by the checks."""
    try:
        return read_imports(paths, surroundings, written=frozenset(name for _, name in named.values() if name))
    except BadInput:
        return Given()


# --- files --------------------------------------------------------------------------------------------------------


def is_code(relative: Path) -> bool:
    """Whether a Python file, by its path below a folder, is part of the code rather than of its tests or its tools."""
    folders = relative.parts[:-1]
    hidden = any(part.startswith(".") or part in SKIPPED_FOLDERS for part in folders)
    return not (hidden or "tests" in folders or is_test_name(relative) or relative.name in {"conftest.py", "setup.py"})


def _code_below(folder: Path) -> tuple[Path, ...]:
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in SKIPPED_FOLDERS)
        if "pyvenv.cfg" in names:
            folders.clear()
            continue
        found += [
            Path(root, n) for n in sorted(names) if n.endswith(".py") and is_code(Path(root, n).relative_to(folder))
        ]
        if len(found) > _MOST_FILES:
            raise BadInput(f"{folder}: holds more than {_MOST_FILES} Python files", "name a folder below it")
    if not found:
        raise BadInput(f"{folder}: holds no Python files but tests", "name the folder or file with the code")
    return tuple(found)


def _modules(file: Path) -> tuple[str, ...]:
    """Names that the file can be imported by; none for a script that is called like no module."""
    name = file.resolve().parent.name if file.name == "__init__.py" else file.stem
    return module_choices(file) if is_name(name) else ()


def _place(file: Path, module: str, path: Path) -> str:
    return module_place(module, file) if module else _below(file, path)


def _below(file: Path, path: Path) -> str:
    """Relative to the folder that the imports of `path` begin in."""
    top = import_folder(Path(os.path.abspath(path if path.is_dir() else path.parent)))
    return Path(os.path.abspath(file)).relative_to(top).as_posix()


def _parsed(text: str) -> ast.Module | None:
    try:
        return parse_python(text)
    except (SyntaxError, RecursionError):
        return None


def _expanded(tests: Iterable[Path]) -> Iterator[Path]:
    for path in tests:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*.py") if is_test_name(p) and is_shown(p.relative_to(path)))
        else:
            yield path


def is_shown(relative: Path) -> bool:
    return not any(part.startswith(".") or part in SKIPPED_FOLDERS for part in relative.parts)


def find_tests(path: Path) -> tuple[Path, ...]:
    """Tests that are named like what they test: for `shop/cart.py` test_cart.py, cart_test.py or test_cart_laws.py,
    beside it or in the nearest folder `tests` of its project; for a folder, its own tests, and for a package those of
    that folder `tests` too."""
    path = Path(os.path.abspath(path))
    if path.is_dir():
        apart = _tests_folder(path.parent) if (path / "__init__.py").is_file() else None
        return tuple(dict.fromkeys(_expanded((path, *([apart] if apart else [])))))
    names = {f"test_{path.stem}.py", f"{path.stem}_test.py", f"test_{path.stem}_laws.py"}
    beside = [path.parent / name for name in sorted(names)]
    folder = _tests_folder(path.parent)
    if folder is not None:
        beside += [p for p in sorted(folder.rglob("*.py")) if p.name in names]
    return tuple(dict.fromkeys(p for p in beside if p.is_file()))


def _tests_folder(start: Path) -> Path | None:
    """The nearest folder `tests` at or above, within the project; where nothing tells what that is, within the folder
    that imports begin in."""
    every = (start, *start.parents)
    marked = (f for f in every if any((f / mark).exists() for mark in (".git", "pyproject.toml", "lamarck.toml")))
    top = next(marked, import_folder(start))
    for folder in every:
        if (folder / "tests").is_dir():
            return folder / "tests"
        if folder == top:
            break
    return None
