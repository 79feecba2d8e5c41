"""Tests parted into cases."""

from __future__ import annotations

import ast

import pytest

from lamarck.generators.search.cases import parted, shown_cases


def _names(text: str) -> list[str]:
    tree = ast.parse(text)
    return [n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name.startswith("test")]


def test_each_assertion_is_a_test() -> None:
    made = parted("def test_f():\n    assert f(1) == 1\n    assert f(2) == 2\n")
    assert _names(made) == ["test_f__0", "test_f__1"]
    assert made.count("f(2) == 2") == 1


def test_what_changes_things_is_kept_before_later_assertions() -> None:
    made = parted("def test_f():\n    s = [1, 2]\n    assert s.pop() == 2\n    assert s.pop() == 1\n")
    second = made.partition("test_f__1")[2]
    assert "s.pop() == 2" in second
    assert "assert s.pop() == 2" not in second


def test_a_helper_that_asserts_is_parted_with_its_test() -> None:
    made = parted("def check(f):\n    assert f(1) == 1\n    assert f(2) == 2\n\n\ndef test_f():\n    check(abs)\n")
    assert _names(made) == ["test_f__0", "test_f__1"]
    assert "check__1(abs)" in made


def test_written_cases_of_a_loop_are_parted() -> None:
    made = parted("CASES = [(1, 1), (2, 4)]\n\n\ndef test_f():\n    for x, y in CASES:\n        assert x * x == y\n")
    assert _names(made) == ["test_f__0", "test_f__1"]


def test_methods_of_test_classes_are_parted() -> None:
    made = parted("class TestF:\n    def test_f(self):\n        assert 1\n        assert 2\n")
    assert _names(made) == ["test_f__0", "test_f__1"]


def test_one_assertion_stays_one_test() -> None:
    assert _names(parted("def test_f():\n    x = 1\n    assert x\n")) == ["test_f"]


def test_what_does_not_parse_stays() -> None:
    assert parted("def test_f(:\n") == "def test_f(:\n"


EXAMPLES = ">>> f(1)\n1\n>>> f(2)\n2\n"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("def test_f():\n    assert f(1) == 1\n    assert f(2) == 2\n", 2),
        ("@pytest.mark.parametrize('x', [1, 2, 3])\ndef test_f(x):\n    assert f(x) == x\n", 3),
        (f"DOCSTRINGS = [('f', 1, {EXAMPLES!r})]\n\n\ndef test_docstring():\n    run(DOCSTRINGS)\n", 2),
        ("def test_f(:\n", 0),
    ],
)
def test_cases_are_counted(text: str, count: int) -> None:
    assert shown_cases(text) == count
