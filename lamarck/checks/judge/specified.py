"""Specifications as pytest files: YAML as one parametrized test, a feature through pytest-bdd."""

from __future__ import annotations

import json
from collections.abc import Iterable

from lamarck.records import Acceptance, Task
from lamarck.tasks.contract import Specification
from lamarck.tasks.specification import read_specification

PLUGIN = "pytest_bdd.plugin"

_YAML = """
import pytest
from _lamarck_inside.specified import Scene

BEHAVIOURS = {behaviours}


@pytest.mark.parametrize("name,steps", [pytest.param(n, s, id=n) for n, s in BEHAVIOURS])
def test_behaviour(name, steps, monkeypatch, capsys):
    scene = Scene(MODULE, TARGET, NAMES, WATCHED, monkeypatch, capsys)
    for step in steps:
        scene.take(step)
    scene.end()
"""

_FEATURE = """
import pytest
from _lamarck_inside.specified import Scene
from pytest_bdd import given, parsers, scenarios, then, when

STEPS = {steps}
ANYTHING = parsers.re("(?P<sentence>.+)")


@pytest.fixture
def scene(monkeypatch, capsys):
    scene = Scene(MODULE, TARGET, NAMES, WATCHED, monkeypatch, capsys)
    yield scene
    scene.end()


@given(ANYTHING)
def _given(scene, sentence):
    _take(scene, "Context", sentence)


@when(ANYTHING)
def _when(scene, sentence):
    _take(scene, "Action", sentence)


@then(ANYTHING)
def _then(scene, sentence):
    _take(scene, "Outcome", sentence)


def _take(scene, kind, sentence):
    for step in STEPS[kind + " " + sentence]:
        scene.take(step)


scenarios({path!r})
"""


def specified(acceptance: Acceptance, task: Task) -> str:
    """The text of a pytest file that decides the same. Raises `BadInput` for what is no specification."""
    specification = read_specification(acceptance.content, acceptance.path)
    module = specification.module or task.module
    target = specification.target or (task.entry_point or "")
    head = [f"import {module} as MODULE", f"TARGET = {target!r}", f"NAMES = {specification.names!r}"]
    head.append(f"WATCHED = {_watched(specification)!r}")
    if acceptance.path.endswith(".feature"):
        from lamarck.tasks.feature import steps_by_text

        steps = _literal(steps_by_text(acceptance.content, acceptance.path))
        return "\n".join(head) + _FEATURE.format(steps=steps, path=acceptance.path)
    return "\n".join(head) + _YAML.format(behaviours=_literal(_cases(specification)))


def features(acceptances: Iterable[Acceptance]) -> dict[str, str]:
    """Files that the rendered tests read, by their paths."""
    return {a.path: a.content for a in acceptances if a.path.endswith(".feature")}


def _cases(specification: Specification) -> list[tuple[str, list[dict[str, object]]]]:
    return [(_id(b.name), list(b.steps)) for b in specification.behaviours]


def _watched(specification: Specification) -> list[str]:
    steps = (step for behaviour in specification.behaviours for step in behaviour.steps)
    return sorted({str(s["value"]) for s in steps if s.get("what") in {"invoked", "not_invoked"}})


def _id(name: str) -> str:
    """As pytest can tell it: on one line, in ASCII or not, without what parts ids."""
    return " ".join(name.replace("::", " ").replace("[", "(").replace("]", ")").split())


def _literal(value: object) -> str:
    """Plain data as Python that makes it again."""
    json.dumps(value)  # nothing else gets here
    return repr(value)
