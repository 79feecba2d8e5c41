"""A task that is a Python file with functions or classes to write, and code that a user has written already."""

from __future__ import annotations

import ast
from pathlib import Path

from lamarck.errors import BadInput
from lamarck.records import SourceFile, Task
from lamarck.tasks.choosing import refuse_unresolved
from lamarck.tasks.code_files import imported_choice, module_choices, read_code
from lamarck.tasks.composing import compose, doctests_of, support_without
from lamarck.tasks.given import Given, goal_of_tests, is_test_file, merged, read_given
from lamarck.tasks.loader import Surroundings
from lamarck.tasks.neighbours import shown
from lamarck.tasks.python_source import comments, docstrings, parsed, public_definitions, without_doctests
from lamarck.tasks.reading import as_path, looks_like_path, read_text
from lamarck.tasks.uses import uses_of


class Stub:
    """Functions and classes with docstrings. Their doctests are given; so are tests named beside it.

    A finished body is fine too: it is what will be replaced. Stubs beside it that it imports are to be written as well.
    """

    name = "stub"

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings

    def accepts(self, source: str, tests: tuple[Path, ...]) -> bool:
        path = as_path(source)
        return looks_like_path(source) and path.suffix == ".py" and not path.is_dir() and not is_test_file(path)

    def load(self, source: str, tests: tuple[Path, ...]) -> Task:
        path = as_path(source)
        text = read_text(path)
        tree = parsed(text, shown(path))
        if not public_definitions(tree) and not tests:
            raise BadInput(
                f"{shown(path)}: defines no public function or class, and there are no tests",
                "write `def name(…):` with a docstring, or give --tests",
            )
        (module,), given = modules_of((path,), tests, self._surroundings)
        files, beside = read_code({module: path}, self._surroundings)
        return compose(
            self._surroundings,
            goal=goal_of_code(tree, text, given),
            module=module,
            stubs=files,
            support=support_without([*beside.all_support(), *given.all_support()], files),
            tests=given.acceptance,
            uses=uses_of(given.trees, module),
            prose="" if tests or any(doctests_of(files)) else _prose(tree),
        )


def modules_of(
    paths: tuple[Path, ...], tests: tuple[Path, ...], surroundings: Surroundings, *, root: Path | None = None
) -> tuple[tuple[str, ...], Given]:
    """What the files are called as modules: as the tests import them, else by their packages; and the tests.

    Raises `BadInput` when the tests import none of them, or something that is nowhere.
    """
    choices = [module_choices(path, root) for path in paths]
    given = read_given(tests, surroundings, root=root, written=frozenset(name for c in choices for name in c))
    imported = [imported_choice(given, c) for c in choices]
    if tests and not any(imported):
        others = ", ".join(f"{name} ({place})" for name, place in sorted(given.unresolved.items()))
        raise BadInput(
            f"the tests do not import '{choices[0][0]}'" + (f", but {others}" if others else ""),
            "import the module in the tests, or name the file after the module that they import",
        )
    refuse_unresolved(given)
    return tuple(name or c[0] for name, c in zip(imported, choices, strict=True)), given


def load_code(
    paths: tuple[Path, ...], tests: tuple[Path, ...], surroundings: Surroundings, *, goal: str = ""
) -> tuple[Task, tuple[SourceFile, ...]]:
    """The task that finished code answers, and the code. Its doctests are given, as a stub's are.

    The stubs of the task are empty files. The first file is the main one unless the tests use another more.
    """
    if not paths:
        raise BadInput("no file is named", "name the Python file to add")
    for path in paths:
        if path.suffix != ".py" or path.is_dir():
            read_text(path)
            raise BadInput(f"{path}: is not a Python file", "name the .py files to add")
    modules, given = modules_of(paths, tests, surroundings)
    by_use = sorted(zip(modules, paths, strict=True), key=lambda m: -sum(u.times for u in uses_of(given.trees, m[0])))
    named = dict(by_use)
    files, beside = read_code(named, surroundings)
    files = files[: len(named)]  # what else they import is support, finished or not
    module, main = by_use[0]
    text = read_text(main)
    support = support_without(merged(beside.all_support(), given.all_support()), files)
    task = compose(
        surroundings,
        goal=goal or goal_of_code(parsed(text, shown(main)), text, given),
        module=module,
        stubs=files,
        support=support,
        tests=given.acceptance,
        uses=uses_of(given.trees, module),
        finished=True,
    )
    return task, files


# --- words --------------------------------------------------------------------------------------------------------


def goal_of_code(tree: ast.Module, text: str, given: Given) -> str:
    """The docstrings' prose; else the comments and the names of the tests."""
    definitions = public_definitions(tree)
    said = {name: without_doctests(ast.get_docstring(node) or "") for name, node in definitions.items()}
    said = {name: prose for name, prose in said.items() if prose}
    parts = [without_doctests(ast.get_docstring(tree) or "")]
    parts += [prose if len(definitions) == 1 else f"`{name}`: {prose}" for name, prose in said.items()]
    goal = "\n\n".join(part for part in parts if part)
    if goal:
        return goal
    told = "\n\n".join(part for part in (comments(text), goal_of_tests(given)) if part)
    return told or (f"Write {', '.join(f'`{name}`' for name in definitions)}." if definitions else "")


def _prose(tree: ast.Module) -> str:
    return "\n\n".join(without_doctests(text) for _, text in docstrings(tree))
