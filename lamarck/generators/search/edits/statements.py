"""Statements removed, swapped, moved in and out of blocks, and added."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator

from lamarck.generators.search.edits.edit import Edit, Replacement
from lamarck.generators.search.edits.source import Function, Source

_MOST_NAMES = 6
_MOST_DONORS = 30


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """Lists of statements that stand on lines of their own; what follows an `elif` is no block of the `if`."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if not (isinstance(block, list) and block and isinstance(block[0], ast.stmt)):
            continue
        is_elif = isinstance(node, ast.If) and name == "orelse" and block[0].col_offset == node.col_offset
        if not is_elif:
            yield block


def _indented(text: str, width: int) -> str:
    """`text` (whole lines) moved so that its first line begins in column `width`."""
    return textwrap.indent(textwrap.dedent(text), " " * width)


def _line_edit(source: Source, kind: str, line: int, what: str, worth: float, *changes: tuple[int, int, str]) -> Edit:
    """changes: (first line, last line, text); with last < first, the text goes before the first."""
    replacements = []
    for first, last, text in changes:
        start, end = (
            source.line_start(first),
            source.line_start(last + 1) if last >= first else source.line_start(first),
        )
        is_behind = start == len(source.data) and not source.data.endswith(b"\n")
        replacements.append(Replacement(start, end, "\n" + text if is_behind else text))
    return Edit(kind, line, tuple(replacements), what, worth=worth)


def moved(source: Source, function: Function, node: ast.AST) -> Iterator[Edit]:
    """Statements removed, swapped with the next one, moved out of a block's end or into the block before."""
    for block in _blocks(node):
        for place, statement in enumerate(block):
            if _is_docstring(statement) or not source.owns_lines(statement):
                continue
            yield from _removed(source, block, statement)
            if place + 1 < len(block) and source.owns_lines(block[place + 1]):
                yield _swapped(source, statement, block[place + 1])
            if place and source.owns_lines(block[place - 1]):
                yield from _into(source, block, place)
            if len(block) > 1 and place == len(block) - 1:
                yield from _out_of(source, function, node, statement)


def _removed(source: Source, block: list[ast.stmt], statement: ast.stmt) -> Iterator[Edit]:
    if isinstance(statement, ast.Pass | ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        return
    first, last = source.block(statement)
    text = " " * statement.col_offset + "pass\n" if len(block) == 1 else ""
    what = f"without {_first_line(source, statement)}"
    yield _line_edit(source, "removed", first, what, 1.0, (first, last, text))
    if isinstance(statement, ast.If) and not statement.orelse:  # what it guards, unguarded
        inner = _indented(source.lines(statement.body[0].lineno, last), statement.col_offset)
        if statement.body[0].lineno > first:
            yield _line_edit(
                source,
                "moved",
                first,
                f"without the condition {_first_line(source, statement)}",
                0.6,
                (first, last, inner),
            )
    if isinstance(statement, ast.If) and statement.orelse and statement.body[0].lineno > first:
        for branch in (statement.body, statement.orelse):
            inner = _indented(source.lines(*_span(source, branch)), statement.col_offset)
            yield _line_edit(
                source, "moved", first, f"one branch of {_first_line(source, statement)}", 0.4, (first, last, inner)
            )


def _span(source: Source, block: list[ast.stmt]) -> tuple[int, int]:
    return source.block(block[0])[0], block[-1].end_lineno or block[-1].lineno


def _swapped(source: Source, one: ast.stmt, other: ast.stmt) -> Edit:
    (first, last), (begin, end) = source.block(one), source.block(other)
    between = source.lines(last + 1, begin - 1) if begin > last + 1 else ""
    text = _whole_lines(source.lines(begin, end)) + between + _whole_lines(source.lines(first, last))
    what = f"{_first_line(source, other)} before {_first_line(source, one)}"
    return _line_edit(source, "statements swapped", first, what, 1.0, (first, end, text))


def _whole_lines(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


def _into(source: Source, block: list[ast.stmt], place: int) -> Iterator[Edit]:
    """The end of the block before it takes the statement in: each of them, from the innermost."""
    statement, before = block[place], block[place - 1]
    first, last = source.block(statement)
    text = source.lines(first, last)
    ends: list[tuple[int, int]] = []  # (line behind which, column)
    waiting: list[ast.stmt] = [before]
    while waiting:
        each = waiting.pop()
        for inner in _blocks(each):
            ends.append((inner[-1].end_lineno or 0, inner[0].col_offset))
            waiting.append(inner[-1])
        ends += [(h.body[-1].end_lineno, h.body[0].col_offset) for h in getattr(each, "handlers", ())]
    seen = set()
    for line, column in ends:
        if column <= statement.col_offset or (line, column) in seen:
            continue
        seen.add((line, column))
        what = f"{_first_line(source, statement)} inside the block before"
        yield _line_edit(
            source,
            "moved",
            first,
            what,
            1.0,
            (line + 1, line, _whole_lines(_indented(text, column))),
            (first, last, ""),
        )


def _out_of(source: Source, function: Function, node: ast.AST, statement: ast.stmt) -> Iterator[Edit]:
    """The last statement of a block stands after it: after each of the blocks around it that end there."""
    first, last = source.block(statement)
    text = source.lines(first, last)
    around: ast.AST = node
    while isinstance(around, ast.stmt) and around is not function:
        if not isinstance(around, ast.For | ast.While | ast.If | ast.With | ast.Try):
            return
        end = around.end_lineno or last
        what = f"{_first_line(source, statement)} after the block"
        moved_text = _whole_lines(_indented(text, around.col_offset))
        if end == last:
            yield _line_edit(source, "moved", first, what, 1.0, (first, last, moved_text))
        else:
            yield _line_edit(source, "moved", first, what, 1.0, (first, last, ""), (end + 1, end, moved_text))
        parent = source.parents.get(around)
        if parent is None:
            return
        around = parent


def flow(source: Source, function: Function, node: ast.AST) -> Iterator[Edit]:
    """break, continue and return for each other; if for elif, while and back."""
    if isinstance(node, ast.Break | ast.Continue | ast.Pass):
        own = source.of(node)
        for word in ("break", "continue", "pass", "return"):
            if word != own and (word in {"pass", "return"} or source.loops_around(node, function)):
                yield _text_edit(source, node, word, "flow", 1.0)
        for name in source.names_at(node, function)[:_MOST_NAMES]:
            yield _text_edit(source, node, f"return {name}", "flow", 0.3)
        return
    if isinstance(node, ast.If | ast.While):
        yield from _other_heads(source, node)
    if isinstance(node, ast.Return) and source.loops_around(node, function):
        for word in ("break", "continue"):
            yield _text_edit(source, node, word, "flow", 0.5)
    if isinstance(node, ast.Expr):
        yield from _given(source, node)


def _other_heads(source: Source, node: ast.If | ast.While) -> Iterator[Edit]:
    line = source.data[source.start(node) : source.start(node) + 5]
    words = {b"elif ": ("if",), b"if": ("while", "elif"), b"while": ("if",)}
    for old, new in words.items():
        if line.startswith(old):
            for word in new:
                if word == "elif" and not _follows_if(source, node):
                    continue
                start = source.start(node)
                replacement = Replacement(start, start + len(old.strip()), word)
                yield Edit("flow", node.lineno, (replacement,), f"{old.decode().strip()} → {word}", worth=0.7)


def _given(source: Source, node: ast.Expr) -> Iterator[Edit]:
    """What an expression comes to, given back."""
    if isinstance(node.value, ast.Call):
        yield _text_edit(source, node, f"return {source.of(node)}", "flow", 0.8)
    elif isinstance(node.value, ast.Yield) and node.value.value is not None:
        yield _text_edit(source, node, f"yield from {source.of(node.value.value)}", "flow", 0.8)
    elif isinstance(node.value, ast.YieldFrom):
        yield _text_edit(source, node, f"yield {source.of(node.value.value)}", "flow", 0.8)


def _follows_if(source: Source, node: ast.stmt) -> bool:
    parent = source.parents.get(node)
    for block in _blocks(parent) if parent is not None else ():
        if node in block and block.index(node):
            return isinstance(block[block.index(node) - 1], ast.If)
    return False


def _text_edit(source: Source, node: ast.stmt, text: str, kind: str, worth: float) -> Edit:
    replacement = Replacement(source.start(node), source.end(node), text)
    return Edit(kind, node.lineno, (replacement,), f"{_first_line(source, node)} → {text}", worth=worth)


def added(source: Source, function: Function, node: ast.AST) -> Iterator[Edit]:
    """A statement of the file, an assignment, a call or a way out, before a statement or at the end of a block."""
    for block in _blocks(node):
        if node is not function and not isinstance(node, ast.stmt | ast.ExceptHandler):
            continue
        for place in range(len(block) + 1):
            here = block[min(place, len(block) - 1)]
            if not source.owns_lines(here) or (place == 0 and _is_docstring(here)):
                continue
            first, last = source.block(here)
            line = first if place < len(block) else last + 1
            column = block[0].col_offset
            if place == len(block) and isinstance(here, ast.Return | ast.Break | ast.Continue | ast.Raise):
                continue
            blamed = here.lineno
            for text, worth in _additions(source, function, node, here):
                what = f"{text.partition(chr(10))[0]} added"
                yield _line_edit(
                    source, "added", blamed, what, worth, (line, line - 1, _whole_lines(_indented(text, column)))
                )


def _additions(source: Source, function: Function, node: ast.AST, here: ast.stmt) -> Iterator[tuple[str, float]]:
    names = source.names_at(here, function)
    known = frozenset(names)
    for text in _donor_statements(source, function, known):
        yield text, 1.0
    inside_loop = bool(source.loops_around(here, function)) or isinstance(node, ast.For | ast.While)
    if inside_loop:
        yield "break", 0.5
        yield "continue", 0.4
    variables = names[:_MOST_NAMES]
    for one in variables:
        yield f"{one} += 1", 0.4
        yield f"{one} -= 1", 0.3
        yield f"return {one}", 0.5
        for other in variables:
            if one != other:
                yield f"{one} = {other}", 0.6
                for method in ("append", "add", "extend"):
                    if _has_method(source, function, one, method):
                        yield f"{one}.{method}({other})", 0.8


def _has_method(source: Source, function: Function, name: str, method: str) -> bool:
    """Whether the function uses that method on that name, or makes it a list or set for which it exists."""
    cache: dict[tuple[int, str], set[str]] = source.__dict__.setdefault("_methods_of", {})
    key = (id(function), name)
    if key not in cache:
        found: set[str] = set()
        for node in ast.walk(function):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name:
                found.add(node.attr)
            if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
                made = node.value
                called = made.func.id if isinstance(made, ast.Call) and isinstance(made.func, ast.Name) else ""
                if isinstance(made, ast.List | ast.ListComp) or called == "list":
                    found |= {"append", "extend"}
                if isinstance(made, ast.Set | ast.SetComp) or called == "set":
                    found.add("add")
        cache[key] = found
    return method in cache[key]


def _donor_statements(source: Source, function: Function, known: frozenset[str]) -> Iterator[str]:
    cache: dict[int, list[tuple[str, ast.stmt]]] = source.__dict__.setdefault("_statements_of", {})
    if id(function) not in cache:
        found: dict[str, ast.stmt] = {}
        for tree in (function, source.tree):
            for node in ast.walk(tree):
                simple = isinstance(node, ast.Assign | ast.AugAssign | ast.Expr | ast.Return | ast.Raise)
                if simple and isinstance(node, ast.stmt) and not _is_docstring(node) and source.in_body(node):
                    text = source.of(node)
                    if "\n" not in text and len(text) <= 100:
                        found.setdefault(text, node)
        cache[id(function)] = list(found.items())
    number = 0
    for text, node in cache[id(function)]:
        if number < _MOST_DONORS and source.can_use(node, known):
            number += 1
            yield text


def guards(source: Source, function: Function, node: ast.AST) -> Iterator[Edit]:
    """A base case at the beginning of a function: for nothing, for one, for what is not there."""
    if node is not function:
        return
    body = function.body
    at = 1 if _is_docstring(body[0]) and len(body) > 1 else 0
    if not source.owns_lines(body[at]):
        return
    first = source.block(body[at])[0]
    column = body[at].col_offset
    arguments = [a.arg for a in (*function.args.posonlyargs, *function.args.args) if a.arg not in {"self", "cls"}][:3]
    returned = [
        source.of(n.value)
        for n in ast.walk(function)
        if isinstance(n, ast.Return) and isinstance(n.value, ast.Constant)
    ]
    for name in arguments:
        tests = (f"not {name}", f"{name} is None", f"{name} == 0", f"{name} < 0", f"{name} <= 1", f"len({name}) <= 1",
                 f"{name} == 1", f"{name} < 2")  # fmt: skip
        values = dict.fromkeys(
            (*returned, name, "0", "[]", '""', "None", "False", "True", "1", "-1", "{}", f"[{name}]", "set()")
        )
        for rank, test in enumerate(tests):
            for value_rank, value in enumerate(values):
                text = f"if {test}:\n    return {value}"
                worth = 0.9**rank * (1.0 if value_rank < max(1, len(returned)) + 1 else 0.7)
                what = f"{text.partition(chr(10))[0]} return {value}"
                change = (first, first - 1, _whole_lines(_indented(text, column)))
                yield _line_edit(source, "guard", body[at].lineno, what, worth, change)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _first_line(source: Source, node: ast.stmt) -> str:
    line = source.of(node).partition("\n")[0].strip()
    return line if len(line) <= 50 else line[:49] + "…"
