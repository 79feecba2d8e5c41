"""What `Check` promises, of every check in the gate: on code that is good, bad, broken and not there at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from lamarck.checks.check import LEVELS, Check
from lamarck.checks.gate import GATE, Changed, Means, build_checks
from lamarck.models.scripted import ScriptedModel
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Candidate,
    Evidence,
    Example,
    Origin,
    SourceFile,
    Task,
    Trust,
    make_candidate,
    make_task,
)
from lamarck.tasks.earlier import earlier_of

GOOD = '''"""Numbers."""


def double(number: int) -> int:
    """Twice the number."""
    return 2 * number
'''
TESTS = "from doubling import double\n\n\ndef test_double():\n    assert [double(n) for n in (0, 2, 5)] == [0, 4, 10]\n"
SPECIFICATION = "tool: double\nbehaviors:\n  - behavior: Doubles\n    given: {number: 2}\n    then: {result: 4}\n"
HOSTILE = {
    "good": GOOD,
    "wrong": GOOD.replace("2 * number", "number"),
    "raises": GOOD + "\nraise SystemError\n",
    "broken": "def double(:\n",
    "empty": "",
    "deep": "x = " + "(" * 150 + "1" + ")" * 150 + "\n",
    "odd": "def double(number):\n    return '\\x00\\ud800' * number\n",
}


def acceptance(kind: AcceptanceKind, content: str, path: str, trust: Trust = Trust.GIVEN) -> Acceptance:
    return Acceptance(kind=kind, content=content, path=path, trust=trust)


def task() -> Task:
    """With something for every check to measure."""
    example = msgspec.json.encode([Example(call="double(3)", equals="6")]).decode()
    return make_task(
        goal="Double a number.",
        module="doubling",
        entry_point="double",
        stubs=(SourceFile(path="doubling.py", text=""),),
        acceptance=(
            acceptance(AcceptanceKind.PYTEST, TESTS, "test_doubling.py"),
            acceptance(AcceptanceKind.BDD, SPECIFICATION, "double.bdd.yaml"),
            acceptance(AcceptanceKind.EXAMPLES, example, "examples.json", Trust.DERIVED),
            acceptance(AcceptanceKind.PYTEST, TESTS, "test_generated.py", Trust.GENERATED),
        ),
    )


def candidate(text: str) -> Candidate:
    files = [SourceFile(path="doubling.py", text=text)]
    return make_candidate(files=tuple(files), entry_point="double", origin=Origin(generator="user"))


def check(means: Means, name: str) -> Check:
    earlier = earlier_of("old", candidate(GOOD).files, (), candidate(GOOD).files)
    changed = Changed(revision="HEAD", before={"doubling.py": GOOD.replace("2 *", "3 *")})
    whole = replace(
        means,
        earlier=earlier if name == "performance" else None,
        changed=changed if name == "impact" else None,
        open_model=lambda: ScriptedModel(["CORRECT: it doubles"]),
        shared={},
    )
    return build_checks(whole, names=(name,))[0]


def run(means: Means, name: str, text: str) -> Evidence:
    return check(means, name).run(task(), candidate(text))


@pytest.mark.parametrize("name", GATE)
def test_a_check_says_who_it_is(means: Means, name: str) -> None:
    found = check(means, name)
    assert found.name == name
    assert found.version
    assert found.version == check(means, name).version
    assert found.level in LEVELS
    assert isinstance(found.applies(task()), bool)


@pytest.mark.parametrize("name", GATE)
@pytest.mark.parametrize("kind", HOSTILE)
def test_whatever_the_code_is_there_is_evidence_on_it(means: Means, name: str, kind: str) -> None:
    evidence = run(means, name, HOSTILE[kind])
    assert (evidence.check, evidence.candidate_id) == (name, candidate(HOSTILE[kind]).id)
    assert evidence.check_version == check(means, name).version
    assert evidence.seconds >= 0
    assert Evidence.from_json(evidence.to_json()) == evidence
    if evidence.outcome == "failed":
        assert evidence.findings or any(r.outcome != "passed" for r in evidence.results) or evidence.log
    if evidence.outcome in {"errored", "pending"}:
        assert evidence.log


@pytest.mark.parametrize("name", [n for n in GATE if n not in {"performance"}])
def test_equal_input_gives_equal_evidence(means: Means, name: str) -> None:
    first, second = (without_times(run(means, name, HOSTILE["good"])) for _ in range(2))
    assert first == second


def without_times(evidence: Evidence) -> Evidence:
    return evidence.replace(seconds=0, results=tuple(r.replace(seconds=0) for r in evidence.results))


def test_every_check_has_something_to_measure_here(means: Means, tmp_path: Path) -> None:
    applying = {name for name in GATE if check(means, name).applies(task())}
    assert applying == set(GATE) - {"principles"}  # that one is about several files
