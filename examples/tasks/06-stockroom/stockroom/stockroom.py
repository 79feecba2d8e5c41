class OutOfStock(Exception):
    def __init__(self, item, missing):
        pass


class StockRoom:
    def put(self, item, count):
        pass

    def take(self, item, count):
        pass

    def count(self, item):
        pass

    def low(self, limit):
        pass
