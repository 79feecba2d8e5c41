"""From a repair to rules, and from two rules to one that holds both."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from lamarck.generators.search.lessons.lesson import Repair, Rule
from lamarck.generators.search.lessons.patterns import (
    HOLE,
    Place,
    abstracted,
    differences,
    generalised,
    hole_of,
    holes_in,
    is_bare,
)
from lamarck.generators.syntax import tree_of

_MOST_DIFFERENCES = 3  # more is no small edit
_LONGEST = 160  # characters of a pattern

Pair = tuple[ast.AST, ast.AST]


def rules_of(repair: Repair) -> tuple[Rule, ...]:
    """What one repair teaches: a rule for each place that it changed; none where it rewrote more than a few."""
    before, after = tree_of(repair.text), tree_of(repair.after)
    if before is None or after is None or any(HOLE.match(n.id) for n in ast.walk(before) if isinstance(n, ast.Name)):
        return ()
    found: dict[str, Rule] = {}
    places = list(differences(before, after))
    if len(places) > _MOST_DIFFERENCES:
        return ()
    for around, old, new in places:
        for rule in _rules(around, old, new, after):
            found.setdefault(rule.text, rule)
    return tuple(found.values())


def _rules(around: list[Place], old: ast.AST, new: ast.AST, after: ast.Module) -> Iterator[Rule]:
    """At the place itself and, where that alone says little, with what stands around it."""
    if isinstance(old, ast.expr) and isinstance(new, ast.expr):
        rule = _rule(around, old, new)
        if rule is not None:
            yield rule
        if is_bare(old) or is_bare(new):
            for depth in (1, 2):  # the expression or simple statement that it is part of
                if len(around) < depth:
                    return
                outer, _ = around[-depth]
                if not isinstance(outer, ast.expr | ast.stmt) or hasattr(outer, "body"):
                    return
                if (same := _same_place(outer, around[: len(around) - depth], after)) is not None:
                    wider = _rule(around[: len(around) - depth], outer, same)
                    if wider is not None:
                        yield wider
                        return
    elif isinstance(old, ast.stmt) and isinstance(new, ast.stmt) and not (hasattr(old, "body") or hasattr(new, "body")):
        rule = _rule(around, old, new)
        if rule is not None:
            yield rule


def _same_place(node: ast.AST, around: list[Place], after: ast.Module) -> ast.AST | None:
    """The node of the other tree that stands where this one does, by the way to it."""
    other: ast.AST = after
    for place, (parent, name) in enumerate(around):
        child = around[place + 1][0] if place + 1 < len(around) else node
        value, against = getattr(parent, name), getattr(other, name, None)
        if isinstance(value, list):
            index = next((i for i, v in enumerate(value) if v is child), None)
            if index is None or not isinstance(against, list) or index >= len(against):
                return None
            other = against[index]
        elif isinstance(against, ast.AST):
            other = against
        else:
            return None
    return other if type(other) is type(node) else None


def _rule(around: list[Place], old: ast.AST, new: ast.AST) -> Rule | None:
    before, after = abstracted(old, new)
    role = f"{type(around[-1][0]).__name__}.{around[-1][1]}" if around else ""
    return made(before, after, role)


def made(before: ast.AST, after: ast.AST, role: str) -> Rule | None:
    """None for what cannot be said as text, or cannot be made where it is to be tried."""
    free = holes_in(after) - holes_in(before)
    if len(free) > 1 or any(not h.startswith("_name") for h in free):
        return None  # more than one thing that only the repair knew
    try:
        one, other = ast.unparse(ast.fix_missing_locations(before)), ast.unparse(ast.fix_missing_locations(after))
    except (ValueError, AttributeError, RecursionError):
        return None
    if one == other or max(len(one), len(other)) > _LONGEST or "\n" in one + other:
        return None
    if hole_of(before) and hole_of(after):
        return None  # a name is another one: the search's own business
    return Rule(before=one, after=other, role=role, form="expression" if isinstance(before, ast.expr) else "statement")


def more_general(rule: Rule, others: Iterable[Rule]) -> tuple[Rule, ...]:
    """Rules that `rule` and one of the others are both cases of."""
    found: dict[str, Rule] = {}
    for other in others:
        if other.form != rule.form or other.text == rule.text:
            continue
        (before, after), (old, new) = rule.trees, other.trees
        if after is None or new is None or (pair := generalised((before, after), (old, new))) is None:
            continue
        role = rule.role if rule.role == other.role else ""
        if (general := made(*pair, role)) is not None and general.text not in {rule.text, other.text}:
            found.setdefault(general.text, general)
    return tuple(found.values())
