from __future__ import annotations

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamarck.checks.parse import ParseCheck
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    CheckOutcome,
    Evidence,
    Origin,
    SourceFile,
    Task,
    make_candidate,
    make_task,
)

TESTS = Acceptance(kind=AcceptanceKind.PYTEST, content="from calc import add\n", path="test_calc.py")
GOOD = "def add(a, b):\n    return a + b\n"


def task(**changes: object) -> Task:
    fields: dict[str, object] = {"goal": "Add.", "module": "calc", "entry_point": "add", "acceptance": (TESTS,)}
    return make_task(**(fields | changes))


def run(files: dict[str, str] | str, of: Task | None = None, importable: frozenset[str] = frozenset()) -> Evidence:
    texts = {"calc.py": files} if isinstance(files, str) else files
    made = make_candidate(
        files=tuple(SourceFile(path=p, text=t) for p, t in texts.items()),
        entry_point="add",
        origin=Origin(generator="user"),
    )
    return ParseCheck(importable=importable).run(of or task(), made)


def rules(evidence: Evidence) -> list[str]:
    assert (evidence.outcome is CheckOutcome.FAILED) == bool(evidence.findings)
    return [f.rule for f in evidence.findings]


def test_honest_code_passes_and_is_measured() -> None:
    evidence = run(GOOD)
    assert rules(evidence) == []
    assert evidence.outcome is CheckOutcome.PASSED
    assert evidence.measurements == {"files": 1, "lines": 2}
    assert evidence.replay_command == f"lamarck verify {evidence.candidate_id[:12]}"
    assert "python3." in evidence.check_version


# --- text ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("def add(a, b:\n    return a\n", "syntax"),
        ("def add():\n    break\n", "syntax"),  # parses and does not compile
        ("return 1\n", "syntax"),
        ("def add(): pass\n\0", "syntax"),
        ("x = " + "(" * 500, "syntax"),
        ("x = " + "-" * 50_000 + "1", "syntax"),
        ("x = a" + ".a" * 50_000, "syntax"),
        ("x = " + "9" * 5000, "syntax"),
        ("#" * 300_000, "size"),
        ("# -*- coding: latin-1 -*-\ndef add(a, b): pass\n", "encoding"),
        ("# coding: no-such-thing\ndef add(a, b): pass\n", "syntax"),
    ],
)
def test_text_that_is_no_python(text: str, rule: str) -> None:
    evidence = run(text)
    assert rules(evidence) == [rule]
    assert evidence.findings[0].path == "calc.py"


def test_a_syntax_error_has_its_line() -> None:
    (finding,) = run("def add(a, b):\n    return a +\n").findings
    assert finding.line == 2
    assert finding.message.startswith("does not parse: ")


def test_odd_strings_warn_nobody() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert rules(run("def add(a, b):\n    return '\\d' if a is 5 else b\n")) == []


# --- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "async def add(a, b): ...\n",
        "class add: ...\n",
        "add = lambda a, b: a + b\n",
        "from operator import add\n",
        "from operator import *\n",
        "import operator as add\n",
        "add: object = max\n",
        "x, (add, y) = 1, (max, 2)\n",
        "if True:\n    def add(a, b): ...\n",
        "try:\n    x = 1\nexcept ValueError:\n    pass\nelse:\n    add = max\n",
        "for add in [max]:\n    pass\n",
        "with open('x') as add:\n    pass\n",
        "match 1:\n    case 1:\n        add = max\n",
        "def __getattr__(name): ...\n",
        "globals()['add'] = max\n",
        "x = 0\n" + "if x:\n    pass\n" + "elif x:\n    pass\n" * 60 + "else:\n    add = max\n",
    ],
)
def test_ways_to_define_the_entry_point(text: str) -> None:
    assert rules(run(text)) == []


@pytest.mark.parametrize(
    "text",
    ["def plus(a, b): ...\n", "class A:\n    def add(self): ...\n", "def f():\n    def add(): ...\n", "", "add\n"],
)
def test_a_missing_entry_point_is_named(text: str) -> None:
    evidence = run(text)
    assert rules(evidence) == ["entry-point"]
    assert "add" in evidence.findings[0].message


def test_names_that_the_tests_import_are_needed() -> None:
    tests = TESTS.replace(content="from calc import add, sub\nimport calc\ncalc.mul\n")
    evidence = run(GOOD, task(acceptance=(tests,)))
    assert rules(evidence) == ["missing-name"]
    assert "sub" in evidence.findings[0].message


def test_names_that_a_stub_has_are_needed_but_not_a_finished_files_helpers() -> None:
    stub = "def add(a, b): ...\ndef sub(a, b): ...\nclass Overflow(Exception): ...\n"
    of = task(stubs=(SourceFile(path="calc.py", text=stub),))
    assert rules(run(GOOD, of)) == ["missing-name", "missing-name"]
    finished = "def helper(a): return a\ndef add(a, b): return helper(a) + b\n"
    assert rules(run(GOOD, task(stubs=(SourceFile(path="calc.py", text=finished),)))) == []


# --- places -------------------------------------------------------------------------------------------------------


def test_the_files_to_write_have_to_be_there() -> None:
    stubs = (SourceFile(path="calc.py", text=""), SourceFile(path="money.py", text=""))
    evidence = run(GOOD, task(stubs=stubs))
    assert rules(evidence) == ["missing-file"]
    assert evidence.findings[0].path == "money.py"
    assert rules(run({"other.py": GOOD})) == ["missing-file"]


@pytest.mark.parametrize(
    "path",
    [
        "/calc2.py",
        "../calc2.py",
        "a/../../x.py",
        "a//x.py",
        "./x.py",
        "a\\x.py",
        ".hidden/x.py",
        "x\n.py",
        "",
        "data.json",
    ],
)
def test_paths_stay_inside(path: str) -> None:
    assert rules(run({"calc.py": GOOD, path: "x = 1\n"})) == ["path"]


@pytest.mark.parametrize(
    "path",
    ["test_calc.py", "test_calc/__init__.py", "helpers.py", "helpers/__init__.py", "conftest.py", "sitecustomize.py",
     "tests/__init__.py", "tests/extra.py", "sub/conftest.py", "tests/test_more.py"],
)  # fmt: skip
def test_tests_and_support_are_not_the_candidates(path: str) -> None:
    of = task(
        acceptance=(TESTS, TESTS.replace(path="tests/test_more.py")),
        support=(SourceFile(path="helpers.py", text="x = 1\n"),),
    )
    assert rules(run({"calc.py": GOOD, path: "x = 1\n"}, of)) == ["path"]


def test_a_file_may_not_be_there_twice() -> None:
    made = make_candidate(
        files=(SourceFile(path="calc.py", text=GOOD),) * 2, entry_point="add", origin=Origin(generator="user")
    )
    assert rules(ParseCheck(importable=frozenset()).run(task(), made)) == ["path"]


@pytest.mark.parametrize("path", ["random.py", "json/__init__.py", "numpy.py", "numpy/x.py"])
def test_a_further_file_may_hide_no_module(path: str) -> None:
    assert rules(run({"calc.py": GOOD, path: "x = 1\n"}, importable=frozenset({"numpy"}))) == ["shadows"]


def test_further_files_are_fine() -> None:
    assert rules(run({"calc.py": "from adding import add\n", "adding.py": GOOD})) == []
    of = task(module="shop.cart", stubs=(SourceFile(path="shop/cart.py", text=""),), acceptance=())
    assert (
        rules(run({"shop/cart.py": "from .rules import add\n", "shop/rules.py": GOOD, "shop/__init__.py": ""}, of))
        == []
    )


def test_too_many_files() -> None:
    evidence = run({"calc.py": GOOD} | {f"m{n}.py": "x = 1\n" for n in range(60)})
    assert rules(evidence) == ["size"]


# --- imports ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "import os.path, json",
        "from collections import abc",
        "from numpy import array",
        "import helpers",
        "import tests.data",
        "try:\n    import missing\nexcept ImportError:\n    missing = None",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import missing",
        "import contextlib\nwith contextlib.suppress(ImportError):\n    import missing",
        "from __future__ import annotations",
    ],
)
def test_imports_that_are_there(line: str) -> None:
    of = task(support=(SourceFile(path="helpers.py", text=""), SourceFile(path="tests/data.py", text="")))
    assert rules(run(f"{line}\n{GOOD}", of, frozenset({"numpy"}))) == []


@pytest.mark.parametrize(
    ("line", "rule", "name"),
    [
        ("import pandas", "missing-package", "pandas"),
        ("def f():\n    from sklearn.svm import SVC", "missing-package", "sklearn"),
        ("from . import x", "missing-module", "relative"),
        ("import helpers.more", "missing-module", "helpers.more"),
        ("import test_calc", "missing-package", "test_calc"),
    ],
)
def test_imports_that_are_missing_are_named(line: str, rule: str, name: str) -> None:
    evidence = run(f"{line}\n{GOOD}", task(support=(SourceFile(path="helpers.py", text=""),)))
    assert rules(evidence) == [rule]
    assert name in evidence.findings[0].message


def test_packages_need_their_modules() -> None:
    stubs = (SourceFile(path="shop/cart.py", text=""), SourceFile(path="shop/money.py", text=""))
    of = task(module="shop.cart", stubs=stubs, acceptance=())
    files = {"shop/cart.py": f"from shop.money import M\nfrom . import money\n{GOOD}", "shop/money.py": "M = 1\n"}
    assert rules(run(files, of)) == []
    files["shop/cart.py"] = f"from .prices import P\n{GOOD}"
    assert rules(run(files, of)) == ["missing-module"]


# --- whatever comes -----------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.text(max_size=30))
def test_any_candidate_gets_an_outcome(text: str, path: str) -> None:
    evidence = run({"calc.py": text, path: text})
    assert evidence.outcome in {CheckOutcome.PASSED, CheckOutcome.FAILED}
    assert all(f.severity == "high" and f.confidence == "high" for f in evidence.findings)


def test_equal_candidates_give_equal_evidence() -> None:
    one, two = (run("import pandas\nx = (\n") for _ in range(2))
    assert one.replace(seconds=0.0) == two.replace(seconds=0.0)


def test_other_languages_are_not_measured() -> None:
    assert not ParseCheck(importable=frozenset()).applies(task(language="go"))
