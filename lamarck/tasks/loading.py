"""From what a user writes to a `Task`: the table of forms, and what is refused before any of them looks."""

from __future__ import annotations

import os
from pathlib import Path

from lamarck.errors import BadInput
from lamarck.records import JobLimits, Limits, SourceFile, Task
from lamarck.tasks.folder import Folder
from lamarck.tasks.loader import DEFAULT_IMPORTABLE, Surroundings, TaskLoader
from lamarck.tasks.reading import as_path, looks_like_path
from lamarck.tasks.sentence import Sentence
from lamarck.tasks.specification import specifications_in, split, with_specifications
from lamarck.tasks.specified_task import Specified
from lamarck.tasks.stub import Stub, load_code
from lamarck.tasks.test_file import TestFile
from lamarck.tasks.yaml_task import YamlTask

LOADERS = (Sentence, Stub, TestFile, YamlTask, Specified, Folder)


def load_task(
    source: str,
    tests: tuple[Path, ...] = (),
    *,
    limits: Limits | None = None,
    job_limits: JobLimits | None = None,
    importable: frozenset[str] = DEFAULT_IMPORTABLE,
) -> Task:
    """Read a task in any form; tests and specifications are added to it as given.

    importable: top-level names of the user's environment; the standard library and pytest always count. Runs nothing
    of the user's. Raises `BadInput` with one line: what is wrong, where, and the mend.
    """
    surroundings = Surroundings(limits=limits or Limits(), job_limits=job_limits or JobLimits(), importable=importable)
    _refuse_nonsense(source)
    tests, specifications = split(tests)
    for loader in loaders(surroundings):
        if loader.accepts(source, tests):
            return with_specifications(loader.load(source, tests), (*_specifications_of(source), *specifications))
    raise BadInput(
        f"{source.strip()}: is no form of task",
        "give a sentence, a Python stub, a test file, a YAML task, a specification, a text file or a folder",
    )


def load_existing(
    files: tuple[Path, ...],
    tests: tuple[Path, ...],
    *,
    goal: str = "",
    limits: Limits | None = None,
    job_limits: JobLimits | None = None,
    importable: frozenset[str] = DEFAULT_IMPORTABLE,
) -> tuple[Task, tuple[SourceFile, ...]]:
    """The task that a user's finished code answers, and that code; see `load_code`. Raises `BadInput`."""
    surroundings = Surroundings(limits=limits or Limits(), job_limits=job_limits or JobLimits(), importable=importable)
    tests, specifications = split(tests)
    task, sources = load_code(files, tests, surroundings, goal=goal)
    return with_specifications(task, specifications), sources


def _specifications_of(source: str) -> tuple[Path, ...]:
    """Those that a task folder carries."""
    is_folder = looks_like_path(source) and as_path(source).is_dir()
    return specifications_in(as_path(source)) if is_folder else ()


def loaders(surroundings: Surroundings) -> tuple[TaskLoader, ...]:
    return tuple(kind(surroundings) for kind in LOADERS)


def _refuse_nonsense(source: str) -> None:
    try:
        source.encode()
    except UnicodeEncodeError as error:
        raise BadInput("the task is not UTF-8 text", "check the terminal's encoding") from error
    if not looks_like_path(source):
        return
    path = as_path(source)
    if not os.path.lexists(path):
        raise BadInput(f"{path}: no such file or folder", "check the path; a sentence needs blanks between its words")
    if not os.path.exists(path):
        raise BadInput(f"{path}: is a broken link or a loop of links", "name the file itself")
