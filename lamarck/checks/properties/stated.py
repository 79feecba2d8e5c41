"""Laws as tests that a person may accept: what a law says of one call, as a pytest function. Pure: nothing is run here.

A test is only worth an offer when it fails on the code that broke the law; `properties` runs each before it is told.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Sequence

from lamarck.checks.agreement.calls import Call, source
from lamarck.checks.agreement.inputs import Function
from lamarck.checks.properties.laws import CRASHES, Law
from lamarck.errors import BadInput

# Law → what it says of a call. {call}: the call; {x}, {y}: its first two values; {f}: the function; {other}, {further}:
# function and text of the first further call that the law needs.
_STATEMENTS = {
    "deterministic": "assert {call} == {call}",
    "same-items": "assert sorted(map(repr, {call})) == sorted(map(repr, {x}))",
    "same-length": "assert len({call}) == len({x})",
    "some-items": "assert all(item in {x} for item in {call})",
    "one-of": "assert {call} in {x}",
    "ascending": "result = list({call})\nassert result == sorted(result)",
    "distinct": "result = list(map(repr, {call}))\nassert len(result) == len(set(result))",
    "not-negative": "assert {call} >= 0",
    "idempotent": "assert {f}({call}) == {call}",
    "involution": "assert {f}({call}) == {x}",
    "round-trip": "assert {other}({call}) == {x}",
    "commutative": "assert {call} == {further}",
    "associative": "assert {f}({call}, {y}) == {f}({x}, {f}({y}, {y}))",
    "order-blind": "assert {call} == {further}",
}
_TYPES = frozenset({"int", "float", "bool", "str", "bytes", "list", "tuple", "dict", "set"})
_LONGEST = 2_000  # characters of one statement: nobody reviews more


def stated(law: Law, call: Call, further: Sequence[Call], function: Function, *, raised: str | None) -> str | None:
    """A test function, without its imports, that holds exactly when the law holds for this call; None where no plain
    test says it. further: the calls that the law needs besides; raised: what the call raised."""
    if law.name == "type":
        body = _typed(call, function)
    elif law.name == "arguments":
        body = _unchanged(call)
    elif law.name == "no-crash":
        body = _survived(call, raised)
    else:
        body = _filled(law, call, further)
    if body is None or len(body) > _LONGEST:
        return None
    name = f"test_{law.function}_{law.name.replace('-', '_')}"
    lines = [f"def {name}():", f'    """{_as_docstring(law.statement)}."""', *(f"    {x}" for x in body.splitlines())]
    return "\n".join(lines) + "\n"


def apart(tests: Sequence[str]) -> list[str]:
    """The same tests, with names that differ."""
    found: list[str] = []
    for test in tests:
        head, _, rest = test.partition("():")
        name, number = head, 1
        while any(t.startswith(f"{name}():") for t in found):
            number += 1
            name = f"{head}_{number}"
        found.append(f"{name}():{rest}")
    return found


def name_of(test: str) -> str:
    return test.partition("():")[0].removeprefix("def ")


def added_to(text: str, test: str, module: str, path: str) -> str:
    """The text of a test file with one more test, and the import that it needs; as it is where it has that test.

    Raises `BadInput` for a text that does not parse.
    """
    if not text.strip():
        return f'"""Laws of {module}, accepted by a person."""\n\n' + file_of([test], module)
    try:
        there = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise BadInput(f"{path}: does not parse: {error}", "mend the file, or move it away") from error
    own = ast.parse(test).body[0]
    assert isinstance(own, ast.FunctionDef)
    functions = [n for n in there.body if isinstance(n, ast.FunctionDef)]
    if any(ast.dump(ast.Module(f.body, [])) == ast.dump(ast.Module(own.body, [])) for f in functions):
        return text
    taken = [f"def {f.name}():\n" for f in functions]
    (*_, named) = apart([*taken, test])
    wanted = file_of([test], module).partition("\n")[0]
    missing = wanted not in text.splitlines()
    lines = text.rstrip().splitlines()
    if missing:
        lines.insert(_after_opening(there), wanted)
    return "\n".join(lines) + f"\n\n\n{named.rstrip()}\n"


def _after_opening(tree: ast.Module) -> int:
    """The number of lines up to the last of the first imports, or the docstring."""
    last = 0
    for node in tree.body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not (is_docstring or isinstance(node, ast.Import | ast.ImportFrom)):
            break
        last = node.end_lineno or last
    return last


def file_of(tests: Sequence[str], module: str) -> str:
    """A whole test file: the tests, and an import of what they call."""
    trees = [ast.parse(test) for test in tests]
    called = {n.func.id for t in trees for n in ast.walk(t) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    names = ", ".join(sorted(name for name in called if not hasattr(builtins, name)))
    return f"from {module} import {names}\n\n\n" + "\n\n".join(f"{t.rstrip()}\n" for t in tests)


def _filled(law: Law, call: Call, further: Sequence[Call]) -> str | None:
    template = _STATEMENTS.get(law.name)
    if template is None or not call.values or ("{further}" in template and not further):
        return None
    if "{other}" in template and not further:
        return None
    return template.format(
        call=call.source,
        x=source(call.values[0]),
        y=source(call.values[1]) if len(call.values) > 1 else "",
        f=call.function,
        other=further[0].function if further else "",
        further=further[0].source if further else "",
    )


def _typed(call: Call, function: Function) -> str | None:
    """`isinstance` by the outermost types of the annotation."""
    if function.returns is None:
        return None
    names: list[str] = []
    for part in _alternatives(function.returns):
        match part:
            case ast.Constant(value=None):
                names.append("type(None)")
            case ast.Name(id=name) | ast.Subscript(value=ast.Name(id=name)) if name in _TYPES:
                names += ["int", "float"] if name == "float" else [name]
            case _:
                return None
    chosen = list(dict.fromkeys(names))
    types = chosen[0] if len(chosen) == 1 else f"({', '.join(chosen)})"
    return f"assert isinstance({call.source}, {types})"


def _alternatives(annotation: ast.expr) -> list[ast.expr]:
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        return [*_alternatives(annotation.left), *_alternatives(annotation.right)]
    return [annotation]


def _unchanged(call: Call) -> str | None:
    """With every argument that could be changed in a variable of its own."""
    lines: list[str] = []
    names: dict[int, str] = {}
    for place, value in enumerate(call.values):
        if type(value) in (list, dict, set):
            names[place] = f"argument_{place + 1}"
            lines.append(f"{names[place]} = {source(value)}")
    if not names:
        return None
    arguments = [names.get(place, source(value)) for place, value in enumerate(call.args)]
    arguments += [
        f"{name}={names.get(len(call.args) + place, source(value))}" for place, (name, value) in enumerate(call.kwargs)
    ]
    lines.append(f"{call.function}({', '.join(arguments)})")
    lines += [f"assert {name} == {source(call.values[place])}" for place, name in names.items()]
    return "\n".join(lines)


def _survived(call: Call, raised: str | None) -> str | None:
    """A call that never comes back needs no more than to be made: the time of a test is bounded."""
    if raised is None:
        return call.source
    if raised not in CRASHES:
        return None
    return (
        f"try:\n    {call.source}\nexcept Exception as error:\n"
        f'    assert type(error).__name__ != "{raised}", "a crash, no refusal"'
    )


def _as_docstring(statement: str) -> str:
    return statement.replace("\\", "\\\\").replace('"""', "'''").rstrip('."')
