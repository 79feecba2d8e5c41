"""Parameters that a request states in its words: `load(path, strict=False)`, `class Limit(count, clock=time)`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from lamarck.generators.syntax import tree_of

_OPENS = re.compile(r"(?<![\w.\"'])@?([A-Za-z_]\w*)\(")
_LONGEST = 300  # characters between the brackets
_NEGATED = re.compile(
    r"(?:\bdon't|\bdo not|\bdoesn't|\bdoes not|\bno need|\bnever|\bwithout|\bno|\bnot)\b[^.;:!?\n]*", re.I
)


def stated_parameters(text: str) -> dict[str, ast.arguments]:
    """Of every name that stands before brackets with parameters in them; a call with values states none."""
    found: dict[str, ast.arguments] = {}
    for name, inside in _bracketed(text):
        tree = tree_of(f"def {name}({inside}): ...")
        node = tree.body[0] if tree is not None else None
        if isinstance(node, ast.FunctionDef) and _says_more(found.get(name), node.args):
            found[name] = node.args
    return found


def _says_more(known: ast.arguments | None, args: ast.arguments) -> bool:
    return known is None or len(args.args) > len(known.args)


def _bracketed(text: str) -> Iterator[tuple[str, str]]:
    for match in _OPENS.finditer(text):
        depth, begin = 1, match.end()
        for place in range(begin, min(len(text), begin + _LONGEST)):
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(text[place], 0)
            if depth == 0:
                yield match[1], " ".join(text[begin:place].split())
                break


def of_method(arguments: ast.arguments) -> ast.arguments:
    """The same with `self` before, where it does not stand there."""
    if arguments.args[:1] and arguments.args[0].arg == "self":
        return arguments
    return ast.arguments(
        posonlyargs=arguments.posonlyargs,
        args=[ast.arg(arg="self"), *arguments.args],
        vararg=arguments.vararg,
        kwonlyargs=arguments.kwonlyargs,
        kw_defaults=arguments.kw_defaults,
        kwarg=arguments.kwarg,
        defaults=arguments.defaults,
    )


def affirmed(prose: str) -> str:
    """What a text wants, without the clauses that say what it does not."""
    return _NEGATED.sub(" ", prose)
