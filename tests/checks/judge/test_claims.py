"""Tests that two processes cannot share: what they are, what passes in the candidate's process, and what does not."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable

import pytest

from lamarck.checks.judge.alone import CLAIMED, judged
from lamarck.checks.judge.claims import prepare, uncarried
from lamarck.checks.judge.judge import JudgeReport
from lamarck.records import Assurance, CheckOutcome

TESTS = """
import inspect
import unittest

import pytest
import code_


@pytest.fixture
def source():
    return inspect.getsource(code_.double)


def test_carried():
    assert code_.double(4) == 8


def test_source(source):
    assert "return" in source
    assert source.startswith("def double")


@pytest.mark.parametrize("value,expected", [(1, 2), (5, 10)])
def test_name(value, expected):
    assert code_.double.__code__.co_name == "double"
    assert code_.double(value) == expected


class TestUnit(unittest.TestCase):
    def test_unit(self):
        self.assertEqual(code_.double.__code__.co_argcount, 1)
        self.assertEqual(code_.double(21), 42)

    def test_plain(self):
        self.assertEqual(code_.double(2), 4)
"""

HONEST = "def double(x):\n    return x * 2\n"


def test_what_two_processes_cannot_share_is_read_from_the_tests() -> None:
    found = uncarried([("test_code.py", TESTS)])
    assert found == {
        "test_code.py::test_source": "line 11 uses inspect",
        "test_code.py::test_name": "line 25 uses __code__",
        "test_code.py::TestUnit::test_unit": "line 31 uses __code__",
    }


@pytest.mark.parametrize(
    "text",
    [
        "def test_a():\n    import pickle\n    assert pickle.dumps(1)",
        "import threading as t\ndef test_a():\n    t.Thread()",
        "from sys import _getframe\nimport sys\ndef test_a():\n    sys._getframe()",
        "from unittest.mock import patch\n@patch('builtins.open')\ndef test_a(x):\n    pass",
        "def helper():\n    return eval('1')\ndef test_a():\n    helper()",
        "def helper():\n    return globals()\ndef other():\n    return helper()\ndef test_a():\n    other()",
    ],
)
def test_more_that_they_cannot_share(text: str) -> None:
    assert set(uncarried([("t.py", text)])) == {"t.py::test_a"}


@pytest.mark.parametrize(
    "text",
    [
        "import inspect\ndef test_a():\n    assert 1",
        "def eval(x):\n    return x\ndef test_a():\n    eval(1)",
        "def test_a():\n    assert len('open') == 4",
        "this is no Python",
    ],
)
def test_what_they_can_share(text: str) -> None:
    assert uncarried([("t.py", text)]) == {}


def test_a_right_one_passes_and_the_evidence_says_how(judged: Callable[..., JudgeReport]) -> None:
    [told] = judged(TESTS, HONEST).subjects
    assert told.passed, told
    assert len(told.results) == 6
    assert told.assurance is Assurance.CLAIMED
    assert told.log.splitlines()[:3] == [
        f"{CLAIMED}: test_code.py::test_source ran in the candidate's own process: line 11 uses inspect",
        f"{CLAIMED}: test_code.py::test_name ran in the candidate's own process: line 25 uses __code__",
        f"{CLAIMED}: test_code.py::TestUnit::test_unit ran in the candidate's own process: line 31 uses __code__",
    ]


def test_what_proxies_carry_stays_judged(judged: Callable[..., JudgeReport]) -> None:
    tests = "import code_\ndef test_it():\n    assert open('/dev/null').read() == '' and code_.double(2) == 4\n"
    [told] = judged(tests, HONEST).subjects
    assert (told.passed, told.assurance) == (True, Assurance.JUDGED)


def test_one_that_fails_apart_is_not_tried_again(judged: Callable[..., JudgeReport]) -> None:
    [told] = judged(TESTS, "def double(x):\n    return x + 2 if x < 10 else 42\n").subjects
    assert told.assurance is Assurance.JUDGED
    assert {r.id.rpartition("::")[2] for r in told.results if r.outcome is CheckOutcome.PASSED} == {"test_plain"}


def test_a_wrong_one_fails_there_too(judged: Callable[..., JudgeReport]) -> None:
    wrong = "def double(y, z=0):\n    return y * 2\n"
    [told] = judged(TESTS, wrong).subjects
    assert not told.passed
    by_name = {r.id.rpartition("::")[2]: r for r in told.results}
    assert by_name["test_unit"].failure is not None
    assert "in the candidate's own process: AssertionError" in by_name["test_unit"].failure.message
    assert by_name["test_source"].outcome is CheckOutcome.PASSED


WRONG = "def double(x):\n    return {4: 8, 2: 4}.get(x, 0)\n"
ALWAYS = """
class Always:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 1
    def __bool__(self): return True
    def __contains__(self, other): return True
"""

CHEATS = {
    "ends with 0": "import os\ndef double(x):\n    return {4: 8, 2: 4}[x] if x in (2, 4) else os._exit(0)\n",
    "patches pytest": WRONG
    + """
import sys
if "_pytest.python" in sys.modules:
    sys.modules["_pytest.python"].Function.runtest = lambda self: None
""",
    "patches unittest and assertions": WRONG
    + """
import sys, unittest
for name in dir(unittest.TestCase):
    if name.startswith("assert"):
        setattr(unittest.TestCase, name, lambda *a, **k: None)
runner = sys.modules.get("_pytest.runner")
if runner:
    runner.check_interactive_exception = lambda *a: False
    whole = runner.CallInfo.from_call.__func__
    def from_call(cls, func, when, reraise=None):
        found = whole(cls, func, when, reraise)
        found.excinfo = None
        return found
    runner.CallInfo.from_call = classmethod(from_call)
""",
    "writes results itself": WRONG
    + """
import gc, json, os, sys
def forge():
    for thing in gc.get_objects():
        if type(thing).__name__ == "Recorder" and hasattr(thing, "tell"):
            session = [t for t in gc.get_objects() if type(t).__name__ == "Session" and hasattr(t, "items")]
            for item in session[0].items:
                thing.tell("report", item.nodeid, "call", "passed", 0.0)
            thing.tell("ended")
            os._exit(0)
whole = double
def double(x):
    if x not in (2, 4): forge()
    return whole(x)
""",
    "says that all is right in every report": WRONG
    + """
import sys
reports = sys.modules.get("_pytest.reports")
if reports:
    whole = reports.TestReport.from_item_and_call.__func__
    def made(cls, item, call):
        report = whole(cls, item, call)
        report.outcome = "passed"
        return report
    reports.TestReport.from_item_and_call = classmethod(made)
""",
    "equals everything": ALWAYS + "def double(x):\n    return {4: 8, 2: 4}.get(x) or Always()\n",
    "says nothing": WRONG
    + """
import sys
if "_lamarck_inside.alone" in sys.modules:
    sys.modules["_lamarck_inside.alone"].Recorder.tell = print
""",
    "sends nonsense": WRONG
    + """
import os, stat, sys
if "pytest" in sys.modules:
    for fd in range(3, 300):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode): os.write(fd, b"[1]\\n{}\\n\\xff\\n")
        except OSError: pass
""",
    "never ends": "import time\ndef double(x):\n    return {4: 8, 2: 4}[x] if x in (2, 4) else time.sleep(600)\n",
}


@pytest.mark.parametrize("cheat", CHEATS)
def test_no_cheap_cheat_is_believed(judged: Callable[..., JudgeReport], cheat: str) -> None:
    [told] = judged(TESTS, CHEATS[cheat], wall_seconds=5.0).subjects
    assert not told.passed, told
    failed = {r.id.rpartition("::")[2].partition("[")[0] for r in told.results if r.outcome is not CheckOutcome.PASSED}
    assert failed & {"test_name", "test_unit"}


def test_no_candidate_chooses_to_be_judged_there(judged: Callable[..., JudgeReport]) -> None:
    """What it asks of the judge, and is refused, does not make a carried test one of those."""
    tests = "import code_\ndef test_it():\n    assert code_.call(lambda x: x, 3) == 3\n"
    asks = "def call(function, x):\n    return function.__globals__ and 3\n"
    [told] = judged(tests, asks).subjects
    assert (told.passed, told.assurance) == (False, Assurance.JUDGED)


def test_every_test_has_a_copy_that_has_to_fail() -> None:
    wanted = {"t.py::test_source", "t.py::test_name", "t.py::TestUnit::test_unit"}
    made = prepare("t.py", TESTS, wanted, random.Random(7))
    assert set(made.must_pass.values()) == wanted
    assert {made.must_pass.get(o) for o in made.must_fail.values()} == {*wanted, None}
    names = [n.name for n in ast.walk(ast.parse(made.text)) if isinstance(n, ast.FunctionDef)]
    assert not {"test_carried", "test_source", "test_name", "test_unit", "test_plain"} & set(names)
    assert {n.rpartition("::")[2] for n in (*made.must_pass, *made.must_fail)} <= set(names)
    again = prepare("t.py", TESTS, wanted, random.Random(8))
    assert not set(again.must_pass) & set(made.must_pass)


def test_after_every_test_one_that_has_to_fail() -> None:
    """Or else a test that runs before all others could teach the runner to pass what follows, and nobody saw."""
    for seed in range(40):
        made = prepare("t.py", TESTS, {"t.py::test_source", "t.py::test_name"}, random.Random(seed))
        order = [f"t.py::{n.name}" for n in ast.parse(made.text).body if isinstance(n, ast.FunctionDef)]
        canaries = {name for name, original in made.must_fail.items() if original == ""}
        place = {name: order.index(name) for name in (*canaries, *made.must_pass)}
        first, second = sorted(place[name] for name in made.must_pass)
        assert any(first < place[name] < second for name in canaries)
        assert any(second < place[name] for name in canaries)


def test_what_may_not_run_is_no_promise_to_fail() -> None:
    text = """
def test_a():
    try:
        assert f() == 1
    except AssertionError:
        pass

def test_b():
    if g():
        assert f() == 1

def test_c():
    with pytest.raises(AssertionError):
        assert f() == 1
"""
    made = prepare("t.py", text, {"t.py::test_a", "t.py::test_b", "t.py::test_c"}, random.Random(1))
    assert len(made.must_pass) == 3
    assert set(made.must_fail.values()) == {""}  # those that are altered copies of nothing


@pytest.mark.parametrize(
    "told", [b"", b"nonsense", b'["ended"]\n', b'["report"]\n["ended"]\n', b"[]\n", b"1\n", b'{"a": 1}\n', b"\xff\n"]
)
def test_nothing_told_is_nothing_believed(told: bytes) -> None:
    made = prepare("t.py", "def test_a():\n    assert f() == 1\n", {"t.py::test_a"}, random.Random(1))
    said = judged([made], told)
    assert said.objection is not None or not said.outcomes
