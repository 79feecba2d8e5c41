from collections.abc import Iterator


def poll_delays(first: float, factor: float, limit: float, count: int) -> Iterator[float]:
    """Yield `count` delays: `first`, then each the one before divided by `factor`, never less than `limit`."""
    delay = first
    for _ in range(count):
        delay = max(delay, limit)
        yield delay
        delay /= factor
