from __future__ import annotations

import json
from pathlib import Path

import pytest

from lamarck.errors import BadInput
from lamarck.records import AcceptanceKind, Task, Trust
from lamarck.tasks.loading import load_task
from lamarck.tasks.naming import is_name, module_for, name_from_goal


def examples(task: Task) -> list[str]:
    """`call == value` or `call raises X`, as the task's derived examples say."""
    derived = task.tests(Trust.DERIVED)
    assert task.acceptance == derived
    assert all(a.kind is AcceptanceKind.EXAMPLES for a in derived)
    found = [e for a in derived for e in json.loads(a.content)]
    return [
        f"{e['call']} == {e['equals']}" if e["raises"] is None else f"{e['call']} raises {e['raises']}" for e in found
    ]


# --- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "entry", "signature"),
    [
        ("`def foo(a: int) -> str` spells numbers.", "foo", "def foo(a: int) -> str"),
        ("def foo(a, *, b: str = ')') -> dict[str, int]: it", "foo", "def foo(a, *, b: str=')') -> dict[str, int]"),
        ("async def fetch(n) -> None waits.", "fetch", "async def fetch(n) -> None"),
        ("Implement slugify(title), which makes slugs.", "slugify", "def slugify(title)"),
        ("Implement `slugify(title: str) -> str`.", "slugify", "def slugify(title: str) -> str"),
        ("A function called rev reverses text.", "rev", None),
        ("A function named `rev` that takes text; rev(text, start=0) works.", "rev", "def rev(text, start=0)"),
        ("A class called BankAccount with deposit(amount).", "BankAccount", None),
        ("Write the `Stack` class.", "Stack", None),
        ("`class Queue` with put and get", "Queue", None),
        ("f(2) returns 4", "f", None),
        ("Sort in O(n) with len(x) kept: merge_all(lists).", "merge_all", "def merge_all(lists)"),
        ("Count the word(s) and item(s) of a text.", "count_words", None),
        ("Use math.sqrt(x) to compute hypot2(a, b).", "hypot2", "def hypot2(a, b)"),
        ("The function `sum` adds.", "sum", None),
    ],
)  # fmt: skip
def test_the_name_that_a_text_mentions(text: str, entry: str, signature: str | None) -> None:
    task = load_task(text)
    assert (task.entry_point, task.signature) == (entry, signature)
    assert task.goal == text


@pytest.mark.parametrize(
    ("goal", "name"),
    [
        ("Write a function that returns the longest common prefix of a list of strings.", "longest_common_prefix"),
        ("Convert Roman numerals to integers", "convert_roman_numerals"),
        ("Please implement a small Python function to compute the greatest common divisor.", "greatest_common_divisor"),
        ("Is a year a leap year?", "is_year_leap_year"),
        ("Größte Zahl finden", "grosste_zahl_finden"),
        ("数字を足す", "solution"),
        ("Sum", "solution"),
        ("return", "solution"),
        ("7 days", "days"),
    ],
)
def test_names_made_from_a_goal(goal: str, name: str) -> None:
    assert name_from_goal(goal) == name
    assert is_name(name)


def test_modules_hide_nothing() -> None:
    assert module_for("BankAccount", frozenset()) == "bank_account"
    assert module_for("calendar", frozenset()) == "calendar_task"
    assert module_for("numpy", frozenset({"numpy"})) == "numpy_task"
    assert load_task("A function called json reads text.").module == "json_task"
    assert load_task("A function called json reads text.").entry_point == "json"


# --- examples -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f(2) returns 4", ["f(2) == 4"]),
        ("Square: f(2) returns 4, and f(-3) returns 9.", ["f(2) == 4", "f(-3) == 9"]),
        ("`f('a') == 'b'`", ["f('a') == 'b'"]),
        ("f(3) -> 9", ["f(3) == 9"]),
        ("f(3) → 9", ["f(3) == 9"]),
        ("`f([1, 2], k=1)` should return `[1]`.", ["f([1, 2], k=1) == [1]"]),
        ("f(-1) raises ValueError.", ["f(-1) raises ValueError"]),
        ("`f(-1)` should raise a `ValueError`", ["f(-1) raises ValueError"]),
        ("f is a function called f; for 3 gives 9, given 'a', it returns 'b'.", ["f(3) == 9", "f('a') == 'b'"]),
        ("f(x) squares.\n>>> f(1)\n1\n\n>>> f(2)\n4\n", ["f(1) == 1", "f(2) == 4"]),
        (">>> f(0)\nTraceback (most recent call last):\n  ...\nKeyError: 'no'\n", ["f(0) raises KeyError"]),
        ('f("(") returns {"a": [1, (2,)]}', ["f('(') == {\"a\": [1, (2,)]}"]),
        ("f(1) is True and f(0) is False", ["f(1) == True", "f(0) == False"]),
        ("f(2.5) returns 6.25.", ["f(2.5) == 6.25"]),
    ],
)  # fmt: skip
def test_examples_read_from_prose(text: str, expected: list[str]) -> None:
    assert examples(load_task(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "f(2) returns 4 or 5",
        "f(2) returns 4 elements",
        "f(2) returns 4-6",
        "f(2) returns about 4",
        "f(2) returns 3rd",
        "f(n) returns 4",
        "f(2) returns n",
        "f(2) works",
        "f(2) returns 4. But f(2) returns 5.",
        "f raises ValueError",
        "f(a=open('x')) returns 4",
        ">>> print(f(2))\n4\n",
        ">>> f(2)\n<object at 0x1>\n",
        "for 3 items gives 9: `f(x)`",
        "for 3 to 5 gives 9: `f(x)`",
    ],
)
def test_what_has_two_readings_states_nothing(text: str) -> None:
    assert examples(load_task(text)) == []


def test_examples_are_derived_and_have_their_place() -> None:
    (acceptance,) = load_task("f(2) returns 4").acceptance
    assert acceptance.trust is Trust.DERIVED
    assert acceptance.path == "derived_examples.json"
    assert json.loads(acceptance.content) == [{"call": "f(2)", "equals": "4", "raises": None}]


# --- text files and tests -----------------------------------------------------------------------------------------


def test_a_text_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "task.md").write_text("# Squares\n\n`square(n)` squares. `square(2) == 4`.\n")
    task = load_task(str(tmp_path / "task.md"))
    assert (task.module, task.signature) == ("square", "def square(n)")
    assert examples(task) == ["square(2) == 4"]


@pytest.mark.parametrize("text", ["", "   ", "…", "???"])
def test_nothing_is_no_task(text: str) -> None:
    with pytest.raises(BadInput, match="the task is empty"):
        load_task(text)


def test_too_much_is_no_task() -> None:
    with pytest.raises(BadInput, match="more than 100,000 characters"):
        load_task("a b " * 50_000)


def test_tests_name_the_module_and_outrank_the_text(tmp_path: Path) -> None:
    (tmp_path / "test_area.py").write_text(
        "from shapes import area\n\ndef test_area():\n    assert area(2, 3) == 6\n    assert area(2, by=4) == 8\n"
    )
    task = load_task("Write `surface(a, b)`. surface(1, 1) returns 1.", (tmp_path / "test_area.py",))
    assert (task.module, task.entry_point, task.signature) == ("shapes", "area", None)
    assert [(a.path, a.trust) for a in task.acceptance] == [("test_area.py", Trust.GIVEN)]
    assert task.goal.endswith("The module `shapes` must provide: area (1 to 2 arguments; by name: by).")
    same = load_task("Write `area(a, b=1)`. area(1, 1) returns 1.", (tmp_path / "test_area.py",))
    assert (same.entry_point, same.signature) == ("area", "def area(a, b=1)")
    assert [a.trust for a in same.acceptance] == [Trust.GIVEN, Trust.DERIVED]
