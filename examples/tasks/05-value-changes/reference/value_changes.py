from collections.abc import Iterable, Iterator
from typing import Any


def iter_changes(values: Iterable[Any]) -> Iterator[tuple[int, Any, Any]]:
    """Yield `(position, before, after)` for every value that differs from the one directly before it."""
    stream = iter(values)
    for before in stream:
        break
    else:
        return
    for position, after in enumerate(stream, start=1):
        if after != before:
            yield position, before, after
        before = after
