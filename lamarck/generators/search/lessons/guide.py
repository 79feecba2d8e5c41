"""What lessons bring to a search: edits of their own, early, and how much each kind of edit is worth."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lamarck.generators.search.edits.edit import Edit, Replacement
from lamarck.generators.search.edits.source import Function, Source
from lamarck.generators.search.edits.table import KINDS, run_when_called
from lamarck.generators.search.lessons.lesson import Rule
from lamarck.generators.search.lessons.patterns import filled, holes_in, is_bare, matched

LESSON = "lesson"
_MOST_NAMES = 8
_OTHER_FAILURE = 0.4  # of its worth, where something else failed than what it was learned from
_AS_IF = 12.0  # edits that the first guess of the kinds' weights counts for
_BOUNDS = (0.5, 2.0)  # of what counting may change


@dataclass(frozen=True, kw_only=True)
class Known:
    """One rule as the search uses it. id: of the artifact it is kept as."""

    rule: Rule
    worth: float = 1.0
    failures: frozenset[str] = frozenset()
    id: str = ""


@dataclass(frozen=True, kw_only=True)
class Guide:
    """All that is known. weights: of kinds of edits."""

    known: tuple[Known, ...] = ()
    weights: Mapping[str, float] = field(default_factory=lambda: KINDS)

    def edits(self, source: Source, function: Function, failures: frozenset[str]) -> Iterator[Edit]:
        """The edits of all rules in a function, each with the worth of its rule. failures: kinds of what fails."""
        nodes = [n for n in run_when_called(function) if n is not function and not source.is_quoted(n)]
        for known in self.known:
            fits = not known.failures or not failures or bool(known.failures & failures)
            for edit in edits_by(known.rule, source, function, nodes):
                yield edit._replace(worth=known.worth * (1.0 if fits else _OTHER_FAILURE))


def edits_by(rule: Rule, source: Source, function: Function, nodes: list[ast.AST]) -> Iterator[Edit]:
    """A rule wherever it fits among `nodes`."""
    before, after = rule.trees
    for node in nodes:
        if type(node) is not type(before) and not (is_bare(before) and isinstance(node, ast.expr)):
            continue
        if is_bare(before) and _role(source, node) != rule.role:
            continue
        if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load) or not isinstance(node, ast.expr | ast.stmt):
            continue
        bindings = matched(before, node)
        if bindings is None:
            continue
        if after is None:
            yield _edit(source, node, "pass")
            continue
        free = sorted(holes_in(after) - bindings.keys())
        names = source.names_at(node, function)[:_MOST_NAMES] if free else ("",)
        for name in names:
            more = {free[0]: ast.Name(id=name, ctx=ast.Load())} if free else {}
            try:
                yield _edit(source, node, ast.unparse(filled(after, {**bindings, **more})))
            except (ValueError, AttributeError, RecursionError):
                continue


def _role(source: Source, node: ast.AST) -> str:
    parent = source.parents.get(node)
    if parent is None:
        return ""
    for name, value in ast.iter_fields(parent):
        if value is node or (isinstance(value, list) and any(v is node for v in value)):
            return f"{type(parent).__name__}.{name}"
    return ""


def _edit(source: Source, node: ast.expr | ast.stmt, text: str) -> Edit:
    if isinstance(node, ast.expr):
        return source.swap(node, text, LESSON)
    replacement = Replacement(source.start(node), source.end(node), text)
    return Edit(LESSON, node.lineno, (replacement,), f"{' '.join(source.of(node).split())[:60]} → {text[:60]}")


def weights_by_use(kinds: Iterable[str], weights: Mapping[str, float] = KINDS) -> dict[str, float]:
    """The kinds' weights after so many edits that worked: the first guess counts for a few edits, what was seen for the
    rest, and nothing is changed beyond a factor of two."""
    counts = Counter(k for k in kinds if k in weights)
    total, guessed = sum(counts.values()), sum(weights.values())
    found = {}
    for kind, weight in weights.items():
        expected = weight / guessed
        share = (counts[kind] + _AS_IF * expected) / (total + _AS_IF)
        found[kind] = weight * min(max(share / expected, _BOUNDS[0]), _BOUNDS[1])
    return found
