"""Cutting an iterable into pieces."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def chunked(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of `size` consecutive items; the last one may be shorter.

    Items are read only as they are needed, so endless iterables work too. Raises ValueError, when the first list is
    asked for, if `size` is less than 1.
    """
    if size < 1:
        raise ValueError(f"a chunk has at least one item, not {size}")
    stream = iter(items)
    while chunk := list(islice(stream, size)):
        yield chunk
