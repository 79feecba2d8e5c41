"""Arguments in another order, one less or one more; slices; what stands around an expression, taken away or put."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations

from lamarck.generators.search.edits.edit import Edit
from lamarck.generators.search.edits.source import Function, Source

_MOST = 8


def arguments(source: Source, function: Function, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Call):
        texts = [source.text_of(a) for a in node.args]
        keywords = [
            f"{k.arg}={source.text_of(k.value)}" if k.arg else f"**{source.text_of(k.value)}" for k in node.keywords
        ]
        name = source.text_of(node.func)

        def call(args: list[str], named: list[str] = keywords) -> str:
            return f"{name}({', '.join([*args, *named])})"

        for one, other in combinations(range(len(texts)), 2):
            swapped = list(texts)
            swapped[one], swapped[other] = texts[other], texts[one]
            yield source.swap(node, call(swapped), "arguments swapped")
        for place in range(len(texts)):
            yield source.swap(node, call(texts[:place] + texts[place + 1 :]), "argument dropped")
        for place in range(len(keywords)):
            yield source.swap(node, call(texts, keywords[:place] + keywords[place + 1 :]), "argument dropped")
        yield from _more_arguments(source, function, node, texts, call)
    elif isinstance(node, ast.Tuple | ast.List) and isinstance(node.ctx, ast.Load) and 2 <= len(node.elts) <= 12:
        yield from _elements(source, node)


def _more_arguments(
    source: Source, function: Function, node: ast.Call, texts: list[str], call: object
) -> Iterator[Edit]:
    assert callable(call)
    called = (
        node.func.id
        if isinstance(node.func, ast.Name)
        else node.func.attr
        if isinstance(node.func, ast.Attribute)
        else ""
    )
    named = {k.arg for k in node.keywords}
    if called in {"sorted", "sort", "max", "min"} and "reverse" not in named and called.startswith("sort"):
        yield source.swap(node, call([*texts, "reverse=True"]), "argument added", worth=2.0)
    if called == "range" and len(texts) == 1:
        yield source.swap(node, call(["1", texts[0]]), "argument added", worth=2.0)
    if called == "range" and len(texts) == 2:
        for step in ("2", "-1"):
            yield source.swap(node, call([*texts, step]), "argument added")
    own = [a.arg for a in function.args.args]
    names = source.names_at(node, function)[:_MOST]
    for name in names:
        is_more_likely = called == function.name and len(texts) < len(own) and name == own[len(texts)]
        yield source.swap(node, call([*texts, name]), "argument added", worth=2.0 if is_more_likely else 0.5)
    for number in ("0", "1", "2"):
        yield source.swap(node, call([*texts, number]), "argument added", worth=0.4)


def _elements(source: Source, node: ast.Tuple | ast.List) -> Iterator[Edit]:
    texts = [source.text_of(e) for e in node.elts]

    def whole(parts: list[str]) -> str:
        inner = ", ".join(parts)
        if isinstance(node, ast.List):
            return f"[{inner}]"
        bare = not source.of(node).startswith("(")
        return inner if bare else f"({inner})"

    if len(texts) <= 4:
        for one, other in combinations(range(len(texts)), 2):
            swapped = list(texts)
            swapped[one], swapped[other] = texts[other], texts[one]
            yield source.swap(node, whole(swapped), "arguments swapped", worth=0.6)
    if len(texts) > 2:
        for place in range(len(texts)):
            yield source.swap(node, whole(texts[:place] + texts[place + 1 :]), "argument dropped", worth=0.6)


def slices(source: Source, function: Function, node: ast.AST) -> Iterator[Edit]:
    """Bounds of slices dropped, set or swapped; indices swapped, the other end of a list."""
    if not isinstance(node, ast.Subscript):
        yield from _sliced(source, function, node)
        return
    base = source.text_of(node.value)
    if isinstance(node.slice, ast.Slice):
        lower, upper, step = (
            source.text_of(x) if x else "" for x in (node.slice.lower, node.slice.upper, node.slice.step)
        )
        tail = f":{step}" if step else ""
        for low, high in (("", upper), (lower, ""), (upper, lower), ("1", upper), (lower, "-1")):
            yield source.swap(node, f"{base}[{low}:{high}{tail}]", "slice")
        if step:
            yield source.swap(node, f"{base}[{lower}:{upper}]", "slice")
        else:
            yield source.swap(node, f"{base}[{lower}:{upper}:-1]", "slice", worth=0.5)
            yield source.swap(node, f"{base}[{lower}:{upper}][::-1]", "slice", worth=0.5)
        yield source.swap(node, base, "slice", worth=0.6)
        for name in source.names_at(node, function)[:_MOST]:
            yield source.swap(node, f"{base}[{lower}:{name}{tail}]", "slice", worth=0.4)
            yield source.swap(node, f"{base}[{name}:{upper}{tail}]", "slice", worth=0.4)
        return
    index = source.text_of(node.slice)
    if isinstance(node.slice, ast.Constant) and node.slice.value == 0:
        yield source.swap(node, f"{base}[-1]", "slice")
    if isinstance(node.slice, ast.UnaryOp):
        yield source.swap(node, f"{base}[0]", "slice")
    if isinstance(node.value, ast.Subscript) and not isinstance(node.value.slice, ast.Slice):
        inner = source.text_of(node.value.slice)
        yield source.swap(node, f"{source.text_of(node.value.value)}[{index}][{inner}]", "slice")
    if isinstance(node.slice, ast.Tuple) and isinstance(node.ctx, ast.Load) and len(node.slice.elts) == 2:
        one, two = map(source.text_of, node.slice.elts)
        for a, b in ((two, one), (f"{one} - 1", f"{two} - 1"), (f"{one} + 1", f"{two} + 1")):
            yield source.swap(node, f"{base}[{a}, {b}]", "slice")
    if isinstance(node.ctx, ast.Load):
        yield source.swap(node, f"{base}[len({base}) - 1]", "slice", worth=0.3)
        yield source.swap(node, f"{base}[:{index}]", "slice", worth=0.4)
        yield source.swap(node, f"{base}[{index}:]", "slice", worth=0.4)
        yield source.swap(node, node.value, "operand dropped", worth=0.5)
        yield source.swap(node, node.slice, "operand dropped", worth=0.5)


def _sliced(source: Source, function: Function, node: ast.AST) -> Iterator[Edit]:
    """A part of something instead of all of it: where a loop runs over it, where it is handed on or given back."""
    if not isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.ListComp) or not isinstance(
        getattr(node, "ctx", ast.Load()), ast.Load
    ):
        return
    parent = source.parents.get(node)
    fits = isinstance(parent, ast.For | ast.comprehension | ast.Return | ast.Assign | ast.Compare | ast.BinOp) or (
        isinstance(parent, ast.Call) and node is not parent.func
    )
    if not fits or (isinstance(parent, ast.For | ast.comprehension) and node is not parent.iter):
        return
    text = source.text_of(node)
    for part in ("[::-1]", "[1:]", "[:-1]", "[0]", "[-1]"):
        yield source.swap(node, text + part, "part", worth=1.0)
    if isinstance(node, ast.Name):
        for name in source.names_at(node, function)[:_MOST]:
            if name != node.id:
                yield source.swap(node, f"{text}[{name}:]", "part", worth=0.5)
                yield source.swap(node, f"{text}[:{name}]", "part", worth=0.5)
                yield source.swap(node, f"{text}[{name}]", "part", worth=0.5)


def unwrapped(source: Source, function: Function, node: ast.AST) -> Iterator[Edit]:
    """f(x) is x, x.f() is x, [x] is x."""
    if isinstance(node, ast.Call):
        for argument in node.args:
            if not isinstance(argument, ast.Starred):
                yield source.swap(node, argument, "unwrapped")
        if isinstance(node.func, ast.Attribute):
            yield source.swap(node, node.func.value, "unwrapped")
    elif (
        isinstance(node, ast.List | ast.Set)
        and len(node.elts) == 1
        and isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
    ):
        yield source.swap(node, node.elts[0], "unwrapped", worth=0.6)
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        parent = source.parents.get(node)
        if not (isinstance(parent, ast.Call) and parent.func is node):
            yield source.swap(node, node.value, "unwrapped", worth=0.6)
    elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
        for place, generator in enumerate(node.generators):
            for test in generator.ifs:
                yield _without_condition(source, generator, test, place)


def _without_condition(source: Source, generator: ast.comprehension, test: ast.expr, place: int) -> Edit:
    return source.swap(test, "True", "operand dropped")


_WRAPPERS = ("abs", "sorted", "len", "list", "set", "str", "int", "sum", "reversed", "max", "min", "tuple", "float",
             "not", "bool", "round")  # fmt: skip
_METHODS = ("lower()", "strip()", "split()", "upper()", "copy()", "items()", "keys()", "values()")


def wrapped(source: Source, function: Function, node: ast.AST) -> Iterator[Edit]:
    """A function, a list or a bound around an expression."""
    if not isinstance(node, ast.expr) or isinstance(node, ast.Constant | ast.Starred | ast.Slice | ast.Lambda):
        return
    parent = source.parents.get(node)
    if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        return
    place = _worth_around(node, parent)
    if place is None:
        return
    text = source.text_of(node)
    bare = text
    if isinstance(node, ast.Tuple) and not text.startswith("("):
        bare = f"({text})"
    for name in _WRAPPERS:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            continue
        if name in source.bound:
            continue
        new = (
            f"not ({bare})" if name == "not" else f"list(reversed({bare}))" if name == "reversed" else f"{name}({bare})"
        )
        yield source.swap(node, new, "wrapped", worth=place)
    for method in _METHODS:
        if isinstance(node, ast.Name | ast.Call | ast.Attribute | ast.Subscript):
            yield source.swap(node, f"{bare}.{method}", "wrapped", worth=place * 0.7)
    yield source.swap(node, f"[{text}]", "wrapped", worth=place * 0.8)
    if isinstance(parent, ast.Assign | ast.Return | ast.Call | ast.AugAssign):
        yield from _bounded(source, node, parent, bare, place)


def _worth_around(node: ast.expr, parent: ast.AST | None) -> float | None:
    """How likely something is missing around it, None: not at all."""
    if isinstance(parent, ast.Return | ast.Assign | ast.AugAssign):
        return 1.0 if node is parent.value else None
    if isinstance(parent, ast.For | ast.comprehension):
        return 0.9 if node is parent.iter else None
    if isinstance(parent, ast.Compare):
        return 0.8
    if isinstance(parent, ast.Call):
        return 0.7 if node is not parent.func else None
    if isinstance(parent, ast.ListComp | ast.GeneratorExp | ast.SetComp):
        return 0.7 if node is parent.elt else None
    if isinstance(parent, ast.BinOp):
        return 0.6
    if isinstance(parent, ast.Tuple | ast.List | ast.keyword | ast.IfExp | ast.Yield):
        return 0.5
    return None


def _bounded(source: Source, node: ast.expr, parent: ast.AST, text: str, place: float) -> Iterator[Edit]:
    """Not below nothing, not below or above what there was before, and a square."""
    bounds = ["0", "1"]
    if (
        isinstance(parent, ast.Assign)
        and len(parent.targets) == 1
        and isinstance(parent.targets[0], ast.Name | ast.Subscript)
    ):
        target = source.of(parent.targets[0])
        yield source.swap(node, f"max({target}, {text})", "bounded", worth=1.0)
        yield source.swap(node, f"min({target}, {text})", "bounded", worth=1.0)
        if not isinstance(node, ast.BinOp):
            yield source.swap(node, f"{target} + {text}", "bounded", worth=0.6)
    for bound in bounds:
        yield source.swap(node, f"max({bound}, {text})", "bounded", worth=place)
        yield source.swap(node, f"min({bound}, {text})", "bounded", worth=place * 0.5)


def offset_by_a_name(source: Source, function: Function, node: ast.AST) -> Iterator[Edit]:
    """x + y or x - y where x stands, for variables y of the function."""
    if not isinstance(node, ast.Name | ast.Subscript | ast.Attribute | ast.Call) or not isinstance(
        getattr(node, "ctx", ast.Load()), ast.Load
    ):
        return
    parent = source.parents.get(node)
    fits = isinstance(
        parent, ast.Return | ast.Assign | ast.Compare | ast.Subscript | ast.Slice | ast.BinOp | ast.AugAssign
    ) or (isinstance(parent, ast.Call) and node is not parent.func)
    if not fits or (isinstance(parent, ast.Subscript) and node is parent.value):
        return
    text = source.text_of(node)
    for name in source.names_at(node, function)[:_MOST]:
        if name != text:
            for sign in ("-", "+", "*"):
                yield source.swap(node, f"{text} {sign} {name}", "offset", worth=0.8 if sign != "*" else 0.6)
    yield source.swap(node, f"{text} ** 2", "offset", worth=0.6)
    for number in ("2", "10"):
        yield source.swap(node, f"{text} * {number}", "offset", worth=0.3)
        yield source.swap(node, f"{text} // {number}", "offset", worth=0.3)
        yield source.swap(node, f"{text} % {number}", "offset", worth=0.3)
