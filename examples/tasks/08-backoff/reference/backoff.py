from collections.abc import Iterator


def backoff_delays(first: float, factor: float, limit: float, count: int) -> Iterator[float]:
    """Yield `count` delays: `first`, then each `factor` times the one before, never more than `limit`."""
    delay = first
    for _ in range(count):
        delay = min(delay, limit)
        yield delay
        delay *= factor
