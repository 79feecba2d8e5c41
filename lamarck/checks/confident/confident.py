"""Check 'rules': what confident rules say of a candidate, before a model or a person is asked. Advice, no decision.

How precise each rule is was measured; the figures are those of `lamarck rules calibrate`, else those that come with
Lamarck. A security finding vetoes, whatever the rules say.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from lamarck.checks.check import Check, Level
from lamarck.checks.confident.facts import Facts
from lamarck.checks.confident.rules import THRESHOLD, Precision, judge
from lamarck.checks.given_tests import GivenTests
from lamarck.checks.security import SecurityCheck
from lamarck.checks.verdict import vetoes
from lamarck.errors import BadInput
from lamarck.records import Candidate, CheckOutcome, Evidence, Task, Trust, content_id
from lamarck.settings import home

if TYPE_CHECKING:
    from lamarck.checks.gate import Means

FILE = "rules.json"


class ConfidentRules:
    """tests: says which given tests pass; security: finds what vetoes. measured: how precise each rule is."""

    name = "rules"
    required = False
    level: Level = "standard"

    def __init__(
        self, tests: GivenTests, security: Check, measured: Mapping[str, Precision], *, threshold: float = THRESHOLD
    ) -> None:
        self._tests = tests
        self._security = security
        self._measured = measured
        self._threshold = threshold

    @property
    def version(self) -> str:
        return f"1+{self._tests.version}+{content_id(dict(self._measured))[:12]}+{self._threshold:g}"

    def applies(self, task: Task) -> bool:
        return task.language == "python" and task.entry_point is not None and "." not in task.entry_point

    def run(self, task: Task, candidate: Candidate) -> Evidence:
        begin = time.monotonic()
        passed = total = 0
        if self._tests.applies(task):
            measured = self._tests.run(task, candidate)
            if measured.outcome is CheckOutcome.ERRORED:
                return self._evidence(candidate, CheckOutcome.ERRORED, f"the tests broke: {measured.log}", begin)
            passed = sum(r.outcome is CheckOutcome.PASSED for r in measured.results)
            total = max(len(measured.results), int(measured.outcome is CheckOutcome.FAILED) + passed)
        found = self._security.run(task, candidate)
        facts = Facts(task, candidate.files, passed, total - passed, sum(map(vetoes, found.findings)))
        word = judge(facts, self._measured, threshold=self._threshold)
        outcome = {"approve": CheckOutcome.PASSED, "reject": CheckOutcome.FAILED, None: CheckOutcome.SKIPPED}[word.says]
        sure = f"{word.confidence:.0%} sure at least"
        log = {
            "approve": f"approves ({sure}): {word.why}",
            "reject": f"rejects ({sure}): {word.why}",
            None: f"ask a model or a person: {word.why}" + (f" ({sure})" if word.confidence else ""),
        }[word.says]
        evidence = self._evidence(candidate, outcome, log, begin)
        return evidence.replace(measurements={"confidence": word.confidence})

    def _evidence(self, candidate: Candidate, outcome: CheckOutcome, log: str, begin: float) -> Evidence:
        return Evidence(
            check=self.name,
            check_version=self.version,
            candidate_id=candidate.id,
            outcome=outcome,
            trust=Trust.GENERATED,
            log=log,
            seconds=time.monotonic() - begin,
        )


def precision_path() -> Path:
    """Where a calibration of the user's own is kept."""
    return home() / FILE


def measured_precision() -> tuple[dict[str, Precision], str]:
    """How precise each rule is, and whose figures these are. Raises `BadInput` for a file that holds none."""
    path = precision_path()
    if path.is_file():
        try:
            return msgspec.json.decode(path.read_bytes(), type=dict[str, Precision]), str(path)
        except (OSError, msgspec.MsgspecError) as error:
            raise BadInput(
                f"{path}: holds no calibration", "remove it, or run `lamarck rules calibrate` again"
            ) from error
    return _shipped(), "the calibration that comes with Lamarck"


@cache
def _shipped() -> dict[str, Precision]:
    data = resources.files("lamarck.checks.confident").joinpath("precision.json").read_bytes()
    return msgspec.json.decode(data, type=dict[str, Precision])


def build(means: Means) -> ConfidentRules:
    measured, _ = measured_precision()
    return ConfidentRules(GivenTests(means.judge), SecurityCheck(), measured)
