"""A counter-example from `lamarck check` to a given test: kept, shown, approved or rejected by a person."""

from __future__ import annotations

from pathlib import Path

import pytest

WRONG = '''"""Numbers."""


def top(items: list[int]) -> int:
    """The largest of the items."""
    best = 0
    for item in items:
        best = max(best, item)
    return best
'''
TESTS = """from top import top


def test_top():
    assert top([1, 2]) == 2
    assert top([4, 2, 7]) == 7
    assert top([9]) == 9
    assert top([3, 3, 1, 5]) == 5
"""


@pytest.fixture
def code(folder: Path) -> Path:
    path = folder / "top.py"
    path.write_text(WRONG)
    (folder / "test_top.py").write_text(TESTS)
    return path


def law_of(document: dict) -> dict:
    return next(e for e in document["verdict"]["evidence"] if e["check"] == "properties")


def test_an_approved_law_is_a_given_test_from_then_on(cli, code: Path, folder: Path) -> None:
    checked = cli("check", "top.py", "--json")
    assert (checked.code, checked.document["run"]) == (0, None)  # a law rejects nothing
    (asked,) = checked.document["questions"]
    (listed,) = cli("review", "list", "--json").document["runs"]
    assert (listed["run"], listed["kind"]) == (asked, "law")
    shown = cli("review", "show", asked[:12])
    assert shown.code == 0
    assert "assert top([-1]) in [-1]" in shown.out
    assert f"lamarck review approve {asked[:12]}: its test goes into test_top_laws.py" in " ".join(shown.out.split())
    approved = cli("review", "approve", asked[:12], "--reason", "of course")
    assert approved.code == 0
    assert "test_top_laws.py" in approved.out
    assert cli("review", "list").err.strip() == "nothing is pending"
    again = cli("check", "top.py", "--level", "quick", "--json")
    assert again.code == 1
    assert again.document["tests"] == ["test_top.py", "test_top_laws.py"]
    assert "test_top_laws.py::test_top_one_of" in str(again.document["verdict"]["reasons"])
    code.write_text(WRONG.replace("best = 0", "best = items[0]"))
    assert cli("check", "top.py", "--level", "quick").code == 0
    assert "of course" in cli("log", asked[:12]).out
    assert cli("review", "approve", asked[:12]).code == 2  # decided already


def test_a_rejected_law_is_asked_no_more_and_stays_on_record(cli, code: Path, folder: Path) -> None:
    (asked,) = cli("check", "top.py", "--json").document["questions"]
    assert cli("review", "reject", asked[:12], "--reason", "0 is the least here").code == 0
    checked = cli("check", "top.py", "--json").document
    assert checked["questions"] == []
    (finding,) = law_of(checked)["findings"]
    assert finding["message"].startswith("waived: ")
    assert "0 is the least here" in finding["message"]
    assert law_of(checked)["outcome"] == "passed"
    assert not (folder / "test_top_laws.py").exists()
