"""When two deeds are the same, and how they are worded."""

from __future__ import annotations

import json

import pytest

from lamarck.checks.agreement.behaviours import Did, expected, read, same, shown
from lamarck.checks.judge.judge import SubjectReport
from lamarck.records import CheckOutcome, Failure, TestResult


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, None),
        (1, True),
        (1, ["f", "1.0"]),
        (["f", "0.3"], ["f", "0.30000000000000004"]),
        (["f", "nan"], ["f", "nan"]),
        (["f", "1e+20"], ["i", hex(10**20)]),
        (["l", [1, ["f", "0.1"]]], ["l", [True, ["f", "0.10000000000000002"]]]),
        (["d", [["a", ["f", "2.0"]]]], ["d", [["a", 2]]]),
        (["o", "P", [["x", ["f", "1.0"]]]], ["o", "P", [["x", 1]]]),
        (["o", "P"], ["o", "P"]),
    ],
)
def test_no_difference(one: object, other: object) -> None:
    assert same(Did(returned=one), Did(returned=other))
    assert same(Did(returned=other), Did(returned=one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Did(returned=None), Did(returned=0)),
        (Did(returned=None), Did(returned=False)),
        (Did(returned="1"), Did(returned=1)),
        (Did(returned=1), Did(returned=2)),
        (Did(returned=["f", "1.0"]), Did(returned=["f", "1.001"])),
        (Did(returned=["i", hex(2**60)]), Did(returned=["i", hex(2**60 + 1)])),
        (Did(returned=["l", []]), Did(returned=["t", []])),
        (Did(returned=["l", [1]]), Did(returned=["l", [1, 1]])),
        (Did(returned=["l", ["f", "x"]]), Did(returned=["l", ["f", "y"]])),
        (Did(returned=["d", [["a", 1]]]), Did(returned=["d", [["a", 2]]])),
        (Did(returned=["o", "P"]), Did(returned=["o", "Q"])),
        (Did(returned=["b", "00"]), Did(returned=["b", "01"])),
        (Did(raised="KeyError"), Did(raised="ValueError")),
        (Did(raised="KeyError"), Did(returned=None)),
        (Did(returned=None), Did(returned=None, changed=((0, ["l", []]),))),
        (Did(changed=((0, 1),)), Did(changed=((1, 1),))),
    ],
)
def test_a_difference(one: Did, other: Did) -> None:
    assert not same(one, other)
    assert not same(other, one)


@pytest.mark.parametrize(
    ("did", "told", "equals"),
    [
        (Did(returned=["l", [1, "a", None]]), "[1, 'a', None]", "[1, 'a', None]"),
        (Did(returned=["t", [True]]), "(True,)", "(True,)"),
        (Did(returned=["s", []]), "set()", "set()"),
        (Did(returned=["d", [[1, ["f", "-inf"]]]]), "{1: float('-inf')}", "{1: float('-inf')}"),
        (Did(returned=["b", "6100"]), r"b'a\x00'", r"b'a\x00'"),
        (Did(returned=["i", hex(2**60)]), str(2**60), str(2**60)),
        (Did(returned=["it", [1, 2]]), "iter([1, 2])", None),
        (Did(returned=["o", "date", "datetime.date(2024, 1, 2)"]), "datetime.date(2024, 1, 2)", None),
        (Did(returned=["o", "P", [["x", 1]]]), "P(x=1)", None),
        (Did(returned=["l", [["o", "P"]]]), "[<P>]", None),
        (Did(returned=["…", "ab12", "[1, 2…"]), "a value too long to show", None),
        (Did(raised="KeyError"), "raises KeyError", None),
        (Did(changed=((0, ["l", []]),)), "None, leaving [] of argument 1", "None"),
    ],
)
def test_words(did: Did, told: str, equals: str | None) -> None:
    assert shown(did) == told
    assert expected(did) == equals


def report(*told: str | None, stop: str | None = None, import_error: str | None = None) -> SubjectReport:
    """Of tests with four calls each."""
    results = tuple(
        TestResult(id=f"t.py::test[{4 * n}]", outcome=CheckOutcome.FAILED, failure=Failure(message="", got=text))
        for n, text in enumerate(told)
    )
    return SubjectReport(label="c", results=results, stop=stop, import_error=import_error)


ONE = {"did": {"returned": 1}, "again": True}


def test_what_the_judge_told_is_read() -> None:
    raised = {"did": {"raised": "KeyError", "changed": [[0, ["l", []]]]}, "again": False}
    assert read(report(json.dumps([ONE, raised]), "{cut o", None, json.dumps([ONE, ONE])), 13) == (
        Did(returned=1),
        Did(raised="KeyError", changed=((0, ["l", []]),), again=False),
        *[None] * 10,
        Did(returned=1),
    )


def test_a_long_account_is_spread_over_the_parts_of_a_failure() -> None:
    text = json.dumps([ONE])
    failure = Failure(message="", got=text[:5], expected=text[5:20], expression=text[20:], exception="")
    result = TestResult(id="t.py::test[0]", outcome=CheckOutcome.FAILED, failure=failure)
    assert read(SubjectReport(label="c", results=(result,)), 1) == (Did(returned=1),)


def test_where_a_candidate_ended() -> None:
    one, none = json.dumps([ONE]), "[]"
    assert read(report(one, none, stop="hung: it did not answer"), 6)[:3] == (Did(returned=1), Did(ended="hung"), None)
    assert read(report(none, stop="died: gone"), 2) == (Did(ended="died"), None)
    assert read(report(one, stop="died: later"), 1) == (Did(returned=1),)
    assert read(report(None, stop="died: gone", import_error="no"), 1) == (None,)
