"""Specifications: the documents' forms, sentences, and one clear line for whatever is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.errors import BadInput
from lamarck.records import AcceptanceKind, make_task
from lamarck.tasks.loading import load_existing, load_task
from lamarck.tasks.specification import read_specification, specifications_in, with_specifications
from lamarck.tasks.steps import NoStep, then_sentence, when_sentence

TOOL = """\
tool: shout
behaviors:
  - behavior: Makes it loud
    given: {text: "a"}
    when: {tool_executes: true}
    then:
      result_contains: ["A", "!"]
      confidence: ">= 0.8"
      execution_time: "< 2000ms"
"""
FEATURE = """\
@workflow @function:shout
Feature: shouting
  Scenario Outline: words
    Given the text is "<word>"
    When the workflow executes
    Then the result contains "<loud>"
    Examples:
      | word | loud |
      | a    | A    |
      | b    | B    |
"""


def expectations(text: str, name: str = "a.bdd.yaml") -> list[tuple[str, object]]:
    found = read_specification(text, name)
    return [(s["what"], s.get("value")) for b in found.behaviours for s in b.steps if s["do"] == "expect"]


def test_keys_become_expectations() -> None:
    assert expectations(TOOL) == [("contains", "A"), ("contains", "!"), ("compare", 0.8), ("time", 2.0)]


def test_a_feature_becomes_one_behaviour_per_row() -> None:
    found = read_specification(FEATURE, "a.feature")
    assert (found.level, found.target, len(found.behaviours)) == ("workflow", "shout", 2)
    assert expectations(FEATURE, "a.feature") == [("contains", "A"), ("contains", "B")]


@pytest.mark.parametrize(
    ("sentence", "what"),
    [
        ("All translations are present", "present"),
        ('French translation contains "Bonjour"', "contains"),
        ('The result does not contain "x"', "not_contains"),
        ("Execution time < 10 seconds", "time"),
        ("No errors occurred", "no_error"),
        ("No errors are raised", "no_error"),
        ("Execution completes successfully", "no_error"),
        ("Returns empty translation", "empty"),
        ("Fallback tool is invoked", "invoked"),
        ("Premium tool is not invoked", "not_invoked"),
        ("Translation result is returned", "returned"),
        ("It raises ValueError", "raises"),
        ("confidence >= 80%", "compare"),
        ("the result has at least 3 lines", "count"),
        ("the result is upper", "format"),
        ("the result is 3", "equals"),
        ("the result matches /a+/", "matches"),
    ],
)
def test_sentences(sentence: str, what: str) -> None:
    assert [s["what"] for s in then_sentence(sentence)] == [what]


def test_a_percentage_is_a_share_and_a_time_is_in_seconds() -> None:
    (step,) = then_sentence("confidence >= 80%")
    assert (step["operator"], step["value"]) == (">=", 0.8)
    (step,) = then_sentence("Execution time < 3 minutes")
    assert step["value"] == 180.0


def test_what_happens_takes_its_arguments_along() -> None:
    step = when_sentence('translate runs 3 times with text: "a, b" and lang: "fr"')
    assert step == {"do": "call", "function": "translate", "with": {"text": "a, b", "lang": "fr"}, "times": 3}


@given(st.text(max_size=60))
def test_any_text_is_a_step_or_no_step(text: str) -> None:
    try:
        assert list(then_sentence(text))
    except NoStep as error:
        assert error.what and error.mend


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tool: a\n", "a.bdd.yaml:1: needs one of behaviors"),
        (TOOL.replace("result_contains", "result_containz"), "a.bdd.yaml:7: unknown expectation 'result_containz'"),
        (TOOL.replace("true", "false"), "a.bdd.yaml:5: 'tool_executes' is False"),
        (TOOL.replace("< 2000ms", "fast"), "a.bdd.yaml:9: no time limit: 'fast'"),
        (TOOL.replace("then:", "than:"), "unknown key 'than'"),
        (TOOL + TOOL.partition("behaviors:\n")[2], "two behaviours are called 'Makes it loud'"),
        ("tool: a b\nbehaviors: [{name: x, then: {result: 1}}]\n", "cannot be the name of a function"),
        ("tool: a\nbehaviors: [{name: x, then: {raises: 3}}]\n", "'raises' must be the name of an exception"),
        ("tool: a\nbehaviors: [{name: x, then: {result_matches: '('}}]\n", "no pattern"),
        ("tool: a\nbehaviors: [{name: x, then: [hallelujah]}]\n", "no expectation: 'hallelujah'"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=r"a\.bdd\.yaml") as error:
        read_specification(text, "a.bdd.yaml")
    assert said in error.value.line
    assert "\n" not in error.value.line
    assert error.value.mend


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Feature: a\n  Scenario: b\n    Given x is 1\n    When a executes\n", "a.feature:2: 'b' expects nothing"),
        ("Feature: a\n  Scenario: b\n    Then the result is 1\n", "a.feature:2: in 'b' nothing happens"),
        ("Feature: a\n  Scenario: b\n    Given x is 1\n    nonsense\n", "a.feature:4"),
        ("Feature: a\n", "a.feature: holds no scenario"),
    ],
)
def test_what_is_wrong_in_a_feature_is_told_with_its_line(text: str, said: str) -> None:
    with pytest.raises(BadInput) as error:
        read_specification(text, "a.feature")
    assert said in error.value.line


# --- in tasks


def test_a_specification_of_a_workflow_brings_those_of_its_tools(tmp_path: Path) -> None:
    (tmp_path / "shout.bdd.yaml").write_text(TOOL)
    flow = tmp_path / "flow.bdd.yaml"
    flow.write_text(TOOL.replace("tool: shout", "workflow: flow\ntools: [shout]"))
    system = tmp_path / "all.bdd.yaml"
    system.write_text(TOOL.replace("tool: shout", "system: everything\nworkflows: [flow.bdd.yaml]"))
    task = with_specifications(make_task(goal="x", module="m"), (system,))
    assert [(a.kind, a.path) for a in task.acceptance] == [
        (AcceptanceKind.BDD, name) for name in ("all.bdd.yaml", "flow.bdd.yaml", "shout.bdd.yaml")
    ]
    assert task.id != make_task(goal="x", module="m").id


def test_one_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    flow = tmp_path / "flow.bdd.yaml"
    flow.write_text(TOOL.replace("tool: shout", "workflow: flow\ntools: [gone]"))
    with pytest.raises(BadInput, match="no specification of 'gone'"):
        with_specifications(make_task(goal="x", module="m"), (flow,))


def test_a_circle_of_specifications_ends(tmp_path: Path) -> None:
    flow = tmp_path / "flow.bdd.yaml"
    flow.write_text(TOOL.replace("tool: shout", "workflow: flow\ntools: [flow.bdd.yaml]"))
    assert len(with_specifications(make_task(goal="x", module="m"), (flow,)).acceptance) == 1


def test_every_form_of_task_takes_specifications(tmp_path: Path) -> None:
    spec = tmp_path / "shout.bdd.yaml"
    spec.write_text(TOOL)
    stub = tmp_path / "shout.py"
    stub.write_text("def shout(text):\n    '''Loud.'''\n")
    document = tmp_path / "task.yaml"
    document.write_text("goal: Make it loud.\nname: shout\ntests: [shout.bdd.yaml]\n")
    existing, _ = load_existing((stub,), (spec,))
    folder = tmp_path / "folder"
    (folder / "specs").mkdir(parents=True)
    (folder / "specs" / "shout.bdd.yaml").write_text(TOOL)
    (folder / "shout.py").write_text(stub.read_text())
    (folder / "README.md").write_text("Make it loud.")
    assert [p.name for p in specifications_in(folder)] == ["shout.bdd.yaml"]
    tasks = [load_task(str(stub), (spec,)), load_task(str(document)), load_task(str(folder)), load_task(str(spec))]
    for task in (existing, *tasks):
        assert [a.path for a in task.acceptance if a.kind is AcceptanceKind.BDD] == ["shout.bdd.yaml"]
        assert task.entry_point == "shout"
    assert tasks[-1].signature == "def shout(text)"
    assert "Makes it loud" in tasks[-1].goal
