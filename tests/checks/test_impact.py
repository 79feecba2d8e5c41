"""Check 'impact': what a change touches, its risk, and what waits for a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamarck.checks.impact import ImpactCheck
from lamarck.checks.review import reviewed
from lamarck.checks.verdict import decide
from lamarck.records import (
    CheckOutcome,
    Decision,
    Evidence,
    Origin,
    SourceFile,
    TestResult,
    Trust,
    make_candidate,
    make_task,
)

CODE = """\
def price(net, rate=0.2):
    return net * (1 + rate)


def _round(value):
    return round(value, 2)


class Cart:
    def add(self, item):
        self.items.append(item)
"""


def run(before: dict[str, str | None], now: dict[str, str], folder: Path | None = None) -> Evidence:
    task = make_task(goal="x", module="shop")
    candidate = make_candidate(
        files=tuple(SourceFile(path=p, text=t) for p, t in now.items()),
        entry_point=None,
        origin=Origin(generator="user"),
    )
    check = ImpactCheck(before, folder=folder)
    assert check.applies(task)
    return check.run(task, candidate)


def test_a_small_change_is_a_low_risk() -> None:
    found = run({"shop.py": CODE}, {"shop.py": CODE.replace("round(value, 2)", "round(value, 3)")})
    assert found.outcome is CheckOutcome.PASSED
    assert found.log.startswith("low risk: 1 files, 1 functions, 0 dependents")
    assert "shop.py::_round" in found.log


def test_layout_and_comments_change_nothing() -> None:
    found = run({"shop.py": CODE}, {"shop.py": CODE.replace("    return net", "    # why\n\n    return net")})
    assert found.measurements["functions"] == 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("def price(net, rate=0.2)", "def price(net, rate)", "needs an argument that it did not need"),
        ("def price(net, rate=0.2)", "def price(net, share=0.2)", "takes (net, share) where it took (net, rate)"),
        ("def price(net, rate=0.2)", "def price(net, rate=0.2, *, of)", "needs the argument of"),
        ("def price", "def cost", "is gone"),
        ("class Cart:", "class Cart(dict):", "derives from dict now"),
        ("    def add(self, item)", "    def add(self, item, count)", "Cart.add"),
    ],
)
def test_what_others_rely_on_waits_for_a_person(old: str, new: str, said: str) -> None:
    found = run({"shop.py": CODE}, {"shop.py": CODE.replace(old, new)})
    assert found.outcome is CheckOutcome.PENDING
    assert said in found.log


def test_a_new_module_is_told_by_its_path() -> None:
    found = run({"shop.py": CODE, "till.py": None}, {"shop.py": CODE, "till.py": "X = 1\n"})
    assert [(f.path, f.message) for f in found.findings] == [("till.py", "is a new module")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("def price(net, rate=0.2)", "def price(net, rate=0.2, tip=0)"),
        ("def price(net, rate=0.2)", "def price(net, rate=0.3)"),
        ("def _round(value)", "def _round(value, digits)"),
    ],
)
def test_what_nobody_notices_does_not(old: str, new: str) -> None:
    assert run({"shop.py": CODE}, {"shop.py": CODE.replace(old, new)}).outcome is CheckOutcome.PASSED


@pytest.mark.parametrize(("files", "risk"), [(10, "low"), (11, "high")])
def test_more_than_ten_files_are_a_high_risk(files: int, risk: str) -> None:
    texts = {f"m{n}.py": "X = 1\n" for n in range(files)}
    found = run(dict(texts), {p: "X = 2\n" for p in texts})
    assert found.log.startswith(f"{risk} risk")
    assert (found.outcome is CheckOutcome.PENDING) is (risk == "high")


@pytest.mark.parametrize(("dependents", "risk"), [(5, "low"), (6, "medium")])
def test_more_than_five_dependents_are_a_medium_risk(tmp_path: Path, dependents: int, risk: str) -> None:
    for number in range(dependents):
        (tmp_path / f"user{number}.py").write_text("from shop import price\n")
    (tmp_path / "other.py").write_text("from shop import Cart\n")
    (tmp_path / "shop.py").write_text(CODE)
    found = run({"shop.py": CODE}, {"shop.py": CODE.replace("1 + rate", "rate + 1")}, tmp_path)
    assert found.measurements["dependents"] == dependents
    assert found.log.startswith(f"{risk} risk")
    assert found.outcome is CheckOutcome.PASSED


def test_code_that_does_not_parse_is_measured_by_its_files() -> None:
    found = run({"shop.py": CODE}, {"shop.py": "def ("})
    assert found.measurements["files"] == 1


def test_a_person_s_approval_settles_it() -> None:
    impact = run({"shop.py": CODE}, {"shop.py": CODE.replace("def price", "def cost")})
    passed = TestResult(id="test_a.py::test_a", outcome=CheckOutcome.PASSED)
    tests = Evidence(
        check="tests", check_version="1", candidate_id=impact.candidate_id, outcome=CheckOutcome.PASSED,
        trust=Trust.GIVEN, results=(passed,),
    )  # fmt: skip
    task = make_task(goal="x", module="shop")
    pending = decide(
        task, impact.candidate_id, (impact, tests), required=("impact", "tests"), accept_claimed="never", own_code=True
    )
    assert pending.decision is Decision.PENDING
    assert "impact" in pending.missing_checks
    assert reviewed(task, pending, impact.candidate_id, approve=True, reason="").decision is Decision.ACCEPTED
    assert reviewed(task, pending, impact.candidate_id, approve=False, reason="no").decision is Decision.REJECTED


def test_without_an_earlier_version_there_is_nothing_to_measure() -> None:
    assert not ImpactCheck(None).applies(make_task(goal="x", module="shop"))
