"""What hollow code keeps and what it loses."""

from __future__ import annotations

import ast

from hypothesis import given
from hypothesis import strategies as st

from lamarck.checks.hollow import emptied, hollow, hollow_for, is_stubbed
from lamarck.records import Acceptance, AcceptanceKind, SourceFile, Task, make_task

SOURCE = '''
"""A module."""
from dataclasses import dataclass

LIMIT = 3
double = lambda x: x * 2


class TooMuch(ValueError):
    def __init__(self, count):
        super().__init__(f"{count} is too much")


@dataclass
class Point:
    x: int = 1

    @property
    def norm(self) -> int:
        return abs(self.x)


async def fetch(url: str, *, retries: int = 3) -> bytes:
    """Fetches."""
    return b""


def outer():
    def inner():
        return 1
    return inner()
'''


def one(text: str) -> tuple[SourceFile, ...]:
    return (SourceFile(path="code_.py", text=text),)


def test_bodies_go_and_the_rest_stays() -> None:
    [file] = hollow(one(SOURCE), "none")
    tree = ast.parse(file.text)
    functions = {n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert {ast.unparse(functions[n].body[0]) for n in ("norm", "fetch", "outer")} == {"return None"}
    assert "inner" not in functions
    assert ast.unparse(functions["fetch"].args) == "url: str, *, retries: int=3"
    assert "is too much" in file.text
    assert "LIMIT = 3" in file.text
    assert "@dataclass" in file.text
    assert "lambda x: None" in file.text


def test_the_other_body_raises() -> None:
    [file] = hollow(one("def f():\n    return 1\n"), "raise")
    assert "raise NotImplementedError" in file.text


def test_emptied_code_has_no_substance_of_its_own() -> None:
    [file] = emptied(one(SOURCE), "none")
    assert "LIMIT = None" in file.text
    assert "@dataclass" not in file.text
    assert "x: int = None" in file.text
    assert "class TooMuch(ValueError)" in file.text
    assert "@property" in file.text


def test_emptied_classes_keep_each_other_as_bases() -> None:
    [file] = emptied(one("class A(dict): pass\nclass B(A, list): pass\n"), "none")
    assert "class A:" in file.text
    assert "class B(A):" in file.text


def test_another_name_stays_and_what_comes_from_elsewhere_goes() -> None:
    [file] = emptied(one("from operator import add\ndef plus(a, b): return a + b\ntotal = plus\nother = len\n"), "none")
    assert "total = plus" in file.text
    assert "other = None" in file.text
    assert "add = None" in file.text


def test_what_does_not_parse_is_empty() -> None:
    assert hollow(one("def f(:"), "none") == one("\n")


def task(tests: str, *stubs: SourceFile, module: str = "code_") -> Task:
    return make_task(
        goal="",
        module=module,
        stubs=stubs,
        acceptance=(Acceptance(kind=AcceptanceKind.PYTEST, content=tests, path="test_code.py"),),
    )


def test_a_stub_gives_the_shape() -> None:
    stubbed = task("", SourceFile(path="code_.py", text="def f(a, b):\n    return a + b\n"))
    assert is_stubbed(stubbed)
    [file] = hollow_for(stubbed, "none")
    assert file.text == "def f(a, b):\n    return None\n"


def test_without_a_stub_the_tests_give_the_names() -> None:
    tests = """
import code_
import code_ as c
from code_ import Basket, LIMIT, add
from code_ import *

def test_it():
    with raises(code_.BasketError):
        c.remove(Basket().first())
"""
    unstubbed = task(tests, SourceFile(path="code_.py", text=""))
    assert not is_stubbed(unstubbed)
    [file] = hollow_for(unstubbed, "none")
    tree = ast.parse(file.text)
    functions = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
    classes = {n.name: [ast.unparse(b) for b in n.bases] for n in tree.body if isinstance(n, ast.ClassDef)}
    assert functions == {"add", "remove"}
    assert classes == {"Basket": [], "BasketError": ["Exception"]}
    assert "LIMIT = None" in file.text


def test_every_file_of_the_task_is_there() -> None:
    files = hollow_for(task("from shop.cart import total\n", module="shop.cart"), "raise")
    assert [f.path for f in files] == ["shop/cart.py"]
    assert "def total(" in files[0].text


_STATEMENTS = st.sampled_from(
    [
        "def f{n}(a, *b, c=1, **d):\n    return a",
        "class C{n}:\n    def m(self):\n        yield self",
        "async def g{n}():\n    await h()",
        "X{n} = [i for i in range(3)]",
        "if True:\n    def k{n}(): return 1\nelse:\n    K{n} = 2",
        "class E{n}(Exception):\n    pass",
        "from os import path as p{n}",
        "@decorator\ndef z{n}(): ...",
    ]
)


@given(st.lists(_STATEMENTS, max_size=8), st.sampled_from(["none", "raise"]), st.booleans())
def test_hollow_code_defines_the_same_names(statements: list[str], body: str, empty: bool) -> None:
    text = "\n".join(s.replace("{n}", str(n)) for n, s in enumerate(statements))
    [file] = (emptied if empty else hollow)(one(text), body)  # type: ignore[arg-type]
    assert defined(ast.parse(file.text)) == defined(ast.parse(text))
    again = (emptied if empty else hollow)((file,), body)  # type: ignore[arg-type]
    assert defined(ast.parse(again[0].text)) == defined(ast.parse(text))


def defined(tree: ast.Module) -> list[str]:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return [n.name for n in ast.walk(tree) if isinstance(n, kinds)]
