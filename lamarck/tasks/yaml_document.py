"""YAML with a line for every value, and without YAML's surprises.

One document; no anchors, no duplicate keys, no tags that build objects. `yes`, `no`, `on`, `off`, `2024-01-01` and
`1:30` are text: only `true` and `false`, plain numbers and `null` are more than that (the core schema of YAML 1.2).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from lamarck.errors import BadInput

_DEEPEST = 50
_TAGS = frozenset({"null", "bool", "int", "float", "str", "binary", "seq", "map"})


@dataclass(frozen=True)
class Value:
    """A plain value (None, bool, int, float, str, bytes), a list or a dict of `Value`s, and where it stands."""

    data: Any
    line: int

    def plain(self) -> Any:
        """Without lines."""
        if isinstance(self.data, dict):
            return {key: value.plain() for key, value in self.data.items()}
        return [value.plain() for value in self.data] if isinstance(self.data, list) else self.data


def read_document(text: str, name: str) -> Value:
    """The document. Raises `BadInput` with file, line and column for whatever it is not."""
    import yaml

    try:
        _check_events(text, name)
        loader = _loader_class()(text)
        try:
            node = loader.get_single_node()
            if node is None:
                raise BadInput(f"{name}: is empty", "write at least `goal: …`")
            return _value(node, loader, name)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise BadInput(f"{where}: {error.problem or error.context}", "correct the YAML there") from error
    except yaml.YAMLError as error:  # a character that YAML forbids
        line = text.count("\n", 0, getattr(error, "position", 0) or 0) + 1
        reason = str(getattr(error, "reason", error)).splitlines()[0]
        raise BadInput(f"{name}:{line}: {reason}", "correct the YAML there") from error


def _check_events(text: str, name: str) -> None:
    """What could blow up must be refused before any recursion: aliases and depth."""
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=_loader_class()):
        mark: Any = event.start_mark
        place = f"{name}:{mark.line + 1}:{mark.column + 1}"
        if isinstance(event, yaml.AliasEvent):
            raise BadInput(f"{place}: anchors and aliases are not supported", "write the value out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise BadInput(f"{place}: nested deeper than {_DEEPEST} levels", "flatten the value")


def _loader_class() -> Any:
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class CoreLoader(base):  # type: ignore[misc]
        yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}

    for tag, pattern, first in _RESOLVED:
        CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), first)
    return CoreLoader


# Kind, what it looks like, and the letters that it can start with.
_RESOLVED: tuple[tuple[str, str, Sequence[str]], ...] = (
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", "~|null|Null|NULL|", ("~", "n", "N", "")),
    ("int", "[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?[0-9]+[eE][-+]?[0-9]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+.0123456789"),
)


def _value(node: Any, loader: Any, name: str) -> Value:
    import yaml

    line = node.start_mark.line + 1
    if node.tag.removeprefix("tag:yaml.org,2002:") not in _TAGS:
        raise BadInput(f"{name}:{line}:{node.start_mark.column + 1}: unknown tag {node.tag}", "write a plain value")
    if isinstance(node, yaml.MappingNode):
        return Value(dict(_pairs(node, loader, name)), line)
    if isinstance(node, yaml.SequenceNode):
        return Value([_value(child, loader, name) for child in node.value], line)
    try:
        data = loader.construct_object(node)
    except (ValueError, OverflowError) as error:
        raise BadInput(f"{name}:{line}: {node.value[:40]!r}: {error}", "write it as text, in quotes") from error
    if isinstance(data, float) and math.isnan(data):
        raise BadInput(f"{name}:{line}: nan equals nothing", "write `call` with math.isnan instead")
    return Value(data, line)


def _pairs(node: Any, loader: Any, name: str) -> Iterator[tuple[Any, Value]]:
    seen: dict[Any, int] = {}
    for key_node, value_node in node.value:
        key = _value(key_node, loader, name)
        if isinstance(key.data, dict | list):
            raise BadInput(f"{name}:{key.line}: a list or a mapping cannot be a key", "use text as a key")
        if key.data in seen:
            first = seen[key.data]
            raise BadInput(f"{name}:{key.line}: '{key.data}' stands on line {first} already", "remove one of them")
        seen[key.data] = key.line
        yield key.data, _value(value_node, loader, name)
