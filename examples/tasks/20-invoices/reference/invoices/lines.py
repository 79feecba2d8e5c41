import re
from dataclasses import dataclass

_LINE = re.compile(r"(\d+) x (.*\S.*) @ (\d+)\.(\d\d)")


class BadLine(ValueError):
    """A text that is no line of an order."""


@dataclass(frozen=True)
class Line:
    """So many pieces of one article; `cents` is the price of one."""

    count: int
    name: str
    cents: int

    @property
    def total_cents(self) -> int:
        return self.count * self.cents


def parse_line(text: str) -> Line:
    """Read a text such as `2 x Coffee @ 3.50`."""
    found = _LINE.fullmatch(text.strip())
    if found is None or int(found[1]) < 1:
        raise BadLine(f"not a line of an order: {text!r}")
    return Line(count=int(found[1]), name=found[2].strip(), cents=int(found[3]) * 100 + int(found[4]))
