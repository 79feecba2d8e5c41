class OutOfStock(Exception):
    """Fewer pieces are there than somebody wants to take."""

    def __init__(self, item: str, missing: int) -> None:
        super().__init__(f"{missing} more of {item} would be needed")
        self.item = item
        self.missing = missing


class StockRoom:
    """Keeps count of what lies in a stock room."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def put(self, item: str, count: int) -> None:
        if count < 1:
            raise ValueError("put at least one piece")
        self._counts[item] = self.count(item) + count

    def take(self, item: str, count: int) -> None:
        if count < 1:
            raise ValueError("take at least one piece")
        there = self.count(item)
        if count > there:
            raise OutOfStock(item, count - there)
        self._counts[item] = there - count

    def count(self, item: str) -> int:
        return self._counts.get(item, 0)

    def low(self, limit: int) -> list[str]:
        return sorted(item for item, count in self._counts.items() if count < limit)
