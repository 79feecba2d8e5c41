"""Kinds of plain values: read from annotations or from values, and filled with small values and with neighbours."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lamarck.checks.agreement.calls import source

_ATOMS = {"int": int, "float": float, "bool": bool, "str": str, "bytes": bytes}
_LISTS = {"list", "sequence", "iterable", "collection", "mutablesequence"}
_DICTS = {"dict", "mapping", "mutablemapping", "defaultdict", "counter", "ordereddict"}
_SETS = {"set", "frozenset", "abstractset", "mutableset"}
_WORDS = ("", "a", "b", "ab", "ba", "aa", "A", " ", "a b", "0", "1", "12", "-", "é", "abc", "Aa", "\n", ".")
_FLOATS = (0.0, 1.0, -1.0, 0.5, 2.5, -0.5, 3.0, 10.25)
_MOST_NEIGHBOURS = 24  # of one value


@dataclass(frozen=True)
class Kind:
    """name: int, float, bool, str, bytes, none, list, tuple, dict, set, union or literal. parts: of what it is made; a
    tuple's are its places, or with `any_length` the one kind of all of them. values: of a literal."""

    name: str
    parts: tuple[Kind, ...] = ()
    values: tuple[Any, ...] = ()
    any_length: bool = False


def kind_written(annotation: ast.expr | None) -> Kind | None:
    """The kind that an annotation states, None where it states none that can be filled."""
    match annotation:
        case ast.Constant(value=None):
            return Kind("none")
        case ast.Constant(value=str(text)):
            try:
                return kind_written(ast.parse(text, mode="eval").body)
            except (SyntaxError, ValueError, RecursionError):
                return None
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return Kind(name) if name in _ATOMS else None
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _union((kind_written(left), kind_written(right)))
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=inner):
            return _subscripted(name.lower(), inner.elts if isinstance(inner, ast.Tuple) else [inner])
    return None


def _subscripted(name: str, inner: Sequence[ast.expr]) -> Kind | None:
    if name == "literal":
        values = tuple(node.value for node in inner if isinstance(node, ast.Constant))
        return Kind("literal", values=values) if values else None
    if name in {"annotated", "final"}:
        return kind_written(inner[0])
    if name == "tuple" and len(inner) == 2 and isinstance(inner[1], ast.Constant) and inner[1].value is Ellipsis:
        only = kind_written(inner[0])
        return None if only is None else Kind("tuple", (only,), any_length=True)
    parts = tuple(kind_written(node) for node in inner)
    if name == "optional":
        return _union((*parts, Kind("none")))
    if name == "union":
        return _union(parts)
    known = tuple(part for part in parts if part is not None)
    if len(known) != len(parts):
        return None
    if name in _LISTS and len(known) == 1:
        return Kind("list", known)
    if name in _SETS and len(known) == 1 and _hashable(known[0]):
        return Kind("set", known)
    if name in _DICTS and len(known) == 2 and _hashable(known[0]):
        return Kind("dict", known)
    return Kind("tuple", known) if name == "tuple" else None


def _hashable(kind: Kind) -> bool:
    return kind.name not in {"list", "dict", "set"} and all(map(_hashable, kind.parts))


def _union(kinds: Iterable[Kind | None]) -> Kind | None:
    """Of those that are known: values of one of them are values of the union too."""
    flat: dict[Kind, None] = {}
    for kind in kinds:
        if kind is not None:
            flat.update(dict.fromkeys(kind.parts if kind.name == "union" else (kind,)))
    if not flat:
        return None
    return next(iter(flat)) if len(flat) == 1 else Kind("union", tuple(flat))


def kind_of_values(values: Iterable[Any]) -> Kind | None:
    """The kind that all of them have, None for none."""
    by_type: dict[type, list[Any]] = {}
    for value in values:
        by_type.setdefault(type(value), []).append(value)
    return _union(_kind_of_equals(kind, same) for kind, same in by_type.items())


def _kind_of_equals(kind: type, values: list[Any]) -> Kind | None:
    name = "none" if kind is type(None) else kind.__name__
    if kind in (list, set):
        inner = kind_of_values(item for value in values for item in value)
        return None if inner is None else Kind(name, (inner,))
    if kind is dict:
        keys = kind_of_values(key for value in values for key in value)
        told = kind_of_values(item for value in values for item in value.values())
        return None if keys is None or told is None else Kind("dict", (keys, told))
    if kind is tuple:
        lengths = {len(value) for value in values}
        if len(lengths) > 1:
            inner = kind_of_values(item for value in values for item in value)
            return None if inner is None else Kind("tuple", (inner,), any_length=True)
        places = [kind_of_values(value[place] for value in values) for place in range(lengths.pop())]
        known = tuple(place for place in places if place is not None)
        return Kind("tuple", known) if len(known) == len(places) else None
    return Kind(name)


class Values:
    """Values near those that were shown. seen: all of these, however deep."""

    def __init__(self, shown: Iterable[Any], dice: random.Random) -> None:
        self._dice = dice
        atoms = {source(atom): atom for value in shown for atom in _atoms(value)}
        self._seen: dict[type, list[Any]] = {}
        for atom in atoms.values():
            self._seen.setdefault(type(atom), []).append(atom)
        self._letters = sorted({letter for text in self._seen.get(str, []) for letter in text}) or list("ab")

    # --- of a kind, from nothing

    def of(self, kind: Kind, deep: int = 0) -> Any:
        """A small value; every third atom is one that was shown."""
        dice = self._dice
        if kind.name == "union":
            return self.of(dice.choice(kind.parts), deep)
        if kind.name == "literal":
            return dice.choice(kind.values)
        if kind.name == "none":
            return None
        if kind.name == "tuple" and not kind.any_length:
            return tuple(self.of(part, deep + 1) for part in kind.parts)
        if kind.name in ("list", "tuple", "set", "dict"):
            items = [
                self.of(kind.parts[0], deep + 1)
                for _ in range(dice.choice((0, 1, 1, 2, 2, 3, 4) if deep < 2 else (0, 1, 2)))
            ]
            if kind.name == "dict":
                return {item: self.of(kind.parts[1], deep + 1) for item in items}
            if items and dice.random() < 0.3:
                items.append(dice.choice(items))
            return {"list": list, "tuple": tuple, "set": set}[kind.name](items)
        return self._atom(kind.name)

    def _atom(self, name: str) -> Any:
        dice = self._dice
        seen = self._seen.get(_ATOMS[name], [])
        if seen and dice.random() < 0.34:
            return dice.choice(seen)
        if name == "bool":
            return dice.random() < 0.5
        if name == "int":
            return dice.choice((0, 1, 2, 3, 4, 5, 7, 10, -1, -2, -3))
        if name == "float":
            return dice.choice(_FLOATS)
        if name == "str" and dice.random() < 0.5:
            return "".join(dice.choice(self._letters) for _ in range(dice.randint(1, 5)))
        return dice.choice(_WORDS) if name == "str" else dice.choice((b"", b"a", b"\x00", b"ab"))

    # --- near one that was shown

    def near(self, value: Any) -> list[Any]:
        """Its neighbours, without itself: one step away in one direction each."""
        found: dict[str, Any] = {}
        for neighbour in self._near(value, 0):
            found.setdefault(source(neighbour), neighbour)
        found.pop(source(value), None)
        neighbours = list(found.values())
        if len(neighbours) > _MOST_NEIGHBOURS:
            neighbours = self._dice.sample(neighbours, _MOST_NEIGHBOURS)
        return neighbours

    def _near(self, value: Any, deep: int) -> Iterator[Any]:
        kind = type(value)
        if kind is bool:
            yield not value
        elif kind in (int, float):
            yield from (value + 1, value - 1, -value, kind(0), value + 2)
            yield value / 2 if kind is float else value // 2
            yield from self._others(kind)
        elif kind in (str, bytes):
            yield from self._near_text(value)
        elif kind in (list, tuple):
            yield from map(kind, self._near_items(list(value), deep, fixed=kind is tuple and len(value) < 4))
        elif kind is set:
            items = sorted(value, key=source)
            yield from (set(items[1:]), set(items[:-1]), set())
            yield from (
                value | {other} for each in items[:2] for other in self._near(each, deep + 1) if _can_hash(other)
            )
        elif kind is dict:
            yield from self._near_dict(value, deep)

    def _others(self, kind: type) -> list[Any]:
        seen = self._seen.get(kind, [])
        return self._dice.sample(seen, min(3, len(seen)))

    def _near_text(self, value: Any) -> Iterator[Any]:
        place = self._dice.randrange(len(value)) if value else 0
        yield from (value[:0], value[1:], value[:-1], value[:1], value[::-1], value + value[-1:], value + value)
        yield value[:place] + value[place + 1 :]
        yield value[:place] + value[place : place + 1] * 2 + value[place + 1 :]
        yield from (value.upper(), value.lower(), value.swapcase())
        if type(value) is str:
            letter = self._dice.choice(self._letters)
            yield from (value[:place] + letter + value[place + 1 :], value + letter, f" {value}", f"{value} ")
        yield from self._others(type(value))

    def _near_items(self, items: list[Any], deep: int, *, fixed: bool) -> Iterator[list[Any]]:
        """fixed: it is likely that each place has a meaning of its own, so the length stays."""
        place = self._dice.randrange(len(items)) if items else 0
        if not fixed:
            yield from ([], items[1:], items[:-1], items[:1], items[:2], items + items[:1], items + items)
            yield items[:place] + items[place + 1 :]
            yield items[:place] + items[place : place + 1] * 2 + items[place + 1 :]
        yield items[::-1]
        try:
            yield sorted(items)
            yield sorted(items, reverse=True)
        except TypeError:
            pass
        if deep > 3:
            return
        for each in {0, place, len(items) - 1}:
            if 0 <= each < len(items):
                near = list(self._near(items[each], deep + 1))
                for other in self._dice.sample(near, min(6, len(near))):
                    yield [*items[:each], other, *items[each + 1 :]]

    def _near_dict(self, value: dict[Any, Any], deep: int) -> Iterator[dict[Any, Any]]:
        keys = list(value)
        yield {}
        for key in keys[:3]:
            yield {k: v for k, v in value.items() if k != key}
        yield dict(reversed(value.items()))
        if deep > 3:
            return
        for key in keys[:3]:
            yield from ({**value, key: other} for other in self._near(value[key], deep + 1))
            for other in self._near(key, deep + 1):
                if _can_hash(other):
                    yield {(other if k == key else k): v for k, v in value.items()}


def _atoms(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from (*_atoms(key), *_atoms(each))
    elif isinstance(value, list | tuple | set):
        for each in value:
            yield from _atoms(each)
    elif value is not None:
        yield value


def _can_hash(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True
