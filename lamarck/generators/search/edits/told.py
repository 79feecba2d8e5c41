"""What failing tests say outright: a text with too much or too little in it, an exception that was not raised."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from lamarck.generators.search.edits.edit import Edit, Replacement
from lamarck.generators.search.edits.source import Function, Source

_TEXT = r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_EQUAL = re.compile(rf"{_TEXT} (?:==|!=) {_TEXT}")
_NOT_RAISED = re.compile(r"DID NOT RAISE <class '([\w.]+)'>|^AssertionError: (\w+) not raised")
_MOST = 12  # differences of one failure
_CONTEXT = 3  # characters on each side of an insertion, which a literal has to hold


@dataclass(frozen=True)
class Told:
    """differences: (got, wanted) pieces of texts, with what stood on both sides of them. raised: names."""

    differences: tuple[tuple[str, str, str, str], ...] = ()
    raised: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.differences or self.raised)


def told_by(failures: Iterable[str]) -> Told:
    """failures: what failing tests said."""
    differences: dict[tuple[str, str, str, str], None] = {}
    raised: dict[str, None] = {}
    for said in failures:
        for one, other in _EQUAL.findall(said):
            try:
                a, b = ast.literal_eval(one), ast.literal_eval(other)
            except (ValueError, SyntaxError):
                continue
            # Which of the two was wanted is not known: tests are written either way.
            differences.update(dict.fromkeys([*_differences(a, b), *_differences(b, a)]))
        for match in _NOT_RAISED.finditer(said):
            raised[(match[1] or match[2]).rpartition(".")[2]] = None
    return Told(tuple(differences)[: 4 * _MOST], tuple(raised))


def _differences(got: str, wanted: str) -> Iterator[tuple[str, str, str, str]]:
    codes = [c for c in SequenceMatcher(None, got, wanted, autojunk=False).get_opcodes() if c[0] != "equal"]
    for _, i, j, k, m in codes[:_MOST]:
        yield got[i:j], wanted[k:m], got[max(0, i - _CONTEXT) : i], got[j : j + _CONTEXT]


def told_edits(source: Source, function: Function, told: Told) -> Iterator[Edit]:
    """In the body of a function."""
    for node in ast.walk(function):
        if not source.in_body(node) or source.is_quoted(node):
            continue
        yield from text_edits(source, node, told)
        if isinstance(node, ast.Pass):
            for name in told.raised:
                replacement = Replacement(source.start(node), source.end(node), f"raise {name}")
                yield Edit("flow", node.lineno, (replacement,), f"pass → raise {name}", worth=2.0)


def text_edits(source: Source, node: ast.AST, told: Told) -> Iterator[Edit]:
    """The literal without what a text had too much, with what it lacked; every difference alone, then all of them."""
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return
    value = node.value
    everything = value
    seen = {value}
    for got, wanted, before, after in told.differences:
        for new in _changed(value, got, wanted, before, after):
            if new not in seen:
                seen.add(new)
                yield source.swap(node, repr(new), "text", worth=1.0)
        if got and got in everything:
            everything = everything.replace(got, wanted, 1)
    if everything not in seen:
        yield source.swap(node, repr(everything), "text", worth=1.2)


def _changed(value: str, got: str, wanted: str, before: str, after: str) -> Iterator[str]:
    if got:
        if got in value:
            yield value.replace(got, wanted, 1)
            yield value.replace(got, wanted)
            head, _, tail = value.rpartition(got)
            yield head + wanted + tail
        return
    for context in (before, after):
        if context and context in value:
            at = value.index(context)
            yield (
                value[:at] + context + wanted + value[at + len(context) :]
                if context is before
                else (value[:at] + wanted + value[at:])
            )
