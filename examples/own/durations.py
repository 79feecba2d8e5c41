"""Reading lengths of time that people write."""

import re

_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_PART = re.compile(r"(\d+)\s*([dhms])\s*")


def parse_duration(text: str) -> int:
    """Read a length of time such as `1h 30m` and return it in seconds.

    It is made of whole numbers with the unit d, h, m or s, upper or lower case, in any order, with or without spaces.
    Raises ValueError for anything else, the empty text too.
    """
    rest = text.strip().lower()
    if not rest:
        raise ValueError("no length of time in an empty text")
    seconds = 0
    while rest:
        part = _PART.match(rest)
        if part is None:
            raise ValueError(f"not a length of time: {text!r}")
        seconds += int(part[1]) * _SECONDS[part[2]]
        rest = rest[part.end() :]
    return seconds
