"""From a Context to chat messages. The only place where a task's prompt is worded."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lamarck.generators.syntax import tree_of
from lamarck.models.model import Message
from lamarck.records import Context, Piece, Task

TEMPLATE_VERSION = "code-2"
PROVEN = "proven"  # the module under which proven functions are offered; nothing of that name is ever imported

# Where a function that was begun for the model has ended: what a small model writes then are examples and tests without
# end. The usual ones of evaluations by completion (Chen et al. 2021, arXiv 2107.03374), and the fence.
STOPS = ("\n```", "\nclass ", "\ndef ", "\n#", "\nif ", "\nprint(", "\nassert ")

_SYSTEM = (
    "You are an expert Python programmer. You write complete, correct code that runs as it is. "
    "Reply with the code in one fenced block and nothing else."
)
_SYSTEM_FILES = (
    "You are an expert Python programmer. You write complete, correct code that runs as it is. "
    "Reply with one fenced block per file and nothing else; the first line of each block is a comment with its path."
)


def render(task: Task, context: Context, *, terse: bool = True) -> tuple[Message, ...]:
    """System and user message for one context. Deterministic. terse: ask to leave out docstrings and comments."""
    paths = candidate_paths(task)
    system = _SYSTEM if len(paths) == 1 else _SYSTEM_FILES
    return (
        Message(role="system", content=system),
        Message(role="user", content="\n\n".join(_sections(task, context, paths, terse))),
    )


def opening(task: Task, imports: str = "") -> str:
    """The beginning of a reply for a model that continues it: the stub up to the body that is to be written, with
    `imports` (a line, or none) before the function.

    Empty where the task is not one function with a docstring at the end of one file, and where a fence in the stub
    would end the reply's block before the function.
    """
    if len(task.stubs) != 1:
        return ""
    stub = task.stubs[0]
    tree = tree_of(stub.text)
    if tree is None or "```" in stub.text:
        return ""
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.FunctionDef | ast.AsyncFunctionDef) or last.name != task.entry_point:
        return ""
    docstring = last.body[0]
    if ast.get_docstring(last) is None or docstring.lineno == last.lineno:
        return ""
    lines = stub.text.splitlines()[: docstring.end_lineno]
    if imports:
        lines[last.lineno - 1 : last.lineno - 1] = [imports.rstrip(), "", ""]
    return "```python\n" + "\n".join(lines) + "\n" if lines[-1].endswith(('"', "'")) else ""


def candidate_paths(task: Task) -> tuple[str, ...]:
    """The files a candidate has to write."""
    return tuple(s.path for s in task.stubs) or (task.main_path,)


def _sections(task: Task, context: Context, paths: tuple[str, ...], terse: bool) -> Iterator[str]:
    repairing = any(p.source == "failure" for p in context.pieces)
    offered = [p for p in context.pieces if p.source == "library"]
    for piece in context.pieces:
        if piece.source not in {"failure", "library"}:
            yield _section(piece)
        elif offered and piece is offered[0]:
            shown = _fenced("\n\n\n".join(p.text for p in offered), None)
            yield f"These functions are proven. Import those that help from `{PROVEN}` and call them:\n{shown}"
    if not repairing:
        yield _request(task, paths, terse)
        return
    code = [p for p in context.pieces if p.source == "failure" and p.kind.startswith("code:")]
    found = [p for p in context.pieces if p.source == "failure" and not p.kind.startswith("code:")]
    yield "This attempt is wrong:\n" + "\n".join(_fenced(p.text, _path(p)) for p in code)
    yield "What failed:\n" + "\n".join(p.text for p in found)
    yield "Find the mistake and write the corrected, complete code. " + _request(task, paths, terse)


def _section(piece: Piece) -> str:
    if piece.source == "tests":
        return f"It has to pass these tests:\n{_fenced(piece.text, None)}"
    if piece.kind == "goal":
        return piece.text
    if piece.kind == "signature":
        return f"Signature:\n{_fenced(piece.text, None)}"
    if piece.kind == "constraints":
        return f"Constraints:\n{piece.text}"
    if piece.kind == "standards":
        return f"Rules for the code:\n{piece.text}"
    if piece.kind.startswith("told:"):
        return piece.text
    if piece.kind.startswith("file:"):
        return f"Complete this file:\n{_fenced(piece.text, _path(piece))}"
    return f"This file exists already:\n{_fenced(piece.text, _path(piece))}"


def _request(task: Task, paths: tuple[str, ...], terse: bool) -> str:
    without = "Leave out docstrings, comments and tests." if terse else "Do not write tests."
    if len(paths) > 1:
        files = ", ".join(f"`{p}`" for p in paths)
        return f"Write the whole files {files}." + (f" {without}" if terse else "")
    named = f" with `{task.entry_point}`" if task.entry_point else ""
    return f"Write the whole module `{paths[0]}`{named}, including the imports it needs. {without}"


def _path(piece: Piece) -> str:
    return piece.kind.partition(":")[2]


def _fenced(text: str, path: str | None) -> str:
    head = f"# {path}\n" if path else ""
    return f"```python\n{head}{text}\n```"
