"""Gherkin features as specifications: the parser is the one that pytest-bdd uses."""

from __future__ import annotations

import importlib.util
from typing import Any

from lamarck.errors import BadInput, EnvironmentProblem
from lamarck.tasks.contract import Behaviour, Specification
from lamarck.tasks.steps import NoStep, Step, given_sentence, then_sentence, when_sentence

_LEVELS = {"@tool": "tool", "@workflow": "workflow", "@system": "system"}


def read_feature(text: str, name: str) -> Specification:
    """One behaviour per scenario, outlines expanded. Raises `BadInput` with file and line."""
    if importlib.util.find_spec("gherkin") is None or importlib.util.find_spec("pytest_bdd") is None:
        raise EnvironmentProblem(
            f"{name}: feature files need pytest-bdd", "install it with `pip install 'lamarck-dse[bdd]'`, or write YAML"
        )
    from gherkin.errors import CompositeParserException, ParserError
    from gherkin.parser import Parser
    from gherkin.pickles.compiler import Compiler

    try:
        document: Any = Parser().parse(text)
    except (CompositeParserException, ParserError) as error:
        errors = getattr(error, "errors", None) or [error]
        line = getattr(errors[0], "location", {}).get("line", 1)
        said = str(errors[0]).partition(": ")[2] or str(errors[0])
        raise BadInput(f"{name}:{line}: {' '.join(said.split())[:200]}", "correct the feature there") from error
    feature = document.get("feature")
    if not feature:
        raise BadInput(f"{name}: holds no feature", "write `Feature: …` and `Scenario: …`")
    document["uri"] = name
    lines = dict(_lines(feature))
    behaviours = tuple(_behaviour(pickle, lines, name) for pickle in Compiler().compile(document))
    if not behaviours:
        raise BadInput(f"{name}: holds no scenario", "write `Scenario: …` with its steps")
    tags = [t["name"] for t in feature.get("tags", [])]
    targets = [t.removeprefix("@function:") for t in tags if t.startswith("@function:")]
    return Specification(
        level=next((_LEVELS[t] for t in tags if t in _LEVELS), "tool"),
        target=targets[0] if targets else None,
        behaviours=behaviours,
        below=tuple(t.removeprefix("@with:") for t in tags if t.startswith("@with:")),
    )


def _lines(node: Any) -> Any:
    """Line of every node by its id, however deep."""
    if isinstance(node, dict):
        if "id" in node and "location" in node:
            yield node["id"], node["location"]["line"]
        for each in node.values():
            yield from _lines(each)
    elif isinstance(node, list):
        for each in node:
            yield from _lines(each)


def _behaviour(pickle: Any, lines: dict[str, int], name: str) -> Behaviour:
    steps: list[Step] = []
    kinds: set[str] = set()
    for step in pickle["steps"]:
        line = lines.get(step["astNodeIds"][0], 1)
        kind = step.get("type", "Unknown")
        kinds.add(kind)
        if step.get("argument"):
            raise BadInput(
                f"{name}:{line}: a table or a text block needs steps of its own",
                "write them in a test file with pytest-bdd, and give that with --tests",
            )
        try:
            steps += _steps(kind, step["text"])
        except NoStep as error:
            raise BadInput(f"{name}:{line}: {error.what}", error.mend) from error
    line = lines.get(pickle["astNodeIds"][0], 1)
    if "Outcome" not in kinds:
        raise BadInput(f"{name}:{line}: '{pickle['name']}' expects nothing", "write a step that begins with Then")
    if "Action" not in kinds:
        raise BadInput(f"{name}:{line}: in '{pickle['name']}' nothing happens", "write `When <function> executes`")
    return Behaviour(name=pickle["name"], steps=tuple(steps), line=line)


def _steps(kind: str, text: str) -> list[Step]:
    if kind == "Context":
        return [given_sentence(text)]
    if kind == "Action":
        return [when_sentence(text)]
    if kind == "Outcome":
        return list(then_sentence(text))
    raise NoStep(f"no step: {text[:60]!r}", "begin it with Given, When or Then")


def steps_by_text(text: str, name: str) -> dict[str, list[Step]]:
    """`kind text` of every step → what it means; for whoever lets pytest-bdd run the feature."""
    from gherkin.parser import Parser
    from gherkin.pickles.compiler import Compiler

    document: Any = Parser().parse(text)
    document["uri"] = name
    found: dict[str, list[Step]] = {}
    for pickle in Compiler().compile(document):
        for step in pickle["steps"]:
            found[f"{step['type']} {step['text']}"] = _steps(step["type"], step["text"])
    return found
