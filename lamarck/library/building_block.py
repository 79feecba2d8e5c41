"""A proven function as a building block: how it is shown to whoever may call it, and the code that comes along."""

from __future__ import annotations

import ast
import re

from lamarck.library.signature import signature_of
from lamarck.records import Artifact, Record

_MOST_TOLD = 400  # characters of a documentation that are shown
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Bindable = ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign | ast.ClassDef | ast.FunctionDef


class Block(Record, frozen=True, kw_only=True):
    """shown: signature with what it does, as Python without a body. source: the module that defines it."""

    artifact_id: str
    name: str
    shown: str
    source: str


def block_of(artifact: Artifact) -> Block | None:
    """None for what can't be brought along into another module: several files, no plain function, code that runs."""
    candidate = artifact.candidate
    if len(candidate.files) != 1 or not candidate.entry_point or artifact.kind != "function":
        return None
    source = candidate.files[0].text
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not all(isinstance(n, _Bindable) or _is_text(n) for n in tree.body):
        return None
    found = next((n for n in tree.body if isinstance(n, _Function) and n.name == candidate.entry_point), None)
    if found is None or found.decorator_list or candidate.entry_point.startswith("_"):
        return None
    told = _first_paragraph(ast.get_docstring(found) or artifact.task.goal)
    shown = f'{signature_of(found)}:\n    """{told}"""' if told else f"{signature_of(found)}: ..."
    return Block(artifact_id=artifact.id, name=candidate.entry_point, shown=shown, source=source)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _first_paragraph(text: str) -> str:
    first = re.split(r"\n\s*\n|\n\s*>>>", text.strip(), maxsplit=1)[0].strip()
    return " ".join(first.split())[:_MOST_TOLD].replace('"""', "'''").replace("\\", "\\\\")
