"""Every check of the gate: what passes, what fails, what breaks it, and that it keeps what `Check` promises."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lamarck.checks import ruff_tool, type_check
from lamarck.checks.check import LEVELS, Check
from lamarck.checks.gate import ALIASES, GATE, Means, build_checks, named
from lamarck.checks.waivers import Waivers
from lamarck.errors import BadInput
from lamarck.records import Candidate, CheckOutcome, Evidence, Origin, SourceFile, Task, make_candidate, make_task

GOOD = '''"""Numbers."""


def double(number: int) -> int:
    """Twice the number."""
    return 2 * number
'''
LONG = "\n".join(f"    value_{n} = first + second * {n} - third" for n in range(12))
COPIED = (
    f"def one(first: int, second: int, third: int) -> None:\n{LONG}\n\n\n"
    f"def two(first: int, second: int, third: int) -> None:\n{LONG}\n"
)
TANGLED = "def tangled(a: int) -> int:\n" + "".join(
    f"    if a == {n} and a > {n - 1}:\n        return {n}\n" for n in range(9)
)
# Check → code that it rejects. The checks that run code have tests of their own.
BAD = {
    "parse": "def double(:\n",
    "security": "def double(text):\n    return eval(text)\n",
    "complexity": TANGLED,
    "duplication": COPIED,
    "lint": "import os\nimport sys\n\n\ndef double(number):\n    return nubmer\n",
    "format": "def double( number ):\n        return   2*number\n",
    "types": "def double(number: int) -> str:\n    return 2 * number\n\n\ndouble('a')\n",
}


def code(text: str, path: str = "doubling.py") -> Candidate:
    return make_candidate(files=(SourceFile(path=path, text=text),), entry_point=None, origin=Origin(generator="user"))


def task() -> Task:
    return make_task(goal="Double.", module="doubling", stubs=(SourceFile(path="doubling.py", text=""),))


def check(means: Means, name: str) -> Check:
    return build_checks(means, names=(name,))[0]


def test_every_line_of_the_registry_builds_a_check_of_that_name(means: Means) -> None:
    checks = build_checks(means, level="deep")
    assert [c.name for c in checks] == list(GATE)
    for each in checks:
        assert each.version
        assert each.level in LEVELS
        assert isinstance(each.required, bool)


def test_a_level_has_the_checks_of_those_below_it(means: Means) -> None:
    quick, standard, deep = ({c.name for c in build_checks(means, level=level)} for level in LEVELS)
    assert {"parse", "security", "tests"} <= quick <= standard <= deep
    assert "types" in standard - quick


def test_what_admission_needs_is_required_and_nothing_that_only_ranks(means: Means) -> None:
    required = {c.name for c in build_checks(means, level="deep") if c.required}
    assert {"parse", "security", "tests"} <= required
    assert not required & {"lint", "format", "types", "complexity", "duplication"}


def test_names_of_other_tools_are_taken_and_unknown_ones_refused() -> None:
    assert named(["pylint", "flake8", "mypy", "bandit", "Black"]) == {"lint", "types", "security", "format"}
    assert set(ALIASES.values()) <= set(GATE)
    with pytest.raises(BadInput, match="no check called 'pylinn'"):
        named(["pylinn"])


@pytest.mark.parametrize("name", list(BAD))
def test_good_code_passes(means: Means, name: str) -> None:
    evidence = check(means, name).run(task(), code(GOOD))
    assert evidence.outcome is CheckOutcome.PASSED, evidence.log
    assert evidence.check == name


@pytest.mark.parametrize("name", list(BAD))
def test_bad_code_fails_with_a_place_and_again_the_same(means: Means, name: str) -> None:
    first, second = (check(means, name).run(task(), code(BAD[name])) for _ in range(2))
    assert first.outcome is CheckOutcome.FAILED, first.log
    assert first.findings
    assert all(f.path == "doubling.py" for f in first.findings)
    assert first.replace(seconds=0) == second.replace(seconds=0)


@pytest.mark.parametrize("name", ["lint", "format", "types"])
def test_a_tool_that_is_not_there_is_an_error_and_no_pass(
    means: Means, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ruff_tool, "ruff_program", lambda: None)
    monkeypatch.setattr(type_check, "_mypy_version", lambda: None)
    evidence = check(means, name).run(task(), code(GOOD))
    assert evidence.outcome is CheckOutcome.ERRORED
    assert "not installed" in evidence.log


@pytest.mark.parametrize("name", ["lint", "format", "types", "complexity", "duplication"])
def test_code_that_does_not_parse_is_left_to_parse(means: Means, name: str) -> None:
    assert check(means, name).run(task(), code("def f(:\n")).outcome is CheckOutcome.SKIPPED


@pytest.mark.parametrize("name", ["lint", "format", "types"])
def test_a_path_that_leads_out_is_not_written(means: Means, name: str, tmp_path: Path) -> None:
    there = tmp_path / "x.py"
    check(means, name).run(task(), code(GOOD, path=str(there)))
    check(means, name).run(task(), code(GOOD, path="../../../../../../../../tmp/lamarck_leads_out.py"))
    assert not there.exists()
    assert not Path("/tmp/lamarck_leads_out.py").exists()


def test_types_runs_no_plugin_of_the_project(means: Means, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    (tmp_path / "plugin.py").write_text(f"open({str(marker)!r}, 'w').close()\ndef plugin(v): ...\n")
    (tmp_path / "pyproject.toml").write_text('[tool.mypy]\nplugins = ["plugin.py"]\nstrict = true\n')
    own = build_checks(replace(means, folder=tmp_path), names=("types",))[0]
    evidence = own.run(task(), code("def double(number):\n    return 2 * number\n"))
    assert [f.rule for f in evidence.findings] == ["no-untyped-def"]  # its other settings count
    assert not marker.exists()


def test_the_projects_own_ruff_settings_count(means: Means, tmp_path: Path) -> None:
    (tmp_path / "ruff.toml").write_text('lint.select = ["D"]\n')
    own = build_checks(replace(means, folder=tmp_path), names=("lint",))[0]
    evidence = own.run(task(), code("def double(number):\n    return 2 * number\n"))
    assert {f.rule for f in evidence.findings} == {"D100", "D103"}
    assert own.version != check(means, "lint").version


def test_lines_that_format_would_only_add_are_counted(means: Means) -> None:
    evidence = check(means, "format").run(task(), code(GOOD + "VALUE = 1\n"))
    assert evidence.measurements["changed_lines"] == 2
    assert evidence.findings[0].message == "ruff format would change 2 lines"


# --- waivers


def waived(means: Means, name: str, *waivers: str) -> Evidence:
    own = build_checks(replace(means, waivers=Waivers(waivers)), names=(name,))[0]
    return own.run(task(), code(BAD[name]))


@pytest.mark.parametrize(
    ("name", "waiver"),
    [
        ("security", "B307: the text is our own"),
        ("complexity", "cyclomatic doubling.py: a table"),
        ("duplication", "duplicate doubl*: generated"),
        ("lint", "f*: a sketch"),
    ],
)
def test_a_waived_finding_counts_no_more_and_stays_on_record(means: Means, name: str, waiver: str) -> None:
    evidence = waived(means, name, waiver)
    assert evidence.outcome is CheckOutcome.PASSED, evidence.log
    told = [f.message for f in evidence.findings if f.message.startswith("waived: ")]
    assert told
    assert all(waiver.partition(": ")[2] in message for message in told)


def test_a_waiver_for_another_place_or_rule_changes_nothing(means: Means) -> None:
    assert waived(means, "security", "B307 other.py: x", "B308: y").outcome is CheckOutcome.FAILED


def test_a_waiver_means_the_path_that_the_user_knows(means: Means) -> None:
    places = {"doubling.py": "tools/doubling.py"}
    own = replace(means, waivers=Waivers(["B307 tools/*: ours"], places))
    assert build_checks(own, names=("security",))[0].run(task(), code(BAD["security"])).outcome == "passed"


@pytest.mark.parametrize("text", ["B307", "B307:", "B307 doubling.py", ": why", ""])
def test_a_waiver_needs_a_reason(text: str) -> None:
    with pytest.raises(BadInput, match="gives no reason"):
        Waivers([text])


def test_waivers_change_the_version(means: Means) -> None:
    versions: set[Any] = set()
    for waivers in ((), ("B307: x",), ("B307 a.py: x",)):
        versions.add(build_checks(replace(means, waivers=Waivers(waivers)), names=("security",))[0].version)
    assert len(versions) == 3
