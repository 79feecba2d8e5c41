"""Reading the test files that a user gives: their text, what stands beside them, and which module they are about."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lamarck.errors import BadInput
from lamarck.records import Acceptance, AcceptanceKind, SourceFile
from lamarck.tasks.imports import Import, imports_of
from lamarck.tasks.loader import Surroundings
from lamarck.tasks.neighbours import Neighbours, shown
from lamarck.tasks.python_source import is_hollow, is_unwritten, parse_python, parsed
from lamarck.tasks.reading import read_text

_SHOWN_TESTS = 40
_MOST_FILES = 200
_CASE_SUFFIXES = ("TestCase", "Test", "Tests")


@dataclass(frozen=True, kw_only=True)
class LocalModule:
    """A module that stands beside the tests and that they import themselves."""

    module: str
    file: SourceFile
    unwritten: bool


@dataclass(kw_only=True)
class Given:
    """What the given tests say. unresolved: module → `file:line` of its first import.

    support: conftest files, helpers and data beside the tests, without the modules in `local` that the tests import
    themselves. trees: test files and their helpers, with the package that each stands in.
    """

    acceptance: tuple[Acceptance, ...] = ()
    support: tuple[SourceFile, ...] = ()
    local: tuple[LocalModule, ...] = ()
    unresolved: dict[str, str] = field(default_factory=dict)
    trees: tuple[tuple[ast.Module, str], ...] = ()

    def joined(self, other: Given) -> Given:
        """Both. Raises `BadInput` where two different files would stand at one place."""
        tests = {a.path: a for a in self.acceptance}
        for acceptance in other.acceptance:
            if tests.setdefault(acceptance.path, acceptance).content != acceptance.content:
                raise BadInput(f"two different test files are called {acceptance.path}", "rename one of them")
        return Given(
            acceptance=tuple(tests.values()),
            support=merged(self.support, other.support),
            local=tuple({m.module: m for m in (*other.local, *self.local)}.values()),
            unresolved={**other.unresolved, **self.unresolved},
            trees=self.trees + other.trees,
        )

    def all_support(self) -> tuple[SourceFile, ...]:
        """The support when none of the local modules is the one to write."""
        return merged(self.support, (m.file for m in self.local))


def merged(*groups: Iterable[SourceFile]) -> tuple[SourceFile, ...]:
    """Files of all groups by path. Raises `BadInput` when two different files would stand at one place."""
    files: dict[str, SourceFile] = {}
    for group in groups:
        for file in group:
            if files.setdefault(file.path, file).text != file.text:
                raise BadInput(f"two different files would both stand at {file.path}", "rename one of them")
    return tuple(files[path] for path in sorted(files))


# --- is it a test file? -------------------------------------------------------------------------------------------


def is_test_name(path: Path) -> bool:
    return path.suffix == ".py" and (path.name.startswith("test_") or path.stem.endswith("_test"))


def is_test_file(path: Path) -> bool:
    """By its name, or because it holds tests. Never raises: what cannot be read is told by its name alone."""
    if path.suffix != ".py" or is_test_name(path):
        return path.suffix == ".py"
    try:
        tree = parse_python(read_text(path))
    except (BadInput, SyntaxError):
        return False
    return any(_looks_meant(node) for node in _tests_in(tree.body))


def _looks_meant(node: ast.stmt) -> bool:
    """Tells a test from a function that is only called test_something."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return not is_hollow(node) and any(isinstance(n, ast.Assert | ast.With) for n in ast.walk(node))
    return True


def _tests_in(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Test functions and test classes of a module's top level, also below `if` and `try`."""
    waiting = list(body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name.startswith("test"):
                yield node
        elif isinstance(node, ast.ClassDef):
            if _is_test_class(node):
                yield node
        elif isinstance(node, ast.Assign):  # a Hypothesis state machine: TestX = X.TestCase
            if isinstance(node.value, ast.Attribute) and node.value.attr == "TestCase":
                yield node
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):  # of pytest-bdd
            if isinstance(node.value.func, ast.Name) and node.value.func.id == "scenarios":
                yield node
        elif isinstance(node, ast.If | ast.Try):
            waiting += [*node.body, *node.orelse]


def _is_test_class(node: ast.ClassDef) -> bool:
    bases = [b.attr if isinstance(b, ast.Attribute) else b.id if isinstance(b, ast.Name) else "" for b in node.bases]
    is_case = any(base.endswith(_CASE_SUFFIXES) for base in bases)
    methods = [n.name for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    has_tests = any(name.startswith("test") for name in methods)
    return is_case or (has_tests and node.name.startswith("Test"))


# --- reading ------------------------------------------------------------------------------------------------------


def read_given(
    paths: tuple[Path, ...],
    surroundings: Surroundings,
    *,
    root: Path | None = None,
    written: frozenset[str] = frozenset(),
) -> Given:
    """The given tests, with what stands beside them and they need.

    root: the task's folder; what lies in it keeps its place. written: modules that the candidate writes, which are
    looked for nowhere. Raises `BadInput` for a file that is missing, broken or without tests.
    """
    files = _expanded(paths)
    folder = Path(os.path.abspath(root)) if root is not None else None
    inside = tuple(f for f in files if folder is not None and f.is_relative_to(folder))
    outside = tuple(f for f in files if f not in inside)
    own = _read_group(inside, folder, surroundings, written)
    return own.joined(_read_group(outside, None, surroundings, written))


def _read_group(
    files: tuple[Path, ...], root: Path | None, surroundings: Surroundings, written: frozenset[str]
) -> Given:
    if not files:
        return Given()
    reader = _Reader(surroundings, Neighbours.around(files, root), written)
    for path in files:
        reader.read_test(path)
    return reader.given()


def read_imports(paths: tuple[Path, ...], surroundings: Surroundings, *, written: frozenset[str]) -> Given:
    """What Python files that are no tests need from beside them: `support`, `local` and `unresolved` are filled."""
    files = tuple(Path(os.path.abspath(p)) for p in paths)
    if not files:
        return Given()
    reader = _Reader(surroundings, Neighbours.around(files, None), written)
    for path in files:
        reader.read_code(path)
    return reader.given()


def _expanded(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    files: dict[Path, None] = {}
    for path in paths:
        if os.path.isdir(path):
            found = sorted(p for p in path.rglob("*.py") if is_test_name(p) and not _hidden(p.relative_to(path)))
            if not found:
                raise BadInput(f"{path}: holds no test files", "name files called test_*.py or *_test.py")
            files.update(dict.fromkeys(found))
        elif path.suffix != ".py" and os.path.exists(path):
            raise BadInput(
                f"{path}: tests are Python files", "give a pytest or unittest file, or a specification (*.bdd.yaml)"
            )
        else:
            files[path] = None
    if len(files) > _MOST_FILES:
        raise BadInput(f"{len(files)} test files are more than {_MOST_FILES}", "name those that decide")
    return tuple(Path(os.path.abspath(p)) for p in files)


def _hidden(relative: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in relative.parts)


class _Reader:
    def __init__(self, surroundings: Surroundings, neighbours: Neighbours, written: frozenset[str]) -> None:
        self.surroundings = surroundings
        self.neighbours = neighbours
        self.written = written
        self.result = Given()
        self.tests: dict[str, Acceptance] = {}
        self.support: dict[str, SourceFile] = {}
        self.local: dict[str, LocalModule] = {}
        self.trees: list[tuple[ast.Module, str]] = []
        self.seen: set[Path] = set()

    def given(self) -> Given:
        self.support = {p: f for p, f in self.support.items() if p not in self.tests}
        direct = {m.file.path for m in self.local.values()}
        self.result.acceptance = tuple(self.tests.values())
        self.result.support = tuple(self.support[p] for p in sorted(self.support.keys() - direct))
        self.result.local = tuple(self.local.values())
        self.result.trees = tuple(self.trees)
        return self.result

    def read_test(self, path: Path) -> None:
        text = read_text(path)
        tree = parsed(text, shown(path))
        if not any(_tests_in(tree.body)):
            raise BadInput(f"{shown(path)}: holds no test functions", "write `def test_…():` functions or a TestCase")
        place = self.neighbours.place(path)
        self.tests[place] = Acceptance(kind=AcceptanceKind.PYTEST, content=text, path=place)
        self.seen.add(path)
        for beside in self.neighbours.always_beside(path):
            self._read_support(beside, direct=True)
        self._follow(path, tree, direct=True)
        for data in self.neighbours.mentioned(path, tree):
            self._keep(data)

    def read_code(self, path: Path) -> None:
        tree = parsed(read_text(path), shown(path))
        self.seen.add(path)
        self._follow(path, tree, direct=True)

    def _keep(self, path: Path) -> SourceFile:
        file = SourceFile(path=self.neighbours.place(path), text=read_text(path))
        self.support[file.path] = file
        return file

    def _read_support(self, path: Path, *, direct: bool = False) -> SourceFile:
        file = self._keep(path)
        if path not in self.seen:
            self.seen.add(path)
            self._follow(path, parsed(file.text, shown(path)), direct=direct)
        return file

    def _follow(self, path: Path, tree: ast.Module, *, direct: bool) -> None:
        """Read what a file imports from beside it, and note what is nowhere."""
        package = self.neighbours.package(path)
        self.trees.append((tree, package))
        for item in imports_of(tree, package):
            where = f"{shown(path)}:{item.line}"
            if not item.module:
                raise BadInput(f"{where}: a relative import leaves its package", "import the module by its name")
            for module in self.neighbours.modules_of(item):
                if not self._is_written(module):
                    self._resolve(module, item, where, direct=direct)

    def _is_written(self, module: str) -> bool:
        return module in self.written or any(w.startswith(f"{module}.") for w in self.written)

    def _resolve(self, module: str, item: Import, where: str, *, direct: bool) -> None:
        """direct: a test file or a conftest asks, not one of their helpers."""
        if self.surroundings.resolves(module) and not self.neighbours.shadows(module):
            return
        found = self.neighbours.find(module)
        if not found:
            if not item.optional:
                self.result.unresolved.setdefault(module, where)
            return
        *packages, last = found
        for path in packages:
            self._read_support(path)
        known = last in self.seen
        unwritten = not known and _is_unwritten(last)
        file = self._read_support(last)
        if unwritten or (direct and not known):
            self.local[module] = LocalModule(module=module, file=file, unwritten=unwritten)


def _is_unwritten(path: Path) -> bool:
    try:
        return is_unwritten(parse_python(read_text(path)))
    except SyntaxError:
        return False


# --- words for people and prompts ---------------------------------------------------------------------------------


def goal_of_tests(given: Given) -> str:
    """The docstrings of the test files and the names of their tests, as text."""
    parts: list[str] = []
    names: list[str] = []
    for acceptance in given.acceptance:
        tree = parse_python(acceptance.content)
        if docstring := ast.get_docstring(tree):
            parts.append(docstring)
        names += [line for line in dict.fromkeys(_test_lines(tree)) if line]
    if names:
        shown = [f"- {line}" for line in names[:_SHOWN_TESTS]]
        more = len(names) - _SHOWN_TESTS
        parts.append("\n".join(["The tests name:", *shown, *([f"- and {more} more"] if more > 0 else [])]))
    return "\n\n".join(parts)


def _test_lines(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            docstring = ast.get_docstring(node)
            yield docstring.splitlines()[0] if docstring else node.name[4:].replace("_", " ").strip()
