"""Tests written by a model, for a task that brings none. They can only ever make a task pending, never accepted."""

from __future__ import annotations

import ast

from lamarck.budget import Budget
from lamarck.generators.extraction import extract
from lamarck.generators.model_tier import call, spend_of
from lamarck.models.model import Message, Model
from lamarck.policy import Step
from lamarck.records import Acceptance, AcceptanceKind, Spend, Task, Trust

_MAX_TOKENS = 400
_SYSTEM = "You write short, precise pytest tests. Reply with one fenced Python block and nothing else."


def write_tests(model: Model, task: Task, step: Step, budget: Budget) -> tuple[Acceptance | None, Spend, str]:
    """(tests or None, what they cost, the reply). Tests that do not parse or do not use the module are dropped."""
    wanted = task.signature or task.entry_point or task.module
    request = (
        f"{task.goal}\n\nThe code will stand in the module `{task.module}` as `{wanted}`. "
        f"Write three to six pytest tests for it, beginning with `from {task.module} import {task.entry_point}`. "
        "Each test asserts one thing that the text above states."
    )
    messages = (Message(role="system", content=_SYSTEM), Message(role="user", content=request))
    reply = call(model, messages, budget, max_tokens=_MAX_TOKENS, step=step)
    return _usable(reply.text, task), spend_of(reply), reply.text


def _usable(reply: str, task: Task) -> Acceptance | None:
    # The extraction drops tests from code; here they are what is wanted, so only its fences are used.
    path = f"test_{task.module.replace('.', '_')}_generated.py"
    found = extract(reply, (path,), None)
    text = _fenced_text(reply) or (found.files[0].text if found else "")
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return None
    tests = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name.startswith("test")]
    imports = any(isinstance(n, ast.ImportFrom) and n.module == task.module for n in tree.body)
    if not tests or not any(isinstance(n, ast.Assert | ast.With) for t in tests for n in ast.walk(t)):
        return None
    if not imports:
        text = f"from {task.module} import {task.entry_point}\n\n{text}"
    return Acceptance(kind=AcceptanceKind.PYTEST, content=text, path=path, trust=Trust.GENERATED)


def _fenced_text(reply: str) -> str | None:
    _, fence, rest = reply.partition("```")
    if not fence:
        return None
    body = rest.partition("```")[0]
    return body.partition("\n")[2]
