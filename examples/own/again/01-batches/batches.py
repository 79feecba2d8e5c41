from collections.abc import Iterable, Iterator
from typing import Any


def batches(limit: int, records: Iterable[Any]) -> Iterator[list[Any]]:
    """Hand out records in batches, lists of `limit` records in their order; what remains at the end is a smaller batch.

    A limit under 1 raises ValueError as soon as the first batch is asked for.
    """
    raise NotImplementedError
