from collections.abc import Iterator
from datetime import date


class NoPrice(LookupError):
    """No price was recorded for a day or before it."""


class PriceHistory:
    """What an article cost, and since when."""

    def __init__(self) -> None:
        self._prices: dict[date, int] = {}

    def record(self, day: date, price: int) -> None:
        self._prices[day] = price

    def price_on(self, day: date) -> int:
        earlier = [known for known in self._prices if known <= day]
        if not earlier:
            raise NoPrice(f"no price on {day}")
        return self._prices[max(earlier)]

    def __len__(self) -> int:
        return len(self._prices)

    def __iter__(self) -> Iterator[tuple[date, int]]:
        return iter(sorted(self._prices.items()))
