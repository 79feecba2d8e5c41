"""What expressions are worth, by their syntax alone: literals, names of literals, small sums and repetitions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from lamarck.checks.agreement.calls import source

_MOST_ITEMS = 2_000  # of one value

Names = Mapping[str, Any]


class Unknown(Exception):
    """A value that only running the code would tell."""


def items_of(value: Any) -> list[Any]:
    if not isinstance(value, list | tuple | str | dict | set):
        raise Unknown
    return sorted(value, key=source) if isinstance(value, set) else list(value)


def named_items(value: Any) -> list[tuple[str, Any]]:
    if not isinstance(value, dict) or any(not isinstance(name, str) for name in value):
        raise Unknown
    return list(value.items())


def value_of(node: ast.expr, names: Names) -> Any:
    """What an expression is worth. Raises `Unknown`."""
    try:
        return _value(node, names)
    except (OverflowError, RecursionError):
        raise Unknown from None


def _value(node: ast.expr, names: Names) -> Any:
    match node:
        case ast.Constant(value=value) if value is not Ellipsis and not isinstance(value, complex):
            return value
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.List(elts=elts):
            return _several(elts, names)
        case ast.Tuple(elts=elts):
            return tuple(_several(elts, names))
        case ast.Set(elts=elts):
            return set(map(_hashable, _several(elts, names)))
        case ast.Dict(keys=keys, values=values):
            told = [_hashable(_value(key, names)) for key in keys if key is not None]
            if len(told) < len(keys):  # {**other}
                raise Unknown
            return dict(zip(told, _several(values, names), strict=True))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(_value(operand, names))
        case ast.BinOp(left=left, op=op, right=right):
            return _combined(_value(left, names), op, _value(right, names))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            return _made(name, _several(args, names))
        case ast.Call(func=ast.Attribute(attr="param"), args=args):  # a case of a parametrization
            values = _several(args, names)
            return values[0] if len(values) == 1 else tuple(values)
    raise Unknown


def _several(nodes: list[ast.expr], names: Names) -> list[Any]:
    values: list[Any] = []
    for node in nodes:
        if isinstance(node, ast.Starred):
            values += items_of(_value(node.value, names))
        else:
            values.append(_value(node, names))
    return values


def _hashable(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        raise Unknown from None
    return value


def _number(value: Any) -> Any:
    if not isinstance(value, int | float):
        raise Unknown
    return value


def _combined(left: Any, op: ast.operator, right: Any) -> Any:
    """Sums and products that are small: `"a" * 100`, `[0] * 5`, `10 ** 6`."""
    if isinstance(op, ast.Pow) and isinstance(left, int) and isinstance(right, int):
        if 0 <= right <= 30 and abs(left) <= 10:
            return left**right
        raise Unknown
    if isinstance(op, ast.Mult) and isinstance(left, str | list | tuple | bytes) and isinstance(right, int):
        if len(left) * right <= _MOST_ITEMS:
            return left * right
        raise Unknown
    if type(left) is type(right) and isinstance(op, ast.Add) and isinstance(left, str | list | tuple | bytes):
        return left + right
    if isinstance(left, int | float) and isinstance(right, int | float):
        if isinstance(op, ast.Add):
            return left + right
        if isinstance(op, ast.Sub):
            return left - right
        if isinstance(op, ast.Mult):
            return left * right
        if isinstance(op, ast.Div) and right:
            return left / right
    raise Unknown


_MAKERS: dict[str, Callable[[list[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "set": lambda items: set(map(_hashable, items)),
}


def _made(name: str, args: list[Any]) -> Any:
    """`float("inf")`, `range(5)` as a list, `set()`, `list(range(5))` and the like."""
    if name == "float" and args in (["inf"], ["-inf"], ["nan"]):
        return float(args[0])
    if name == "range" and 1 <= len(args) <= 3 and all(type(a) is int for a in args) and (len(args) < 3 or args[2]):
        numbers = range(*args)
        if len(numbers) <= _MOST_ITEMS:
            return list(numbers)
    if name in _MAKERS and len(args) <= 1:
        return _MAKERS[name](items_of(args[0]) if args else [])
    raise Unknown
