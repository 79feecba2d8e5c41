from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lamarck.benchmarks.problem import Problem
from lamarck.benchmarks.suites.rows import names_read
from lamarck.benchmarks.suites.table import draw, load_suite
from lamarck.errors import BadInput

# Rows in the form of the public sets, written for these tests.
DOUBLE = {
    "id": "T/1",
    "entry_point": "double",
    "prompt": "def half(x):\n    return x / 2\n\n\ndef double(x):\n    '''2x\n    >>> double(2)\n    4\n    '''\n",
    "visible_test": "def check(double):\n    assert double(2) == 4\ncheck(double)\n",
    "hidden_test": "METADATA = {}\n\n\ndef check(candidate):\n    assert candidate(half(6)) == 6\n",
    "reference": "    return 2 * x\n",
    "buggy": "    return 3 * x\n",
}
SHARED = {
    "id": "M/1",
    "prompt": "Write a function that counts what two lists share.",
    "visible_test": "assert shared([1], [1]) == 1",
    "hidden_tests": ["assert shared([], []) == 0", "assert math.isclose(shared([1, 2], [2]), 1)"],
    "imports": ["import math"],
    "reference": "def shared(a, b):\n    return len(set(a) & set(b))",
}
LEAP = {
    "id": "leap-day",
    "instructions": "Tell leap years.",
    "stub": {"leap_day.py": "def leap(year):\n    pass\n"},
    "tests": {"leap_day_test.py": "from leap_day import leap\n\n\ndef test_leap():\n    assert leap(2024)\n"},
    "support": {},
    "example": {".meta/example.py": "def leap(year):\n    return year % 4 == 0\n"},
}
BUG_TEST = """import pytest
from load_testdata import load_json_testcases

if pytest.use_correct:
    from correct_python_programs.total import total
else:
    from python_programs.total import total

testdata = load_json_testcases(total.__name__)


@pytest.mark.parametrize("input_data,expected", testdata)
def test_total(input_data, expected):
    if not pytest.run_slow and input_data == [[9, 9]]:
        pytest.skip("slow")
    assert total(*input_data) == expected
"""
BUG = {
    "id": "total",
    "buggy": "def total(xs):\n    return sum(xs) + 1\n",
    "correct": "def total(xs):\n    return sum(xs)\n",
    "test": BUG_TEST,
    "cases": "[[[1]], 1]\n[[[1, 2]], 3]\n[[[9, 9]], 18]\n[[[]], 0]\n",
}
NODE_TEST = """import pytest
from node import Node

if pytest.use_correct:
    from correct_python_programs.walk import walk
else:
    from python_programs.walk import walk


def test1():
    assert walk(Node(1)) == [1]


def test2():
    assert walk(Node(2)) == [2]
"""
NODES = BUG | {"id": "walk", "test": NODE_TEST, "cases": None}


def load(folder: Path, suite: str, *rows: dict[str, Any]) -> tuple[Problem, ...]:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    (folder / "quixbugs_support.json").write_text(json.dumps({"python_programs/node.py": "class Node: ...\n"}))
    return load_suite(suite, path)[0]


def texts(problem: Problem) -> dict[str, str]:
    return {f.path: f.text for f in problem.files}


ALL: list[tuple[str, dict[str, Any], list[str]]] = [
    ("humaneval", DOUBLE, ["return 2 * x", "return 3 * x", "candidate(half(6))"]),
    ("humanevalfix", DOUBLE, ["return 2 * x", "candidate(half(6))"]),
    ("mbpp", SHARED, ["set(a)", "shared([], [])", "isclose"]),
    ("exercism", LEAP, ["year % 4"]),
    ("quixbugs", BUG, ["return sum(xs)\n", "[1, 2]"]),
]


@pytest.mark.parametrize(("suite", "row", "secrets"), ALL, ids=[a[0] for a in ALL])
def test_nothing_that_scores_is_shown(tmp_path: Path, suite: str, row: dict[str, Any], secrets: list[str]) -> None:
    (problem,) = load(tmp_path, suite, row)
    shown = "\n".join([problem.source, problem.goal or "", *texts(problem).values()])
    scoring = "\n".join([*(a.content for a in problem.hidden), *(f.text for f in problem.reference)])
    for secret in secrets:
        assert secret not in shown
        if secret not in row.get("buggy", ""):
            assert secret in scoring


def test_humaneval_shows_stub_and_visible_test(tmp_path: Path) -> None:
    (problem,) = load(tmp_path, "humaneval", DOUBLE)
    shown = texts(problem)
    assert shown["solution.py"] == DOUBLE["prompt"]
    assert shown["test_shown.py"].startswith("from solution import double\n")
    assert shown["test_shown.py"].count("check(double)") == 2, "defined and called in a test, no longer at import"
    assert problem.tests == ("test_shown.py",)
    assert problem.hidden[0].content.startswith("from solution import double, half\n"), "the check needs a helper"
    compile(problem.hidden[0].content, "hidden", "exec")
    assert problem.reference[0].text == DOUBLE["prompt"] + DOUBLE["reference"]


def test_humaneval_doctests_that_no_code_passes_are_no_tests(tmp_path: Path) -> None:
    wrong = DOUBLE["prompt"].replace("    4\n", '    "4"\n')
    (right,), (broken,) = load(tmp_path, "humaneval", DOUBLE), load(tmp_path, "humaneval", DOUBLE | {"prompt": wrong})
    assert (right.doctests, broken.doctests) == (True, False)


def test_humaneval_without_a_visible_test(tmp_path: Path) -> None:
    (problem,) = load(tmp_path, "humaneval", DOUBLE | {"visible_test": ""})
    assert problem.tests == ()
    assert [*texts(problem)] == ["solution.py"]


def test_humanevalfix_shows_the_mistake(tmp_path: Path) -> None:
    (problem,) = load(tmp_path, "humanevalfix", DOUBLE)
    assert "return 3 * x" in texts(problem)["solution.py"]
    assert problem.goal is not None and "`double`" in problem.goal


def test_mbpp_is_a_sentence_and_one_test(tmp_path: Path) -> None:
    (problem,) = load(tmp_path, "mbpp", SHARED)
    assert problem.source == SHARED["prompt"]
    assert texts(problem)["test_shown.py"].startswith("import math\nfrom solution import shared\n")
    assert problem.hidden[0].content.count("def test_") == 2


def test_mbpp_functions_called_test_are_no_tests_and_modules_are_imported(tmp_path: Path) -> None:
    row = SHARED | {
        "visible_test": "assert test_size((1,)) == sys.getsizeof((1,))",
        "hidden_tests": ["assert test_size(()) == sys.getsizeof(())"],
        "imports": [],
        "reference": "import sys\ndef test_size(x):\n    return sys.getsizeof(x)",
    }
    (problem,) = load(tmp_path, "mbpp", row)
    for text in (texts(problem)["test_shown.py"], problem.hidden[0].content):
        assert text.startswith("import sys\n")
        assert "\n    from solution import test_size\n    assert test_size(" in text
        assert "\nfrom" not in text


def test_mbpp_whose_test_calls_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="M/1"):
        load(tmp_path, "mbpp", SHARED | {"visible_test": "assert 1 == 1"})


def test_exercism_is_a_folder_without_its_example(tmp_path: Path) -> None:
    (problem,) = load(tmp_path, "exercism", LEAP)
    assert problem.source == "leap-day"
    assert {*texts(problem)} == {
        "leap-day/leap_day.py",
        "leap-day/leap_day_test.py",
        "leap-day/.docs/instructions.md",
        "leap-day/.meta/config.json",
    }
    assert problem.reference[0].path == "leap_day.py"


def test_quixbugs_writes_cases_out_shows_half_and_scores_all_but_the_slow(tmp_path: Path) -> None:
    (problem,) = load(tmp_path, "quixbugs", BUG)
    shown, hidden = texts(problem)["test_total.py"], problem.hidden[0].content
    for text in (shown, hidden):
        compile(text, "tests", "exec")
        assert "from total import total" in text
        assert "load_testdata" not in text and "use_correct" not in text and "skip" not in text
        assert "[9, 9]" not in text
    assert "[[[[1]], 1], [[[]], 0]]" in shown
    assert "[[[[1]], 1], [[[1, 2]], 3], [[[]], 0]]" in hidden


def test_quixbugs_without_cases_parts_its_test_functions(tmp_path: Path) -> None:
    (problem,) = load(tmp_path, "quixbugs", NODES)
    assert "test1" in texts(problem)["test_walk.py"] and "test2" not in texts(problem)["test_walk.py"]
    assert "test1" in problem.hidden[0].content and "test2" in problem.hidden[0].content
    assert [f.path for f in problem.hidden_support] == ["node.py"]


def test_the_shipped_tasks_are_read_without_their_solutions() -> None:
    problems, _ = load_suite("own", None)
    assert len(problems) >= 20
    for problem in problems:
        assert not any("reference" in f.path or "/hidden/" in f.path or "example" in f.path for f in problem.files)
        assert problem.hidden[0].content and problem.reference[0].text
        shown = "\n".join(f.text for f in problem.files)
        assert all(f.text.strip() not in shown for f in problem.reference)


def bad_json(folder: Path) -> Path:
    path = folder / "bad.jsonl"
    path.write_text(json.dumps(DOUBLE) + "\n{nonsense\n")
    return path


def other_suite(folder: Path) -> Path:
    path = folder / "other.jsonl"
    path.write_text(json.dumps(SHARED) + "\n")
    return path


def twice(folder: Path) -> Path:
    path = folder / "twice.jsonl"
    path.write_text(2 * (json.dumps(DOUBLE) + "\n"))
    return path


def nothing(folder: Path) -> Path:
    path = folder / "empty.jsonl"
    path.write_text("\n")
    return path


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (bad_json, "line 2 is not JSON"),
        (other_suite, "line 1 lacks entry_point"),
        (twice, "two rows are called T/1"),
        (nothing, "no rows"),
        (lambda folder: folder / "absent.jsonl", "cannot be read"),
        (lambda folder: None, "needs its data"),
    ],
)
def test_bad_data_is_told_in_one_line(tmp_path: Path, make: Callable[[Path], Path | None], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        load_suite("humaneval", make(tmp_path))


def test_an_unknown_suite_is_told_with_the_known_ones() -> None:
    with pytest.raises(BadInput) as caught:
        load_suite("nonsense", None)
    assert "humanevalfix" in caught.value.line


def test_a_draw_is_fixed_by_its_seed_and_grows_with_its_limit() -> None:
    problems, _ = load_suite("own", None)
    five, nine = draw(problems, 5, seed=1), draw(problems, 9, seed=1)
    assert nine[:5] == five == draw(problems, 5, seed=1)
    assert draw(problems, 5, seed=2) != five
    assert draw(problems, None, seed=1) == problems
    assert {p.id for p in draw(problems, 10_000, seed=3)} == {p.id for p in problems}


def test_names_that_code_needs_from_elsewhere() -> None:
    assert names_read("import math\nfor i in range(x):\n    y = f(i, math.pi)\n    print(y)") == {"x", "f"}
