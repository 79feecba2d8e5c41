"""Containers that change, and are the same on both sides.

A list that a test passes to a candidate exists twice. So that neither side can tell, the two copies are linked: every
message carries what changed in its sender's copies since the last one. A candidate that keeps a test's list, or hands
out its own, shares it as it would in one process: a test that appends to `box.items()` and looks again finds out
whether that was the box's own list. Identity and cycles survive too.

A link ends when one side lets go of its copy, which CPython's reference counts tell: for most calls that is at once.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from itertools import count
from operator import is_
from sys import getrefcount
from types import FunctionType
from typing import Any

from . import arrays
from .faults import Malformed, TooLarge
from .handles import handle_of

KINDS: dict[type, str] = {
    list: "list",
    dict: "dict",
    set: "set",
    bytearray: "bytes",
    deque: "deque",
    OrderedDict: "odict",
    defaultdict: "ddict",
    Counter: "counter",
}
_MOST_LINKS = 200_000
_MANY_LINKS = 2_000
_OWN_REFERENCES = 3  # of a linked object: its link, the local name, the argument of getrefcount


class Link:
    """One shared container. seen: what it held when both sides last agreed."""

    __slots__ = ("kind", "number", "seen", "target")

    def __init__(self, number: int, kind: str, target: Any) -> None:
        self.number = number
        self.kind = kind
        self.target = target
        self.seen: Any = None

    def look(self) -> None:
        self.seen = _held(self.kind, self.target)

    def changed(self) -> bool:
        return not _same(self.kind, self.target, self.seen)


class Links:
    """first: 0 for one side, 1 for the other, so that no number is given twice.

    encode and decode carry one value each. shared: modules that both sides have as the same files; plain instances of
    their classes are linked by their attributes (`object`).
    """

    def __init__(
        self, first: int, encode: Callable[[Any], Any], decode: Callable[[Any], Any], shared: frozenset[str]
    ) -> None:
        self._shared = shared
        self._numbers = count(first, 2)
        self._parity = first
        self._encode = encode
        self._decode = decode
        self._by_number: dict[int, Link] = {}
        self._by_id: dict[int, Link] = {}
        self._pending: deque[Link] = deque()
        self._decoding = 0
        self.changes = 0  # that the other side made

    # --- sending

    def number(self, target: Any, kind: str) -> int:
        """The number of a container's link, made when there is none."""
        link = self._by_id.get(id(target))
        if link is None:
            if len(self._by_number) >= _MOST_LINKS:
                raise TooLarge(f"more than {_MOST_LINKS:,} containers at once are too many to hand over")
            link = Link(next(self._numbers), kind, target)
            self._add(link)
            self._pending.append(link)
        return link.number

    def report(self, message: dict[str, Any]) -> None:
        """Add what is new, what changed and what nobody here holds any more. The caller has let go by now."""
        new = [self._told(link) for link in self._fresh()]
        if new:
            message["n"] = new
        if self._decoding:  # half of what arrived is not in place yet
            return
        changed = []
        for link in list(self._by_number.values()):
            if link.seen is not None and link.changed():
                changed.append([link.number, self._content(link)])
                link.look()
                more = [self._told(fresh) for fresh in self._fresh()]
                if more:
                    message.setdefault("n", []).extend(more)
        if changed:
            message["u"] = changed
        for number, _, _ in message.get("n", ()):
            self._by_number[number].look()
        dropped = self._dropped()
        if dropped:
            message["d"] = dropped

    def _fresh(self) -> Iterator[Link]:
        while self._pending:
            yield self._pending.popleft()

    def _dropped(self) -> list[int]:
        dropped = []
        for number in list(self._by_number):
            link = self._by_number[number]
            target = link.target
            if getrefcount(target) <= _OWN_REFERENCES:
                dropped.append(number)
                self._remove(link)
            del target, link  # a container that only a dropped one held is free now as well
        return dropped

    def forget_many(self) -> bool:
        """Whether there are so many links that they are better given up: `forget` on both sides."""
        return len(self._by_number) > _MANY_LINKS

    def forget(self) -> None:
        self._by_number.clear()
        self._by_id.clear()
        self._pending.clear()

    def _add(self, link: Link) -> None:
        self._by_number[link.number] = link
        self._by_id[id(link.target)] = link

    def _remove(self, link: Link) -> None:
        del self._by_number[link.number]
        del self._by_id[id(link.target)]

    def _told(self, link: Link) -> list[Any]:
        """A new link, with what it takes to make its other end."""
        content, kind = self._content(link), link.kind
        if kind == "object":
            content.append(self._encode(type(link.target)))
        elif kind == "ddict":
            content.append(self._encode(link.target.default_factory))
        elif kind == "deque":
            content.append(link.target.maxlen)
        return [link.number, kind, content]

    def _content(self, link: Link) -> list[Any]:
        kind, target = link.kind, link.target
        if kind == "bytes":
            return [target.hex()]
        if kind == "array":
            return arrays.content_of(target)
        if kind == "object":
            names, values = state_of(target)
            return [names, self.several(values)]
        if kind in ("list", "set", "deque"):
            return [self.several(list(target))]
        return [self.several(list(target.keys())), self.several(list(target.values()))]

    def several(self, values: list[Any]) -> list[Any]:
        """Values that are their own encoding go as they are, which is most of the time all of them."""
        kinds = set(map(type, values))
        if kinds <= _SELF_TOLD or (kinds <= _SELF_TOLD_OR_INT and _small(values)):
            return values
        encode = self._encode
        return [encode(value) for value in values]

    # --- receiving

    def hear(self, message: dict[str, Any], between: Callable[[], None]) -> None:
        """Put in place what the other side's message brings; `between` is done when all containers are there and
        still empty. Raises `Malformed`."""
        new, changed = message.get("n", ()), message.get("u", ())
        self._decoding += 1
        try:
            fresh = [self._shell(number, kind, content) for number, kind, content in new]
            between()
            for link, (_, _, content) in zip(fresh, new, strict=True):
                if link.kind == "ddict":
                    link.target.default_factory = self._decode(content[2])
                self._fill(link, content)
            for number, content in changed:
                link = self._by_number[number]
                self._fill(link, content)
                link.look()
                self.changes += 1
        finally:
            self._decoding -= 1
        dropped = set(message.get("d", ()))
        for link in fresh:
            if link.number not in dropped:
                link.look()

    def let_go(self, message: dict[str, Any]) -> None:
        """The other side no longer holds these: what is here is ours alone."""
        for number in message.get("d", ()):
            link = self._by_number.get(number)
            if link is not None:
                self._remove(link)

    def target(self, number: int) -> Any:
        return self._by_number[number].target

    def _shell(self, number: int, kind: str, content: list[Any]) -> Link:
        if type(number) is not int or number % 2 == self._parity or number in self._by_number:
            raise Malformed("a container with a number that is not the other side's to give")
        if len(self._by_number) >= _MOST_LINKS:
            raise Malformed("too many containers")
        if kind == "object":
            target = object.__new__(self._class(content))
        elif kind == "deque":
            target = deque(maxlen=self._decode(content[1]))
        elif kind == "array":
            target = arrays.array_of(content)
        else:
            target = _SHELLS[kind]()
        link = Link(number, kind, target)
        self._add(link)
        return link

    def _class(self, content: list[Any]) -> type:
        kind = self._decode(content[2])
        if not (isinstance(kind, type) and self.is_plain(kind)):
            raise Malformed("an object of a class that does not travel by its attributes")
        return kind

    def is_plain(self, kind: type) -> bool:
        """Whether instances are their attributes and nothing else, and both sides have the class."""
        return kind.__module__ in self._shared and all(
            each is object or each.__module__ in self._shared or each.__module__ in ("typing", "abc")
            for each in kind.__mro__
        )

    def _fill(self, link: Link, content: list[Any]) -> None:
        kind, target = link.kind, link.target
        if kind == "bytes":
            target[:] = bytes.fromhex(content[0])
        elif kind == "array":
            arrays.fill(target, content)
        elif kind == "object":
            names, values = content[0], self.each(content[1])
            if self._parity == 0:
                _refuse_methods(type(target), names, values)
            _set_state(target, names, values)
        elif kind in ("list", "set", "deque"):
            values = self.each(content[0])
            target.clear()
            (target.update if kind == "set" else target.extend)(values)
        else:
            keys, values = self.each(content[0]), self.each(content[1])
            target.clear()
            for key, value in zip(keys, values, strict=True):
                target[key] = value

    def each(self, told: list[Any]) -> list[Any]:
        if type(told) is not list:
            raise Malformed("a list was expected")
        if set(map(type, told)) <= _SELF_TOLD_OR_INT:
            return told
        decode = self._decode
        return [decode(value) for value in told]


_SHELLS: dict[str, Callable[[], Any]] = {
    "list": list, "dict": dict, "set": set, "bytes": bytearray, "odict": OrderedDict, "counter": Counter,
    "ddict": defaultdict,
}  # fmt: skip
_SELF_TOLD = {type(None), bool, str, float}
_SELF_TOLD_OR_INT = _SELF_TOLD | {int}
MOST_INT = 1 << 1000  # larger ones are told in hexadecimal: the decimal form of very large numbers is refused


def _small(values: list[Any]) -> bool:
    numbers = [value for value in values if type(value) is int]
    return max(numbers) < MOST_INT and min(numbers) > -MOST_INT


def _slots(kind: type) -> list[str] | None:
    """The names of all slots, or None where a class has none."""
    found = []
    for each in kind.__mro__:
        slots = each.__dict__.get("__slots__", ())
        found += [slots] if isinstance(slots, str) else list(slots)
    return [name for name in found if name not in ("__dict__", "__weakref__")] or None


def state_of(target: Any) -> tuple[list[str], list[Any]]:
    """Names and values of an object's attributes."""
    names = list(getattr(target, "__dict__", ()))
    values = [target.__dict__[name] for name in names]
    for name in _slots(type(target)) or ():
        try:
            values.append(object.__getattribute__(target, name))
        except AttributeError:
            continue
        names.append(name)
    return names, values


def _defined(kind: type, name: str) -> Any:
    return next((each.__dict__[name] for each in kind.__mro__ if name in each.__dict__), None)


def _refuse_methods(kind: type, names: list[Any], values: list[Any]) -> None:
    """The judge's instances keep the methods of their class: a candidate's function is none of them."""
    for name, value in zip(names, values, strict=True):
        if handle_of(value) is not None and isinstance(_defined(kind, name), FunctionType):
            raise Malformed("a function of the candidate's in place of a method")


def _set_state(target: Any, names: list[Any], values: list[Any]) -> None:
    if any(type(name) is not str or (name.startswith("__") and name.endswith("__")) for name in names):
        raise Malformed("an attribute of an unusual name")
    own = getattr(target, "__dict__", {})
    own.clear()
    slots = set(_slots(type(target)) or ())
    for name, value in zip(names, values, strict=True):
        if name in slots:
            object.__setattr__(target, name, value)
        else:
            own[name] = value


def _held(kind: str, target: Any) -> Any:
    if kind == "object":
        names, values = state_of(target)
        return names, values
    if kind in ("list", "deque"):
        return list(target)
    if kind == "set":
        return frozenset(target)
    if kind == "bytes":
        return bytes(target)
    if kind == "array":
        return arrays.held(target)
    return list(target.keys()), list(target.values())


def _same(kind: str, target: Any, seen: Any) -> bool:
    now = _held(kind, target) if kind not in ("list", "set", "bytes") else target
    if kind in ("bytes", "array"):
        return bool(now == seen)
    if kind == "set":
        return len(now) == len(seen) and now == seen
    if kind in ("list", "deque"):
        return len(now) == len(seen) and all(map(is_, now, seen))
    keys, values = seen
    return len(now[0]) == len(keys) and all(map(is_, now[0], keys)) and all(map(is_, now[1], values))
