"""Laws that a function may keep, each a rule over calls and what they did. Pure: nothing is run here.

Which laws are worth a try follows MacIver's list for ghostwritten tests and Claessen and Hughes, "QuickCheck" (2000):
idempotence, involution, round trips, invariance, and what holds between an input and its result.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from lamarck.checks.agreement.behaviours import Did, expected, same
from lamarck.checks.agreement.calls import Call, source
from lamarck.checks.agreement.inputs import Function
from lamarck.checks.agreement.kinds import Kind, kind_written
from lamarck.checks.agreement.literals import Unknown, value_of

# What code raises that did not mean to: no misuse of a function is told by these.
CRASHES = frozenset({"IndexError", "UnboundLocalError", "RecursionError", "ZeroDivisionError", "NameError",
                     "AttributeError"})  # fmt: skip
_PAIRS = (("encode", "decode"), ("enc", "dec"), ("compress", "decompress"), ("dump", "load"), ("dumps", "loads"),
          ("pack", "unpack"), ("serialize", "deserialize"), ("serialise", "deserialise"), ("encrypt", "decrypt"),
          ("quote", "unquote"),
          ("escape", "unescape"), ("to_", "from_"), ("format", "parse"), ("render", "parse"), ("flatten", "unflatten"),
          ("to_roman", "from_roman"), ("join", "split"))  # fmt: skip
_NOTHING = object()


@dataclass(frozen=True, kw_only=True)
class Law:
    """follow: the further calls that it needs, then: those that it needs of what these gave; holds: what it says of a
    call and of all those, in this order: None where it says nothing.

    derived: it stands in the user's own words (an annotation), so no example is needed to propose it.
    should: the Python expression that the call should have been equal to, where the law tells that.
    """

    name: str
    function: str
    statement: str
    holds: Callable[[Call, Did, Sequence[Did]], bool | None]
    follow: Callable[[Call, Did], Sequence[Call]] = lambda call, did: ()
    then: Callable[[Call, Sequence[Did]], Sequence[Call]] = lambda call, more: ()
    should: Callable[[Call, Did, Sequence[Did]], str | None] = lambda call, did, more: None
    derived: bool = False


def laws_for(functions: dict[str, Function], raises: frozenset[str]) -> tuple[Law, ...]:
    """Every law that is worth a try for some functions of one module. raises: names of exceptions that the code raises
    by a statement of its own."""
    found: list[Law] = []
    for name, function in functions.items():
        found += _of_one(name, function, raises)
        found += (_round_trip(name, other) for other in _partners(name, functions))
    return tuple(found)


def _of_one(name: str, function: Function, raises: frozenset[str]) -> Iterator[Law]:
    kind = kind_written(function.returns)
    if kind is not None:
        yield Law(
            name="type",
            function=name,
            statement=f"{name} returns {ast.unparse(function.returns) if function.returns else kind.name}",
            holds=lambda call, did, more: _fits(value_told(did), kind),
            derived=True,
        )
    yield Law(
        name="deterministic",
        function=name,
        statement=f"{name} does the same twice",
        holds=lambda call, did, more: None if did.ended else did.again,
    )
    if "in place" not in (ast.get_docstring(function) or "").lower():
        yield Law(
            name="arguments",
            function=name,
            statement=f"{name} leaves its arguments as they were",
            holds=lambda call, did, more: None if did.ended else not did.changed,
        )
    yield Law(
        name="no-crash",
        function=name,
        statement=f"{name} neither crashes nor hangs",
        holds=lambda call, did, more: did.ended is None and (did.raised not in CRASHES or did.raised in raises),
    )
    yield from _of_results(name)
    yield from _of_more_calls(name)


def _of_results(name: str) -> Iterator[Law]:
    """What holds between one input and its result."""
    relations: tuple[tuple[str, str, Callable[[Any, Any], bool | None]], ...] = (
        ("same-items", f"{name} returns the items that it was given, in some order", _same_items),
        ("same-length", f"{name} returns as many items as it was given", _same_length),
        ("some-items", f"{name} returns nothing but items that it was given", _some_items),
        ("one-of", f"{name} returns one of the items that it was given", _one_of),
        ("ascending", f"{name} returns items in ascending order", _ascending),
        ("distinct", f"{name} returns no item twice", _distinct),
        ("not-negative", f"{name} returns no number below 0", _not_negative),
    )
    for rule, statement, relation in relations:
        yield Law(name=rule, function=name, statement=statement, holds=_relating(relation))


def _relating(relation: Callable[[Any, Any], bool | None]) -> Callable[[Call, Did, Sequence[Did]], bool | None]:
    def holds(call: Call, did: Did, more: Sequence[Did]) -> bool | None:
        result = value_told(did)
        return None if result is _NOTHING or not call.values else relation(call.values[0], result)

    return holds


def _of_more_calls(name: str) -> Iterator[Law]:
    """What holds between several calls."""
    yield Law(
        name="idempotent",
        function=name,
        statement=f"{name}({name}(x)) == {name}(x)",
        follow=lambda call, did: _again(call, did, name),
        holds=lambda call, did, more: same_result(more[0], did) if more else None,
    )
    yield Law(
        name="involution",
        function=name,
        statement=f"{name}({name}(x)) == x",
        follow=lambda call, did: _again(call, did, name),
        holds=lambda call, did, more: _returns(more[0], call.values[0]) if more else None,
    )
    yield Law(
        name="commutative",
        function=name,
        statement=f"{name}(a, b) == {name}(b, a)",
        follow=_swapped,
        holds=lambda call, did, more: same(did, more[0]) if more else None,
        should=lambda call, did, more: expected(more[0]) if more else None,
    )
    yield Law(
        name="associative",
        function=name,
        statement=f"{name}({name}(a, b), b) == {name}(a, {name}(b, b))",
        follow=_grouped,
        then=lambda call, more: _grouped_otherwise(call, more[1]) if len(more) == 2 else (),
        holds=lambda call, did, more: same_result(more[0], more[2]) if len(more) == 3 else None,
    )
    yield Law(
        name="order-blind",
        function=name,
        statement=f"{name} does not depend on the order of its items",
        follow=_reordered,
        holds=lambda call, did, more: all(same(did, other) for other in more) if more else None,
        should=lambda call, did, more: expected(more[0]) if more else None,
    )


def _round_trip(name: str, other: str) -> Law:
    return Law(
        name="round-trip",
        function=name,
        statement=f"{other}({name}(x)) == x",
        follow=lambda call, did: _again(call, did, other),
        holds=lambda call, did, more: _returns(more[0], call.values[0]) if more else None,
    )


def _partners(name: str, functions: dict[str, Function]) -> Iterator[str]:
    for one, other in (*_PAIRS, *((b, a) for a, b in _PAIRS)):
        partner = name.replace(one, other, 1)
        if one in name and partner != name and partner in functions:
            yield partner
            return


# --- values


def value_told(did: Did) -> Any:
    """What was returned, where it is a plain value; else `_NOTHING`."""
    text = expected(did) if did.ended is None else None
    if text is None:
        return _NOTHING
    try:
        return value_of(ast.parse(text, mode="eval").body, {})
    except (Unknown, SyntaxError, RecursionError, ValueError):
        return _NOTHING


def same_result(one: Did, other: Did) -> bool | None:
    return None if one.ended or other.ended else same(Did(returned=one.returned, raised=one.raised),
                                                      Did(returned=other.returned, raised=other.raised))  # fmt: skip


def _returns(did: Did, value: Any) -> bool | None:
    found = value_told(did)
    if found is _NOTHING:
        return None if did.raised is None else False
    return type(found) is type(value) and source(found) == source(value)


def _fits(value: Any, kind: Kind) -> bool | None:
    if value is _NOTHING:
        return None
    if kind.name == "union":
        fits = [_fits(value, part) for part in kind.parts]
        return True if any(fits) else False if all(f is False for f in fits) else None
    if kind.name == "literal":
        return value in kind.values
    if kind.name == "none":
        return value is None
    if kind.name == "float":
        return type(value) in (int, float)
    names = {
        "int": int,
        "bool": bool,
        "str": str,
        "bytes": bytes,
        "list": list,
        "tuple": tuple,
        "dict": dict,
        "set": set,
    }
    return type(value) is names[kind.name] if kind.name in names else None


def _items(value: Any) -> list[Any] | None:
    return list(value) if type(value) in (list, tuple) else None


def _counted(items: list[Any]) -> Counter[str]:
    return Counter(map(source, items))


def _same_items(given: Any, result: Any) -> bool | None:
    one, two = _items(given), _items(result)
    return None if one is None or two is None else _counted(one) == _counted(two)


def _same_length(given: Any, result: Any) -> bool | None:
    if type(given) is not type(result) or type(given) not in (list, tuple, str, dict):
        return None
    return len(given) == len(result)


def _some_items(given: Any, result: Any) -> bool | None:
    one, two = _items(given), _items(result)
    return None if one is None or two is None or not one else set(_counted(two)) <= set(_counted(one))


def _one_of(given: Any, result: Any) -> bool | None:
    one = _items(given)
    return None if not one or isinstance(result, list | tuple | dict | set) else source(result) in _counted(one)


def _ascending(given: Any, result: Any) -> bool | None:
    items = _items(result)
    if items is None or len(items) < 2:
        return None
    try:
        return all(a <= b for a, b in pairwise(items))
    except TypeError:
        return None


def _distinct(given: Any, result: Any) -> bool | None:
    one, items = _items(given), _items(result)
    if items is None or one is None or len(set(_counted(one))) == len(one):
        return None
    return len(set(_counted(items))) == len(items)


def _not_negative(given: Any, result: Any) -> bool | None:
    """Examples without a number below 0 say nothing about it."""
    numbers = given if type(given) in (list, tuple) else [given]
    if type(result) not in (int, float) or not any(type(n) in (int, float) and n < 0 for n in numbers):
        return None
    return bool(result >= 0)


# --- further calls


def _again(call: Call, did: Did, function: str) -> tuple[Call, ...]:
    value = value_told(did)
    if value is _NOTHING or len(call.values) != 1 or did.raised or type(value) is not type(call.values[0]):
        same_kind_needed = function == call.function
        if value is _NOTHING or len(call.values) != 1 or did.raised or same_kind_needed:
            return ()
    return (Call(function, (value,)),)


def _swapped(call: Call, did: Did) -> tuple[Call, ...]:
    if len(call.args) != 2 or call.kwargs or type(call.args[0]) is not type(call.args[1]):
        return ()
    one, other = call.args
    return () if source(one) == source(other) else (Call(call.function, (other, one)),)


def _grouped(call: Call, did: Did) -> tuple[Call, ...]:
    """Of two values of one type, and a result of it."""
    result = value_told(did)
    if len(call.args) != 2 or call.kwargs or not type(call.args[0]) is type(call.args[1]) is type(result):
        return ()
    return (Call(call.function, (result, call.args[1])), Call(call.function, (call.args[1], call.args[1])))


def _grouped_otherwise(call: Call, twice: Did) -> tuple[Call, ...]:
    result = value_told(twice)
    return (Call(call.function, (call.args[0], result)),) if type(result) is type(call.args[0]) else ()


def _reordered(call: Call, did: Did) -> tuple[Call, ...]:
    if not call.args or type(call.args[0]) is not list or len(call.args[0]) < 2:
        return ()
    items = call.args[0]
    orders = {source(o): o for o in (items[::-1], items[1:] + items[:1]) if source(o) != source(items)}
    return tuple(call.with_value(0, order) for order in orders.values())
