"""The gate: every check by its name, cheapest first. A new check is a file, and one line in `GATE`.

The file holds a class that meets `checks.check.Check`, and `build(means) -> Check`, which makes one for a gate.
What a check needs beyond `Means` as it is becomes a field there, with a default, and is filled in `assemble`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamarck.checks.check import LEVELS, Check, Level
from lamarck.checks.waivers import Waivers
from lamarck.errors import BadInput
from lamarck.settings import Settings

if TYPE_CHECKING:
    from lamarck.checks.judge.judge import Judge
    from lamarck.checks.stages import StageCache
    from lamarck.models.model import Model
    from lamarck.sandbox.interpreter import Interpreter
    from lamarck.sandbox.sandbox import Sandbox
    from lamarck.tasks.earlier import Earlier

# Name → module:function that builds it, cheapest first: the order in which they run and are told.
GATE: dict[str, str] = {
    "parse": "lamarck.checks.parse:build",
    "security": "lamarck.checks.security:build",
    "complexity": "lamarck.checks.complexity:build",
    "duplication": "lamarck.checks.duplication:build",
    "lint": "lamarck.checks.lint:build",
    "format": "lamarck.checks.lint:build_format",
    "tests": "lamarck.checks.given_tests:build",
    "bdd": "lamarck.checks.bdd:build",
    "coverage": "lamarck.checks.coverage:build",
    "derived-tests": "lamarck.checks.given_tests:build_derived",
    "generated-tests": "lamarck.checks.given_tests:build_generated",
    "types": "lamarck.checks.type_check:build",
    "principles": "lamarck.checks.principles.principles:build",
    "mutation": "lamarck.checks.mutation:build",
    "impact": "lamarck.checks.impact:build",
    "rules": "lamarck.checks.confident.confident:build",
    "properties": "lamarck.checks.properties.properties:build",
    "performance": "lamarck.checks.performance.performance:build",
    "model-review": "lamarck.checks.model_review:build",
}


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What is different from a git revision. before: path of a file, as the candidate has it → its text there, None for
    a file that is new; only files that differ."""

    revision: str
    before: Mapping[str, str | None]


@dataclass(frozen=True, kw_only=True)
class Means:
    """What checks are built from, chosen in `assemble`.

    folder: the project, for what has to be read from there. places: path of a file, as the candidate has it → its path
    below that folder, where that is another one. waivers: findings that are accepted. changed: what a
    check may confine itself to; None: everything. progress: told how far a long check is (done, of how many). shared:
    what checks of one gate measure together, by a name of theirs. kept: what is known of equal things.
    """

    settings: Settings
    judge: Judge
    sandbox: Sandbox
    interpreter: Interpreter
    importable: frozenset[str]
    folder: Path
    places: Mapping[str, str] = field(default_factory=dict)
    waivers: Waivers = field(default_factory=Waivers)
    level: Level = "quick"
    changed: Changed | None = None
    earlier: Earlier | None = None  # what --against names
    open_model: Callable[[], Model] | None = None  # where a model may be asked for its opinion
    most_files: int = 0  # of a candidate; 0: as many as a task may have
    progress: Callable[[str, int, int], None] | None = None
    kept: StageCache | None = None
    shared: dict[str, Any] = field(default_factory=dict)


def build_checks(means: Means, *, level: Level | None = None, names: Iterable[str] | None = None) -> tuple[Check, ...]:
    """The checks of a level and of those below it, or those of the given names, or all; in the order of `GATE`.

    Raises `BadInput` for a name that no check has.
    """
    means = means if level is None else replace(means, level=level)
    wanted = GATE.keys() if names is None else named(names)
    built = (_build(place, means) for name, place in GATE.items() if name in wanted)
    if level is None or names is not None:
        return tuple(built)
    return tuple(c for c in built if LEVELS.index(c.level) <= LEVELS.index(level))


# What the checks of others are called → the check here that says the same.
ALIASES = {
    "pylint": "lint",
    "flake8": "lint",
    "ruff": "lint",
    "black": "format",
    "isort": "lint",
    "mypy": "types",
    "bandit": "security",
    "radon": "complexity",
    "unit": "tests",
    "pytest": "tests",
}


def named(names: Iterable[str]) -> frozenset[str]:
    """Names of checks, aliases translated. Raises `BadInput` for a name that no check has."""
    found = {ALIASES.get(name.lower(), name.lower()) for name in names}
    if unknown := sorted(found - GATE.keys()):
        raise BadInput(f"there is no check called '{unknown[0]}'", f"the checks are {', '.join(GATE)}")
    return frozenset(found)


def _build(place: str, means: Means) -> Check:
    module, _, function = place.partition(":")
    check: Check = getattr(importlib.import_module(module), function)(means)
    return check
