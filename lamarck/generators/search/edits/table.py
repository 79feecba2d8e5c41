"""All kinds of edits, and how much each is worth before anything is known of a fault.

The weights are a guess at how often such an edit mends a mistake, against how many of the kind there are; they only
order the search. Evidence is what the judge says.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping

from lamarck.generators.search.edits.calls import arguments, offset_by_a_name, slices, unwrapped, wrapped
from lamarck.generators.search.edits.donors import conditions, donated, results
from lamarck.generators.search.edits.edit import Edit
from lamarck.generators.search.edits.missing import lacking_arguments, values
from lamarck.generators.search.edits.operators import arithmetic, assignments, comparisons, logic
from lamarck.generators.search.edits.source import Function, Source
from lamarck.generators.search.edits.statements import added, flow, guards, moved
from lamarck.generators.search.edits.values import constants, functions, names, off_by_one

KINDS: Mapping[str, float] = {
    "import": 2.0,
    "comparison": 1.0,
    "operator": 0.9,
    "logic": 0.9,
    "assignment": 0.8,
    "negation": 0.7,
    "constant": 0.75,
    "off by one": 0.75,
    "name": 0.7,
    "function": 0.7,
    "attribute": 0.5,
    "value for None": 0.8,
    "text": 0.9,
    "operands swapped": 0.7,
    "arguments swapped": 0.7,
    "moved": 0.7,
    "statements swapped": 0.5,
    "unwrapped": 0.55,
    "operand dropped": 0.5,
    "grouping": 0.6,
    "flow": 0.5,
    "slice": 0.5,
    "removed": 0.4,
    "argument added": 0.35,
    "argument dropped": 0.35,
    "boundary": 0.4,
    "part": 0.35,
    "wrapped": 0.3,
    "bounded": 0.35,
    "offset": 0.35,
    "donor": 0.35,
    "condition": 0.35,
    "result": 0.4,
    "added": 0.25,
    "guard": 0.25,
    "lesson": 1.0,  # each lesson says what it is worth
}

_OF_EXPRESSIONS: tuple[Callable[[Source, Function, ast.AST], Iterator[Edit]], ...] = (
    comparisons, arithmetic, assignments, logic, constants, off_by_one, names, functions, arguments, slices, unwrapped,
    wrapped, offset_by_a_name, donated, conditions, results, values, lacking_arguments,
)  # fmt: skip
_OF_STATEMENTS: tuple[Callable[[Source, Function, ast.AST], Iterator[Edit]], ...] = (moved, flow, added, guards)


def edits_of(source: Source, function: Function) -> Iterator[Edit]:
    """Every edit of the body of a function that no other holds; many make the same text."""
    quoted = {n for n in ast.walk(function) if source.is_quoted(n)}
    for node in run_when_called(function):
        if node in quoted:
            continue
        for kind in _OF_EXPRESSIONS:
            if node is not function:
                yield from kind(source, function, node)
        for kind in _OF_STATEMENTS:
            yield from kind(source, function, node)


def run_when_called(function: Function) -> Iterator[ast.AST]:
    """The function and the nodes of its body; annotations, and the heads of functions inside it, are left out."""
    yield function
    waiting: list[ast.AST] = list(reversed(function.body))
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            waiting += reversed(node.body)
        elif isinstance(node, ast.Lambda):
            waiting.append(node.body)
        elif isinstance(node, ast.AnnAssign):
            waiting += [n for n in (node.value, node.target) if n is not None]
        else:
            waiting += reversed(list(ast.iter_child_nodes(node)))
