"""Exercism's practice folders: `.docs` for the words, `.meta/config.json` for the roles of the files."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lamarck.errors import BadInput
from lamarck.tasks.neighbours import refuse_escape, shown
from lamarck.tasks.reading import read_text

_DOCUMENTS = ("introduction.md", "introduction.append.md", "instructions.md", "instructions.append.md")
_CONFIG = Path(".meta", "config.json")


@dataclass(frozen=True, kw_only=True)
class Files:
    """Absolute paths by role; a role that the folder does not name is empty. examples are never to be read."""

    solution: tuple[Path, ...] = ()
    tests: tuple[Path, ...] = ()
    examples: tuple[Path, ...] = ()


def is_exercism(folder: Path) -> bool:
    return (folder / ".docs").is_dir() or (folder / _CONFIG).is_file()


def read_instructions(folder: Path) -> str:
    parts: list[str] = []
    for name in _DOCUMENTS:
        path = folder / ".docs" / name
        if path.is_file():
            refuse_escape(path, folder / ".docs")
            parts.append(read_text(path).strip())
    return "\n\n".join(part for part in parts if part)


def read_files(folder: Path) -> Files:
    """The roles that `.meta/config.json` names. Raises `BadInput` when it is unreadable or names what is not there."""
    path = folder / _CONFIG
    if not path.is_file():
        return Files()
    try:
        config = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise BadInput(f"{shown(path)}:{error.lineno}:{error.colno}: {error.msg}", "correct the JSON there") from error
    except RecursionError as error:
        raise BadInput(f"{shown(path)}: nested too deeply", "flatten it") from error
    files = config.get("files", {}) if isinstance(config, dict) else None
    if not isinstance(files, dict):
        raise BadInput(f"{shown(path)}: 'files' must be an object", 'write {"files": {"solution": […], "test": […]}}')
    examples = (*_paths(files, "example", folder), *_paths(files, "exemplar", folder))
    return Files(
        solution=_present(_paths(files, "solution", folder), examples, folder),
        tests=_present(_paths(files, "test", folder), examples, folder),
        examples=examples,
    )


def _paths(files: dict[str, Any], role: str, folder: Path) -> tuple[Path, ...]:
    names = files.get(role, [])
    if not isinstance(names, list) or not all(isinstance(n, str) and n.isprintable() for n in names):
        raise BadInput(f"{shown(folder / _CONFIG)}: '{role}' must be a list of file names", "correct it")
    return tuple(Path(os.path.normpath(folder / name)) for name in names)


def _present(paths: tuple[Path, ...], examples: tuple[Path, ...], folder: Path) -> tuple[Path, ...]:
    for path in paths:
        config = shown(folder / _CONFIG)
        if not path.is_relative_to(folder) or path.is_relative_to(folder / ".meta") or path in examples:
            raise BadInput(f"{config}: names {shown(path)}, which is none of the task's files", "correct it")
        if not os.path.lexists(path):
            raise BadInput(f"{config}: names {shown(path)}, which is not there", "add the file or correct the name")
        refuse_escape(path, folder)
    return paths
