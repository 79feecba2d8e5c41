from collections.abc import Iterable, Iterator


def running_totals(amounts: Iterable[int]) -> Iterator[int]:
    """The sum of all amounts so far, after each of them."""
    total = 0
    for amount in amounts:
        total += amount
        yield total
