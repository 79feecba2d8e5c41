"""Another constant, one more or one less, another name."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lamarck.generators.search.edits.edit import Edit
from lamarck.generators.search.edits.source import Function, Source

_MOST_NAMES = 12


def constants(source: Source, function: Function, node: ast.AST) -> Iterator[Edit]:
    """Other numbers and texts: the next ones, and those of the same function."""
    if not isinstance(node, ast.Constant) or _is_docstring(source, node):
        return
    value = node.value
    others: list[tuple[object, float]] = []
    if isinstance(value, bool):
        others = [(not value, 1.0), (None, 0.3)]
    elif isinstance(value, int):
        others = [(value + 1, 1.0), (value - 1, 1.0), (0, 0.6), (1, 0.6), (-value, 0.6), (-1, 0.4), (2, 0.4)]
        others += [(value * 10, 0.3), (value // 10, 0.3), (None, 0.2)]
    elif isinstance(value, float):
        others = [(value + 1, 0.6), (value - 1, 0.6), (-value, 0.6), (value / 2, 0.5), (value * 2, 0.5), (0.0, 0.5)]
        others += [(1.0, 0.5), (value * 10, 0.3), (value / 10, 0.3)]
    elif isinstance(value, str):
        others = [("", 0.8), (" ", 0.6), (value.strip(), 0.5), (value + " ", 0.3), (value.swapcase(), 0.6)]
        others += [(value[:-1], 0.3), (value[1:], 0.3)]
    elif value is None:
        others = [(0, 0.5), ("", 0.4), (False, 0.5), (True, 0.4), (1, 0.3)]
        others += [([], 0.4), ({}, 0.3)]
    kin = [n.value for n in ast.walk(function) if isinstance(n, ast.Constant) and type(n.value) is type(value)]
    others += [(v, 0.45) for v in kin if not (isinstance(v, str) and "\n" in v)]
    seen = {repr(value), *(("0",) if _is_added(source, node) else ())}
    for other, worth in others:
        if repr(other) not in seen and not (isinstance(other, str) and not isinstance(value, str | None)):
            seen.add(repr(other))
            yield source.swap(node, repr(other), "constant", worth=worth)


def _is_added(source: Source, node: ast.Constant) -> bool:
    """Whether it is added or taken away: 0 in its place says the same as the operand dropped, which reads better."""
    parent = source.parents.get(node)
    return isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Add | ast.Sub) and node is parent.right


def _is_docstring(source: Source, node: ast.Constant) -> bool:
    return isinstance(source.parents.get(node), ast.Expr)


def off_by_one(source: Source, function: Function, node: ast.AST) -> Iterator[Edit]:
    """One more or one less, where a number may stand: in indices, slices, arguments, comparisons and results."""
    if not isinstance(node, ast.expr) or not _may_be_number(node):
        return
    parent = source.parents.get(node)
    worth = _worth_of_place(node, parent)
    if worth is None:
        return
    text = source.text_of(node)
    if isinstance(node, ast.IfExp | ast.Compare | ast.BoolOp | ast.Lambda):
        text = f"({text})"
    if isinstance(node, ast.BinOp) and isinstance(
        node.op, ast.BitAnd | ast.BitOr | ast.BitXor | ast.LShift | ast.RShift
    ):
        text = f"({text})"
    for sign in ("+", "-"):
        if not _takes_back(node, sign):
            yield source.swap(node, f"{text} {sign} 1", "off by one", worth=worth)


def _takes_back(node: ast.expr, sign: str) -> bool:
    """Whether `± 1` only undoes what the expression ends with: the operand dropped says the same, and reads better."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.right, ast.Constant) or node.right.value != 1:
        return False
    return isinstance(node.op, ast.Sub if sign == "+" else ast.Add)


def _worth_of_place(node: ast.expr, parent: ast.AST | None) -> float | None:
    if isinstance(parent, ast.Slice):
        return 1.0
    if isinstance(parent, ast.Subscript):
        return (
            0.9 if node is parent.slice and isinstance(parent.ctx, ast.Load) else 0.5 if node is parent.slice else None
        )
    if isinstance(parent, ast.Call):
        is_range = isinstance(parent.func, ast.Name) and parent.func.id == "range"
        return None if node is parent.func else 1.0 if is_range else 0.6
    if isinstance(parent, ast.Compare | ast.Assign | ast.AugAssign | ast.Return):
        return 0.6 if not (isinstance(parent, ast.Assign) and node in parent.targets) else None
    if isinstance(parent, ast.BinOp) and not (isinstance(parent.op, ast.Add | ast.Sub) and node is parent.left):
        return 0.4
    return 0.3 if isinstance(parent, ast.Tuple | ast.List | ast.IfExp) else None


def _may_be_number(node: ast.expr) -> bool:
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
        return isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.Call):
        return not (isinstance(node.func, ast.Name) and node.func.id in _NO_NUMBERS)
    return isinstance(node, ast.BinOp | ast.IfExp)


_NO_NUMBERS = frozenset(
    ("str", "list", "set", "dict", "tuple", "sorted", "range", "zip", "map", "filter", "enumerate", "reversed", "print",
     "bool", "isinstance")
)  # fmt: skip


def names(source: Source, function: Function, node: ast.AST) -> Iterator[Edit]:
    """Another variable of the function, another function of the module, another attribute of the same kind."""
    if isinstance(node, ast.Name) and not _is_called(source, node):
        local = source.names_at(node, function)
        here = [n for n in local if n != node.id][:_MOST_NAMES]
        is_kept = isinstance(node.ctx, ast.Store)
        for rank, name in enumerate(_likeliest(node.id, here)):
            yield source.swap(node, name, "name", worth=(0.4 if is_kept else 1.0) * 0.95**rank)
        if not is_kept:
            others = [n for n in source.module_names if n != node.id and n not in local and n != function.name]
            for name in others[:_MOST_NAMES]:
                yield source.swap(node, name, "name", worth=0.3)
            if (attribute := _own_attribute(function, node.id)) is not None:
                yield source.swap(node, attribute, "name", worth=0.6)
    elif isinstance(node, ast.Name):
        others = [n for n in (*source.module_names, *source.locals_of(function)) if n != node.id]
        for name in others[:_MOST_NAMES]:
            yield source.swap(node, name, "function", worth=0.4)


def _likeliest(name: str, others: list[str]) -> list[str]:
    """Names that look alike first: i and j, start and end of the same thing."""

    def unlike(other: str) -> tuple[bool, int]:
        kin = (
            other.startswith(name) or name.startswith(other) or other.rstrip("0123456789") == name.rstrip("0123456789")
        )
        return (not kin and len(other) != len(name), abs(len(other) - len(name)))

    return sorted(others, key=unlike)


def _own_attribute(function: Function, name: str) -> str | None:
    """self.name, where a method uses it elsewhere."""
    for node in ast.walk(function):
        is_own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
        if isinstance(node, ast.Attribute) and is_own and node.attr == name:
            return f"self.{name}"
    return None


def _is_called(source: Source, node: ast.expr) -> bool:
    parent = source.parents.get(node)
    return isinstance(parent, ast.Call) and parent.func is node


# Built-in functions and methods that are taken for each other.
_FAMILIES = [
    family.split()
    for family in (
        "min max sum",
        "any all",
        "len sum max",
        "sorted reversed list set tuple",
        "int float round abs str",
        "floor ceil trunc",
        "range enumerate",
        "append extend add insert",
        "append appendleft",
        "pop popleft popitem",
        "remove discard pop",
        "lower upper swapcase title capitalize casefold",
        "islower isupper",
        "isalpha isdigit isalnum isnumeric isdecimal isspace",
        "strip lstrip rstrip",
        "startswith endswith",
        "find rfind index rindex count",
        "split rsplit splitlines",
        "ljust rjust center zfill",
        "partition rpartition",
        "removeprefix removesuffix",
        "keys values items",
        "get pop setdefault",
        "union intersection difference symmetric_difference update",
        "issubset issuperset isdisjoint",
        "bisect bisect_left bisect_right",
        "heappush heappop heappushpop heapreplace",
        "nlargest nsmallest",
        "sin cos tan",
        "permutations combinations combinations_with_replacement product",
        "match search fullmatch findall",
        "update clear copy",
        "isinstance issubclass",
        "sort reverse",
        "date datetime time",
        "days seconds total_seconds",
        "read readline readlines",
        "ValueError TypeError KeyError IndexError AttributeError RuntimeError",
    )
]


def functions(source: Source, function: Function, node: ast.AST) -> Iterator[Edit]:
    """Another function or method of the same family."""
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
        return
    if (
        isinstance(node, ast.Name)
        and (name in source.bound or not _is_called(source, node))
        and not name.endswith("Error")
    ):
        return
    seen = {name}
    for family in _FAMILIES:
        if name in family:
            for other in family:
                if other not in seen:
                    seen.add(other)
                    text = other if isinstance(node, ast.Name) else f"{source.text_of(node.value)}.{other}"
                    yield source.swap(node, text, "function")
    if isinstance(node, ast.Attribute):
        base = ast.dump(node.value)
        alike = {
            n.attr: None
            for n in ast.walk(source.tree)
            if isinstance(n, ast.Attribute) and ast.dump(n.value) == base and n.attr not in seen
        }
        own = {
            n.attr: None
            for n in ast.walk(function)
            if isinstance(n, ast.Attribute) and n.attr not in seen and n.attr not in alike
        }
        for other in [*alike, *own][:_MOST_NAMES]:
            yield source.swap(node, f"{source.text_of(node.value)}.{other}", "attribute")
