"""Laws as tests: what each law says of a call, run against code that breaks it and code that keeps it."""

from __future__ import annotations

import ast
import pathlib

import pytest

from lamarck.checks.agreement.behaviours import Did
from lamarck.checks.agreement.calls import Call
from lamarck.checks.judge.judge import Judge, Subject
from lamarck.checks.properties.laws import laws_for
from lamarck.checks.properties.stated import apart, file_of, name_of, stated
from lamarck.records import Acceptance, AcceptanceKind, CheckOutcome, SourceFile, Trust, make_task
from lamarck.sandbox.interpreter import find_interpreter
from lamarck.sandbox.selection import choose_sandbox
from lamarck.settings import SandboxSettings

# Law → a call, what it returned (tagged as the judge tells it), code that breaks the law there, and code that keeps it.
CASES = {
    "type": (Call("f", (1,)), Did(returned="1"), "return str(x)", "return x"),
    "deterministic": (
        Call("f", (1,)), Did(returned=1, again=False), "SEEN.append(x)\n    return len(SEEN)", "return x",
    ),
    "arguments": (
        Call("f", ([2, 1],)), Did(returned=1, changed=((0, ["l", [1, 2]]),)), "x.sort()\n    return 1", "return 1",
    ),
    "no-crash": (Call("f", ([],)), Did(raised="IndexError"), "return x[0]", "return x[0] if x else 0"),
    "same-items": (Call("f", ([1, 1],)), Did(returned=["l", [1]]), "return x[:1]", "return x[::-1]"),
    "same-length": (Call("f", ([1, 1],)), Did(returned=["l", [1]]), "return x[:1]", "return x[::-1]"),
    "some-items": (Call("f", ([1],)), Did(returned=["l", [2]]), "return [2]", "return x"),
    "one-of": (Call("f", ([-1],)), Did(returned=0), "return 0", "return x[0]"),
    "ascending": (Call("f", ([2, 1],)), Did(returned=["l", [2, 1]]), "return x", "return sorted(x)"),
    "distinct": (Call("f", ([1, 1],)), Did(returned=["l", [1, 1]]), "return x", "return x[:1]"),
    "not-negative": (Call("f", (-1,)), Did(returned=-1), "return x", "return abs(x)"),
    "idempotent": (Call("f", (1,)), Did(returned=2), "return x + 1", "return abs(x)"),
    "involution": (Call("f", (1,)), Did(returned=2), "return x + 1", "return -x"),
    "round-trip": (Call("encode", (1,)), Did(returned=2), "return x + 1", "return x"),
    "commutative": (Call("f", (1, 2)), Did(returned=-1), "return x - y", "return x + y"),
    "associative": (Call("f", (1, 2)), Did(returned=-1), "return x - y", "return max(x, y)"),
    "order-blind": (Call("f", ([1, 2],)), Did(returned=1), "return x[0]", "return min(x)"),
}  # fmt: skip


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(choose_sandbox(SandboxSettings()), find_interpreter(None, pathlib.Path("/")), test_seconds=5.0)


def code(name: str, body: str) -> str:
    parameters = "x: int, y: int = 0" if name in {"commutative", "associative"} else "x: int"
    both = "\n\n\ndef decode(x: int) -> int:\n    return x\n" if name == "round-trip" else ""
    function = "encode" if name == "round-trip" else "f"
    return f"SEEN = []\n\n\ndef {function}({parameters}) -> int:\n    {body}\n{both}"


def written(name: str) -> str:
    call, did, wrong, _ = CASES[name]
    functions = {n.name: n for n in ast.parse(code(name, wrong)).body if isinstance(n, ast.FunctionDef)}
    law = next(law for law in laws_for(functions, frozenset()) if law.name == name and law.function == call.function)
    test = stated(law, call, law.follow(call, did), functions[call.function], raised=did.raised)
    assert test is not None
    return test


def test_every_law_has_a_case() -> None:
    functions = {n.name: n for n in ast.parse(code("round-trip", "return x")).body if isinstance(n, ast.FunctionDef)}
    assert {law.name for law in laws_for(functions, frozenset())} == set(CASES)


def test_a_law_fails_where_it_is_broken_and_passes_where_it_is_kept(judge: Judge) -> None:
    for name, (_, _, wrong, right) in CASES.items():
        test = written(name)
        acceptance = Acceptance(
            kind=AcceptanceKind.PYTEST, content=file_of([test], "code_"), path="test_laws.py", trust=Trust.GENERATED
        )
        subjects = tuple(
            Subject(label=label, files=(SourceFile(path="code_.py", text=code(name, body)),))
            for label, body in (("wrong", wrong), ("right", right))
        )
        report = judge.judge(make_task(goal="x", module="code_"), (acceptance,), subjects)
        outcomes = [[r.outcome for r in s.results] for s in report.subjects]
        assert outcomes == [[CheckOutcome.FAILED], [CheckOutcome.PASSED]], (name, test, report)


def test_tests_of_one_name_are_told_apart() -> None:
    names = [name_of(t) for t in apart([written("one-of"), written("one-of"), written("type")])]
    assert names == ["test_f_one_of", "test_f_one_of_2", "test_f_type"]


def test_what_no_test_says_has_none() -> None:
    functions = {n.name: n for n in ast.parse(code("type", "return x")).body if isinstance(n, ast.FunctionDef)}
    (law,) = (law for law in laws_for(functions, frozenset()) if law.name == "no-crash")
    call = Call("f", (1,))
    assert stated(law, call, (), functions["f"], raised="OSError") is None
    assert stated(law, Call("f", ("x" * 5_000,)), (), functions["f"], raised="IndexError") is None
