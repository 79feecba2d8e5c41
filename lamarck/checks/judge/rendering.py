"""Doctests and input/output examples as pytest files, so that the judge knows one form only."""

from __future__ import annotations

import ast
import builtins
import doctest
import json
import sys
from collections.abc import Iterator, Sequence

import msgspec

from lamarck.checks.judge.specified import specified
from lamarck.errors import BadInput
from lamarck.records import Acceptance, AcceptanceKind, Example, Task


def rendered(acceptances: Sequence[Acceptance], task: Task) -> list[tuple[str, str]]:
    """(path, text) of pytest files that decide the same, each at another path. Raises `BadInput` for examples that are
    no Python."""
    return list(zip(names_of(acceptances), (_text(a, task) for a in acceptances), strict=True))


def names_of(acceptances: Sequence[Acceptance]) -> list[str]:
    """The paths of those files, each another one: numbered where files of one name stand in several folders."""
    taken = {a.path for a in acceptances if a.kind is AcceptanceKind.PYTEST}
    names = []
    for acceptance in acceptances:
        name, number = _named(acceptance), 1
        while name in taken and acceptance.kind is not AcceptanceKind.PYTEST:
            number += 1
            name = f"{_named(acceptance).removesuffix('.py')}_{number}.py"
        taken.add(name)
        names.append(name)
    return names


def _text(acceptance: Acceptance, task: Task) -> str:
    if acceptance.kind is AcceptanceKind.DOCTEST:
        return _doctests(acceptance, task)
    if acceptance.kind is AcceptanceKind.EXAMPLES:
        return _examples(acceptance, task)
    return specified(acceptance, task) if acceptance.kind is AcceptanceKind.BDD else acceptance.content


def _named(acceptance: Acceptance) -> str:
    what = {
        AcceptanceKind.DOCTEST: "doctest",
        AcceptanceKind.EXAMPLES: f"{acceptance.trust}_examples",
        AcceptanceKind.BDD: "feature" if acceptance.path.endswith(".feature") else "specification",
    }.get(acceptance.kind)
    if what is None:
        return acceptance.path
    return f"test_{acceptance.path.rpartition('/')[2].partition('.')[0]}_{what}.py"


_DOCTEST_RUNNER = """
import builtins
import doctest

import pytest
from _lamarck_inside.failure import Told


class Runner(doctest.DocTestRunner):
    def report_failure(self, out, test, example, got):
        call, want, got = example.source.strip(), example.want.strip(), got.strip()
        parts = dict(expected=want, got=got, line=_line(test, example), expression=call)
        raise Told(f"{call} printed {got!r}, not {want!r}", **parts)

    def report_unexpected_exception(self, out, test, example, info):
        call, text = example.source.strip(), f"{info[0].__name__}: {info[1]}"
        parts = dict(expected=example.want.strip(), exception=text, line=_line(test, example), expression=call)
        raise Told(f"{call} raised {text}", **parts) from info[1]


def _line(test, example):
    return (test.lineno or 0) + example.lineno + 1


@pytest.mark.parametrize("name,line,text", [pytest.param(*d, id=d[0]) for d in DOCSTRINGS])
def test_doctest(name, line, text):
    names = dict(globals())
    own = [n for n in NAMES if n in WANTED or not (n in names or hasattr(builtins, n))]  # none that replaces another
    names.update((n, getattr(MODULE, n)) for n in own if hasattr(MODULE, n))
    test = doctest.DocTestParser().get_doctest(text, names, name, "docstring", line)
    Runner(verbose=False).run(test, out=lambda text: None)
"""


def _doctests(acceptance: Acceptance, task: Task) -> str:
    tree = ast.parse(acceptance.content)
    module = acceptance.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    found = list(_docstrings(tree))
    names = sorted({name for _, _, text in found for name in _names_in_examples(text)})
    head = [f"import {module}", *_standard_imports(tree), f"import {module} as MODULE"]
    head += [f"DOCSTRINGS = {found!r}", f"NAMES = {names!r}", f"WANTED = {sorted(wanted_names(task))!r}"]
    return "\n".join(head) + "\n" + _DOCTEST_RUNNER


def _names_in_examples(text: str) -> Iterator[str]:
    for example in doctest.DocTestParser().get_examples(text):
        try:
            tree = ast.parse(example.source)
        except SyntaxError:  # an example may show one
            continue
        yield from (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def _docstrings(tree: ast.Module, prefix: str = "") -> Iterator[tuple[str, int, str]]:
    """(qualified name, line, text) of every docstring with examples."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)

    def walk(node: ast.AST, name: str) -> Iterator[tuple[str, int, str]]:
        if isinstance(node, kinds):
            text = ast.get_docstring(node, clean=True)
            if text and ">>>" in text:
                yield name or "module", node.body[0].lineno - 1, text
            for child in node.body:
                if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                    yield from walk(child, f"{name}.{child.name}" if name else child.name)

    yield from walk(tree, prefix)


def _standard_imports(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module and node.module != "__future__":
            names = [node.module]
        if names and all(n.partition(".")[0] in sys.stdlib_module_names for n in names):
            yield ast.unparse(node)


_EXAMPLES_HEAD = """
import builtins

import pytest


def _exception(name):
    found = getattr(builtins, name, None)
    return found if found is not None else getattr(MODULE, name)

"""


def _examples(acceptance: Acceptance, task: Task) -> str:
    try:
        examples = msgspec.json.decode(acceptance.content, type=list[Example])
    except msgspec.MsgspecError as error:
        raise BadInput(
            f"{acceptance.path}: the examples cannot be read: {error}", "give call and equals or raises"
        ) from error
    names: set[str] = set()
    tests: list[str] = []
    for number, example in enumerate(examples, 1):
        for text in (example.call, example.equals):
            names |= _free_names(text, acceptance.path) if text is not None else set()
        body = f"    assert ({example.call}) == ({example.equals})"
        if example.raises is not None:
            body = f"    with pytest.raises(_exception({json.dumps(example.raises)})):\n        {example.call}"
        tests.append(f"def test_example_{number}():\n{body}\n")
    called = wanted_names(task)
    own = sorted(n for n in names if n in called or not (hasattr(builtins, n) or n in sys.stdlib_module_names))
    imports = [f"import {n}" for n in sorted(names - set(own)) if n in sys.stdlib_module_names]
    imports.append(f"import {task.module} as MODULE")
    if own:
        imports.append(f"from {task.module} import {', '.join(own)}")
    return "\n".join(imports) + _EXAMPLES_HEAD + "\n\n".join(tests)


def wanted_names(task: Task) -> set[str]:
    """What the task asks for by name, which a built-in or a standard library module of the same name must not hide."""
    names = {task.entry_point.partition(".")[0]} if task.entry_point else set()
    for stub in task.stubs:
        try:
            body = ast.parse(stub.text).body
        except SyntaxError:
            continue
        names |= {n.name for n in body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    return names


def _free_names(text: str, path: str) -> set[str]:
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError) as error:
        raise BadInput(f"{path}: {text.strip()[:80]!r} is no Python expression", "write it as Python") from error
    read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    bound = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    bound |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    return read - bound
