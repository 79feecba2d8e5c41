"""Files to mend with what lies around them: alone, as parts of a package whose other files they need, or a folder."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from lamarck.errors import BadInput
from lamarck.records import AcceptanceKind, JobLimits, Limits, SourceFile, Task, make_task
from lamarck.tasks.code_tree import CodeTree, load_tree
from lamarck.tasks.loader import DEFAULT_IMPORTABLE, Surroundings
from lamarck.tasks.loading import load_existing
from lamarck.tasks.neighbours import import_folder, shown
from lamarck.tasks.python_source import parsed
from lamarck.tasks.reading import read_text


@dataclass(frozen=True, kw_only=True)
class Part:
    """task and files: of everything that is looked at. touched: paths of the files that may change. places: path of a
    file as the candidate has it → the path as the user knows it."""

    task: Task
    files: tuple[SourceFile, ...]
    touched: frozenset[str]
    places: dict[str, str]


def load_part(
    paths: tuple[Path, ...],
    tests: tuple[Path, ...],
    *,
    limits: Limits | None = None,
    job_limits: JobLimits | None = None,
    importable: frozenset[str] = DEFAULT_IMPORTABLE,
) -> Part:
    """Python files, or one folder of them, and what decides about them. A file of a package may need any other file of
    it, and so may its tests. Raises `BadInput`."""
    surroundings = Surroundings(limits=limits or Limits(), job_limits=job_limits or JobLimits(), importable=importable)
    for path in paths:
        if not path.exists():
            read_text(path)  # which says what is wrong with it
    if len(paths) == 1 and paths[0].is_dir():
        return _of_tree(load_tree(paths[0], tests, surroundings), None)
    try:
        task, files = load_existing(paths, tests, limits=limits, job_limits=job_limits, importable=importable)
    except BadInput:
        package = _package(paths)
        if package is None:
            raise
        for path in paths:
            parsed(read_text(path), shown(path))
        try:
            return _of_tree(load_tree(package, tests, surroundings), {os.path.abspath(p) for p in paths})
        except BadInput:
            pass
        raise  # what is wrong with the files that were named says more
    return Part(task=task, files=files, touched=frozenset(f.path for f in files), places=_places(files, paths))


def _of_tree(tree: CodeTree, wanted: set[str] | None) -> Part:
    """wanted: absolute paths of the files that may change; None: all."""
    touched = frozenset(p for p, at in tree.places.items() if wanted is None or os.path.abspath(at) in wanted)
    for file in tree.files:
        if file.path in touched:
            parsed(file.text, tree.places[file.path])  # refuses what does not parse
    task = tree.task
    if wanted is not None:
        decides = tuple(a for a in task.acceptance if a.kind is not AcceptanceKind.DOCTEST or a.path in touched)
        fields = {name: getattr(task, name) for name in task.__struct_fields__ if name not in {"id", "acceptance"}}
        task = make_task(**fields, acceptance=decides)
        tree = replace(tree, task=task)
    return Part(task=tree.task, files=tree.files, touched=touched, places=tree.places)


def _package(paths: tuple[Path, ...]) -> Path | None:
    """The outermost package that all of the files are in."""
    found = set()
    for path in paths:
        folder = Path(os.path.abspath(path)).parent
        top = import_folder(folder)
        found.add(None if top == folder else top / folder.relative_to(top).parts[0])
    return found.pop() if len(found) == 1 else None


def _places(files: tuple[SourceFile, ...], paths: tuple[Path, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in files:
        fits = [p for p in paths if p.resolve().as_posix().endswith(f"/{file.path}")]
        fits = fits or [p for p in paths if p.name == file.path.rpartition("/")[2]]
        found[file.path] = str(fits[0]) if fits else file.path
    return found
