"""Check 'impact': what a change touches, and how much of a risk that is.

More than 10 files is a high risk, more than 5 dependents a medium one. A high risk, and a change of what others rely on
(a public name that goes, a signature that asks for something else, a module that comes or goes), waits for a person.
"""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lamarck.checks.check import Check, Level
from lamarck.records import Assurance, Candidate, CheckOutcome, Evidence, Finding, Task, make_candidate
from lamarck.tasks.code_tree import SKIPPED_FOLDERS

if TYPE_CHECKING:
    from lamarck.checks.gate import Means

_PLACE = re.compile("::|: ")
MANY_FILES = 10
MANY_DEPENDENTS = 5
_MOST_FILES = 5_000
_LARGEST = 500_000  # bytes of a file that is looked through for uses
_MOST_NAMED = 8

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, kw_only=True)
class Impact:
    """files: paths that differ. functions: `path::name` of what was added, changed or taken away. dependents: paths of
    other files that use it. architectural: what others rely on and now is otherwise. coverage_delta: share of lines."""

    files: tuple[str, ...]
    functions: tuple[str, ...]
    dependents: tuple[str, ...]
    architectural: tuple[str, ...] = ()
    coverage_delta: float | None = None

    @property
    def risk(self) -> str:
        if len(self.files) > MANY_FILES:
            return "high"
        return "medium" if len(self.dependents) > MANY_DEPENDENTS else "low"

    @property
    def waits(self) -> bool:
        return self.risk == "high" or bool(self.architectural)


class ImpactCheck:
    """before: path → text then, None for a new file. folder: where dependents are looked for. places: path of a file of
    the candidate → its path below the folder. coverage: measures lines that the given tests run, where it can."""

    name = "impact"
    version = "1"
    required = True
    level: Level = "quick"
    runs_code = False

    def __init__(
        self,
        before: Mapping[str, str | None] | None,
        *,
        folder: Path | None = None,
        places: Mapping[str, str] | None = None,
        coverage: Check | None = None,
    ) -> None:
        self._before = before
        self._folder = folder
        self._places = dict(places or {})
        self._coverage = coverage

    def applies(self, task: Task) -> bool:
        return self._before is not None and task.language == "python"

    def run(self, task: Task, candidate: Candidate) -> Evidence:
        begin = time.monotonic()
        before = dict(self._before or {})
        impact = self._impact(task, candidate, before)
        findings = [
            Finding(rule="architecture", message=what, severity="medium", confidence="medium", path=path)
            for path, what in (_PLACE.split(each, maxsplit=1) for each in impact.architectural)
        ]
        return Evidence(
            check=self.name,
            check_version=self.version,
            candidate_id=candidate.id,
            outcome=CheckOutcome.PENDING if impact.waits else CheckOutcome.PASSED,
            assurance=Assurance.JUDGED,
            findings=tuple(findings),
            measurements={
                "files": len(impact.files),
                "functions": len(impact.functions),
                "dependents": len(impact.dependents),
                "risk": {"low": 0, "medium": 1, "high": 2}[impact.risk],
                **({} if impact.coverage_delta is None else {"coverage_delta": impact.coverage_delta}),
            },
            log=_told(impact),
            seconds=time.monotonic() - begin,
        )

    def _impact(self, task: Task, candidate: Candidate, before: dict[str, str | None]) -> Impact:
        now = {f.path: f.text for f in candidate.files}
        changed = tuple(sorted(p for p in before if before[p] != now.get(p)))
        functions: list[str] = []
        architectural: list[str] = []
        touched: dict[str, set[str]] = {}
        for path in changed:
            old, new = _definitions(before[path] or ""), _definitions(now.get(path, ""))
            names = [n for n in {**old, **new} if n not in old or n not in new or old[n].body != new[n].body]
            functions += [f"{path}::{name}" for name in names]
            touched[path] = {name.partition(".")[0] for name in names}
            architectural += _architectural(path, before[path], now.get(path), old, new)
        return Impact(
            files=changed,
            functions=tuple(functions),
            dependents=tuple(sorted(self._dependents(touched, now))),
            architectural=tuple(architectural),
            coverage_delta=self._delta(task, candidate, before),
        )

    def _dependents(self, touched: dict[str, set[str]], now: dict[str, str]) -> set[str]:
        """Files that use what changed: of the candidate, and below the folder."""
        modules = {
            name: names for path, names in touched.items() for name in _modules(self._places.get(path, path), path)
        }
        own = {self._places.get(path, path) for path in touched}
        texts = {self._places.get(path, path): text for path, text in now.items() if path not in touched}
        if self._folder is not None:
            for path in _python_below(self._folder):
                relative = path.relative_to(self._folder).as_posix()
                if relative not in texts and relative not in own:
                    try:
                        texts[relative] = path.read_text(encoding="utf-8")
                    except (OSError, UnicodeDecodeError):
                        continue
        return {place for place, text in texts.items() if _uses(text, modules)}

    def _delta(self, task: Task, candidate: Candidate, before: dict[str, str | None]) -> float | None:
        """Share of lines that the given tests run now, less the share that they ran then."""
        if self._coverage is None or not self._coverage.applies(task):
            return None
        files = tuple(f.replace(text=before.get(f.path, f.text) or "") for f in candidate.files)
        then = make_candidate(files=files, entry_point=candidate.entry_point, origin=candidate.origin)
        shares = [self._coverage.run(task, each).measurements.get("line_coverage") for each in (candidate, then)]
        new, old = shares
        return None if new is None or old is None else new - old


# --- what a file defines


@dataclass(frozen=True)
class _Defined:
    body: str
    signature: ast.arguments | None = field(default=None, compare=False)
    bases: tuple[str, ...] = ()


def _definitions(text: str) -> dict[str, _Defined]:
    """Functions, classes and methods by their qualified names; a class without its methods."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    found: dict[str, _Defined] = {}
    for node in tree.body:
        if isinstance(node, Function):
            found[node.name] = _Defined(ast.dump(node), node.args)
        elif isinstance(node, ast.ClassDef):
            rest = [n for n in node.body if not isinstance(n, Function)]
            found[node.name] = _Defined(
                ast.dump(ast.Module(body=rest, type_ignores=[])), bases=tuple(map(ast.unparse, node.bases))
            )
            for method in node.body:
                if isinstance(method, Function):
                    found[f"{node.name}.{method.name}"] = _Defined(ast.dump(method), method.args)
    return found


def _architectural(
    path: str, before: str | None, now: str | None, old: Mapping[str, _Defined], new: Mapping[str, _Defined]
) -> Iterator[str]:
    if before is None:
        yield f"{path}: is a new module"
        return
    if now is None:
        yield f"{path}: the module is gone"
        return
    for name, was in old.items():
        if any(part.startswith("_") and part != "__init__" for part in name.split(".")):
            continue
        found = new.get(name)
        if found is None:
            yield f"{path}::{name}: is gone, and others may use it"
        elif was.signature is not None and found.signature is not None:
            if why := _asks_for_more(was.signature, found.signature):
                yield f"{path}::{name}: {why}"
        elif was.bases != found.bases:
            yield f"{path}::{name}: derives from {', '.join(found.bases) or 'nothing'} now"


def _asks_for_more(old: ast.arguments, new: ast.arguments) -> str:
    """Why a call of the old function may not be one of the new; empty where each is."""
    before = [a.arg for a in (*old.posonlyargs, *old.args)]
    after = [a.arg for a in (*new.posonlyargs, *new.args)]
    if new.vararg is None and before != after[: len(before)]:
        return f"takes ({', '.join(after)}) where it took ({', '.join(before)})"
    if len(after) - len(new.defaults) > max(len(before) - len(old.defaults), 0):
        return "needs an argument that it did not need"
    known = {a.arg for a in old.kwonlyargs}
    needed = {a.arg for a, d in zip(new.kwonlyargs, new.kw_defaults, strict=True) if d is None}
    if needed - known:
        return f"needs the argument {sorted(needed - known)[0]}"
    if new.kwarg is None and (lost := known - {a.arg for a in (*new.kwonlyargs, *new.args)}):
        return f"no longer takes the argument {sorted(lost)[0]}"
    return ""


# --- who uses it


def _modules(*paths: str) -> Iterator[str]:
    """The names that a file may be imported by: `src/shop/cart.py` as src.shop.cart, shop.cart and cart."""
    for path in paths:
        parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
        yield from (".".join(parts[start:]) for start in range(len(parts)))


def _uses(text: str, modules: Mapping[str, set[str]]) -> bool:
    if not any(name.rpartition(".")[2] in text for name in modules):
        return False
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            plain = module.lstrip(".")
            if plain in modules and {a.name for a in node.names} & {*modules[plain], "*"}:
                return True
            if any(f"{plain}.{a.name}".strip(".") in modules for a in node.names):
                return True
        elif isinstance(node, ast.Import) and any(a.name in modules for a in node.names):
            return True
    return False


def _python_below(folder: Path) -> Iterator[Path]:
    count = 0
    waiting = [folder]
    while waiting:
        try:
            entries = sorted(waiting.pop().iterdir())
        except OSError:
            continue
        for entry in entries:
            if entry.is_symlink() or entry.name.startswith(".") or entry.name in SKIPPED_FOLDERS:
                continue
            if entry.is_dir():
                waiting.append(entry)
            elif entry.suffix == ".py" and entry.stat().st_size <= _LARGEST:
                count += 1
                if count > _MOST_FILES:
                    return
                yield entry


def _told(impact: Impact) -> str:
    lines = [
        f"{impact.risk} risk: {len(impact.files)} files, {len(impact.functions)} functions, "
        f"{len(impact.dependents)} dependents"
        + ("" if impact.coverage_delta is None else f", coverage of lines {impact.coverage_delta:+.0%}")
    ]
    if impact.waits:
        lines[0] += "; others rely on what changed" if impact.architectural else f"; more than {MANY_FILES} files"
    lines += impact.architectural[:_MOST_NAMED]
    lines += [f"changed: {name}" for name in impact.functions[:_MOST_NAMED]]
    lines += [f"used by: {place}" for place in impact.dependents[:_MOST_NAMED]]
    return "\n".join(lines)


def build(means: Means) -> ImpactCheck:
    from lamarck.checks.coverage import build as build_coverage

    before: Mapping[str, str | None] | None = means.changed.before if means.changed else None
    if means.earlier is not None:
        before = means.earlier.files
    coverage = build_coverage(means) if before is not None and means.level != "quick" else None
    return ImpactCheck(before, folder=means.folder, places=means.places, coverage=coverage)
