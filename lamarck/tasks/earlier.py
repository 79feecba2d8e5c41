"""The earlier version that code is compared with: a file, a folder, or what the library holds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lamarck.errors import BadInput
from lamarck.records import Acceptance, SourceFile, Task, make_task
from lamarck.tasks.reading import read_text


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """files: path, as the newer code has it → text. kept: the tests and specifications that it came with, which are a
    contract that every later version keeps."""

    name: str
    files: dict[str, str] = field(default_factory=dict)
    kept: tuple[Acceptance, ...] = ()


def earlier_from(path: Path, files: Sequence[SourceFile], places: dict[str, str], *, top: Path) -> Earlier:
    """The version at `path` of code that was read from `top`. places: path in the code → where it is now.

    Raises `BadInput` when no file of it answers to any of the newer code's.
    """
    if not path.is_dir():
        if len(files) != 1:
            raise BadInput(
                f"{path}: is one file, and {len(files)} are compared with it", "name the folder they were in"
            )
        return Earlier(name=str(path), files={files[0].path: read_text(path)})
    found: dict[str, str] = {}
    for file in files:
        relative = os.path.relpath(places[file.path], top) if top.is_dir() else os.path.basename(places[file.path])
        if (path / relative).is_file():
            found[file.path] = read_text(path / relative)
    if not found:
        raise BadInput(f"{path}: holds none of the files that are checked", "name the folder of the earlier version")
    return Earlier(name=str(path), files=found)


def earlier_of(
    name: str, kept_files: Sequence[SourceFile], acceptance: tuple[Acceptance, ...], files: Sequence[SourceFile]
) -> Earlier:
    """The version that the library holds."""
    if len(kept_files) == 1 and len(files) == 1:
        found = {files[0].path: kept_files[0].text}
    else:
        known = {f.path: f.text for f in kept_files}
        found = {f.path: known[f.path] for f in files if f.path in known}
    if not found:
        raise BadInput(f"{name} has none of the files that are checked", "check one that replaces it")
    return Earlier(name=name, files=found, kept=acceptance)


def with_contract(task: Task, earlier: Earlier) -> Task:
    """The task, with what the earlier version was proven by among what decides."""
    contents = {a.content for a in task.acceptance}
    paths = {a.path for a in task.acceptance}
    added = []
    for acceptance in earlier.kept:
        if acceptance.content in contents:
            continue
        path, number = acceptance.path, 2
        folder, _, name = acceptance.path.rpartition("/")
        stem, dot, rest = name.partition(".")
        while path in paths:
            path, number = f"{folder}/{stem}_{number}{dot}{rest}".lstrip("/"), number + 1
        paths.add(path)
        added.append(acceptance.replace(path=path))
    if not added:
        return task
    fields = {f: getattr(task, f) for f in task.__struct_fields__ if f != "id"}
    return make_task(**{**fields, "acceptance": (*task.acceptance, *added)})
