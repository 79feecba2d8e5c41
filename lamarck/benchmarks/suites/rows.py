"""Reading the rows of a suite, and the small rewritings of test code that several suites need."""

from __future__ import annotations

import ast
import builtins
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lamarck.errors import BadInput

MODULE = "solution"  # what a suite's single file is called where the suite itself names none
HINT = "name the data of this suite with --data"


def json_lines(path: Path, needed: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """The rows of a JSON-lines file, each with at least the keys `needed`. Raises `BadInput` with the line."""
    for number, line in enumerate(read(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadInput(f"{path}: line {number} is not JSON: {error.msg}", HINT) from error
        lacking = [key for key in needed if not isinstance(row, dict) or key not in row]
        if lacking:
            raise BadInput(f"{path}: line {number} lacks {', '.join(lacking)}", f"is it another suite's file? {HINT}")
        yield row


def read(path: Path) -> str:
    """The text of a data file. Raises `BadInput`."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read: {error}", HINT) from error


def names_read(source: str) -> set[str]:
    """Names that `source` reads and does not bind anywhere: what it needs from elsewhere."""
    bound: set[str] = set(dir(builtins))
    used: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).partition(".")[0])
    return used - bound


def names_defined(source: str) -> set[str]:
    """Functions and classes at module level."""
    tree = ast.parse(source)
    return {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
