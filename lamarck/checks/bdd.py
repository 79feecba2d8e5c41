"""Check 'bdd': what the task's specifications say, in YAML or as Gherkin features, measured by the judge.

A specification is a contract: it is kept with the task, so every later version of an artifact is proven by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamarck.checks.check import Level
from lamarck.checks.given_tests import GivenTests
from lamarck.checks.judge.judge import JUDGE_VERSION, Judge
from lamarck.records import Acceptance, AcceptanceKind, Task

if TYPE_CHECKING:
    from lamarck.checks.gate import Means


class Specifications(GivenTests):
    """Runs the task's specifications, each behaviour as a test; those of its tools and workflows are among them.

    Where nothing else is given, they have to prove something: a hollow body must not pass all of them.
    """

    what = "specifications"

    def __init__(self, judge: Judge) -> None:
        super().__init__(judge)
        self.name = "bdd"
        self.version = f"1 {JUDGE_VERSION}"
        self.required = True
        self.level: Level = "quick"

    def decisive(self, task: Task) -> tuple[Acceptance, ...]:
        return tuple(a for a in task.acceptance if a.kind is AcceptanceKind.BDD)

    def must_prove(self, task: Task) -> bool:
        return not super().decisive(task)


def build(means: Means) -> Specifications:
    return Specifications(means.judge)
