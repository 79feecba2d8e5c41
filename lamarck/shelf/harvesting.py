"""Proven functions out of packages and repositories: the cold start of a library.

A function is taken with what of its module it needs, and proven by what its own authors wrote of it: the doctests of
its docstring, and the test functions of the package that use it alone. That is the authors' word about their own code,
so its evidence says `claimed`. Everything is read as text, and runs in the sandbox alone.
"""

from __future__ import annotations

import ast
import builtins
import doctest
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lamarck.assemble import Assembly
from lamarck.errors import BadInput
from lamarck.library.harvest import Collection, SourceText, collection, files_of, first_paragraph, parsed
from lamarck.library.place import name_of
from lamarck.library.signature import signature_of
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Artifact,
    Assurance,
    Decision,
    Origin,
    Provenance,
    Record,
    SourceFile,
    Trust,
    Verdict,
    make_candidate,
    make_task,
    now,
)
from lamarck.settings import cache_dir
from lamarck.solve import prove

Told = Callable[[str, str, int, int], None]  # function, outcome, how many are done, of how many

_MOST_SOURCE = 40_000  # characters of a function with what it needs


class Harvest(Record, frozen=True, kw_only=True):
    """What a package brought. outcomes: accepted, rejected, untested (no test of its own), tangled (it needs what can't
    be taken along), known; how many each. kept: ids."""

    package: str
    licence: str
    served: bool
    functions: int
    outcomes: Mapping[str, int]
    kept: tuple[str, ...]


@dataclass(frozen=True)
class _Found:
    """A function with what it needs, and its tests."""

    name: str
    module: str
    place: str
    goal: str
    signature: str
    source: str
    acceptance: tuple[Acceptance, ...]


def harvest(
    assembly: Assembly, named: str, *, limit: int | None = None, licences: Sequence[str] = (), told: Told | None = None
) -> Harvest:
    """Prove and keep the tested functions of an installed package, a wheel or a repository's folder.

    Continued where it was interrupted: what was settled is not run again while the package stays the same. Raises
    `BadInput` for what is none of these.
    """
    from lamarck.library.licences import is_free

    source = collection(named)
    functions = list(_functions(source))[:limit]
    ledger = _Settled(source, name_of(assembly.library_place))
    kept: list[str] = []
    for number, (name, found, why) in enumerate(functions, start=1):
        outcome = ledger.get(name)
        if outcome is None:
            outcome, artifact_id = (why, None) if found is None else _prove(assembly, source, found)
            ledger.put(name, outcome)
            if artifact_id is not None:
                kept.append(artifact_id)
        if told is not None:
            told(name, outcome, number, len(functions))
    counts: dict[str, int] = {}
    for name, _, _ in functions:
        outcome = ledger.get(name) or ""
        counts[outcome] = counts.get(outcome, 0) + 1
    return Harvest(
        package=source.name,
        licence=source.licence,
        served=is_free(source.licence, frozenset(licences)),
        functions=len(functions),
        outcomes=counts,
        kept=tuple(kept),
    )


class _Settled:
    """What became of each function, in a file of its own; a line is written when it is known."""

    def __init__(self, source: Collection, library: str) -> None:
        from lamarck.records import content_id

        folder = cache_dir() / "harvest"
        folder.mkdir(parents=True, exist_ok=True)
        stamp = content_id(source.name, source.root, library, _newest(source))[:16]
        self._path = folder / f"{stamp}.jsonl"
        self._known: dict[str, str] = {}
        if self._path.exists():
            for line in self._path.read_text(encoding="utf-8").splitlines():
                try:
                    name, outcome = json.loads(line)
                except ValueError:
                    continue  # cut off by a kill
                self._known[name] = outcome

    def get(self, name: str) -> str | None:
        return self._known.get(name)

    def put(self, name: str, outcome: str) -> None:
        self._known[name] = outcome
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([name, outcome]) + "\n")


def _newest(source: Collection) -> float:
    root = Path(source.root)
    paths = [root / top for top in source.tops] or [root]
    return max((p.stat().st_mtime for p in paths if p.exists()), default=0.0)


def _prove(assembly: Assembly, source: Collection, found: _Found) -> tuple[str, str | None]:
    path = "solution.py"
    task = make_task(
        goal=found.goal,
        module="solution",
        entry_point=found.name,
        signature=found.signature,
        acceptance=found.acceptance,
        job_limits=assembly.settings.sandbox.job_limits(),
        tags=("harvested", source.name.partition("==")[0]),
    )
    candidate = make_candidate(
        files=(SourceFile(path=path, text=found.source),), entry_point=found.name, origin=Origin(generator="harvest")
    )
    try:
        assembly.library.get(candidate.id)
    except BadInput:
        pass
    else:
        return "known", None
    try:
        # Its authors' tests are taken at their word here; the label says that they are no more than that.
        verdict = prove(task, candidate, assembly.parts, own_code=True)
    except BadInput:
        return "untested", None  # what tests there are prove nothing
    if verdict.decision is not Decision.ACCEPTED:
        return "rejected", None
    assembly.library.save(
        Artifact(
            id=candidate.id,
            kind="function",
            task=task,
            candidate=candidate,
            verdict=_claimed(verdict),
            created=now(),
            provenance=Provenance(source=source.name, licence=source.licence, place=found.place),
        )
    )
    return "accepted", candidate.id


def _claimed(verdict: Verdict) -> Verdict:
    evidence = tuple(e.replace(assurance=Assurance.CLAIMED) if e.trust else e for e in verdict.evidence)
    return verdict.replace(evidence=evidence, reasons=(*verdict.reasons, "by the tests of the code's own authors"))


# --- what is taken


def _functions(source: Collection) -> Iterator[tuple[str, _Found | None, str]]:
    """(place, the function, why not) of every public function with a docstring at the top of a module."""
    files = list(files_of(source))
    tests = [(f, t) for f in files if _is_test(f) if (t := parsed(f.text)) is not None]
    for file in files:
        if _is_test(file) or (tree := parsed(file.text)) is None:
            continue
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and (ast.get_docstring(node) or ""):
                place = f"{file.path}::{node.name}"
                acceptance = (*_doctests(node), *_tests_of(node.name, file, tests))
                if not acceptance:
                    yield place, None, "untested"
                    continue
                text = _with_needs(node, tree, file.text)
                if text is None:
                    yield place, None, "tangled"
                    continue
                yield place, _found(node, file, text, acceptance), ""


def _found(node: ast.FunctionDef, file: SourceText, text: str, acceptance: tuple[Acceptance, ...]) -> _Found:
    return _Found(
        name=node.name,
        module=_module(file.path),
        place=f"{file.path}::{node.name}",
        goal=first_paragraph(ast.get_docstring(node) or ""),
        signature=signature_of(node),
        source=text,
        acceptance=acceptance,
    )


def _is_test(file: SourceText) -> bool:
    parts = file.path.split("/")
    return parts[-1].startswith("test_") or parts[-1].endswith("_test.py") or bool({"tests", "test"} & set(parts[:-1]))


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").removeprefix("src/").replace("/", ".")


def _doctests(node: ast.FunctionDef) -> Iterator[Acceptance]:
    doc = ast.get_docstring(node) or ""
    try:
        examples = doctest.DocTestParser().get_examples(doc)
    except ValueError:
        return
    # One that shows nothing decides nothing, and one that needs more than the function can't run here.
    if any(e.want.strip() for e in examples) and all("import" not in e.source or "from" in e.source for e in examples):
        text = f"def {node.name}({ast.unparse(node.args)}):\n{_indented(doc)}\n"
        yield Acceptance(kind=AcceptanceKind.DOCTEST, content=text, path="solution.py", trust=Trust.GIVEN)


def _indented(doc: str) -> str:
    quoted = doc.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return "\n".join(f"    {line}".rstrip() for line in f'"""\n{quoted}\n"""'.splitlines()) + "\n    ..."


def _tests_of(name: str, file: SourceText, tests: Sequence[tuple[SourceText, ast.Module]]) -> Iterator[Acceptance]:
    """Of every test file that imports the function by its name, the tests that use nothing else of the package."""
    module = _module(file.path)
    package = module.partition(".")[0]
    for test, tree in tests:
        if f"import {name}" not in test.text and f"{name}" not in test.text:
            continue
        aliases = _imported(tree, package, name)
        if name not in aliases:
            continue
        others = {alias for alias, real in aliases.items() if real != name}
        kept = [n for n in tree.body if _is_test_function(n) and _uses(n, name) and not _used(n) & others]
        if kept:
            names = {n for k in kept for n in _used(k)}
            text = _reduced(tree, package, name, kept, names)
            if text is not None:
                path = f"test_{name}_{len(test.path)}.py"
                yield Acceptance(kind=AcceptanceKind.PYTEST, content=text, path=path, trust=Trust.GIVEN)


def _imported(tree: ast.Module, package: str, name: str) -> dict[str, str]:
    """Name in the test file → name in the package, for everything that comes from there."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").partition(".")[0] == package):
            found |= {a.asname or a.name: a.name for a in node.names}
        elif isinstance(node, ast.Import):
            found |= {
                (a.asname or a.name.partition(".")[0]): a.name
                for a in node.names
                if a.name.partition(".")[0] == package
            }
    return found


def _is_test_function(node: ast.stmt) -> bool:
    is_test = isinstance(node, ast.FunctionDef) and node.name.startswith("test")
    return is_test and not getattr(node, "args", ast.arguments([], [], None, [], [], None, [])).args


def _used(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _uses(node: ast.AST, name: str) -> bool:
    return name in _used(node)


def _reduced(tree: ast.Module, package: str, name: str, kept: Sequence[ast.stmt], names: set[str]) -> str | None:
    """The test file with these tests alone; None when they need something that can't come along."""
    lines = [f"from solution import {name}"]
    have = {name, *dir(builtins)} | {n.name for n in kept if isinstance(n, ast.FunctionDef)}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
            local = isinstance(node, ast.ImportFrom) and node.level
            if local or (module or "").partition(".")[0] == package:
                continue
            lines.append(ast.unparse(node))
            have |= {a.asname or a.name.partition(".")[0] for a in node.names}
    for node in tree.body:
        if isinstance(node, ast.Assign) and not _used(node.value) - have:
            targets = {n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)}
            if targets & names:
                lines.append(ast.unparse(node))
                have |= targets
    local_names = {n.id for k in kept for n in ast.walk(k) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    arguments = {a.arg for k in kept for a in ast.walk(k) if isinstance(a, ast.arg)}
    handlers = {h.name for k in kept for h in ast.walk(k) if isinstance(h, ast.ExceptHandler) and h.name}
    if names - have - local_names - arguments - handlers:
        return None
    return "\n\n".join([*lines, *(ast.unparse(k) for k in kept)]) + "\n"


def _with_needs(function: ast.FunctionDef, tree: ast.Module, text: str) -> str | None:
    """The function with the imports, constants, helpers and classes of its module that it needs; None when one of them
    is of the package itself, or unknown."""
    defined = _defined(tree)
    chosen: dict[int, ast.stmt] = {function.lineno: function}
    waiting: list[ast.stmt] = [function]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = node.names[0].name if isinstance(node, ast.Import) else node.module or ""
            relative = isinstance(node, ast.ImportFrom) and node.level
            if relative or module.partition(".")[0] not in sys.stdlib_module_names:
                return None
            continue
        for name in _used(node):
            needed = defined.get(name)
            if needed is not None and needed.lineno not in chosen:
                chosen[needed.lineno] = needed
                waiting.append(needed)
    lines = text.splitlines()
    parts = []
    if "from __future__ import annotations" in text:
        parts.append("from __future__ import annotations")
    for _, node in sorted(chosen.items()):
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
        part = "\n".join(lines[first - 1 : node.end_lineno])
        if part not in parts:
            parts.append(part)
    source = "\n\n".join(parts) + "\n"
    return source if len(source) <= _MOST_SOURCE and parsed(source) is not None else None


def _defined(tree: ast.Module) -> dict[str, ast.stmt]:
    """Name → the statement of the module that gives it its value."""
    defined: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            defined[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            defined |= {n.id: node for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            defined |= {a.asname or a.name.partition(".")[0]: node for a in node.names}
    return defined
