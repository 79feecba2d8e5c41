"""Check 'bdd': specifications decide, in YAML and as features."""

from __future__ import annotations

import pathlib

import pytest

from lamarck.checks.bdd import Specifications
from lamarck.checks.check import Check
from lamarck.checks.judge.judge import Judge
from lamarck.checks.verdict import decide
from lamarck.errors import BadInput
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Assurance,
    CheckOutcome,
    Decision,
    Evidence,
    Origin,
    SourceFile,
    Trust,
    make_candidate,
    make_task,
)
from lamarck.sandbox.interpreter import find_interpreter
from lamarck.sandbox.selection import choose_sandbox
from lamarck.settings import SandboxSettings

YAML = """\
workflow: greet_all
names: {Klingon: tlh}
scenarios:
  - name: Greets in every language
    given:
      - Text input: "world"
      - Target languages: ["fr", "es", "tlh"]
    when:
      - Workflow executes with loud: true
    then:
      - All greetings are present
      - French greeting contains "BONJOUR"
      - Klingon greeting matches "^NUQ"
      - Execution time < 5 seconds
      - No errors occurred
  - name: Falls back
    given:
      - Text input: "you"
      - Target languages: ["fr"]
      - Primary tool: "premium"
      - Fallback tool: "basic"
    when:
      - Primary tool fails
    then:
      - Fallback tool is invoked
      - Greeting is returned
      - Failure is logged but doesn't propagate
  - name: Refuses nothing
    given: {text: "", languages: [fr]}
    then: {raises: ValueError, message_contains: no text}
"""
FEATURE = """\
@workflow @function:greet_all
Feature: greeting
  Scenario: French
    Given the text is "world"
    And the languages are ["fr"]
    When the workflow executes
    Then the French greeting contains "bonjour"
"""
RIGHT = """\
import sys

WORDS = {"fr": "bonjour", "es": "hola", "tlh": "nuqneH"}


def premium(text, language):
    return f"{WORDS[language]} {text}"


def basic(text, language):
    return text


def greet_all(text: str, languages: list, loud: bool = False) -> dict:
    if not text:
        raise ValueError("no text to greet with")
    found = {}
    for language in languages:
        try:
            found[language] = premium(text, language)
        except RuntimeError as error:
            print(error, file=sys.stderr)
            found[language] = basic(text, language)
        if loud:
            found[language] = found[language].upper()
    return found
"""


@pytest.fixture(scope="module")
def check() -> Specifications:
    interpreter = find_interpreter(None, pathlib.Path("/"))
    return Specifications(Judge(choose_sandbox(SandboxSettings()), interpreter, test_seconds=5.0))


def specified(text: str, name: str = "greet.bdd.yaml") -> Acceptance:
    return Acceptance(kind=AcceptanceKind.BDD, content=text, path=name)


def run(check: Check, code: str, *acceptance: Acceptance) -> tuple[Evidence, Decision]:
    task = make_task(goal="greet", module="greeting", entry_point="greet_all", acceptance=acceptance)
    candidate = make_candidate(
        files=(SourceFile(path="greeting.py", text=code),), entry_point="greet_all", origin=Origin(generator="user")
    )
    assert check.applies(task)
    found = check.run(task, candidate)
    verdict = decide(task, candidate.id, (found,), required=("bdd",), accept_claimed="never", own_code=False)
    return found, verdict.decision


def test_right_code_passes_both_forms(check: Specifications) -> None:
    found, decision = run(check, RIGHT, specified(YAML), specified(FEATURE, "greet.feature"))
    assert found.outcome is CheckOutcome.PASSED, found.results
    assert decision is Decision.ACCEPTED
    assert (found.trust, found.assurance, len(found.results)) == (Trust.GIVEN, Assurance.JUDGED, 4)
    assert "Greets in every language" in found.results[1].id + found.results[0].id


@pytest.mark.parametrize(
    ("old", "new", "failing"),
    [
        ("found = {}", "found = dict()", 0),
        (".upper()", "", 1),
        ("return text\n\n\ndef greet_all", "return None\n\n\ndef greet_all", 1),
        ("print(error, file=sys.stderr)", "pass", 1),
        ("        except RuntimeError as error:", "        except KeyError as error:", 1),
        ("no text to greet with", "empty", 1),
        ("if not text:", "if False:", 1),
    ],
)
def test_wrong_code_fails(check: Specifications, old: str, new: str, failing: int) -> None:
    assert old in RIGHT
    found, decision = run(check, RIGHT.replace(old, new), specified(YAML))
    failed = [r for r in found.results if r.outcome is not CheckOutcome.PASSED]
    assert len(failed) == failing
    assert decision is (Decision.REJECTED if failing else Decision.ACCEPTED)
    assert all(r.failure is not None and r.failure.message for r in failed)


def test_a_feature_fails_wrong_code(check: Specifications) -> None:
    found, decision = run(check, RIGHT.replace("bonjour", "salut"), specified(FEATURE, "greet.feature"))
    assert (found.outcome, decision) == (CheckOutcome.FAILED, Decision.REJECTED)
    assert "bonjour" in found.log + str([r.failure for r in found.results])


def test_code_that_ends_its_process_fails(check: Specifications) -> None:
    code = RIGHT.replace("    if not text:", "    import os\n    os._exit(0)\n    if not text:")
    found, decision = run(check, code, specified(YAML))
    assert (found.outcome, decision) == (CheckOutcome.FAILED, Decision.REJECTED)


def test_one_that_anything_fulfils_is_refused(check: Specifications) -> None:
    nothing = "tool: greet_all\nbehaviors:\n  - behavior: x\n    given: {text: a}\n    then: {no_errors: true}\n"
    with pytest.raises(BadInput, match="specifications prove nothing"):
        run(check, RIGHT, specified(nothing))


def test_what_cannot_be_run_is_neither_pass_nor_fail(check: Specifications) -> None:
    """A module that neither the candidate nor the environment has."""
    gone = YAML.replace("workflow: greet_all", "workflow: greet_all\nmodule: nowhere_to_be_found")
    with pytest.raises(BadInput, match="nowhere_to_be_found"):
        run(check, RIGHT, specified(gone))


def test_it_applies_to_specifications_alone(check: Specifications) -> None:
    tests = Acceptance(kind=AcceptanceKind.PYTEST, content="def test(): pass", path="test_x.py")
    assert not check.applies(make_task(goal="x", module="m", acceptance=(tests,)))
