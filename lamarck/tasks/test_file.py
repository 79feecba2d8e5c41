"""A task that is a test file: what it imports and cannot find is what is wanted."""

from __future__ import annotations

from pathlib import Path

from lamarck.records import Task
from lamarck.tasks.choosing import choose_module
from lamarck.tasks.composing import compose
from lamarck.tasks.given import goal_of_tests, is_test_file, read_given
from lamarck.tasks.loader import Surroundings
from lamarck.tasks.prose import mentioned
from lamarck.tasks.reading import as_path, looks_like_path


class TestFile:
    """A pytest or unittest file. Its module is the stub beside it that it imports, else the one import that does not
    resolve; several are refused with their names. The goal is its docstring and the names of its tests; the signature
    is known where the docstring states it."""

    __test__ = False  # pytest must not collect a loader
    name = "tests"

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings

    def accepts(self, source: str, tests: tuple[Path, ...]) -> bool:
        return looks_like_path(source) and not as_path(source).is_dir() and is_test_file(as_path(source))

    def load(self, source: str, tests: tuple[Path, ...]) -> Task:
        given = read_given((as_path(source), *tests), self._surroundings)
        chosen = choose_module(given)
        goal = goal_of_tests(given)
        return compose(
            self._surroundings,
            goal=goal,
            module=chosen.module,
            stubs=chosen.stubs,
            support=chosen.support,
            tests=given.acceptance,
            uses=chosen.uses,
            stated=mentioned(goal),
        )
