"""HumanEval and HumanEvalFix: a function's head and docstring, or a body with a mistake; the visible test and the
docstring's doctests are shown, the hidden test scores.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from doctest import DocTestParser, Example
from pathlib import Path
from typing import Any

from lamarck.benchmarks.problem import Problem, hidden_tests
from lamarck.benchmarks.suites.rows import MODULE, json_lines, names_defined, names_read
from lamarck.records import SourceFile

_KEYS = ("id", "entry_point", "prompt", "visible_test", "hidden_test", "reference")


def humaneval(path: Path) -> Iterator[Problem]:
    """One problem a row. Raises `BadInput` for a file of another form."""
    for row in json_lines(path, _KEYS):
        yield _problem(row, stub=row["prompt"], goal=None)


def humanevalfix(path: Path) -> Iterator[Problem]:
    """The same rows with a mistaken body in the stub."""
    for row in json_lines(path, (*_KEYS, "buggy")):
        goal = f"The function `{row['entry_point']}` does not do what its docstring says. Find the mistake, correct it."
        yield _problem(row, stub=row["prompt"] + row["buggy"], goal=goal)


def _problem(row: dict[str, Any], *, stub: str, goal: str | None) -> Problem:
    path = f"{MODULE}.py"
    files = [SourceFile(path=path, text=stub)]
    visible = _as_test(row, row["visible_test"], "test_shown")
    if visible:
        files.append(SourceFile(path="test_shown.py", text=visible))
    return Problem(
        id=row["id"],
        files=tuple(files),
        source=path,
        tests=("test_shown.py",) if visible else (),
        entry_point=row["entry_point"],
        goal=goal,
        doctests=not any(_cannot_pass(example.want) for example in _doctests(stub)),
        hidden=(hidden_tests("test_hidden.py", _as_test(row, row["hidden_test"], "test_hidden")),),
        reference=(SourceFile(path=path, text=row["prompt"] + row["reference"]),),
    )


def _doctests(stub: str) -> Iterator[Example]:
    for node in ast.walk(ast.parse(stub)):
        if isinstance(node, ast.FunctionDef):
            yield from DocTestParser().get_examples(ast.get_docstring(node) or "")


def _cannot_pass(want: str) -> bool:
    """A text in double quotes, as Python never prints one that holds no single quote: no code passes that doctest."""
    text = want.strip()
    return len(text) > 1 and text[0] == text[-1] == '"' and "'" not in text


def _as_test(row: dict[str, Any], check: str, name: str) -> str:
    """The suite's `check(function)` as a test file; empty when there is none."""
    if not check.strip():
        return ""
    tree = ast.parse(check)
    calls = [n for n in tree.body if isinstance(n, ast.Expr) and isinstance(n.value, ast.Call)]
    lines = check.splitlines()
    for call in reversed(calls):  # the trailing `check(function)`: the test below calls it
        del lines[call.lineno - 1 : call.end_lineno]
    body = "\n".join(lines).strip()
    # Some checks use helpers that the prompt defines.
    wanted = sorted({row["entry_point"]} | (names_read(check) & names_defined(row["prompt"])))
    return f"from {MODULE} import {', '.join(wanted)}\n\n\n{body}\n\n\ndef {name}():\n    check({row['entry_point']})\n"
