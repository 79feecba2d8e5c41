"""`lamarck check`: one report in four forms, exit codes, what was not run, and what differs from a revision."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

GOOD = '"""Double a number."""\n\n\ndef double(x: int) -> int:\n    """Twice x."""\n    return 2 * x\n'
WRONG = GOOD.replace("2 * x", "x + 1")


@pytest.fixture
def module(folder: Path, tests: Path) -> Path:
    path = folder / "doubling.py"
    path.write_text(GOOD)
    return path


def outcomes(document: dict) -> dict[str, str]:
    return {e["check"]: e["outcome"] for e in document["verdict"]["evidence"]}


def test_good_code_is_accepted_and_says_what_was_not_run(cli, module: Path) -> None:
    ended = cli("check", "doubling.py", "--level", "quick", "--json")
    assert ended.code == 0
    found = ended.document
    assert found["decision"] == "accepted"
    assert {"parse", "security", "lint", "format", "complexity", "duplication", "tests"} <= outcomes(found).keys()
    assert set(outcomes(found).values()) == {"passed"}
    assert {"check": "types", "why": "runs at level standard"} in found["not_run"]
    assert found["tests"] == ["test_doubling.py"]


def test_wrong_code_is_rejected_whatever_else_passes(cli, module: Path) -> None:
    module.write_text(WRONG)
    ended = cli("check", "doubling.py", "--level", "quick")
    assert ended.code == 1
    assert ended.out.startswith("rejected")
    assert "test_doubling.py::test_zero" in ended.out
    assert "lint" in ended.out  # one failure ends nothing


def test_code_without_tests_waits_for_a_person_who_can_decide(cli, folder: Path) -> None:
    (folder / "alone.py").write_text(GOOD)
    ended = cli("check", "alone.py", "--level", "quick", "--json")
    assert ended.code == 3
    run = ended.document["run"]
    assert cli("review", "list", "--json").document["runs"][0]["run"] == run
    assert "def double" in cli("review", "show", run[:12]).out
    assert cli("check", "alone.py", "--level", "quick", "--json").document["run"] == run  # equal code, one question
    assert cli("review", "approve", run[:12], "--reason", "read it").code == 0
    assert cli("verify", "--all").code == 0
    assert cli("review", "list").err.strip() == "nothing is pending"


def test_verify_replays_every_check_of_the_verdict(cli, folder: Path) -> None:
    (folder / "alone.py").write_text(GOOD)
    run = cli("check", "alone.py", "--level", "standard", "--json").document["run"]
    artifact = cli("review", "approve", run[:12], "--json").document["artifact"]
    (found,) = cli("verify", artifact, "--json").document["verified"]
    measured = {e["check"] for e in found["evidence"]}
    assert {"lint", "types", "complexity", "duplication", "format", "review"} <= measured
    assert found["decision"] == "accepted"
    assert found["changes"] == []


def test_a_rejected_review_keeps_nothing(cli, folder: Path) -> None:
    (folder / "alone.py").write_text(GOOD)
    run = cli("check", "alone.py", "--level", "quick", "--json").document["run"]
    assert cli("review", "reject", run[:12], "--reason", "no").code == 0
    assert "no" in cli("log", run[:12]).out


def test_without_tests_on_demand_nothing_is_run(cli, module: Path) -> None:
    module.write_text(WRONG)
    ended = cli("check", "doubling.py", "--level", "quick", "--no-tests", "--json")
    assert ended.code == 0
    assert "tests" not in outcomes(ended.document)
    assert {"check": "tests", "why": "it runs the code, and no tests were asked for"} in ended.document["not_run"]


def test_what_does_not_parse_is_rejected_and_no_bad_input(cli, folder: Path) -> None:
    (folder / "broken.py").write_text("def f(:\n")
    ended = cli("check", "broken.py", "--level", "quick")
    assert ended.code == 1
    assert "broken.py:1" in ended.out


def test_sarif_has_results_with_places(cli, folder: Path) -> None:
    (folder / "risky.py").write_text("def f(x):\n    return eval(x)\n")
    ended = cli("check", "risky.py", "--level", "quick", "--sarif")
    assert ended.code == 1
    (run,) = ended.document["runs"]
    assert ended.document["version"] == "2.1.0"
    found = next(r for r in run["results"] if r["ruleId"] == "security/B307")
    place = found["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "risky.py"}, "region": {"startLine": 2}}
    assert {r["ruleId"] for r in run["results"]} == {r["id"] for r in run["tool"]["driver"]["rules"]}
    assert any("types was not run" in n["message"]["text"] for n in run["invocations"][0]["toolExecutionNotifications"])


def test_junit_has_a_suite_for_each_check(cli, module: Path) -> None:
    module.write_text(WRONG)
    ended = cli("check", "doubling.py", "--level", "quick", "--junit", "--out", "report.xml")
    assert (ended.code, ended.out) == (1, "")
    root = ElementTree.parse("report.xml").getroot()
    suites = {s.get("name"): s for s in root}
    assert suites["tests"].get("failures") == "2"
    assert suites["types"].get("skipped") == "1"
    assert suites["parse"].get("tests") == "1"


def test_failed_tests_and_specifications_are_told_where_the_user_has_them(cli, folder: Path) -> None:
    package = folder / "shop"
    for name, result in (("one", 1), ("two", 2)):
        (package / name).mkdir(parents=True)
        (package / name / "__init__.py").write_text("")
        code = GOOD.replace('"""Twice x."""', f'"""Twice x.\n\n    >>> double(1)\n    {result}\n    """')
        (package / name / "doubling.py").write_text(code)
    (package / "__init__.py").write_text("")
    (folder / "tests").mkdir()
    (folder / "tests" / "test_shop.py").write_text(
        "from shop.one.doubling import double\n\n\ndef test_it():\n    assert double(2) == 5\n"
    )
    (folder / "specs").mkdir()
    (folder / "specs" / "double.bdd.yaml").write_text(
        "tool: double\nmodule: shop.two.doubling\nbehaviors:\n"
        "  - scenario: small\n    given: {x: 1}\n    then: {result_equals: 3}\n"
    )
    flags = ["check", "shop", "--tests", "tests/test_shop.py", "--spec", "specs/double.bdd.yaml", "--level", "quick"]
    ended = cli(*flags, "--sarif")
    assert ended.code == 1
    (run,) = ended.document["runs"]
    failed = [r for r in run["results"] if r["ruleId"] in {"tests/failed", "bdd/failed"}]
    places = sorted(json.dumps(r["locations"][0]["physicalLocation"]) for r in failed)
    assert places == [
        '{"artifactLocation": {"uri": "shop/one/doubling.py"}, "region": {"startLine": 7}}',
        '{"artifactLocation": {"uri": "specs/double.bdd.yaml"}}',
        '{"artifactLocation": {"uri": "tests/test_shop.py"}, "region": {"startLine": 5}}',
    ], "a doctest too, of a file whose name another one has that passes"
    told = cli(*flags).out
    assert "tests/test_shop.py::test_it" in told
    assert "specs/double.bdd.yaml::test_behaviour[small]" in told
    names = {case.get("name") for case in ElementTree.fromstring(cli(*flags, "--junit").out).iter("testcase")}
    assert {"tests/test_shop.py::test_it", "specs/double.bdd.yaml::test_behaviour[small]"} <= names


def test_what_was_skipped_says_why(cli, folder: Path) -> None:
    (folder / "empty.py").write_text("")
    told = " ".join(cli("check", "empty.py", "--level", "quick").out.split())
    assert "complexity skipped nothing to measure" in told
    assert "maintainability" not in told
    run = cli("review", "list", "--json").document["runs"][0]["run"]
    cli("review", "approve", run, "--reason", "it is to be empty")
    told = " ".join(cli("check", "empty.py", "--level", "quick").out.split())
    assert "review passed approved by " in told
    assert "it is to be empty" in told


def test_a_specification_is_named_like_one(cli, module: Path, folder: Path) -> None:
    (folder / "double.yaml").write_text("tool: double\n")
    ended = cli("check", "doubling.py", "--spec", "double.yaml")
    assert (ended.code, ended.err) == (
        2,
        "lamarck: double.yaml: is not named like a specification; call it *.bdd.yaml, *.spec.yaml or *.feature\n",
    )


def test_two_forms_at_once_are_refused(cli, module: Path) -> None:
    assert cli("check", "doubling.py", "--sarif", "--junit").code == 2


def git(*arguments: str) -> None:
    subprocess.run(["git", "-c", "user.email=a@b", "-c", "user.name=n", *arguments], check=True, capture_output=True)


def test_only_what_changed_is_looked_at(cli, folder: Path) -> None:
    (folder / "old.py").write_text("import os\n")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    (folder / "new.py").write_text("import sys\n")
    ended = cli("check", ".", "--level", "quick", "--no-tests", "--changed", "--json")
    assert ended.document["changed"] == ["new.py"]
    lint = next(e for e in ended.document["verdict"]["evidence"] if e["check"] == "lint")
    assert {f["path"] for f in lint["findings"]} == {"new.py"}
    assert "new.py" not in str(cli("check", ".", "--no-tests", "--changed", "HEAD~0", "--json").document["not_run"])
    assert cli("check", ".", "--changed", "no-such").code == 2


def test_nothing_changed_is_another_question_than_everything(cli, folder: Path) -> None:
    (folder / "old.py").write_text("import  os\n")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    changed = cli("check", "old.py", "--level", "quick", "--no-tests", "--changed", "--json").document
    assert (changed["changed"], outcomes(changed)["lint"]) == ([], "skipped")
    assert outcomes(cli("check", "old.py", "--level", "quick", "--no-tests", "--json").document)["lint"] == "failed"


def test_changed_needs_a_repository(cli, module: Path) -> None:
    assert cli("check", "doubling.py", "--changed").code == 2


PRICES = '''"""Prices."""

from shop.inner.tax import tax


def gross(net: int) -> int:
    """With tax."""
    return net + tax(net)
'''
TAX = '''"""Tax."""


def tax(net: int) -> int:
    """A fifth."""
    return net // 5
'''
SHOP_TESTS = """from shop.inner.tax import tax
from shop.prices import gross


def test_gross():
    assert gross(100) == 120


def test_tax():
    assert tax(5) == 1
"""


def test_a_package_is_checked_as_one(cli, folder: Path) -> None:
    package = folder / "shop"
    (package / "inner").mkdir(parents=True)
    (folder / "tests").mkdir()
    for name, text in {
        "shop/__init__.py": "",
        "shop/inner/__init__.py": "",
        "shop/prices.py": PRICES,
        "shop/inner/tax.py": TAX,
        "tests/test_shop.py": SHOP_TESTS,
    }.items():
        (folder / name).write_text(text)
    ended = cli("check", "shop", "--json")
    assert ended.code == 0, ended.out
    assert ended.document["files"] == 4
    assert outcomes(ended.document)["tests"] == "passed"
    (package / "inner" / "tax.py").write_text(TAX.replace("net // 5", "net"))
    rejected = cli("check", "shop", "--level", "quick")
    assert rejected.code == 1
    assert "test_shop.py::test_gross" in rejected.out


def test_required_checks_reject_and_waivers_accept_with_a_reason(cli, folder: Path, module: Path) -> None:
    module.write_text("import os\nimport sys\n" + GOOD)
    assert cli("check", "doubling.py", "--level", "quick").code == 0
    settings = folder / "lamarck.toml"
    settings.write_text('[checks]\nrequired = ["pylint"]\n')
    assert cli("check", "doubling.py", "--level", "quick").code == 1
    settings.write_text('[checks]\nrequired = ["pylint"]\nwaivers = ["F401: used by nobody yet", "E402: as it is"]\n')
    ended = cli("check", "doubling.py", "--level", "quick")
    assert ended.code == 0, ended.out
    assert "used by nobody yet" in ended.out
    settings.write_text('[checks]\nwaivers = ["F401"]\n')
    assert cli("check", "doubling.py", "--level", "quick").code == 2
    settings.write_text('[trust]\nwaivers = ["B307: x"]\n')
    assert cli("check", "doubling.py", "--level", "quick").code == 2  # a project's file may not loosen trust


def test_equal_code_is_known_and_fresh_measures_again(cli, module: Path) -> None:
    assert cli("check", "doubling.py", "--level", "quick", "--json").document["served"] == []
    assert "tests" in cli("check", "doubling.py", "--level", "quick", "--json").document["served"]
    assert cli("check", "doubling.py", "--level", "quick", "--fresh", "--json").document["served"] == []
    module.write_text(WRONG)
    assert cli("check", "doubling.py", "--level", "quick", "--json").code == 1


def test_the_json_report_can_be_written_to_a_file(cli, module: Path, folder: Path) -> None:
    assert cli("check", "doubling.py", "--level", "quick", "--json", "--out", "r.json").out == ""
    assert json.loads((folder / "r.json").read_text())["decision"] == "accepted"


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--out", "r.txt"], "the report for people is not written to a file"),
        (["--json", "--out", "no/such/r.json"], "no/such: no such folder"),
        (["--sarif", "--out", "."], ".: is a folder"),
    ],
)
def test_what_cannot_be_written_is_told_before_anything_is_measured(cli, folder: Path, flags, told: str) -> None:
    (folder / "broken.py").write_text("def (:\n")
    ended = cli("check", "broken.py", *flags)
    assert ended.code == 2
    assert told in (ended.err + ended.out)
    assert "rejected" not in ended.out + ended.err


def test_what_is_no_python_file_is_bad_input(cli, folder: Path) -> None:
    (folder / "note.txt").write_text("hello\n")
    assert cli("check", "note.txt").code == 2
    (folder / "tool").write_text("#!/usr/bin/env python3\nprint('hello')\n")
    assert cli("check", "tool", "--level", "quick", "--no-tests").code == 0
