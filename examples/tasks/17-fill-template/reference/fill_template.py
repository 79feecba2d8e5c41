import re
from collections.abc import Mapping
from typing import Any

_GAP = re.compile(r"\{\{\s*(\w+)\s*\}\}")


class MissingValue(KeyError):
    """A gap has no value."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Template:
    """A text with gaps such as `{{ name }}`."""

    def __init__(self, text: str) -> None:
        self._text = text

    def names(self) -> list[str]:
        return list(dict.fromkeys(_GAP.findall(self._text)))

    def fill(self, values: Mapping[str, Any]) -> str:
        def value(gap: re.Match[str]) -> str:
            name = gap.group(1)
            if name not in values:
                raise MissingValue(name)
            return str(values[name])

        return _GAP.sub(value, self._text)
