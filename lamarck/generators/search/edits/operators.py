"""Another operator, another order of operands, one of them less."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lamarck.generators.search.edits.edit import Edit, Replacement
from lamarck.generators.search.edits.source import Function, Source

# Likeliest first.
_COMPARISONS: dict[type[ast.cmpop], tuple[str, ...]] = {
    ast.Lt: ("<=", ">", ">=", "!=", "=="),
    ast.LtE: ("<", ">=", ">", "==", "!="),
    ast.Gt: (">=", "<", "<=", "!=", "=="),
    ast.GtE: (">", "<=", "<", "==", "!="),
    ast.Eq: ("!=", ">=", "<=", ">", "<", "in", "is"),
    ast.NotEq: ("==", ">", "<", ">=", "<=", "not in"),
    ast.In: ("not in", "=="),
    ast.NotIn: ("in", "!="),
    ast.Is: ("is not", "=="),
    ast.IsNot: ("is", "!="),
}
_ARITHMETIC: dict[type[ast.operator], tuple[str, ...]] = {
    ast.Add: ("-", "*", "|"),
    ast.Sub: ("+", "*", "//", "%"),
    ast.Mult: ("**", "+", "/", "//", "-"),
    ast.Div: ("//", "*", "%", "-"),
    ast.FloorDiv: ("/", "%", "*", "-"),
    ast.Mod: ("//", "/", "*"),
    ast.Pow: ("*", "//"),
    ast.BitAnd: ("|", "^"),
    ast.BitOr: ("&", "^", "+"),
    ast.BitXor: ("&", "|", "**"),
    ast.LShift: (">>",),
    ast.RShift: ("<<",),
}
SIGNS: dict[type[ast.AST], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.In: "in",
    ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not", ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/",
    ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
    ast.LShift: "<<", ast.RShift: ">>", ast.MatMult: "@", ast.And: "and", ast.Or: "or",
}  # fmt: skip
_NOTHING = {
    ("*", "1"),
    ("**", "1"),
    ("//", "1"),
    ("+", "0"),
    ("-", "0"),
}  # the operand dropped reads better
_COMMUTE = (ast.Add, ast.Mult, ast.BitAnd, ast.BitOr, ast.BitXor)


def comparisons(source: Source, function: Function, node: ast.AST) -> Iterator[Edit]:
    if not isinstance(node, ast.Compare):
        return
    parts = [node.left, *node.comparators]
    texts = [source.text_of(p) for p in parts]
    for place, op in enumerate(node.ops):
        for rank, sign in enumerate(_COMPARISONS[type(op)]):
            new = _chain(texts, [SIGNS[type(o)] if n != place else sign for n, o in enumerate(node.ops)])
            yield source.swap(node, new, "comparison", worth=0.85**rank)
    if len(node.ops) == 1:
        if isinstance(node.ops[0], ast.In | ast.NotIn):
            yield source.swap(node, f"{texts[1]} {SIGNS[type(node.ops[0])]} {texts[0]}", "operands swapped")
        yield from _boundaries(source, node, texts)
    else:
        for place in range(len(node.ops)):  # one link of a chain less
            kept = [n for n in range(len(parts)) if n != (0 if place == 0 else place + 1)]
            ops = [SIGNS[type(o)] for n, o in enumerate(node.ops) if n != place]
            yield source.swap(node, _chain([texts[k] for k in kept], ops), "operand dropped")


def _boundaries(source: Source, node: ast.Compare, texts: list[str]) -> Iterator[Edit]:
    """Another comparison with the next number: how empty and single things are told from others."""
    right = node.comparators[0]
    if isinstance(right, ast.Constant) and type(right.value) is int:
        for sign in ("<=", "<", ">", ">=", "==", "!="):
            if sign != SIGNS[type(node.ops[0])]:
                for number in (right.value + 1, right.value - 1):
                    yield source.swap(node, f"{texts[0]} {sign} {number}", "boundary")


def _chain(texts: list[str], signs: list[str]) -> str:
    return texts[0] + "".join(f" {sign} {text}" for sign, text in zip(signs, texts[1:], strict=True))


def arithmetic(source: Source, function: Function, node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        left, right = source.text_of(node.left), source.text_of(node.right)
        if _is_text(node.left) and isinstance(node.op, ast.Mod):
            return  # the formatting of a text
        sign = SIGNS[type(node.op)]
        for rank, other in enumerate(_ARITHMETIC[type(node.op)]):
            if (other, right) not in _NOTHING:
                yield source.swap(node, _binary(node, left, other, right), "operator", worth=0.85**rank)
        if not isinstance(node.op, _COMMUTE) or _may_be_sequence(node):
            yield source.swap(node, _swapped(node, left, sign, right), "operands swapped")
        yield source.swap(node, node.left, "operand dropped")
        yield source.swap(node, node.right, "operand dropped")
        yield from _regrouped(source, node)
        if isinstance(node.left, ast.BinOp):
            inner = _bracketed(node.left.left, source.text_of(node.left.left))
            yield source.swap(
                node, f"{inner} {SIGNS[type(node.left.op)]} {_bracketed(node.right, right)}", "operand dropped"
            )
    elif isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not):
        yield source.swap(node, node.operand, "operand dropped")


def _binary(node: ast.BinOp, left: str, sign: str, right: str) -> str:
    """Around the operands parentheses, unless both are simple: another operator binds in another way."""
    return f"{_bracketed(node.left, left)} {sign} {_bracketed(node.right, right)}"


def _swapped(node: ast.BinOp, left: str, sign: str, right: str) -> str:
    return f"{_bracketed(node.right, right)} {sign} {_bracketed(node.left, left)}"


def _regrouped(source: Source, node: ast.BinOp) -> Iterator[Edit]:
    """(a + b) * c for a + b * c, and the other way round."""
    if isinstance(node.left, ast.BinOp):
        a, b = source.text_of(node.left.left), source.text_of(node.left.right)
        inner, outer = SIGNS[type(node.left.op)], SIGNS[type(node.op)]
        right = _bracketed(node.right, source.text_of(node.right))
        yield source.swap(
            node,
            f"{_bracketed(node.left.left, a)} {inner} ({_bracketed(node.left.right, b)} {outer} {right})",
            "grouping",
        )
    if isinstance(node.right, ast.BinOp):
        b, c = source.text_of(node.right.left), source.text_of(node.right.right)
        inner, outer = SIGNS[type(node.right.op)], SIGNS[type(node.op)]
        left = _bracketed(node.left, source.text_of(node.left))
        yield source.swap(
            node,
            f"({left} {outer} {_bracketed(node.right.left, b)}) {inner} {_bracketed(node.right.right, c)}",
            "grouping",
        )


def _bracketed(node: ast.expr, text: str) -> str:
    is_simple = isinstance(node, ast.Name | ast.Constant | ast.Call | ast.Attribute | ast.Subscript | ast.List)
    return text if is_simple else f"({text})"


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _may_be_sequence(node: ast.BinOp) -> bool:
    """Whether + may join texts or lists, for which the order matters."""
    numbers = (n for n in (node.left, node.right) if isinstance(n, ast.Constant) and isinstance(n.value, int | float))
    return isinstance(node.op, ast.Add) and not any(numbers)


def assignments(source: Source, function: Function, node: ast.AST) -> Iterator[Edit]:
    """Another operator before an equals sign, one more or one less."""
    if isinstance(node, ast.AugAssign):
        target, value = source.of(node.target), source.text_of(node.value)
        for rank, sign in enumerate(("", *_ARITHMETIC.get(type(node.op), ()))):
            yield _statement(source, node, f"{target} {sign}= {value}", "assignment", 0.85**rank)
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = source.of(node.targets[0]), source.text_of(node.value)
        if isinstance(node.targets[0], ast.Tuple | ast.List):
            return
        for rank, sign in enumerate(("+", "-", "*", "|")):
            yield _statement(source, node, f"{target} {sign}= {value}", "assignment", 0.85**rank)


def _statement(source: Source, node: ast.stmt, text: str, kind: str, worth: float) -> Edit:
    replacement = Replacement(source.start(node), source.end(node), text)
    return Edit(kind, node.lineno, (replacement,), f"{source.of(node)} → {text}", worth=worth)


def logic(source: Source, function: Function, node: ast.AST) -> Iterator[Edit]:
    """and for or, a part less, `not` before a part or a condition, or none."""
    if isinstance(node, ast.BoolOp):
        other = "or" if isinstance(node.op, ast.And) else "and"
        texts = [f"({source.text_of(v)})" if isinstance(v, ast.BoolOp | ast.IfExp | ast.Lambda) else source.text_of(v)
                 for v in node.values]  # fmt: skip
        yield source.swap(node, f" {other} ".join(texts), "logic")
        for place in range(len(texts)):
            kept = texts[:place] + texts[place + 1 :]
            yield source.swap(node, f" {SIGNS[type(node.op)]} ".join(kept), "operand dropped")
        for value in node.values:
            yield from _negated(source, value)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield source.swap(node, node.operand, "negation")
    elif isinstance(node, ast.If | ast.While | ast.IfExp | ast.Assert):
        yield from _negated(source, node.test)
    elif isinstance(node, ast.comprehension):
        for test in node.ifs:
            yield from _negated(source, test)
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Compare | ast.Call | ast.Name | ast.BoolOp):
        yield from (e._replace(worth=0.5) for e in _negated(source, node.value))
    if isinstance(node, ast.IfExp):
        one, condition, other = map(source.text_of, (node.body, node.test, node.orelse))
        yield source.swap(node, f"{other} if {condition} else {one}", "operands swapped")
        yield source.swap(node, node.body, "operand dropped")
        yield source.swap(node, node.orelse, "operand dropped")


def _negated(source: Source, test: ast.expr) -> Iterator[Edit]:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return
    text = source.text_of(test)
    simple = isinstance(test, ast.Name | ast.Call | ast.Attribute | ast.Subscript | ast.Constant)
    yield source.swap(test, f"not {text}" if simple else f"not ({text})", "negation")
