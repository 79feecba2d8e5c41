class Basket:
    """The articles of a basket and their prices."""

    def __init__(self) -> None:
        self._prices: dict[str, int] = {}

    def add(self, name: str, price: int) -> None:
        self._prices[name] = price

    def remove(self, name: str) -> None:
        del self._prices[name]

    def total(self) -> int:
        return sum(self._prices.values())

    def __len__(self) -> int:
        return len(self._prices)
