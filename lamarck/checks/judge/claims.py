"""Tests that proxies cannot carry, made ready to run in the candidate's own process: what they are, and how such a run
is made hard to forge.

Which tests those are is read from the tests alone, so that no candidate can have itself judged there. In the
candidate's process everything can be lied about, so every test is there several times, in random order and under random
names: once as it is, and once for each of its assertions with what that expects altered, so that it has to fail. Tests
of our own that have to fail stand after each of them, so that no test can teach the runner to pass all that follow.
"""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Iterable
from dataclasses import dataclass, field

_MODULES = (
    "inspect", "gc", "weakref", "pickle", "copyreg", "marshal", "shelve", "dis", "ctypes", "subprocess",
    "multiprocessing", "threading", "concurrent", "socket", "socketserver", "selectors", "signal", "traceback",
    "tracemalloc", "builtins", "code", "runpy", "faulthandler", "linecache",
)  # fmt: skip
_NAMES = ("eval", "exec", "compile", "open", "globals")
_ATTRIBUTES = (
    "__code__", "__globals__", "__closure__", "__defaults__", "__kwdefaults__", "__builtins__", "__subclasses__",
    "__wrapped__", "__weakref__", "f_locals", "f_globals", "f_back", "f_code", "gi_frame", "gi_code", "cr_frame",
    "tb_frame", "_getframe", "settrace", "setprofile", "getrefcount", "getsizeof", "intern", "modules",
    "FunctionType", "CodeType", "fileno", "Logger",
)  # fmt: skip
_MOST_COPIES = 8  # of one test
_VALUE = """
def {name}(value, key):
    if key % {secret} >= {half}:
        return value
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float, complex)):
        return value + 1
    if isinstance(value, (str, bytes)):
        return value[:-1] if value else value[:0] + type(value)(b"x" if isinstance(value, bytes) else "x")
    if isinstance(value, (list, tuple)):
        return value[:-1] if value else type(value)([None])
    if isinstance(value, dict):
        return {{**value, object(): None}}
    if isinstance(value, (set, frozenset)):
        return value | {{object()}}
    return object()
"""
_SAID_EQUAL = (
    "assertEqual", "assertEquals", "assertListEqual", "assertDictEqual", "assertTupleEqual", "assertSetEqual",
    "assertCountEqual", "assertIs",
)  # fmt: skip
_SAID_TRUE = ("assertTrue", "assertFalse")


def base_id(test: str) -> str:
    """Without the parameters of one case."""
    return test.partition("[")[0]


def uncarried(tests: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Id of each test that uses what two processes do not share → what that is. tests: path and text of each file."""
    found: dict[str, str] = {}
    for path, text in tests:
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            continue
        reader = _Reader(tree)
        for names, node in _tests_in(tree):
            reason = reader.reason(node)
            if reason is not None:
                found["::".join((path, *names))] = reason
    return found


def _tests_in(tree: ast.Module) -> Iterable[tuple[tuple[str, ...], ast.AST]]:
    for node in tree.body:
        if _is_test(node):
            yield (node.name,), node  # type: ignore[attr-defined]
        elif isinstance(node, ast.ClassDef):
            yield from (((node.name, n.name), n) for n in node.body if _is_test(n))  # type: ignore[attr-defined]


def _is_test(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")


class _Reader:
    """One test file: what a function in it uses, itself or by what it calls there and the fixtures that it names."""

    def __init__(self, tree: ast.Module) -> None:
        self._modules: dict[str, str] = {}
        self._own: dict[str, ast.AST] = {}
        for node in tree.body:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self._modules[(alias.asname or alias.name).partition(".")[0]] = alias.name
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    self._modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self._own[node.name] = node

    def reason(self, node: ast.AST) -> str | None:
        seen: set[str] = set()
        frontier = [node]
        while frontier:
            for each in ast.walk(frontier.pop()):
                if (why := self._of(each)) is not None:
                    return f"line {getattr(each, 'lineno', 0)} uses {why}"
                name = each.id if isinstance(each, ast.Name) else each.arg if isinstance(each, ast.arg) else None
                if name in self._own and name not in seen:
                    seen.add(name)
                    frontier.append(self._own[name])
        return None

    def _of(self, node: ast.AST) -> str | None:
        if isinstance(node, ast.Name):
            module = self._modules.get(node.id, "")
            if module.partition(".")[0] in _MODULES:
                return module
            return node.id if node.id in _NAMES and node.id not in self._own and not module else None
        if isinstance(node, ast.Attribute):
            return node.attr if node.attr in _ATTRIBUTES else None
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            return next((name for name in names if name.partition(".")[0] in _MODULES), None)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("builtins."):
            return node.value
        return None


@dataclass(kw_only=True)
class Prepared:
    """A test file for the candidate's own process. must_pass: id there → id that it stands for. must_fail: the id of an
    altered copy, without parameters → that of the test there that it is a copy of, or nothing."""

    path: str
    text: str
    must_pass: dict[str, str] = field(default_factory=dict)
    must_fail: dict[str, str] = field(default_factory=dict)


def prepare(path: str, text: str, wanted: set[str], chance: random.Random) -> Prepared:
    """wanted: ids, without parameters, of the tests of this file that are to run; the others are left out."""
    tree = ast.parse(text)
    made = Prepared(path=path, text="")
    secret = chance.randrange(10_000, 99_999)
    rewriter = _Rewriter(f"_{chance.randbytes(6).hex()}", secret, chance)
    tree.body = _doubled(tree.body, (path,), wanted, rewriter, made)
    tree.body = _with_canaries(tree.body, path, rewriter, made)
    helper = ast.parse(_VALUE.format(name=rewriter.name, secret=secret, half=secret // 2)).body
    place = next((i for i, n in enumerate(tree.body) if not _is_header(n)), len(tree.body))
    tree.body[place:place] = helper
    made.text = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    return made


def _is_header(node: ast.stmt) -> bool:
    """What has to stand first in a file."""
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return True
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _with_canaries(body: list[ast.stmt], path: str, rewriter: _Rewriter, made: Prepared) -> list[ast.stmt]:
    """After each test and each class one that has to fail, at least one at a random place before, so that what a test
    does to the runner is seen whatever its place, and so that a file whose tests state nothing has some."""
    tests = [i for i, node in enumerate(body) if _is_test(node) or isinstance(node, ast.ClassDef)]
    before = rewriter.chance.choice(tests) if tests else len(body)
    written: list[ast.stmt] = []
    for place, node in enumerate([*body, None]):
        if place == before:
            written.append(_canary(path, rewriter, made))
        if node is not None:
            written.append(node)
        if place in tests or node is None:
            written.append(_canary(path, rewriter, made))
    return written


def _canary(path: str, rewriter: _Rewriter, made: Prepared) -> ast.stmt:
    name = rewriter.new_name()
    number = rewriter.chance.randrange(1000)
    made.must_fail[f"{path}::{name}"] = ""
    text = f"def {name}():\n    assert {rewriter.name}({number}, {rewriter.key(alters=True)}) == {number}\n"
    return ast.parse(text).body[0]


def _doubled(
    body: list[ast.stmt], place: tuple[str, ...], wanted: set[str], rewriter: _Rewriter, made: Prepared
) -> list[ast.stmt]:
    """The same statements with every wanted test twice, the others left out; classes on the first level too."""
    kept: list[ast.stmt] = []
    for node in body:
        if _is_test(node):
            assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            own = "::".join((*place, node.name))
            if own not in wanted:
                continue
            copies: list[ast.stmt] = []
            name = rewriter.new_name()
            for which in rewriter.chosen(node):
                twin = copy.deepcopy(node)
                twin.name = rewriter.new_name()
                made.must_fail["::".join((*place, twin.name))] = "::".join((*place, name))
                copies.append(rewriter.written(twin, altered=which))
            node.name = name
            made.must_pass["::".join((*place, name))] = own
            copies.insert(rewriter.chance.randint(0, len(copies)), rewriter.written(node, altered=None))
            kept += copies
        else:
            if isinstance(node, ast.ClassDef) and len(place) == 1:
                node.body = _doubled(node.body, (*place, node.name), wanted, rewriter, made) or [ast.Pass()]
            kept.append(node)
    return kept


class _Rewriter:
    """Puts a function around what straight-line assertions expect, which gives the value back or another one."""

    def __init__(self, name: str, secret: int, chance: random.Random) -> None:
        self.name = name
        self.chance = chance
        self._secret = secret

    def key(self, *, alters: bool) -> int:
        half = self._secret // 2
        rest = self.chance.randrange(half) if alters else self.chance.randrange(half, self._secret)
        return self.chance.randrange(1000) * self._secret + rest

    def new_name(self) -> str:
        return f"test_{self.chance.randbytes(6).hex()}"

    def chosen(self, test: ast.FunctionDef | ast.AsyncFunctionDef) -> list[int]:
        """Which of its assertions, by their numbers, get a copy in which they are altered: an earlier one that fails
        says nothing about a later one."""
        count = sum(_expected(node) is not None for node in _straight(test.body))
        return self.chance.sample(range(count), min(count, _MOST_COPIES))

    def written(self, test: ast.FunctionDef | ast.AsyncFunctionDef, *, altered: int | None) -> ast.stmt:
        """altered: the number of the one assertion whose expectation becomes another one."""
        places = [found for node in _straight(test.body) if (found := _expected(node)) is not None]
        for number, (holder, name, index, as_truth) in enumerate(places):
            held = getattr(holder, name)
            value = held if index is None else held[index]
            inner = ast.Call(ast.Name("bool", ast.Load()), [value], []) if as_truth else value
            key = ast.Constant(self.key(alters=number == altered))
            call = ast.Call(ast.Name(self.name, ast.Load()), [inner, key], [])
            if index is None:
                setattr(holder, name, call)
            else:
                held[index] = call
        return test


def _straight(body: list[ast.stmt]) -> Iterable[ast.stmt]:
    """Statements that run whatever happens, as long as none before them raises."""
    for node in body:
        yield node
        if isinstance(node, ast.With | ast.AsyncWith) and not any(
            "raises" in ast.unparse(i).lower() for i in node.items
        ):
            yield from _straight(node.body)


def _expected(node: ast.stmt) -> tuple[ast.AST, str, int | None, bool] | None:
    """Where an assertion holds what it expects: (owner, attribute, index, whether only its truth counts)."""
    if isinstance(node, ast.Assert):
        test = node.test
        if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
            return test, "comparators", 0, False
        return node, "test", None, True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
        call, name = node.value, node.value.func.attr
        if name in _SAID_EQUAL and len(call.args) >= 2:
            return call, "args", 1, False
        if name in _SAID_TRUE and call.args:
            return call, "args", 0, True
    return None
