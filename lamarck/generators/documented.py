"""The stub's docstrings, put back into a reply that was asked to do without them."""

from __future__ import annotations

import ast

from lamarck.generators.syntax import tree_of
from lamarck.records import SourceFile

_Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def documented(file: SourceFile, stubs: tuple[SourceFile, ...]) -> SourceFile:
    """`file` with the docstrings of the stub of its path, wherever a definition of the same name has none.

    What the candidate does is not changed. A definition whose body stands on the line of its `def` is left alone.
    """
    stub = next((s for s in stubs if s.path == file.path), None)
    if stub is None or not stub.text.strip():
        return file
    shown, written = tree_of(stub.text), tree_of(file.text)
    if shown is None or written is None:
        return file
    told = {name: text for name, node in _definitions(shown) if (text := _docstring(stub.text, node))}
    here = _definitions(written)
    lines = file.text.splitlines()
    for name, node in reversed(here):
        first = node.body[0]
        if name not in told or ast.get_docstring(node) is not None:
            continue
        line = min([first.lineno, *(d.lineno for d in getattr(first, "decorator_list", []))])
        header = lines[node.lineno - 1 : line - 1]
        if not header or not _is_header(header):
            continue
        place = line - 1
        indent = " " * first.col_offset
        lines[place:place] = [indent + text if text else "" for text in told[name]]
    after = "\n".join(lines) + "\n"
    return file.replace(text=after) if _same_code(file.text, after) else file


def _definitions(tree: ast.Module) -> list[tuple[str, _Definition]]:
    """(qualified name, definition) of classes, functions and methods, in the order of the file."""
    found: list[tuple[str, _Definition]] = []

    def visit(node: ast.Module | _Definition, prefix: str) -> None:
        for child in node.body:
            if isinstance(child, _Definition):
                found.append((prefix + child.name, child))
                visit(child, f"{prefix}{child.name}.")

    visit(tree, "")
    return found


def _docstring(source: str, node: _Definition) -> list[str]:
    """The lines of the docstring's literal, as written, without their indentation; empty where it has none."""
    first = node.body[0]
    if ast.get_docstring(node) is None or first.lineno == node.lineno:
        return []
    lines = source.splitlines()[first.lineno - 1 : first.end_lineno]
    if not lines[-1].endswith(('"', "'")):
        return []  # something else stands on its last line
    indent = first.col_offset
    return [line[indent:] if not line[:indent].strip() else line.lstrip() for line in lines]


def _is_header(lines: list[str]) -> bool:
    """Whether the lines before a body end the `def`, with nothing but comments after it."""
    code = [line for line in lines if line.strip() and not line.strip().startswith("#")]
    return bool(code) and code[-1].split("#")[0].rstrip().endswith(":")


def _same_code(before: str, after: str) -> bool:
    """Whether only docstrings differ."""
    trees = [tree_of(code) for code in (before, after)]
    first, second = [_without_docstrings(tree) if tree else None for tree in trees]
    return first is not None and first == second


def _without_docstrings(tree: ast.Module) -> str:
    for _, node in _definitions(tree):
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)
