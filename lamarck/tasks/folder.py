"""A task that is a folder: instructions, stubs and tests. Exercism's practice form, and any plain folder like it.

Exercism: `.docs/introduction.md`, `.docs/instructions.md`, `.docs/instructions.append.md`, and `.meta/config.json`
naming solution, test and editor files. Its example solutions, and whatever else `.meta` holds, are never read.
Plain: `TASK.md`, `instructions.md` or `README.md`, test files by their names, and stubs: Python files whose functions
have no bodies yet. Other text files are support.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from lamarck.errors import BadInput
from lamarck.records import SourceFile, Task
from lamarck.tasks.choosing import choose_module
from lamarck.tasks.code_files import module_choices, read_code
from lamarck.tasks.composing import compose, definitions_of, doctests_of, named_like, support_without
from lamarck.tasks.exercism import Files, is_exercism, read_files, read_instructions
from lamarck.tasks.given import Given, goal_of_tests, is_test_name, merged, read_given
from lamarck.tasks.loader import Surroundings
from lamarck.tasks.naming import is_name, module_for, name_from_goal
from lamarck.tasks.neighbours import refuse_escape, shown
from lamarck.tasks.prose import Mention, mentioned
from lamarck.tasks.python_source import is_unwritten, parse_python, parsed
from lamarck.tasks.reading import YAML_SUFFIXES, as_path, looks_like_path, read_text
from lamarck.tasks.stub import goal_of_code, modules_of
from lamarck.tasks.uses import Use, uses_of

_INSTRUCTIONS = ("task.md", "instructions.md", "readme.md", "task.txt", "instructions.txt", "readme.txt", "readme.rst")
_SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "venv", "build", "dist", "htmlcov"})
# Settings of tools must not change how the judge collects, and prose helps no test.
_SKIPPED_NAMES = frozenset(
    {"pyproject.toml", "setup.cfg", "setup.py", "pytest.ini", "tox.ini", "noxfile.py", "makefile", "requirements.txt"}
    | {"help.md", "hints.md", "license", "license.md", "license.txt", "changelog.md", "contributing.md"}
)
_MOST_FILES = 200
_MOST_BYTES = 5_000_000


class Folder:
    """See the module's docstring for the forms."""

    name = "folder"

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings

    def accepts(self, source: str, tests: tuple[Path, ...]) -> bool:
        return looks_like_path(source) and as_path(source).is_dir()

    def load(self, source: str, tests: tuple[Path, ...]) -> Task:
        folder = Path(os.path.abspath(as_path(source)))
        listing = _list(folder)
        if not (listing.text or listing.python or listing.tests or tests):
            raise BadInput(f"{shown(folder)}: holds nothing that makes a task", _what_else(folder, listing))
        target = _target(listing, tests, self._surroundings)
        goal = listing.text or _goal(target)
        mention = mentioned(goal)
        is_given = bool(target.given.acceptance or any(doctests_of(target.stubs)))
        if not target.stubs and not is_given:
            mention = Mention(entry_point=mention.entry_point or name_from_goal(goal), signature=mention.signature)
        return compose(
            self._surroundings,
            goal=goal,
            module=target.module,
            stubs=target.stubs,
            support=target.support,
            tests=target.given.acceptance,
            uses=target.uses,
            stated=mention if not target.stubs else _defined(mention, target),
            prose="" if is_given else goal,
        )


# --- what the folder holds ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Listing:
    """Absolute paths. solution: named by the folder itself; empty where it names none. python: no tests."""

    folder: Path
    text: str
    tests: tuple[Path, ...]
    solution: tuple[Path, ...]
    python: tuple[Path, ...]
    data: tuple[Path, ...]


def _list(folder: Path) -> _Listing:
    named = read_files(folder) if is_exercism(folder) else Files()
    present = [p for p in _walk(folder) if p not in named.examples]
    instructions = _instructions(folder, present)
    text = read_instructions(folder) if is_exercism(folder) else ""
    if not text and instructions is not None:
        refuse_escape(instructions, folder)
        text = read_text(instructions).strip()
    tests = named.tests or tuple(p for p in present if is_test_name(p) and p not in named.solution)
    rest = [p for p in present if p not in tests and p != instructions]
    return _Listing(
        folder=folder,
        text=text,
        tests=tests,
        solution=named.solution,
        python=tuple(p for p in rest if p.suffix == ".py"),
        data=tuple(p for p in rest if p.suffix != ".py" and not _is_document(p, folder)),
    )


def _walk(folder: Path) -> list[Path]:
    found: list[Path] = []
    size = 0
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f.lower() not in _SKIPPED_FOLDERS)
        for name in sorted(files):
            path = Path(place, name)
            if name.startswith(".") or name.lower() in _SKIPPED_NAMES or not path.is_file():
                continue
            found.append(path)
            size += path.stat().st_size
            if len(found) > _MOST_FILES or size > _MOST_BYTES:
                raise BadInput(
                    f"{shown(folder)}: holds more than {_MOST_FILES} files or {_MOST_BYTES // 1_000_000} MB",
                    "give a folder with nothing but the task",
                )
    return found


def _instructions(folder: Path, present: list[Path]) -> Path | None:
    at_top = {p.name.lower(): p for p in present if p.parent == folder}
    return next((at_top[name] for name in _INSTRUCTIONS if name in at_top), None)


def _is_document(path: Path, folder: Path) -> bool:
    """Prose and other tasks at the folder's top."""
    return path.parent == folder and path.suffix.lower() in {".md", ".rst"} | YAML_SUFFIXES


def _what_else(folder: Path, listing: _Listing) -> str:
    documents = [p for p in sorted(folder.iterdir()) if p.suffix.lower() in YAML_SUFFIXES and p.is_file()]
    if documents:
        return f"did you mean `lamarck solve {shown(documents[0])}`?"
    return "put instructions.md, a stub and tests into it"


# --- what is to be written ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Target:
    module: str
    stubs: tuple[SourceFile, ...]
    support: tuple[SourceFile, ...]
    given: Given
    uses: tuple[Use, ...]


def _target(listing: _Listing, extra: tuple[Path, ...], surroundings: Surroundings) -> _Target:
    tests = (*listing.tests, *extra)
    stubs = listing.solution or tuple(p for p in listing.python if _is_stub(p))
    if not stubs and not tests and len(listing.python) == 1:
        stubs = listing.python
    if not stubs and tests:
        stubs = _replaced(listing, tests, surroundings)
    for path in (*stubs, *listing.tests, *listing.data):
        refuse_escape(path, listing.folder)
    if stubs:
        return _with_stubs(listing, stubs, tests, surroundings)
    if tests:
        given = read_given(tests, surroundings, root=listing.folder)
        chosen = choose_module(given)
        return _Target(
            module=chosen.module,
            stubs=chosen.stubs,
            support=merged(chosen.support, _support(listing, ())),
            given=given,
            uses=chosen.uses,
        )
    if listing.python:
        names = ", ".join(p.relative_to(listing.folder).as_posix() for p in listing.python)
        raise BadInput(
            f"{shown(listing.folder)}: nothing says which of {names} to write", "leave its functions without a body"
        )
    mention = mentioned(listing.text).entry_point or name_from_goal(listing.text)
    module = module_for(mention, surroundings.importable)
    return _Target(module=module, stubs=(), support=_support(listing, ()), given=Given(), uses=())


def _is_stub(path: Path) -> bool:
    try:
        return is_unwritten(parse_python(read_text(path)))
    except SyntaxError:
        return False


def _replaced(listing: _Listing, tests: tuple[Path, ...], surroundings: Surroundings) -> tuple[Path, ...]:
    """The finished file that is to be written anew: the one that the tests import where all their imports resolve, or
    one in a folder like `src` where one does not."""
    given = read_given(tests, surroundings, root=listing.folder)
    if not given.unresolved:
        wanted = {m.file.path for m in given.local if not m.unwritten}
        files = [p for p in listing.python if p.relative_to(listing.folder).as_posix() in wanted]
        if len(files) > 1:
            names = ", ".join(p.relative_to(listing.folder).as_posix() for p in files)
            raise BadInput(
                f"{shown(listing.folder)}: the tests import {names}, and nothing says which to write",
                "leave the functions of the one to write without a body",
            )
        return tuple(files)
    importable = [p for p in listing.python if p.name != "__init__.py" and is_name(p.stem)]
    return tuple(p for p in importable if set(module_choices(p, listing.folder)) & given.unresolved.keys())


def _with_stubs(
    listing: _Listing, stubs: tuple[Path, ...], tests: tuple[Path, ...], surroundings: Surroundings
) -> _Target:
    modules, given = modules_of(stubs, tests, surroundings, root=listing.folder)
    used = {m: sum(u.times for u in uses_of(given.trees, m)) for m in modules}
    named = dict(sorted(zip(modules, stubs, strict=True), key=lambda pair: -used[pair[0]]))
    files, beside = read_code(named, surroundings)
    main = next(iter(named))
    support = [*_support(listing, stubs), *beside.all_support(), *given.all_support()]
    return _Target(
        module=main,
        stubs=files,
        support=support_without(support, files),
        given=given,
        uses=uses_of(given.trees, main),
    )


def _support(listing: _Listing, stubs: tuple[Path, ...]) -> tuple[SourceFile, ...]:
    """Everything else that is text. What is not text is left out: the tests say so when they miss it."""
    found: list[SourceFile] = []
    for path in (*listing.python, *listing.data):
        if path in stubs:
            continue
        refuse_escape(path, listing.folder)
        try:
            text = read_text(path)
        except BadInput:
            if path.suffix == ".py":
                raise
            continue
        found.append(SourceFile(path=path.relative_to(listing.folder).as_posix(), text=text))
    return tuple(found)


# --- words --------------------------------------------------------------------------------------------------------


def _goal(target: _Target) -> str:
    if not target.stubs:
        return goal_of_tests(target.given)
    main = target.stubs[0]
    return goal_of_code(parsed(main.text, main.path), main.text, target.given)


def _defined(mention: Mention, target: _Target) -> Mention:
    """Instructions mention many names; with a stub only its own count."""
    defined = definitions_of(target.stubs[0])
    if mention.entry_point in defined and named_like(target.module, defined) is None:
        return Mention(entry_point=mention.entry_point)
    return Mention()
