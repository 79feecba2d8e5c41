"""Something where nothing stands: a value for a `None` that was left in its place, and arguments that a call lacks.

What to put there is taken from around it: variables, what the same call or name gets elsewhere in the file,
expressions of the file with their variables renamed to those at hand.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from itertools import islice, product

from lamarck.generators.search.edits.edit import Edit
from lamarck.generators.search.edits.source import Function, Source

KIND = "value for None"
_MOST = 260  # of one place
_LONGEST = 100  # characters
_MOST_NAMES = 8
_RENAMINGS = 6  # of one expression
_CALLED = ("len", "str", "int", "list", "sorted", "tuple", "float", "set", "dict", "iter", "repr", "type")
_PLAIN = ("True", "False", "0", "1", "-1", '""', '" "', "[]", "{}", "()", "set()")


def values(source: Source, function: Function, node: ast.AST) -> Iterator[Edit]:
    """For a `None` that is assigned, given back, handed over or computed with."""
    if not (isinstance(node, ast.Constant) and node.value is None):
        return
    place = _worth_of_place(source, function, node)
    if place is None:
        return
    seen: set[str] = {"None"}
    for text, worth in islice(_candidates(source, function, node), 4 * _MOST):
        if text not in seen:
            seen.add(text)
            yield source.swap(node, text, KIND, worth=worth * place)
            if len(seen) > _MOST:
                return


def _worth_of_place(source: Source, function: Function, node: ast.expr) -> float | None:
    """A comparison with None is meant, a default that None is mostly."""
    parent = source.parents.get(node)
    if isinstance(parent, ast.Compare | ast.arguments | ast.Expr):
        return None
    if isinstance(parent, ast.Return):
        return 0.7
    return 1.0 if isinstance(parent, ast.Call | ast.keyword | ast.Assign | ast.BinOp | ast.Subscript) else 0.8


def _candidates(source: Source, function: Function, node: ast.expr) -> Iterator[tuple[str, float]]:
    names = source.names_at(node, function)
    near = [n for n in names if n not in {"cls"}][:_MOST_NAMES]
    for text in _told_elsewhere(source, node):
        yield from ((t, 1.0) for t in _at_hand(source, text, names))
    for rank, name in enumerate(near):
        yield name, 0.95**rank
    yield from ((text, 0.55) for text in _attributes(function, near))
    for here, whole in ((0.7, function), (0.35, source.tree)):
        for text in _expressions(source, whole):
            yield from ((t, here) for t in _at_hand(source, text, names))
    for name in near:
        yield from ((text, 0.45) for text in (f"{name}[0]", f"{name}[1:]", f"{name}[-1]", f"{name}[1]"))
        yield from ((f"{name}.{method}()", 0.4) for method in _methods(source))
        yield from ((f"{called}({name})", 0.4) for called in _CALLED)
    yield from ((text, 0.4) for text in _PLAIN)
    yield from ((text, 0.5) for text in _constants(source, function))
    for called in source.module_names[:20]:
        yield from ((f"{called}({name})", 0.25) for name in near[:3])


def _told_elsewhere(source: Source, node: ast.expr) -> Iterator[str]:
    """What stands in the same place elsewhere: of calls of the same function, of assignments to the same name."""
    parent = source.parents.get(node)
    if isinstance(parent, ast.keyword):
        for other in ast.walk(source.tree):
            if isinstance(other, ast.keyword) and other.arg == parent.arg and other is not parent:
                yield source.text_of(other.value)
    elif isinstance(parent, ast.Call) and node in parent.args:
        called, place = ast.dump(parent.func), parent.args.index(node)
        for call in ast.walk(source.tree):
            if isinstance(call, ast.Call) and call is not parent and ast.dump(call.func) == called:
                yield from (source.text_of(a) for a in call.args[place : place + 1] if not isinstance(a, ast.Starred))
    elif isinstance(parent, ast.Assign):
        targets = {ast.dump(t) for t in parent.targets}
        for each in ast.walk(source.tree):
            if isinstance(each, ast.Assign) and each is not parent and targets & {ast.dump(t) for t in each.targets}:
                yield source.text_of(each.value)


def _expressions(source: Source, whole: ast.AST) -> list[str]:
    """Of what computes something, in order; cached on the source."""
    cache: dict[int, list[str]] = source.__dict__.setdefault("_computed", {})
    if id(whole) not in cache:
        found: dict[str, None] = {}
        for node in ast.walk(whole):
            computes = isinstance(
                node, ast.Call | ast.BinOp | ast.Subscript | ast.Attribute | ast.ListComp | ast.Dict | ast.IfExp
            )
            is_read = isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
            if computes and is_read and isinstance(node, ast.expr) and not source.is_quoted(node):
                parent = source.parents.get(node)
                if not (isinstance(parent, ast.Call) and parent.func is node):
                    text = source.of(node)
                    if len(text) <= _LONGEST and "\n" not in text:
                        found[text] = None
        cache[id(whole)] = list(found)
    return cache[id(whole)]


def _at_hand(source: Source, text: str, names: tuple[str, ...]) -> Iterator[str]:
    """The text where all that it reads is bound; else with variables at hand in place of those that are not."""
    if len(text) > _LONGEST or "\n" in text:
        return
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:
        return
    known = frozenset(names)
    if source.can_use(tree, known):
        yield text
        return
    own = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    lacking = [
        name
        for name in dict.fromkeys(n.id for n in ast.walk(tree) if isinstance(n, ast.Name))
        if name not in own and not source.can_use(ast.Name(id=name, ctx=ast.Load()), known)
    ]
    if not 0 < len(lacking) <= 2:
        return
    for chosen in islice(product(names[:4], repeat=len(lacking)), _RENAMINGS):
        renamed = _Renamed(dict(zip(lacking, chosen, strict=True))).visit(copy.deepcopy(tree))
        yield ast.unparse(renamed)


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(id=self._names.get(node.id, node.id), ctx=node.ctx)


def _attributes(function: Function, names: list[str]) -> list[str]:
    """`x.y` that the function reads elsewhere, of variables at hand."""
    found = {
        f"{n.value.id}.{n.attr}": None
        for n in ast.walk(function)
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id in names
    }
    return list(found)[:20]


def _methods(source: Source) -> list[str]:
    """Methods that the file calls with nothing."""
    found: dict[str, None] = source.__dict__.setdefault("_bare_methods", {})
    if not found:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args:
                found[node.func.attr] = None
    return list(found)[:10]


def _constants(source: Source, function: Function) -> list[str]:
    found: dict[str, None] = {}
    for whole in (function, source.tree):
        for node in ast.walk(whole):
            if isinstance(node, ast.Constant) and node.value is not None and not isinstance(node.value, bool):
                is_text = isinstance(source.parents.get(node), ast.Expr | ast.JoinedStr)
                text = repr(node.value)
                if not is_text and len(text) <= 40 and "\\n" not in text:
                    found[text] = None
    return list(found)[:60]


def lacking_arguments(source: Source, function: Function, node: ast.AST) -> Iterator[Edit]:
    """An argument more at any place: a variable, what other calls of the same function have there, and keywords."""
    if not isinstance(node, ast.Call):
        return
    args = [source.text_of(a) for a in node.args]
    keywords = [
        f"{k.arg}={source.text_of(k.value)}" if k.arg else f"**{source.text_of(k.value)}" for k in node.keywords
    ]
    called = source.text_of(node.func)
    names = source.names_at(node, function)
    own = ast.dump(node.func)
    others = [n for n in ast.walk(source.tree) if isinstance(n, ast.Call) and n is not node and ast.dump(n.func) == own]
    for place in range(len(args) + 1):
        texts = [source.text_of(o.args[place]) for o in others if len(o.args) > len(args)]
        told = dict.fromkeys(t for text in texts for t in _at_hand(source, text, names))
        for rank, (text, worth) in enumerate([*((t, 1.0) for t in told), *((n, 0.6) for n in names[:_MOST_NAMES])]):
            new = [*args[:place], text, *args[place:], *keywords]
            yield source.swap(node, f"{called}({', '.join(new)})", "argument added", worth=worth * 0.97**rank)
    named = {k.arg for k in node.keywords}
    more = {
        f"{k.arg}={text}": None
        for o in others
        for k in o.keywords
        if k.arg and k.arg not in named
        for text in _at_hand(source, source.text_of(k.value), names)
    }
    more |= {f"{p}={p}": None for p in _parameters(source, node) if p in names and p not in {*named, *args}}
    for text in list(more)[:20]:
        yield source.swap(node, f"{called}({', '.join([*args, *keywords, text])})", "argument added", worth=1.5)


def _parameters(source: Source, call: ast.Call) -> list[str]:
    """Of the function of this file that is called."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    for node in ast.walk(source.tree):
        if isinstance(node, Function) and node.name == name:
            return [a.arg for a in (*node.args.args[len(call.args) :], *node.args.kwonlyargs)]
    return []
