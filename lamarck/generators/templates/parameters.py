"""Which parameter of a program is which of a request: by name, by other names, then by order and kind."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Set
from dataclasses import dataclass
from itertools import islice, permutations
from math import factorial

from lamarck.generators.templates import kinds
from lamarck.generators.templates.asking import Call
from lamarck.generators.templates.usual import same_parameter


@dataclass(frozen=True)
class _Parameter:
    argument: ast.arg
    default: ast.expr | None
    keyword_only: bool


@dataclass
class Fitted:
    """The parameters of the new header. pairs: each as asked, or the program's own where nothing was asked, beside the
    program's."""

    skipped: list[ast.arg]
    pairs: list[tuple[_Parameter | None, _Parameter]]
    vararg: tuple[str, ast.arg] | None
    kwarg: tuple[str, ast.arg] | None

    @property
    def renamed(self) -> dict[str, str]:
        found = {own.argument.arg: asked.argument.arg for asked, own in self.pairs if asked is not None}
        found |= {star[1].arg: star[0] for star in (self.vararg, self.kwarg) if star}
        return {old: new for old, new in found.items() if old != new}

    changed: bool = False
    reordered: bool = False

    def header(self, known: Set[str], names_in: Callable[[ast.expr], set[str]]) -> str:
        parts = [a.arg for a in self.skipped]
        starred = False
        for asked, own in sorted(self.pairs, key=lambda p: (p[0] or p[1]).keyword_only):
            chosen = asked or own
            if chosen.keyword_only and not starred:
                parts.append(_star(self.vararg))
                starred = True
            annotation = chosen.argument.annotation
            if annotation is None or not names_in(annotation) <= known:
                annotation = own.argument.annotation
            text = chosen.argument.arg + (f": {shown(annotation)}" if annotation is not None else "")
            default = chosen.default
            if (
                default is not None
                and own.default is not None
                and not names_in(default) <= known | sys.stdlib_module_names
            ):
                default = own.default
            if default is not None:
                text += (" = " if annotation is not None else "=") + shown(default)
            parts.append(text)
        if self.vararg and not starred:
            parts.append(_star(self.vararg))
        if self.kwarg:
            parts.append(f"**{self.kwarg[0]}" + _annotated(self.kwarg[1]))
        return ", ".join(parts)


def shown(node: ast.expr) -> str:
    """As Python, text in double quotes."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and '"' not in node.value:
        return '"' + repr(node.value)[1:-1].replace("\\'", "'") + '"'
    return ast.unparse(node)


def _star(vararg: tuple[str, ast.arg] | None) -> str:
    return f"*{vararg[0]}{_annotated(vararg[1])}" if vararg else "*"


def _annotated(argument: ast.arg) -> str:
    return f": {ast.unparse(argument.annotation)}" if argument.annotation is not None else ""


def own_parameters(arguments: ast.arguments | None) -> list[ast.arg]:
    """Of a method, without `self`."""
    return [] if arguments is None else [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs][1:]


def fit_parameters(
    own: ast.arguments,
    asked: ast.arguments | None,
    calls: list[Call],
    synonyms: dict[str, tuple[str, ...]],
    *,
    skip: int = 0,
    order: int = 0,
) -> Fitted | None:
    """None where they cannot be the same function's, or where a call of the tests would not fit. skip: leading
    parameters that nobody passes, such as `self`. order: which order of those that no name tells, 0 the given one."""
    mine = _listed(own)[skip:]
    skipped = [*own.posonlyargs, *own.args][:skip]
    if asked is None:
        fitted = _by_calls(_turned(mine, order), own, calls, synonyms)
    else:
        theirs = _listed(asked)[skip:]
        if (asked.vararg and not own.vararg) or (asked.kwarg and not own.kwarg):
            return None
        if (own.vararg and not asked.vararg) or (own.kwarg and not asked.kwarg):
            return None
        pairs = _paired(mine, theirs, synonyms, order)
        if pairs is None:
            return None
        fitted = Fitted(skipped, pairs, _pair(asked.vararg, own.vararg), _pair(asked.kwarg, own.kwarg))
        fitted.changed = True
        places = [mine.index(o) for a, o in pairs if a is not None]
        fitted.reordered = places != sorted(places)
    if fitted is None or not all(
        _accepts(fitted, c, has_vararg=own.vararg is not None, has_kwarg=own.kwarg is not None) for c in calls
    ):
        return None
    fitted.skipped = skipped
    return fitted


def _pair(asked: ast.arg | None, own: ast.arg | None) -> tuple[str, ast.arg] | None:
    return None if own is None else (asked.arg if asked else own.arg, own)


def _listed(arguments: ast.arguments) -> list[_Parameter]:
    positional = [*arguments.posonlyargs, *arguments.args]
    bare: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    found = [_Parameter(a, d, False) for a, d in zip(positional, [*bare, *arguments.defaults], strict=True)]
    return found + [_Parameter(a, d, True) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]


def _paired(
    mine: list[_Parameter], theirs: list[_Parameter], synonyms: dict[str, tuple[str, ...]], order: int
) -> list[tuple[_Parameter | None, _Parameter]] | None:
    of: dict[int, _Parameter] = {}
    free = list(mine)
    for same in (_is_named, _is_called, _is_usual):
        for number, theirs_one in enumerate(theirs):
            found = next((m for m in free if number not in of and same(theirs_one, m, synonyms)), None)
            if found is not None:
                of[number] = found
                free.remove(found)
    rest = [n for n in range(len(theirs)) if n not in of]
    needed = [m for m in free if m.default is None]
    if len(rest) < len(needed) or (order and order >= factorial(len(needed))):
        return None  # one that the program cannot do without
    for number, own in zip(rest, _turned(needed, order), strict=False):
        of[number] = own
        free.remove(own)
    for number in rest[len(needed) :]:
        alike = next((m for m in free if _alike(theirs[number], m)), None)
        if alike is None:
            return None  # one that the program lacks
        of[number] = alike
        free.remove(alike)
    pairs: list[tuple[_Parameter | None, _Parameter]] = [(theirs[n], of[n]) for n in range(len(theirs))]
    for asked, own in pairs:
        assert asked is not None
        if not kinds.agree(
            kinds.of_annotation(asked.argument.annotation), kinds.of_annotation(own.argument.annotation)
        ):
            return None
    return [*pairs, *((None, _Parameter(m.argument, m.default, True)) for m in free)]


def _turned(parameters: list[_Parameter], order: int) -> list[_Parameter]:
    """Those without a default in another order."""
    needed = [p for p in parameters if p.default is None and not p.keyword_only]
    if not order or order >= factorial(len(needed)):
        return parameters
    turned = next(islice(permutations(needed), order, None))
    return [*turned, *(p for p in parameters if p not in needed)]


def _alike(asked: _Parameter, own: _Parameter) -> bool:
    """Whether two parameters of other names may be one: both can be left out, with equal defaults or of one kind."""
    if asked.default is None or own.default is None:
        return False
    if ast.dump(asked.default) == ast.dump(own.default):
        return True
    kind = kinds.of_literal(asked.default)
    return kind not in {None, "NoneType", "bool"} and kind == kinds.of_literal(own.default)


def _is_named(asked: _Parameter, own: _Parameter, synonyms: dict[str, tuple[str, ...]]) -> bool:
    return asked.argument.arg == own.argument.arg


def _is_called(asked: _Parameter, own: _Parameter, synonyms: dict[str, tuple[str, ...]]) -> bool:
    return asked.argument.arg in synonyms.get(own.argument.arg, ())


def _is_usual(asked: _Parameter, own: _Parameter, synonyms: dict[str, tuple[str, ...]]) -> bool:
    """Both can be left out, or neither, and people say either."""
    return (asked.default is None) == (own.default is None) and same_parameter(own.argument.arg, asked.argument.arg)


def _by_calls(
    mine: list[_Parameter], own: ast.arguments, calls: list[Call], synonyms: dict[str, tuple[str, ...]]
) -> Fitted | None:
    """The program's own parameters, under the names that calls give them."""
    pairs: list[tuple[_Parameter | None, _Parameter]] = [(None, m) for m in mine]
    changed = False
    for name in dict.fromkeys(name for c in calls for name, _ in c.named):
        if any((a or o).argument.arg == name for a, o in pairs):
            continue
        place = next(
            (i for i, (a, o) in enumerate(pairs) if a is None and name in synonyms.get(o.argument.arg, ())), None
        )
        if place is None:
            usual = (i for i, (a, o) in enumerate(pairs) if a is None and same_parameter(o.argument.arg, name))
            place = next(usual, None)
        if place is None:
            if own.kwarg is not None:
                continue
            return None
        one = pairs[place][1]
        renamed = ast.arg(arg=name, annotation=one.argument.annotation)
        pairs[place] = (_Parameter(renamed, one.default, one.keyword_only), one)
        changed = True
    fitted = Fitted([], pairs, _pair(None, own.vararg), _pair(None, own.kwarg))
    fitted.changed = changed
    return fitted


def _accepts(fitted: Fitted, call: Call, *, has_vararg: bool, has_kwarg: bool) -> bool:
    shown = [(a or o, o) for a, o in fitted.pairs]
    positional = [(p, o) for p, o in shown if not p.keyword_only]
    if len(call.positional) > len(positional) and not has_vararg:
        return False
    given = {p.argument.arg for p, _ in positional[: len(call.positional)]} | {name for name, _ in call.named}
    if any(p.default is None and p.argument.arg not in given for p, _ in shown):
        return False
    by_name = {p.argument.arg: o for p, o in shown}
    if any(name not in by_name for name, _ in call.named) and not has_kwarg:
        return False
    literals = [(o, kind) for (_, o), kind in zip(positional, call.positional, strict=False)]
    literals += [(by_name[name], kind) for name, kind in call.named if name in by_name]
    return all(kinds.holds(kinds.of_annotation(o.argument.annotation), kind) for o, kind in literals)
