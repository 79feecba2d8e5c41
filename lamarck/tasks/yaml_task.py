"""A task as a YAML file.

    goal: Return the n-th Fibonacci number.         # required: what is wanted, in words
    name: fib                                       # the function or class; default: from signature, examples or tests
    signature: "def fib(n: int) -> int"
    module: fib                                     # default: from the tests, else from the name; a list: several files
    examples:                                       # given; each has one way to call and one outcome
      - call: fib(10)                               #   a Python expression …
        equals: 55                                  #   … and the Python expression whose value it must equal
      - input: 11                                   #   or one argument, as a YAML value …
        output: 89                                  #   … and the result, as a YAML value
      - args: [3, {"a": 1}]                         #   or all arguments: a list by position, a mapping by name
        output: [1, 2]
      - call: fib(-1)
        raises: ValueError                          #   an exception, built in or of the module
    constraints: [no recursion]                     # text
    tests: [test_fib.py, fib.bdd.yaml]              # pytest or unittest files, specifications; relative to this file
    files: [fib.py, data.json]                      # stubs (functions without bodies, or the module's own file) are to
                                                    #   be written; everything else is support and stays as it is
    limits: {tokens: 4000, seconds: 60, memory_mb: 512}   # only ever lower what the user allows
    tags: [math]

Every other key is an error. Values are those of YAML 1.2's core schema: `yes` and `2024-01-01` are text.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from lamarck.errors import BadInput
from lamarck.records import JobLimits, Limits, SourceFile, Task
from lamarck.tasks.choosing import choose_module, entry_point_of, refuse_unresolved
from lamarck.tasks.code_files import module_choices, read_code
from lamarck.tasks.composing import compose, definitions_of, named_like, support_without
from lamarck.tasks.given import Given, merged, read_given
from lamarck.tasks.loader import Surroundings
from lamarck.tasks.naming import is_module_name, is_name, module_for, name_from_goal
from lamarck.tasks.neighbours import refuse_escape, shown
from lamarck.tasks.prose import Mention, mentioned, parsed_header
from lamarck.tasks.python_source import is_unwritten, parse_python
from lamarck.tasks.reading import YAML_SUFFIXES, as_path, looks_like_path, read_text
from lamarck.tasks.specification import is_specification, split, with_specifications
from lamarck.tasks.stub import modules_of
from lamarck.tasks.uses import Use, uses_of
from lamarck.tasks.yaml_document import Value, read_document
from lamarck.tasks.yaml_examples import callee_of, read_examples

KEYS = ("goal", "name", "signature", "module", "examples", "constraints", "tests", "files", "limits", "tags")


class YamlTask:
    """See the module's docstring for the keys."""

    name = "yaml"

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings

    def accepts(self, source: str, tests: tuple[Path, ...]) -> bool:
        path = as_path(source)
        is_yaml = looks_like_path(source) and path.suffix.lower() in YAML_SUFFIXES
        return is_yaml and not path.is_dir() and not is_specification(path)

    def load(self, source: str, tests: tuple[Path, ...]) -> Task:
        path = as_path(source)
        fields = _Fields(shown(path), read_document(read_text(path), shown(path)))
        folder = Path(os.path.abspath(path)).parent
        goal = fields.required_text("goal")
        stated = _stated(fields, goal)
        named, specifications = split(_files(fields, "tests", folder))
        all_tests = (*named, *tests)
        target = _target(fields, folder, all_tests, stated, self._surroundings)
        entry_point = _entry_point(target, stated, goal)
        examples = read_examples(fields.get("examples"), entry_point, fields.name)
        limits = fields.get("limits")
        task = compose(
            self._surroundings,
            goal=goal,
            module=target.module,
            stubs=target.stubs,
            support=target.support,
            tests=target.given.acceptance,
            uses=target.uses,
            stated=Mention(entry_point=entry_point, signature=stated.signature),
            examples=examples,
            prose="" if examples or all_tests or specifications else goal,
            constraints=fields.texts("constraints"),
            tags=fields.texts("tags"),
            limits=_lowered(self._surroundings.limits, limits, fields.name),
            job_limits=_lowered(self._surroundings.job_limits, limits, fields.name),
        )
        return with_specifications(task, specifications)


class _Fields:
    """The document's top level, with the errors that speak of its lines."""

    def __init__(self, name: str, document: Value) -> None:
        self.name = name
        if not isinstance(document.data, dict):
            raise BadInput(f"{name}:{document.line}: is no mapping", "write keys and values, at least `goal: …`")
        self._fields: dict[Any, Value] = document.data
        refuse_unknown(document, KEYS, name)

    def get(self, key: str) -> Value | None:
        value = self._fields.get(key)
        return None if value is None or value.data is None else value

    def required_text(self, key: str) -> str:
        text = self.text(key)
        if text is None:
            raise BadInput(f"{self.name}: has no '{key}'", f"write `{key}: …`")
        return text

    def text(self, key: str) -> str | None:
        value = self.get(key)
        if value is None:
            return None
        if not isinstance(value.data, str) or not value.data.strip():
            raise self.wrong(value, f"'{key}' must be text")
        return value.data.strip()

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; a single text is a list of one."""
        value = self.get(key)
        if value is None:
            return ()
        items = value.data if isinstance(value.data, list) else [value]
        for item in items:
            if not isinstance(item.data, str) or not item.data.strip():
                raise self.wrong(item, f"'{key}' must be a list of texts")
        return tuple(item.data.strip() for item in items)

    def wrong(self, value: Value | None, what: str, mend: str = "correct the value") -> BadInput:
        line = f":{value.line}" if value is not None else ""
        return BadInput(f"{self.name}{line}: {what}", mend)


def refuse_unknown(mapping: Value, known: Iterable[str], name: str) -> None:
    """Raises `BadInput` with the line of the first key that means nothing, and the nearest one that does."""
    for key, value in mapping.data.items():
        if key not in known:
            near = difflib.get_close_matches(str(key), list(known), 1)
            raise BadInput(
                f"{name}:{value.line}: unknown key '{key}'",
                f"did you mean '{near[0]}'?" if near else f"the keys are {', '.join(known)}",
            )


# --- names --------------------------------------------------------------------------------------------------------


def _stated(fields: _Fields, goal: str) -> Mention:
    """Name and signature as the file states them; else as its examples or its goal do."""
    name, signature = fields.text("name"), None
    if (header := fields.text("signature")) is not None:
        text = header.removesuffix("...").strip().removesuffix(":")
        signature = parsed_header(text if text.startswith(("def ", "async ", "class ")) else f"def {text}")
        if signature is None:
            raise fields.wrong(fields.get("signature"), "'signature' is no Python", "write `def name(a: int) -> str`")
        own = signature.split("(")[0].split()[-1]
        if name is not None and own != name:
            raise fields.wrong(fields.get("signature"), f"'signature' is of '{own}', and 'name' is '{name}'")
        name = own
    if name is not None and not is_name(name):
        raise fields.wrong(fields.get("name"), f"'{name}' cannot be a name in Python")
    if name is None:
        name = callee_of(fields.get("examples"))
    in_prose = mentioned(goal)
    if name is None or name == in_prose.entry_point:
        return Mention(entry_point=in_prose.entry_point, signature=signature or in_prose.signature)
    return Mention(entry_point=name, signature=signature)


def _entry_point(target: _Target, stated: Mention, goal: str) -> str:
    defined = tuple(definitions_of(target.stubs[0])) if target.stubs else ()
    preferred = stated.entry_point or named_like(target.module, defined)
    return entry_point_of(target.uses, defined, preferred) or name_from_goal(goal)


# --- files --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Target:
    """What is to be written and what stands around it."""

    module: str
    stubs: tuple[SourceFile, ...]
    support: tuple[SourceFile, ...]
    given: Given
    uses: tuple[Use, ...]


def _target(
    fields: _Fields, folder: Path, tests: tuple[Path, ...], stated: Mention, surroundings: Surroundings
) -> _Target:
    modules = fields.texts("module")
    for module in modules:
        if not is_module_name(module):
            raise fields.wrong(fields.get("module"), f"'{module}' cannot be a module's name")
    files = _files(fields, "files", folder)
    stub_paths = tuple(path for path in files if _is_to_be_written(path, folder, modules))
    named: dict[str, Path] = {}
    if stub_paths:
        found, given = modules_of(stub_paths, tests, surroundings, root=folder)
        for path, module in zip(stub_paths, found, strict=True):
            choices = module_choices(path, folder)
            named[next((m for m in modules if m in choices), module)] = path
    else:
        given = read_given(tests, surroundings, root=folder, written=frozenset(modules))
    if not named and not modules and tests:
        chosen = choose_module(given)
        support = merged(chosen.support, _support(files, folder))
        return _Target(module=chosen.module, stubs=chosen.stubs, support=support, given=given, uses=chosen.uses)
    refuse_unresolved(given)
    code, beside = read_code(named, surroundings)
    new = [SourceFile(path=f"{m.replace('.', '/')}.py", text="") for m in modules if m not in named]
    stubs = (*code, *(new if code or len(new) > 1 else []))
    main = (*modules, *named)[0] if modules or named else _module_of(stated, fields, surroundings)
    stubs = tuple(
        sorted(stubs, key=lambda s: s.path.removesuffix(".py").removesuffix("/__init__") != main.replace(".", "/"))
    )
    others = [f for f in _support(files, folder) if folder / f.path not in stub_paths]
    return _Target(
        module=main,
        stubs=stubs,
        support=support_without([*others, *beside.all_support(), *given.all_support()], stubs),
        given=given,
        uses=uses_of(given.trees, main),
    )


def _module_of(stated: Mention, fields: _Fields, surroundings: Surroundings) -> str:
    return module_for(stated.entry_point or name_from_goal(fields.required_text("goal")), surroundings.importable)


def _is_to_be_written(path: Path, folder: Path, modules: tuple[str, ...]) -> bool:
    if path.suffix != ".py":
        return False
    try:
        if is_unwritten(parse_python(read_text(path))):
            return True
        return bool(set(module_choices(path, folder)) & set(modules))
    except SyntaxError:
        return False


def _files(fields: _Fields, key: str, folder: Path) -> tuple[Path, ...]:
    """Files that the document names, inside its folder. Raises `BadInput` with the line of one that is not there."""
    found: list[Path] = []
    value = fields.get(key)
    for name in fields.texts(key):
        path = Path(os.path.normpath(folder / name))
        if not path.is_relative_to(folder):
            raise fields.wrong(value, f"'{name}' lies outside the folder of this file", "put it beside this file")
        if not os.path.lexists(path):
            raise fields.wrong(value, f"'{name}' is not there", f"file names are relative to {fields.name}")
        refuse_escape(path, folder)
        found.append(path)
    return tuple(found)


def _support(files: tuple[Path, ...], folder: Path) -> tuple[SourceFile, ...]:
    return tuple(SourceFile(path=f.relative_to(folder).as_posix(), text=read_text(f)) for f in files)


# --- limits -------------------------------------------------------------------------------------------------------

_LIMITS = (*Limits.__struct_fields__, *JobLimits.__struct_fields__)


_Limited = TypeVar("_Limited", Limits, JobLimits)


def _lowered(allowed: _Limited, value: Value | None, name: str) -> _Limited:
    """What the file asks for where it is less than what the user allows."""
    if value is None:
        return allowed
    if not isinstance(value.data, dict):
        raise BadInput(f"{name}:{value.line}: 'limits' must be a mapping", "write `limits: {tokens: 4000}`")
    refuse_unknown(value, _LIMITS, name)
    changes: dict[str, float] = {}
    for key, limit in value.data.items():
        number = limit.data
        if isinstance(number, bool) or not isinstance(number, int | float) or number < 0:
            raise BadInput(f"{name}:{limit.line}: '{key}' must be a number of at least 0", "correct the value")
        if key in allowed.__struct_fields__:
            least = min(number, getattr(allowed, key))
            changes[key] = int(least) if isinstance(getattr(allowed, key), int) else float(least)
    return allowed.replace(**changes)
