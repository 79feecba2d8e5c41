"""The gate: every check by its name, cheapest first. A new check is a file, and one line in `GATE`.

The file holds a class that meets `checks.check.Check`, and `build(means) -> Check`, which makes one for a gate.
What a check needs beyond `Means` as it is becomes a field there, with a default, and is filled in `assemble`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lamarck.checks.check import LEVELS, Check, Level
from lamarck.errors import BadInput
from lamarck.settings import Settings

if TYPE_CHECKING:
    from lamarck.checks.judge.judge import Judge
    from lamarck.sandbox.interpreter import Interpreter
    from lamarck.sandbox.sandbox import Sandbox

# Name → module:function that builds it, cheapest first: the order in which they run and are told.
GATE: dict[str, str] = {
    "parse": "lamarck.checks.parse:build",
    "security": "lamarck.checks.security:build",
    "tests": "lamarck.checks.given_tests:build",
    "bdd": "lamarck.checks.bdd:build",
    "derived-tests": "lamarck.checks.given_tests:build_derived",
    "generated-tests": "lamarck.checks.given_tests:build_generated",
}


@dataclass(frozen=True, kw_only=True)
class Means:
    """What checks are built from, chosen in `assemble`. folder: the project, for what has to be read from there."""

    settings: Settings
    judge: Judge
    sandbox: Sandbox
    interpreter: Interpreter
    importable: frozenset[str]
    folder: Path


def build_checks(means: Means, *, level: Level = "quick", names: Iterable[str] | None = None) -> tuple[Check, ...]:
    """The checks of a level and of those below it, or those of the given names, in the order of `GATE`.

    Raises `BadInput` for a name that no check has.
    """
    wanted = None if names is None else set(names)
    if wanted is not None and (unknown := sorted(wanted - GATE.keys())):
        raise BadInput(f"there is no check called '{unknown[0]}'", f"the checks are {', '.join(GATE)}")
    built = (_build(place, means) for name, place in GATE.items() if wanted is None or name in wanted)
    return tuple(c for c in built if wanted is not None or LEVELS.index(c.level) <= LEVELS.index(level))


def _build(place: str, means: Means) -> Check:
    module, _, function = place.partition(":")
    check: Check = getattr(importlib.import_module(module), function)(means)
    return check
