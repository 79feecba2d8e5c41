import json
import sys


class ShopError(Exception):
    """Base."""


class OutOfStock(ShopError):
    def __init__(self, item, left=0):
        super().__init__(f"{item} is out of stock")
        self.item = item
        self.left = left

    def hint(self):
        return f"wait for {self.item}"


class Refused(ShopError, ValueError):
    pass


class Coded(Exception):
    def __init__(self, code, **details):
        self.code, self.details = code, details

    def __str__(self):
        return f"[{self.code}] {self.details}"


def buy(item):
    if item == "sold":
        raise OutOfStock(item, left=2)  # WRONG: raise OutOfStock(item, left=3) | test_attributes
    if item == "odd":
        raise Refused("odd", 3)  # WRONG: raise ShopError("odd", 3) | test_hierarchy
    if item == "coded":
        raise Coded(404, path="/x")
    if item == "plain":
        raise KeyError("missing")
    if item == "chained":
        try:
            int("x")
        except ValueError as error:
            raise ShopError("bad number") from error  # WRONG: raise ShopError("bad number") from None | test_chain
    if item == "context":
        try:
            int("x")
        except ValueError:
            raise ShopError("while handling")
    if item == "noted":
        error = ShopError("noted")
        error.add_note("look here")
        raise error
    if item == "group":
        raise ExceptionGroup("many", [ValueError(1), OutOfStock("a")])
    if item == "json":
        json.loads("{")
    if item == "file":
        open("/nowhere/at/all")
    if item == "unicode":
        b"\xff".decode("utf-8")
    if item == "exit":
        sys.exit(3)
    if item == "stop":
        raise StopIteration("value")
    if item == "assert":
        assert item == "other", "not other"
    if item == "key":
        raise KeyboardInterrupt
    return item


def handle(error):
    return type(error).__name__, str(error)


def classify(function):
    try:
        function()
    except OutOfStock:
        return "stock"
    except (LookupError, ShopError) as error:
        return f"shop {error}"
    finally:
        pass
    return "fine"


def give(item):
    return OutOfStock(item)
