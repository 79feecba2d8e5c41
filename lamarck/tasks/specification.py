"""Specifications: behaviour as a contract, in YAML or as a Gherkin feature.

    tool: word_count                # or workflow: …, or system: …; the function that is called
    module: text_tools              # where it stands; default: the task's module
    tools: [tokenise]               # of a workflow; workflows: of a system. Their specifications are run with this one
    behaviors:                      # or scenarios:
      - behavior: Counts words      # or name:
        given: {text: "a b"}        # arguments by name; or a list of `- Label: value`
        when: {tool_executes: true} # may be left out; or a list of sentences
        then:
          result: 2
          execution_time: "< 50ms"

See docs/specifications.md for every key and sentence. Nothing is run here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from lamarck.errors import BadInput
from lamarck.records import Acceptance, AcceptanceKind, Task, make_task
from lamarck.tasks.contract import Behaviour, Specification
from lamarck.tasks.naming import is_module_name, is_name
from lamarck.tasks.neighbours import refuse_escape, shown
from lamarck.tasks.reading import read_text
from lamarck.tasks.steps import NoStep, Step, given, given_sentence, then_key, then_sentence, when_keys, when_sentence
from lamarck.tasks.yaml_document import Value, read_document

LEVELS = ("tool", "workflow", "system")
_BELOW = {"tool": (), "workflow": ("tools",), "system": ("workflows", "tools")}
_TOP = (*LEVELS, "version", "feature", "description", "module", "behaviors", "behaviours", "scenarios", "tools",
        "workflows", "names", "inputs")  # fmt: skip
_BEHAVIOUR = ("behavior", "behaviour", "scenario", "name", "description", "given", "when", "then")
_ENDINGS = (".bdd.yaml", ".bdd.yml", ".spec.yaml", ".spec.yml", ".feature")
_MOST = 100  # specifications of one task


def is_specification(path: Path) -> bool:
    """By its name alone: `*.bdd.yaml`, `*.spec.yaml`, `*.feature`."""
    return path.name.lower().endswith(_ENDINGS)


def read_specification(text: str, name: str) -> Specification:
    """Raises `BadInput` with file and line for whatever it is not."""
    if name.endswith(".feature"):
        from lamarck.tasks.feature import read_feature

        return read_feature(text, name)
    document = read_document(text, name)
    if not isinstance(document.data, dict):
        raise BadInput(f"{name}:{document.line}: is no mapping", "write `tool: name` and `behaviors:`")
    return _Reading(name, document).specification()


class _Reading:
    def __init__(self, name: str, document: Value) -> None:
        self.name = name
        self.document = document
        self.fields: dict[Any, Value] = document.data
        for key, value in self.fields.items():
            if key not in _TOP:
                raise self.wrong(value, f"unknown key '{key}'", f"the keys are {', '.join(_TOP)}")

    def wrong(self, value: Value, what: str, mend: str = "correct the value") -> BadInput:
        return BadInput(f"{self.name}:{value.line}: {what}", mend)

    def specification(self) -> Specification:
        level = self._only(LEVELS)
        target = self._text(level)
        if not all(map(is_name, target.split("."))):
            raise self.wrong(self.fields[level], f"'{target}' cannot be the name of a function", "name the function")
        module = self._text("module") if "module" in self.fields else None
        if module is not None and not is_module_name(module):
            raise self.wrong(self.fields["module"], f"'{module}' cannot be a module's name")
        cases = self.fields[self._only(("behaviors", "behaviours", "scenarios"))]
        if not isinstance(cases.data, list) or not cases.data:
            raise self.wrong(cases, "holds no behaviour", "begin each one with `- behavior: …`")
        behaviours = tuple(self._behaviour(case) for case in cases.data)
        names = [b.name for b in behaviours]
        for place, name in enumerate(names):
            if name in names[:place]:
                raise self.wrong(cases.data[place], f"two behaviours are called '{name}'", "rename one of them")
        return Specification(
            level=level,
            target=target,
            behaviours=behaviours,
            module=module,
            names={str(k): str(v) for k, v in self._mapping("names").items()},
            below=tuple(n for key in _BELOW[level] for n in self._names_below(key)),
        )

    def _only(self, keys: Sequence[str]) -> str:
        present = [k for k in keys if k in self.fields]
        if len(present) != 1:
            what = f"needs one of {', '.join(keys)}" + (f", not {' and '.join(present)}" if present else "")
            raise self.wrong(self.document, what, f"write `{keys[0]}: …`")
        return present[0]

    def _text(self, key: str) -> str:
        value = self.fields[key]
        if not isinstance(value.data, str) or not value.data.strip():
            raise self.wrong(value, f"'{key}' must be text")
        return value.data.strip()

    def _mapping(self, key: str) -> dict[Any, Any]:
        value = self.fields.get(key)
        if value is None:
            return {}
        if not isinstance(value.data, dict):
            raise self.wrong(value, f"'{key}' must be a mapping")
        plain: dict[Any, Any] = value.plain()
        return plain

    def _names_below(self, key: str) -> Iterator[str]:
        value = self.fields.get(key)
        if value is None:
            return
        for item in value.data if isinstance(value.data, list) else [value]:
            if not isinstance(item.data, str) or not item.data.strip():
                raise self.wrong(item, f"'{key}' must be a list of names", f"write `{key}: [name]`")
            yield item.data.strip()

    def _behaviour(self, case: Value) -> Behaviour:
        if not isinstance(case.data, dict):
            raise self.wrong(case, "a behaviour must be a mapping", "write `behavior:`, `given:` and `then:`")
        for key, value in case.data.items():
            if key not in _BEHAVIOUR:
                raise self.wrong(value, f"unknown key '{key}'", f"the keys are {', '.join(_BEHAVIOUR)}")
        titles = [case.data[k] for k in ("behavior", "behaviour", "scenario", "name") if k in case.data]
        if not titles or not isinstance(titles[0].data, str):
            raise self.wrong(case, "a behaviour without a name", "write `behavior: what it does`")
        title = titles[0].data.strip()
        if "then" not in case.data or not case.data["then"].data:
            raise self.wrong(case, f"'{title}' expects nothing", "write `then:` with what is expected")
        happens = list(self._steps(case.data.get("when"), _when))
        expected = list(self._steps(case.data["then"], _then))
        return Behaviour(
            name=title,
            steps=(*self._given(case.data.get("given")), *_one_call(happens), *expected),
            line=case.line,
        )

    def _given(self, value: Value | None) -> Iterator[Step]:
        inputs = {str(k): str(v) for k, v in self._mapping("inputs").items()}
        for step in self._steps(value, _given):
            yield {**step, "name": inputs.get(step["label"], step["name"])}

    def _steps(self, value: Value | None, read: Any) -> Iterator[Step]:
        """Of a mapping, key by key; of a list, sentence by sentence; each wrong one is told with its line."""
        if value is None or value.data is None:
            return
        items: list[tuple[Any, Value, bool]] = []
        if isinstance(value.data, dict):
            items = [(k, v, False) for k, v in value.data.items()]
        elif isinstance(value.data, list):
            for item in value.data:
                if isinstance(item.data, dict):
                    items += [(k, v, True) for k, v in item.data.items()]
                elif isinstance(item.data, str):
                    items.append((None, item, True))
                else:
                    raise self.wrong(item, "is no sentence", "write text, or `name: value`")
        elif isinstance(value.data, str):
            items = [(None, value, True)]
        else:
            raise self.wrong(value, "is neither a mapping nor a list")
        for key, item, is_sentence in items:
            try:
                yield from read(key, item.plain(), is_sentence)
            except NoStep as error:
                raise self.wrong(item, error.what, error.mend) from error


def _given(key: Any, value: Any, is_sentence: bool) -> Iterator[Step]:
    yield given_sentence(value) if key is None else given(str(key), value)


def _when(key: Any, value: Any, is_sentence: bool) -> Iterator[Step]:
    if key is None:
        yield when_sentence(value)
    elif is_sentence and " " in str(key):
        yield when_sentence(str(key), value)
    else:
        yield when_keys(str(key), value)


def _then(key: Any, value: Any, is_sentence: bool) -> Iterator[Step]:
    if key is None:
        yield from then_sentence(value)
    elif is_sentence and " " in str(key):
        yield from then_sentence(str(key), value)
    else:
        yield from then_key(str(key), value)


def _one_call(happens: list[Step]) -> Iterator[Step]:
    """The failures that are set up, then one call: what several lines say of it together."""
    calls = [s for s in happens if s["do"] == "call"]
    call: Step = {"do": "call", "function": None, "with": {}, "times": 1}
    for step in happens:
        if step["do"] == "fail":
            yield step
    for step in calls:
        call = {**call, "function": step["function"] or call["function"], "times": max(call["times"], step["times"])}
        call["with"] = {**call["with"], **step["with"]}
    for step in happens:
        if step["do"] == "with":
            call["with"] = {**call["with"], **step["with"]}
        elif step["do"] == "times":
            call["times"] = step["times"]
    yield call


# --- specifications of a task -------------------------------------------------------------------------------------


def split(paths: Iterable[Path]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """(test files, specifications)."""
    every = tuple(paths)
    return tuple(p for p in every if not is_specification(p)), tuple(p for p in every if is_specification(p))


def with_specifications(task: Task, paths: Sequence[Path]) -> Task:
    """The task, with specifications among what decides: those named, and those of their tools and workflows.

    Raises `BadInput` with file and line for a malformed one, and for one below that is not there.
    """
    if not paths:
        return task
    found = _with_those_below(paths)
    names = _places([*found], {a.path for a in task.acceptance})
    added = tuple(
        Acceptance(kind=AcceptanceKind.BDD, content=text, path=names[path]) for path, (text, _) in found.items()
    )
    fields = {f: getattr(task, f) for f in task.__struct_fields__ if f != "id"}
    fields["acceptance"] = (*task.acceptance, *added)
    if task.entry_point is None:
        tools = [s.target for _, s in found.values() if s.level == "tool" and s.target]
        fields["entry_point"] = tools[0] if len(tools) == 1 else None
    return make_task(**fields)


def specifications_of(paths: Sequence[Path]) -> dict[Path, str]:
    """Path → text of those named, and of those of their tools and workflows."""
    return {path: text for path, (text, _) in _with_those_below(paths).items()}


def _with_those_below(paths: Sequence[Path]) -> dict[Path, tuple[str, Specification]]:
    found: dict[Path, tuple[str, Specification]] = {}
    for path in paths:
        _read(path, found)
    return found


def _read(path: Path, found: dict[Path, tuple[str, Specification]]) -> None:
    path = path.absolute()
    if path in found:
        return
    if len(found) >= _MOST:
        raise BadInput(f"more than {_MOST} specifications", "name those that decide")
    text = read_text(path)
    specification = read_specification(text, shown(path))
    found[path] = (text, specification)
    for name in specification.below:
        _read(_below(name, path), found)


def _below(name: str, above: Path) -> Path:
    """The specification that another one names: a file beside it, or the name of its tool or workflow."""
    choices = [name] if PurePosixPath(name).suffix else [f"{name}{ending}" for ending in _ENDINGS]
    for choice in choices:
        path = above.parent / choice
        if path.is_file() and is_specification(path):
            refuse_escape(path, above.parent)
            return path
    raise BadInput(
        f"{shown(above)}: there is no specification of '{name}' beside it", f"write {choices[0]}, or leave it out"
    )


def _places(paths: list[Path], taken: set[str]) -> dict[Path, str]:
    """A name in the task for each: its own, numbered where two have the same."""
    places: dict[Path, str] = {}
    for path in paths:
        stem, ending = re.match(r"(.*?)(\.[^/]*)?$", path.name).groups()  # type: ignore[union-attr]
        name, number = path.name, 2
        while name in taken:
            name, number = f"{stem}-{number}{ending or ''}", number + 1
        taken.add(name)
        places[path] = name
    return places


def specifications_in(folder: Path) -> tuple[Path, ...]:
    """Those at the top of a task's folder and in its `specs` and `features`, by name; hidden ones are left out."""
    found: list[Path] = []
    for place in (folder, folder / "specs", folder / "features"):
        if place.is_dir():
            found += [p for p in sorted(place.iterdir()) if p.is_file() and is_specification(p) and p.name[0] != "."]
    for path in found:
        refuse_escape(path, folder)
    return tuple(found)
