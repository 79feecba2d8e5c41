"""Check 'parse': the files parse and compile, define what is asked for, stay in their place, import what is there.

Everything is read as text: the code is compiled and never run.
"""

from __future__ import annotations

import ast
import io
import sys
import time
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from lamarck.checks.check import Level
from lamarck.checks.gate import Means
from lamarck.records import (
    AcceptanceKind,
    Assurance,
    Candidate,
    CheckOutcome,
    Evidence,
    Finding,
    SourceFile,
    Task,
)
from lamarck.tasks.imports import imports_of
from lamarck.tasks.python_source import compile_python, is_unwritten, parse_python, public_definitions

_LARGEST = 200_000  # bytes of one file; a function that needs more is no function
MOST_FILES = 50
# Files that change how Python starts or how the judge collects.
_RESERVED_NAMES = frozenset({"conftest.py", "sitecustomize.py", "usercustomize.py"})


class ParseCheck:
    """importable: top-level names that the chosen Python environment provides besides the standard library.
    most_files: that a candidate may have.

    Findings, all of which fail the check: syntax, size, encoding, path, shadows, missing-file, missing-name,
    entry-point, missing-package, missing-module.
    """

    name = "parse"
    version = f"2+python{sys.version_info.major}.{sys.version_info.minor}"
    required = True
    level: Level = "quick"
    runs_code = False

    def __init__(self, *, importable: frozenset[str], most_files: int = MOST_FILES) -> None:
        self._importable = importable
        self._most_files = most_files

    def applies(self, task: Task) -> bool:
        return task.language == "python"

    def run(self, task: Task, candidate: Candidate) -> Evidence:
        begin = time.perf_counter()
        findings = tuple(self._findings(task, candidate))
        return Evidence(
            check=self.name,
            check_version=self.version,
            candidate_id=candidate.id,
            outcome=CheckOutcome.FAILED if findings else CheckOutcome.PASSED,
            assurance=Assurance.JUDGED,
            findings=findings,
            measurements={"files": len(candidate.files), "lines": sum(_lines(f.text) for f in candidate.files)},
            log="\n".join(f"{f.path}:{f.line}: {f.rule}: {f.message}" for f in findings),
            replay_command=f"lamarck verify {candidate.id[:12]}",
            seconds=time.perf_counter() - begin,
        )

    def _findings(self, task: Task, candidate: Candidate) -> Iterator[Finding]:
        places = list(_place_findings(task, candidate, self._importable, self._most_files))
        yield from places
        misplaced = {f.path for f in places}
        own = _own_modules(task, candidate)
        trees: dict[str, ast.Module] = {}
        for file in candidate.files:
            if file.path in misplaced:
                continue
            tree = _parsed(file)
            if isinstance(tree, Finding):
                yield tree
                continue
            trees[file.path] = tree
            yield from self._import_findings(file, tree, own)
        yield from _name_findings(task, candidate, trees)

    def _import_findings(self, file: SourceFile, tree: ast.Module, own: frozenset[str]) -> Iterator[Finding]:
        tops = {name.partition(".")[0] for name in own}
        package = ".".join(PurePosixPath(file.path).parent.parts)
        for item in imports_of(tree, package):
            top = item.module.partition(".")[0]
            if item.optional or item.module in own or top in sys.stdlib_module_names or top in self._importable:
                continue
            if not item.module:
                yield _finding("missing-module", "a relative import leaves the package", file, item.line)
            elif top in tops:
                yield _finding("missing-module", f"imports {item.module}, which no file provides", file, item.line)
            else:
                what = f"imports {item.module}, which the chosen Python environment does not have"
                yield _finding("missing-package", what, file, item.line)


def build(means: Means) -> ParseCheck:
    return ParseCheck(importable=means.importable, most_files=means.most_files or MOST_FILES)


# --- places -------------------------------------------------------------------------------------------------------


def _place_findings(task: Task, candidate: Candidate, importable: frozenset[str], most_files: int) -> Iterator[Finding]:
    """Files that are missing, and files that stand where no candidate may write."""
    wanted = {s.path for s in task.stubs} or {task.main_path}
    paths = [f.path for f in candidate.files]
    for path in sorted(wanted - set(paths)):
        yield Finding(rule="missing-file", message=f"the file {path} is not there", severity="high", path=path)
    if len(paths) > most_files:
        yield Finding(rule="size", message=f"{len(paths)} files, more than {most_files}", severity="high")
    kept = _Kept(task, wanted)
    seen: set[str] = set()
    for file in candidate.files:
        if _escapes(file.path):
            yield _finding("path", f"the path {file.path!r} is not a plain one inside the job's folder", file)
        elif file.path in seen:
            yield _finding("path", f"{file.path} is there twice", file)
        elif kept.forbids(file.path):
            yield _finding("path", f"{file.path} is not the candidate's to write", file)
        elif file.path not in wanted and (hidden := _hidden_by(file.path, task, importable)) is not None:
            yield _finding("shadows", f"{file.path} would hide the module {hidden}", file)
        seen.add(file.path)


class _Kept:
    """Where no candidate may write: the tests, the support files, and the folders that are theirs alone."""

    def __init__(self, task: Task, wanted: set[str]) -> None:
        tests = {a.path for a in task.acceptance if a.kind is AcceptanceKind.PYTEST}
        self._wanted = wanted
        self._paths = tests | {s.path for s in task.support}
        self._modules = {_module(path) for path in self._paths if path.endswith(".py")}
        self._folders = {_folder(path) for path in self._paths} - {_folder(path) for path in wanted} - {"."}

    def forbids(self, path: str) -> bool:
        if path in self._paths or _module(path) in self._modules or PurePosixPath(path).name in _RESERVED_NAMES:
            return True
        return path not in self._wanted and (not path.endswith(".py") or _folder(path) in self._folders)


def _hidden_by(path: str, task: Task, importable: frozenset[str]) -> str | None:
    """The module of the environment that a file would answer for instead."""
    top = _module(path).partition(".")[0]
    own = top == task.module.partition(".")[0]
    return top if not own and (top in sys.stdlib_module_names or top in importable) else None


def _folder(path: str) -> str:
    return str(PurePosixPath(path).parent)


def _escapes(path: str) -> bool:
    parts = path.split("/")
    plain = path.isprintable() and "\\" not in path
    return not plain or any(part in {"", ".", ".."} for part in parts) or any(part.startswith(".") for part in parts)


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _own_modules(task: Task, candidate: Candidate) -> frozenset[str]:
    """Dotted names that the candidate's and the support files answer to, with the packages around them."""
    names = {task.module, *(_module(s.path) for s in task.stubs)}
    names |= {_module(f.path) for f in (*candidate.files, *task.support) if f.path.endswith(".py")}
    names |= {PurePosixPath(f.path).stem for f in task.support if f.path.endswith(".py")}  # beside the tests
    packages = {".".join(parts[:i]) for parts in (name.split(".") for name in names) for i in range(1, len(parts))}
    return frozenset(names | packages)


# --- text ---------------------------------------------------------------------------------------------------------


def _parsed(file: SourceFile) -> ast.Module | Finding:
    data = file.text.encode()
    if len(data) > _LARGEST:
        return _finding("size", f"{len(data)} bytes, more than {_LARGEST}", file)
    try:
        # Python would read the file with another encoding than the one it was judged in.
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        if encoding not in {"utf-8", "utf-8-sig"}:
            return _finding("encoding", f"declares the encoding {encoding}; only UTF-8 is read", file, 1)
        tree = parse_python(file.text)
        compile_python(file.text)
    except SyntaxError as error:
        return _finding("syntax", f"does not parse: {error.msg}", file, error.lineno or 0)
    return tree


# --- names --------------------------------------------------------------------------------------------------------


def _name_findings(task: Task, candidate: Candidate, trees: dict[str, ast.Module]) -> Iterator[Finding]:
    """Entry point, names of the stubs and names that the tests import, where they are not defined."""
    files = {f.path: f for f in candidate.files}
    main = task.main_path
    entry = (task.entry_point or candidate.entry_point or "").partition(".")[0]
    missing: set[tuple[str, str]] = set()
    if main in trees and entry and not _defines(trees[main], entry):
        missing.add((main, entry))
        yield _finding("entry-point", f"does not define {entry}", files[main])
    for path, name in dict.fromkeys([*_names_of_stubs(task), *_names_of_tests(task, trees)]):
        if path in trees and (path, name) not in missing and not _defines(trees[path], name):
            yield _finding("missing-name", f"does not define {name}, which the task needs", files[path])


def _names_of_stubs(task: Task) -> Iterator[tuple[str, str]]:
    for stub in task.stubs:
        try:
            tree = parse_python(stub.text)
        except SyntaxError:
            continue
        if is_unwritten(tree):  # the helpers of a finished implementation need not come back
            yield from ((stub.path, name) for name in public_definitions(tree))


def _names_of_tests(task: Task, trees: dict[str, ast.Module]) -> Iterator[tuple[str, str]]:
    modules = {_module(path): path for path in trees}
    for acceptance in task.acceptance:
        if acceptance.kind is not AcceptanceKind.PYTEST or acceptance.trust != "given":
            continue
        try:
            tree = parse_python(acceptance.content)
        except SyntaxError:
            continue
        for item in imports_of(tree):
            if item.module in modules and not item.optional and not item.relative:
                submodules = {m.rpartition(".")[2] for m in modules if m.startswith(f"{item.module}.")}
                yield from ((modules[item.module], n) for n, _ in item.names if n != "*" and n not in submodules)


def _defines(tree: ast.Module, name: str) -> bool:
    """Whether the module binds `name` at its top level, or in a way that only running it could tell."""
    for node in _top_level(tree.body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if node.name in {name, "__getattr__"}:
                return True
        elif isinstance(node, ast.Import | ast.ImportFrom):
            if any(a.name == "*" or (a.asname or a.name.partition(".")[0]) == name for a in node.names):
                return True
        else:
            stored = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            if name in stored or _writes_globals(node):
                return True
    return False


def _top_level(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run when the module is imported, those of its blocks too. In no particular order."""
    waiting = list(body)  # a long chain of elifs nests deeper than Python recurses
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for part in (node, *getattr(node, "handlers", []), *getattr(node, "cases", [])):
            for field in ("body", "orelse", "finalbody"):
                waiting += [n for n in getattr(part, field, []) if isinstance(n, ast.stmt)]


def _writes_globals(node: ast.stmt) -> bool:
    calls = (n.func for n in ast.walk(node) if isinstance(n, ast.Call))
    return any(isinstance(f, ast.Name) and f.id in {"globals", "vars", "setattr"} for f in calls)


def _finding(rule: str, message: str, file: SourceFile, line: int = 0) -> Finding:
    return Finding(rule=rule, message=message, severity="high", confidence="high", path=file.path, line=line)


def _lines(text: str) -> int:
    return len(text.splitlines())
