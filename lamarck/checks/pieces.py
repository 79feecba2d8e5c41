"""Pieces of a file: its outermost functions and methods, and the rest. What a change concerns is told by them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from lamarck.records import SourceFile
from lamarck.tasks.python_source import parse_python


@dataclass(frozen=True)
class Piece:
    """An outermost function or method; or with no name what stands outside of them, their heads too, which run when the
    file is imported. body: the line where the body begins."""

    name: str
    first: int
    body: int
    last: int
    text: str


def pieces_of(file: SourceFile) -> list[Piece]:
    """The functions and methods in the order of the text, then the rest; one nameless piece for what does not parse."""
    try:
        tree = parse_python(file.text)
    except (SyntaxError, RecursionError):
        return [Piece("", 0, 0, 0, file.text)]
    lines = file.text.splitlines()
    found: list[Piece] = []

    def walk(body: list[ast.stmt], prefix: str) -> Iterator[Piece]:
        for node in body:
            if isinstance(node, ast.ClassDef):
                yield from walk(node.body, f"{prefix}{node.name}.")
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                last = node.end_lineno or node.lineno
                text = "\n".join(lines[first - 1 : last])
                yield Piece(f"{prefix}{node.name}", first, node.body[0].lineno, last, text)

    found = list(walk(tree.body, ""))
    inside = {n for piece in found for n in range(piece.body, piece.last + 1)}
    rest = "\n".join(line for n, line in enumerate(lines, 1) if n not in inside)
    return [*found, Piece("", 0, 0, 0, rest)]
