"""What should hold and does not, said on the command line, as given tests and as a test file of its own."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from lamarck.errors import BadInput
from lamarck.records import SourceFile, Task
from lamarck.tasks.answering import with_answer


def with_failing(task: Task, files: Sequence[SourceFile], fails: Sequence[str]) -> tuple[Task, tuple[SourceFile, ...]]:
    """The task with what should hold as given tests, and the test file that says the same."""
    lines: list[str] = []
    for text in fails:
        call, equals, raises = _read_failing(text)
        task = with_answer(task, call, equals=equals, raises=raises)
        if raises is not None:
            lines.append(f"    with pytest.raises({raises}):\n        {call}\n")
        else:
            lines.append(f"    assert {call} == {equals}\n")
    if not lines:
        return task, ()
    read = {n.id for t in fails for n in ast.walk(ast.parse(t.partition(" raises ")[0])) if isinstance(n, ast.Name)}
    defined = _defined(files)
    names = sorted(read & defined) or sorted({task.entry_point.partition(".")[0]} if task.entry_point else set())
    head = "import pytest\n\n" if any("pytest.raises" in line for line in lines) else ""
    body = "\n\n".join(f"def test_reproduction_{n}():\n{line}" for n, line in enumerate(lines, 1))
    text = f"{head}from {task.module} import {', '.join(names)}\n\n\n{body}"
    stem = task.main_path.rpartition("/")[2].removesuffix(".py")
    return task, (SourceFile(path=f"test_{stem}_reproduction.py", text=text),)


def _read_failing(text: str) -> tuple[str, str | None, str | None]:
    """(call, equals, raises). Raises `BadInput`."""
    mend = "write it as 'f(3) == 4' or 'f(0) raises ValueError'"
    call, found, name = text.rpartition(" raises ")
    if found:
        return call.strip(), None, name.strip()
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise BadInput(f"--fails {text!r}: is no Python expression", mend) from error
    if not (isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq)):
        raise BadInput(f"--fails {text!r}: is no comparison of a call with a value", mend)
    return ast.unparse(node.left), ast.unparse(node.comparators[0]), None


def _defined(files: Sequence[SourceFile]) -> set[str]:
    names = set()
    for file in files:
        body = ast.parse(file.text).body
        names |= {n.name for n in body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    return names
