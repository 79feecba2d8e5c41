"""A task that is a specification alone: what it says is the goal, and what decides."""

from __future__ import annotations

from pathlib import Path

from lamarck.errors import BadInput
from lamarck.records import Task
from lamarck.tasks.composing import compose
from lamarck.tasks.contract import Behaviour, Specification
from lamarck.tasks.given import read_given
from lamarck.tasks.loader import Surroundings
from lamarck.tasks.naming import is_name, module_for
from lamarck.tasks.neighbours import shown
from lamarck.tasks.prose import Mention
from lamarck.tasks.reading import as_path, looks_like_path, read_text
from lamarck.tasks.specification import is_specification, read_specification, with_specifications
from lamarck.tasks.uses import uses_of


class Specified:
    """`*.bdd.yaml`, `*.spec.yaml`, `*.feature`: write the function that the specification is about."""

    name = "specification"

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings

    def accepts(self, source: str, tests: tuple[Path, ...]) -> bool:
        path = as_path(source)
        return looks_like_path(source) and is_specification(path) and not path.is_dir()

    def load(self, source: str, tests: tuple[Path, ...]) -> Task:
        path = as_path(source)
        specification = read_specification(read_text(path), shown(path))
        target = specification.target or _called(specification)
        if target is None:
            raise BadInput(
                f"{shown(path)}: no step names the function", "write `When <function> executes`, or `@function:name`"
            )
        module = specification.module or module_for(target.partition(".")[0], self._surroundings.importable)
        given = read_given(tests, self._surroundings, written=frozenset({module}))
        task = compose(
            self._surroundings,
            goal=_goal(target, specification),
            module=module,
            support=given.all_support(),
            tests=given.acceptance,
            uses=uses_of(given.trees, module),
            stated=Mention(entry_point=target.partition(".")[0], signature=_signature(target, specification)),
        )
        return with_specifications(task, (path,))


def _called(specification: Specification) -> str | None:
    steps = (step for behaviour in specification.behaviours for step in behaviour.steps)
    return next((str(s["function"]) for s in steps if s["do"] == "call" and s["function"]), None)


def _goal(target: str, specification: Specification) -> str:
    said = "\n".join(f"- {behaviour.name}" for behaviour in specification.behaviours)
    return f"Write `{target}`, which behaves as follows:\n{said}"


def _signature(target: str, specification: Specification) -> str | None:
    """By the arguments that are given: those of every behaviour first, the others may be left out."""
    named = [_arguments(b) for b in specification.behaviours]
    order = list(dict.fromkeys(name for names in named for name in names))
    if "." in target or not order or not all(map(is_name, order)):
        return None
    always = [name for name in order if all(name in names for names in named)]
    return f"def {target}({', '.join([*always, *(f'{n}=None' for n in order if n not in always)])})"


def _arguments(behaviour: Behaviour) -> list[str]:
    failing = {str(s["label"]).lower() for s in behaviour.steps if s["do"] == "fail"}
    failing |= {str(s["value"]).lower() for s in behaviour.steps if s.get("what") in {"invoked", "not_invoked"}}
    names = [str(s["name"]) for s in behaviour.steps if s["do"] == "given" and str(s["label"]).lower() not in failing]
    return names + [str(n) for s in behaviour.steps if s["do"] == "call" for n in s["with"]]
