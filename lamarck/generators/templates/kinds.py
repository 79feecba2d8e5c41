"""What sort of value stands somewhere, as far as a literal or an annotation tells."""

from __future__ import annotations

import ast

_SEQUENCES = frozenset({"list", "tuple", "set"})
_OF_NAME: dict[str, frozenset[str]] = {
    "str": frozenset({"str"}),
    "bytes": frozenset({"bytes"}),
    "int": frozenset({"int"}),
    "float": frozenset({"float", "int"}),
    "bool": frozenset({"bool"}),
    "None": frozenset({"NoneType"}),
    "list": frozenset({"list"}),
    "tuple": frozenset({"tuple"}),
    "set": frozenset({"set"}),
    "frozenset": frozenset({"set"}),
    "dict": frozenset({"dict"}),
    "Mapping": frozenset({"dict"}),
    "MutableMapping": frozenset({"dict"}),
    "Sequence": frozenset({"list", "tuple", "str"}),
    "Collection": _SEQUENCES | {"str", "dict"},
    "Iterable": _SEQUENCES | {"str", "dict", "iterator"},
    "Iterator": frozenset({"iterator"}),
    "Generator": frozenset({"iterator"}),
    "Callable": frozenset({"callable"}),
    "Path": frozenset({"path", "str"}),
    "PathLike": frozenset({"path", "str"}),
    "date": frozenset({"date"}),
    "datetime": frozenset({"date"}),
    "timedelta": frozenset({"timedelta"}),
    "Decimal": frozenset({"decimal"}),
}
_SAME = {"List": "list", "Tuple": "tuple", "Set": "set", "Dict": "dict", "FrozenSet": "set"}


def of_annotation(node: ast.expr | None) -> frozenset[str] | None:
    """Kinds of values that an annotation allows; None: any."""
    if isinstance(node, ast.Constant):
        if node.value is None:
            return _OF_NAME["None"]
        if isinstance(node.value, str):
            try:
                return of_annotation(ast.parse(node.value, mode="eval").body)
            except SyntaxError:
                return None
        return None
    if isinstance(node, ast.Name | ast.Attribute):
        name = node.id if isinstance(node, ast.Name) else node.attr
        return _OF_NAME.get(_SAME.get(name, name))
    if isinstance(node, ast.Subscript):
        name = node.value.id if isinstance(node.value, ast.Name) else getattr(node.value, "attr", "")
        if name == "Optional":
            inner = of_annotation(node.slice)
            return None if inner is None else inner | _OF_NAME["None"]
        if name == "Union":
            return _joined(*(node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]))
        return of_annotation(node.value)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _joined(node.left, node.right)
    return None


def _joined(*nodes: ast.expr) -> frozenset[str] | None:
    found = [of_annotation(n) for n in nodes]
    return None if None in found else frozenset().union(*(f for f in found if f))


def of_literal(node: ast.expr) -> str | None:
    """The kind of value that an expression is; None: it does not tell."""
    if isinstance(node, ast.Constant):
        return type(node.value).__name__
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return of_literal(node.operand)
    if isinstance(node, ast.Lambda):
        return "callable"
    return {
        ast.List: "list",
        ast.ListComp: "list",
        ast.Tuple: "tuple",
        ast.Set: "set",
        ast.Dict: "dict",
        ast.DictComp: "dict",
        ast.JoinedStr: "str",
    }.get(type(node))


def agree(first: frozenset[str] | None, second: frozenset[str] | None) -> bool:
    return first is None or second is None or bool(first & second)


def holds(kinds: frozenset[str] | None, literal: str | None) -> bool:
    """Whether a literal may stand there. None as an argument is allowed anywhere: it is often a default."""
    if kinds is None or literal is None or literal == "NoneType":
        return True
    return literal in kinds or (literal == "bool" and "int" in kinds)
