"""A person's answer to what a call should give, as a given test of the task."""

from __future__ import annotations

import ast

import msgspec

from lamarck.errors import BadInput
from lamarck.records import Acceptance, AcceptanceKind, Example, Task, Trust, make_task

_PATH = "answers_given.json"
_NOISE = "rel_tol=1e-09, abs_tol=1e-09"


def with_answer(task: Task, call: str, *, equals: str | None = None, raises: str | None = None) -> Task:
    """The task with one more given example; an earlier answer for the same call gives way to it.

    call, equals: Python expressions; raises: the name of an exception. Exactly one of the two is set. A float is
    compared as floats are, with room for noise. Raises `BadInput`.
    """
    if (equals is None) == (raises is None):
        raise BadInput("an answer is either a value or an exception", "give one of --expected and --raises")
    if not isinstance(_expression(call), ast.Call):
        raise BadInput(f"{call!r} is no call", "write it as Python, for instance f([1, 2])")
    call, subject = call.strip(), call.strip()
    if equals is not None:
        value = _expression(equals)
        equals = equals.strip()
        if _is_float(value):
            call, equals = f"math.isclose({subject}, {equals}, {_NOISE})", "True"
    elif not (raises or "").isidentifier():
        raise BadInput(f"{raises!r} is no name of an exception", "write it as Python, for instance ValueError")
    others = [a for a in task.acceptance if a.path != _PATH]
    earlier = [e for a in task.acceptance if a.path == _PATH for e in _examples(a)]
    kept = [e for e in earlier if e.call != call and not e.call.startswith(f"math.isclose({subject}, ")]
    kept = [e for e in kept if e.call != subject]
    content = msgspec.json.encode([*kept, Example(call=call, equals=equals, raises=raises)]).decode()
    answers = Acceptance(kind=AcceptanceKind.EXAMPLES, content=content, path=_PATH, trust=Trust.GIVEN)
    fields = {name: getattr(task, name) for name in task.__struct_fields__ if name not in {"id", "acceptance"}}
    return make_task(**fields, acceptance=(*others, answers))


def _examples(acceptance: Acceptance) -> list[Example]:
    return msgspec.json.decode(acceptance.content, type=list[Example])


def _expression(text: str) -> ast.expr:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError) as error:
        raise BadInput(
            f"{text.strip()[:80]!r} is no Python expression", "write it as Python; texts in quotes"
        ) from error


def _is_float(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    return isinstance(node, ast.Constant) and isinstance(node.value, float)
