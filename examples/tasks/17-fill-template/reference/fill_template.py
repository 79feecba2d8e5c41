import re
from collections.abc import Mapping
from typing import Any

_GAP = re.compile(r"\{\{\s*(\w+)\s*\}\}")


class MissingValue(KeyError):
    """A gap has no value."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Filler:
    """Fills gaps such as `{{ name }}`, with defaults for values that are not given."""

    def __init__(self, defaults: Mapping[str, Any] | None = None) -> None:
        self._defaults = dict(defaults or {})

    def names(self, text: str) -> list[str]:
        return list(dict.fromkeys(_GAP.findall(text)))

    def fill(self, text: str, values: Mapping[str, Any]) -> str:
        known = {**self._defaults, **values}

        def value(gap: re.Match[str]) -> str:
            if gap[1] not in known:
                raise MissingValue(gap[1])
            return str(known[gap[1]])

        return _GAP.sub(value, text)
