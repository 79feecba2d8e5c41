"""QuixBugs: a program with one mistake. Every other case of its tests is shown; all of them score."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lamarck.benchmarks.problem import Problem, hidden_tests
from lamarck.benchmarks.suites.rows import HINT, json_lines, read
from lamarck.errors import BadInput
from lamarck.records import SourceFile

_KEYS = ("id", "buggy", "correct", "test", "cases")
_SUPPORT = "quixbugs_support.json"


def quixbugs(path: Path) -> Iterator[Problem]:
    """One problem a row; helper files come from `quixbugs_support.json` beside the data. Raises `BadInput`."""
    node = _node_module(path.parent / _SUPPORT)
    for row in json_lines(path, _KEYS):
        name = row["id"]
        needs_node = "from node import" in row["test"]
        support = (SourceFile(path="node.py", text=node),) if needs_node else ()
        shown = SourceFile(path=f"test_{name}.py", text=_tests(row, every=2))
        yield Problem(
            id=name,
            files=(SourceFile(path=f"{name}.py", text=row["buggy"]), shown, *support),
            source=f"{name}.py",
            tests=(shown.path,),
            goal=f"The function `{name}` does not do what its description says. Find the mistake and correct it.",
            hidden=(hidden_tests(f"test_{name}_all.py", _tests(row, every=1)),),
            hidden_support=support,
            reference=(SourceFile(path=f"{name}.py", text=row["correct"]),),
        )


def _node_module(path: Path) -> str:
    try:
        return str(json.loads(read(path))["python_programs/node.py"])
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise BadInput(f"{path}: does not hold the helper files of QuixBugs", HINT) from error


def _tests(row: dict[str, Any], *, every: int) -> str:
    """The suite's test file on its own: cases written out, the program imported by its name, and of the cases (or of
    the test functions, where there are no cases) every second one when `every` is 2.
    """
    tree = ast.parse(row["test"])
    body: list[ast.stmt] = []
    slow: list[Any] = []
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "load_testdata":
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "pytest.use_correct":
            body.append(ast.parse(f"from {row['id']} import {row['id']}").body[0])
            continue
        if isinstance(node, ast.FunctionDef):
            slow += _take_slow_cases(node)
        body.append(node)
    tests = [n for n in body if isinstance(n, ast.FunctionDef) and n.name.startswith("test")]
    if row["cases"] is None:
        kept = tests[::every]
        body = [n for n in body if n not in tests or n in kept]
    else:
        cases = [json.loads(line) for line in row["cases"].splitlines() if line.strip()]
        chosen = [case for case in cases if case[0] not in slow][::every]
        body = [_written_out(n, chosen) for n in body]
    tree.body = body
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _take_slow_cases(test: ast.FunctionDef) -> list[Any]:
    """Remove the lines that skip a case for its length (minutes), and return the inputs of those cases."""
    found: list[Any] = []
    for node in list(test.body):
        if isinstance(node, ast.If) and "pytest.run_slow" in ast.unparse(node.test):
            test.body.remove(node)
            found += [ast.literal_eval(c.comparators[0]) for c in ast.walk(node.test) if isinstance(c, ast.Compare)]
    return found


def _written_out(node: ast.stmt, cases: list[Any]) -> ast.stmt:
    if isinstance(node, ast.Assign) and "load_json_testcases" in ast.unparse(node.value):
        node.value = ast.parse(repr(cases), mode="eval").body
    return node
