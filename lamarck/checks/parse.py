"""Check 'parse': the files parse and compile, define what is asked for, and import only what is there."""

from __future__ import annotations

import ast
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import PurePosixPath

from lamarck.records import Candidate, CheckOutcome, Evidence, Finding, SourceFile, Task

_LARGEST = 200_000  # characters of one file; a function that needs more is no function


class ParseCheck:
    """Parses and compiles, and runs nothing. importable: top-level names that the environment provides."""

    name = "parse"
    version = f"1+python{sys.version_info.major}.{sys.version_info.minor}"
    required = True

    def __init__(self, *, importable: frozenset[str]) -> None:
        self._importable = importable

    def applies(self, task: Task) -> bool:
        return True

    def run(self, task: Task, candidate: Candidate) -> Evidence:
        begin = time.perf_counter()
        findings = tuple(self._findings(task, candidate))
        return Evidence(
            check=self.name,
            check_version=self.version,
            candidate_id=candidate.id,
            outcome=CheckOutcome.FAILED if findings else CheckOutcome.PASSED,
            findings=findings,
            measurements={"files": len(candidate.files), "lines": sum(f.text.count("\n") for f in candidate.files)},
            log="\n".join(f"{f.path}:{f.line}: {f.message}" for f in findings),
            replay_command=f"lamarck verify {candidate.id[:12]}",
            seconds=time.perf_counter() - begin,
        )

    def _findings(self, task: Task, candidate: Candidate) -> Iterator[Finding]:
        yield from _path_findings(task, candidate)
        own = {_top_name(f.path) for f in (*candidate.files, *task.support, *task.stubs)} | {
            task.module.partition(".")[0]
        }
        for file in candidate.files:
            tree = _parsed(file)
            if isinstance(tree, Finding):
                yield tree
                continue
            yield from self._import_findings(file, tree, own)
            if file.path == candidate.files[0].path and candidate.entry_point:
                yield from _entry_findings(file, tree, candidate.entry_point)

    def _import_findings(self, file: SourceFile, tree: ast.Module, own: set[str]) -> Iterator[Finding]:
        for node in ast.walk(tree):
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            if isinstance(node, ast.Import):
                names = [a.name for a in node.names]
            else:
                names = [node.module] if node.level == 0 and node.module else []
            for name in names:
                top = name.partition(".")[0]
                if top not in own and top not in sys.stdlib_module_names and top not in self._importable:
                    message = f"imports {name}, which the chosen Python environment does not have"
                    yield _finding("missing-package", message, file, node.lineno)


def _path_findings(task: Task, candidate: Candidate) -> Iterator[Finding]:
    kept = {s.path for s in task.support} | {a.path for a in task.acceptance} - {s.path for s in task.stubs}
    kept -= {task.main_path}
    for file in candidate.files:
        path = PurePosixPath(file.path)
        if path.is_absolute() or ".." in path.parts or "\\" in file.path or "\0" in file.path:
            yield _finding("path", f"the path {file.path!r} leaves the job's folder", file)
        elif file.path in kept or path.name in {"conftest.py", "sitecustomize.py", "usercustomize.py"}:
            yield _finding("path", f"{file.path} is not the candidate's to write", file)


def _parsed(file: SourceFile) -> ast.Module | Finding:
    if len(file.text) > _LARGEST:
        return _finding("size", f"{len(file.text)} characters, more than {_LARGEST}", file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in somebody's string is not ours to print
            tree = ast.parse(file.text)
            compile(tree, file.path, "exec", dont_inherit=True)
    except SyntaxError as error:
        return _finding("syntax", f"does not parse: {error.msg}", file, error.lineno or 0)
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return _finding("syntax", f"does not compile: {type(error).__name__}: {error}"[:200], file)
    return tree


def _entry_findings(file: SourceFile, tree: ast.Module, entry: str) -> Iterator[Finding]:
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, ast.alias):
            bound.add(node.asname or node.name)
    if entry.partition(".")[0] not in bound and "*" not in bound:
        yield _finding("entry-point", f"does not define {entry}", file)


def _finding(rule: str, message: str, file: SourceFile, line: int = 0) -> Finding:
    return Finding(rule=rule, message=message, severity="high", confidence="high", path=file.path, line=line)


def _top_name(path: str) -> str:
    return PurePosixPath(path).parts[0].removesuffix(".py")
