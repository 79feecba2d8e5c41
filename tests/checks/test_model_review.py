"""Check 'model-review': a model's word, asked for only where rules are not sure, and never decisive."""

from __future__ import annotations

import pytest

from lamarck.checks.model_review import ModelReview
from lamarck.checks.verdict import decide
from lamarck.errors import ModelUnavailable
from lamarck.models.model import Model
from lamarck.models.scripted import ScriptedModel
from lamarck.records import (
    CheckOutcome,
    Decision,
    Evidence,
    Origin,
    SourceFile,
    Task,
    TestResult,
    Trust,
    make_candidate,
    make_task,
)

TASK = make_task(goal="Add two numbers.", module="code_", entry_point="add")
CANDIDATE = make_candidate(
    files=(SourceFile(path="code_.py", text="def add(a, b):\n    return a - b\n"),),
    entry_point="add",
    origin=Origin(generator="user"),
)


class Rules:
    """Confident rules with a word of their own."""

    name, version, required, level = "rules", "1", False, "standard"

    def __init__(self, outcome: CheckOutcome) -> None:
        self.outcome = outcome

    def applies(self, task: Task) -> bool:
        return True

    def run(self, task: Task, candidate: object) -> Evidence:
        return Evidence(
            check="rules", check_version="1", candidate_id=CANDIDATE.id, outcome=self.outcome, log="approves (97%)"
        )


def review(text: str, outcome: CheckOutcome = CheckOutcome.SKIPPED) -> Evidence:
    check = ModelReview(lambda: ScriptedModel([text]), Rules(outcome))  # type: ignore[arg-type]
    assert check.applies(TASK)
    return check.run(TASK, CANDIDATE)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("CORRECT: it adds.", CheckOutcome.PASSED),
        ("WRONG: it subtracts.", CheckOutcome.FAILED),
        ("wrong - it subtracts", CheckOutcome.FAILED),
        ("It is nice code.", CheckOutcome.ERRORED),
        ("", CheckOutcome.ERRORED),
    ],
)
def test_the_first_word_counts(text: str, outcome: CheckOutcome) -> None:
    found = review(text)
    assert found.outcome is outcome
    assert found.trust is Trust.GENERATED


def test_an_objection_is_told_and_decides_nothing() -> None:
    found = review("WRONG: it subtracts.")
    assert "it subtracts" in found.findings[0].message
    tests = Evidence(
        check="tests", check_version="1", candidate_id=CANDIDATE.id, outcome=CheckOutcome.PASSED, trust=Trust.GIVEN,
        results=(TestResult(id="t.py::t", outcome=CheckOutcome.PASSED),),
    )  # fmt: skip
    verdict = decide(TASK, CANDIDATE.id, (found, tests), required=("tests",), accept_claimed="never", own_code=True)
    assert verdict.decision is Decision.ACCEPTED
    assert any("it subtracts" in reason for reason in verdict.reasons)


@pytest.mark.parametrize("outcome", [CheckOutcome.PASSED, CheckOutcome.FAILED])
def test_where_rules_are_sure_no_model_is_asked(outcome: CheckOutcome) -> None:
    found = review("CORRECT", outcome)
    assert found.outcome is CheckOutcome.SKIPPED
    assert "no model was asked" in found.log


def test_a_model_that_is_not_there_is_no_verdict() -> None:
    def gone() -> Model:
        raise ModelUnavailable("no weights", "pull them")

    found = ModelReview(gone).run(TASK, CANDIDATE)
    assert found.outcome is CheckOutcome.ERRORED
    assert "no weights" in found.log


def test_it_is_asked_for_by_a_setting_alone() -> None:
    assert not ModelReview(None).applies(TASK)
