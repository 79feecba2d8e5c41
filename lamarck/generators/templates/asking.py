"""What a task asks for: names, parameters, calls with their literals, exceptions and words."""

from __future__ import annotations

import ast
import doctest
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

from lamarck.generators.syntax import tree_of
from lamarck.generators.templates import kinds
from lamarck.generators.templates.stated import of_method, stated_parameters
from lamarck.generators.templates.template import Definition, is_exception
from lamarck.records import AcceptanceKind, Task
from lamarck.tasks.python_source import is_hollow
from lamarck.tasks.uses import Use, uses_of

_PROVIDES = "The module `"
_HEAD_WORDS = 45
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ENDINGS = (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("xes", "x"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", ""))
_LAST = frozenset(ending[-1] for ending, _ in _ENDINGS)


@dataclass(frozen=True)
class Call:
    """One call in the tests that is to give a result: of what, the kinds of its literal arguments, and of what it must
    equal."""

    name: str
    positional: tuple[str | None, ...]
    named: tuple[tuple[str, str | None], ...]
    result: str | None = None


@dataclass
class Asked:
    """One definition that is asked for. arguments: None where only calls tell. members: asked of its instances, with
    their parameters where a stub tells them. stated: whether parameters were read from words, which may tell a part."""

    name: str
    is_class: bool
    is_async: bool = False
    arguments: ast.arguments | None = None
    returns: ast.expr | None = None
    documented: bool = False
    calls: list[Call] = field(default_factory=list)
    members: dict[str, ast.arguments | None] = field(default_factory=dict)
    stated: bool = False

    @property
    def as_called(self) -> Asked:
        """Without the parameters that were only stated."""
        if not self.stated:
            return self
        return replace(self, arguments=None, members=dict.fromkeys(self.members), stated=False)


@dataclass
class Request:
    """A task as the fitting sees it. text: everything, for hints. kept: what of the stub stands already and has to
    stay. misfits: skeletons of programs that were found not to fit."""

    asked: list[Asked]
    exceptions: list[str]
    raised: list[str]
    text: str
    kept: list[str]
    kept_names: frozenset[str]
    misfits: set[tuple[str, int, tuple[str, ...]]] = field(default_factory=set)


def stem(word: str) -> str:
    """Plurals and verb forms of a word as one; crude, and the same on both sides of a comparison."""
    word = word.lower()
    if word[-1:] in _LAST and not word.endswith("ss"):
        for ending, instead in _ENDINGS:
            if word.endswith(ending) and len(word) - len(ending) >= 3:
                word = word[: len(word) - len(ending)] + instead
                break
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "lse":
        word = word[:-1]
    return word.rstrip("e") if len(word) > 4 else word


def words_of(text: str) -> tuple[str, ...]:
    return tuple(stem(w) for w in _WORD.findall(text))


def read_request(task: Task) -> Request | None:
    """None where no template could serve: several files to write, nothing named, or a stub that does not parse."""
    if len(task.stubs) > 1 or task.language != "python":
        return None
    trees = list(_test_trees(task))
    stub = tree_of(task.stubs[0].text) if task.stubs else None
    if task.stubs and stub is None:
        return None
    uses = uses_of([(t, "") for t, is_file in trees if is_file], task.module)
    asked, kept = _from_stub(task, stub)
    exceptions = [n.name for n in (stub.body if stub else []) if isinstance(n, ast.ClassDef) and is_exception(n)]
    exceptions += [u.name for u in uses if u.kind == "exception" and u.name not in exceptions]
    kept_names = frozenset(n for k in kept for n in _bound(k))
    _from_uses(task, asked, uses, kept_names | set(exceptions))
    if not asked:
        return None
    shown = [list(ast.walk(tree)) for tree, _ in trees]
    for nodes in shown:
        for call in _calls(nodes, asked.keys()):
            asked[call.name].calls.append(call)
    main = task.entry_point if task.entry_point in asked else next(iter(asked))
    prose = prose_of(task)
    _from_words(asked, prose)
    text = "\n".join([task.goal, task.signature or "", *(a.content for a in task.acceptance), *task.constraints])
    text += "".join(f"\nreturns {ast.unparse(a.returns)}" for a in asked.values() if a.returns)
    return Request(
        asked=sorted(asked.values(), key=lambda a: a.name != main),
        exceptions=exceptions,
        raised=_raised(shown, text),
        text=text,
        kept=[ast.unparse(k) for k in kept],
        kept_names=kept_names,
    )


def prose_of(task: Task) -> str:
    """The goal in its author's words: without what tests were found to use, and without examples."""
    return task.goal.partition(_PROVIDES)[0].partition(">>>")[0]


def head_of(prose: str) -> str:
    """The beginning of the goal: two sentences, and no more than a few dozen words."""
    sentences = re.split(r"(?<=[.!?:])\s+|\n\s*\n", prose.strip())
    return " ".join(" ".join(sentences[:2]).split()[:_HEAD_WORDS])


def _test_trees(task: Task) -> Iterator[tuple[ast.Module, bool]]:
    """Of tests, and whether it is a file that imports the module."""
    for acceptance in task.acceptance:
        if acceptance.kind is AcceptanceKind.PYTEST:
            if (tree := tree_of(acceptance.content)) is not None:
                yield tree, True
        elif acceptance.kind is AcceptanceKind.EXAMPLES:
            lines = [
                f"assert {e['call']} == {e['equals']}"
                for e in json.loads(acceptance.content)
                if e.get("equals") is not None
            ]
            if (tree := tree_of("\n".join(lines))) is not None:
                yield tree, False
        elif acceptance.kind is AcceptanceKind.DOCTEST and (tree := tree_of(_doctests(acceptance.content))) is not None:
            yield tree, False


def _doctests(source: str) -> str:
    lines: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | Definition) and (text := ast.get_docstring(node)):
            try:
                examples = doctest.DocTestParser().get_examples(text)
            except ValueError:
                continue
            for example in examples:
                plain = example.source.strip()
                compared = f"assert ({plain}) == ({example.want.strip()})"
                lines.append(compared if tree_of(compared) is not None else plain)
    return "\n".join(lines)


def _from_stub(task: Task, stub: ast.Module | None) -> tuple[dict[str, Asked], list[ast.stmt]]:
    asked: dict[str, Asked] = {}
    kept: list[ast.stmt] = []
    for node in stub.body if stub else []:
        if isinstance(node, Definition) and not is_exception(node):
            to_write = _is_to_write(node) if isinstance(node, ast.ClassDef) else is_hollow(node)
            if not to_write:
                kept.append(node)
            elif not node.name.startswith("_"):
                asked[node.name] = _asked(node)
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            kept.append(node)
    if not asked and task.signature and task.entry_point:
        is_async = task.signature.startswith("async ")
        tree = tree_of(task.signature.strip().rstrip(":") + ": ...")
        if tree and isinstance(tree.body[0], Definition):
            asked[task.entry_point] = _asked(tree.body[0])
            asked[task.entry_point].is_async = is_async
    return asked, kept


def _is_to_write(node: ast.ClassDef) -> bool:
    methods = [n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    return all(is_hollow(m) for m in methods) and not node.decorator_list and (bool(methods) or len(node.body) < 2)


def _asked(node: Definition) -> Asked:
    documented = ast.get_docstring(node) is not None
    if not isinstance(node, ast.ClassDef):
        return Asked(
            node.name,
            is_class=False,
            is_async=isinstance(node, ast.AsyncFunctionDef),
            arguments=node.args,
            returns=node.returns,
            documented=documented,
        )
    found = Asked(node.name, is_class=True, documented=documented)
    for method in node.body:
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
            found.members[method.name] = method.args
    return found


def _from_uses(task: Task, asked: dict[str, Asked], uses: tuple[Use, ...], known: frozenset[str] | set[str]) -> None:
    for use in uses:
        if use.name in known:
            continue
        if use.name not in asked:
            asked[use.name] = Asked(use.name, is_class=use.kind == "class")
        each = asked[use.name]
        for member in use.members if each.is_class else ():
            each.members.setdefault(member, None)
    if not asked and task.entry_point:
        asked[task.entry_point] = Asked(task.entry_point, is_class=task.entry_point[:1].isupper())


def _from_words(asked: dict[str, Asked], prose: str) -> None:
    """The parameters that the goal states, where nothing else tells them."""
    stated = stated_parameters(prose) if "(" in prose else {}
    for each in asked.values():
        if not each.is_class:
            if each.arguments is None and each.name in stated:
                each.arguments, each.stated = stated[each.name], True
            continue
        if each.name in stated and each.members.get("__init__") is None:
            each.members["__init__"], each.stated = of_method(stated[each.name]), True
        for name in each.members:
            if each.members[name] is None and name in stated:
                each.members[name], each.stated = of_method(stated[name]), True


def _bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, Definition):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from ((a.asname or a.name).partition(".")[0] for a in node.names)
    else:
        yield from (n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))


def _calls(nodes: list[ast.AST], names: Collection[str]) -> Iterator[Call]:
    """Of what has one of these names, in one file of tests."""
    results: dict[int, str | None] = {}
    refused: set[int] = set()
    calls: list[tuple[str, ast.Call]] = []
    for node in nodes:
        match node:
            case ast.Compare(left=ast.Call() as call, ops=[ast.Eq() | ast.Is()], comparators=[other]):
                results[id(call)] = kinds.of_literal(other)
            case ast.With(items=[ast.withitem(context_expr=ast.Call() as context)]) if _expects(context):
                refused |= {id(n) for n in ast.walk(node)}
            case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)) if called in names:
                calls.append((called, node))
    for called, node in calls:
        if id(node) in refused or any(isinstance(a, ast.Starred) for a in node.args):
            continue
        if not any(k.arg is None for k in node.keywords):
            yield Call(
                called,
                tuple(kinds.of_literal(a) for a in node.args),
                tuple((k.arg, kinds.of_literal(k.value)) for k in node.keywords if k.arg),
                results.get(id(node)),
            )


def _expects(call: ast.Call) -> bool:
    """Whether it says that an exception is to be raised."""
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return called in {"raises", "assertRaises", "assertRaisesRegex"}


def _raised(shown: list[list[ast.AST]], text: str) -> list[str]:
    """Exceptions that the tests expect, by name."""
    found = re.findall(r'"raises":"(\w+)"', text)
    found += re.findall(r"^\s*(\w+(?:Error|Exception))(?::|$)", text, re.M) if "Traceback" in text else []
    for node in chain.from_iterable(shown):
        if isinstance(node, ast.Call) and node.args and _expects(node):
            first = node.args[0]
            each = first.elts if isinstance(first, ast.Tuple) else [first]
            found += [e.id if isinstance(e, ast.Name) else getattr(e, "attr", "") for e in each]
    return list(dict.fromkeys(f for f in found if f))
