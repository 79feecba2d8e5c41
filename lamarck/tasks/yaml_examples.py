"""The examples of a YAML task: one way to call and one outcome each, made into Python expressions."""

from __future__ import annotations

import ast
import builtins
import math
from typing import Any

from lamarck.errors import BadInput
from lamarck.records import Example
from lamarck.tasks.naming import is_name
from lamarck.tasks.python_source import parse_python
from lamarck.tasks.yaml_document import Value

_WAYS_TO_CALL = ("call", "input", "args")
_OUTCOMES = ("equals", "output", "raises")


def callee_of(examples: Value | None) -> str | None:
    """The function that all `call`s are of, when that is one and the same."""
    names: set[str] = set()
    for item in examples.data if examples is not None and isinstance(examples.data, list) else []:
        call = item.data.get("call") if isinstance(item.data, dict) else None
        node = _expression(call.data) if call is not None and isinstance(call.data, str) else None
        while isinstance(node, ast.Call | ast.Attribute):
            node = node.func if isinstance(node, ast.Call) else node.value
        if isinstance(node, ast.Name) and not hasattr(builtins, node.id):
            names.add(node.id)
    return names.pop() if len(names) == 1 else None


def read_examples(value: Value | None, entry_point: str, name: str) -> tuple[Example, ...]:
    """The examples of the document called `name`. Raises `BadInput` with the line of the first that is wrong."""
    if value is None:
        return ()
    if not isinstance(value.data, list):
        raise BadInput(f"{name}:{value.line}: 'examples' must be a list", "begin each example with `- `")
    found: dict[str, tuple[Example, int]] = {}
    for item in value.data:
        example = _example(item, entry_point, name)
        before, line = found.setdefault(example.call, (example, item.line))
        if before != example:
            raise BadInput(
                f"{name}:{item.line}: contradicts the example on line {line}: {example.call}", "correct one of them"
            )
    return tuple(example for example, _ in found.values())


def _example(item: Value, entry_point: str, name: str) -> Example:
    if not isinstance(item.data, dict):
        raise BadInput(f"{name}:{item.line}: an example must be a mapping", "write `call: …` and `equals: …`")
    for key, value in item.data.items():
        if key not in _WAYS_TO_CALL + _OUTCOMES:
            raise BadInput(
                f"{name}:{value.line}: unknown key '{key}' in an example",
                f"the keys are {', '.join(_WAYS_TO_CALL + _OUTCOMES)}",
            )
    way = _only(item, _WAYS_TO_CALL, name)
    outcome = _only(item, _OUTCOMES, name)
    call = _call(way, item.data[way], entry_point, name)
    result = item.data[outcome]
    if outcome == "raises":
        if not isinstance(result.data, str) or not is_name(result.data):
            raise BadInput(
                f"{name}:{result.line}: 'raises' must be the name of an exception", "write `raises: ValueError`"
            )
        return Example(call=call, raises=result.data)
    if outcome == "equals" and isinstance(result.data, str):
        return Example(call=call, equals=_equals(result, name))
    return Example(call=call, equals=source_of(result.plain()))


def _only(item: Value, keys: tuple[str, ...], name: str) -> str:
    present = [key for key in keys if key in item.data]
    if len(present) != 1:
        raise BadInput(
            f"{name}:{item.line}: an example needs exactly one of {', '.join(keys)}"
            + (f", not {' and '.join(present)}" if present else ""),
            "correct the example",
        )
    return present[0]


def _call(way: str, value: Value, entry_point: str, name: str) -> str:
    if way == "input":
        return _normal(f"{entry_point}({source_of(value.plain())})")
    if way == "args":
        plain = value.plain()
        if isinstance(plain, dict):
            if not all(isinstance(key, str) and is_name(key) for key in plain):
                raise BadInput(f"{name}:{value.line}: the keys of 'args' must be names of parameters", "correct them")
            arguments = [f"{key}={source_of(v)}" for key, v in plain.items()]
        elif isinstance(plain, list):
            arguments = [source_of(v) for v in plain]
        else:
            raise BadInput(f"{name}:{value.line}: 'args' must be a list or a mapping", "use `input` for one argument")
        return _normal(f"{entry_point}({', '.join(arguments)})")
    if not isinstance(value.data, str) or _expression(value.data) is None:
        raise BadInput(f"{name}:{value.line}: 'call' is no Python expression", "write `call: name(1, 2)`")
    return _normal(value.data)


def _equals(value: Value, name: str) -> str:
    node = _expression(value.data)
    if node is None:
        raise BadInput(
            f"{name}:{value.line}: 'equals' is no Python expression", "for plain text write `output:` instead"
        )
    if isinstance(node, ast.Name) and not hasattr(builtins, node.id):
        raise BadInput(
            f"{name}:{value.line}: 'equals' is a Python expression, and '{node.id}' a name in it",
            "for plain text write `output:` instead",
        )
    return _normal(value.data)


def _expression(text: str) -> ast.expr | None:
    try:
        body = parse_python(text.strip()).body
    except SyntaxError:
        return None
    return body[0].value if len(body) == 1 and isinstance(body[0], ast.Expr) else None


def _normal(text: str) -> str:
    """One spelling, so that equal calls are found equal."""
    node = _expression(text)
    try:
        return ast.unparse(node) if node is not None else text.strip()
    except RecursionError:
        return text.strip()


def source_of(value: Any) -> str:
    """A plain YAML value as a Python expression."""
    if isinstance(value, float) and math.isinf(value):
        return f"float('{value}')"
    if isinstance(value, list):
        return f"[{', '.join(map(source_of, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{source_of(k)}: {source_of(v)}" for k, v in value.items()) + "}"
    return repr(value)
