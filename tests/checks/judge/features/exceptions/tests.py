import json
import unittest

import exceptions
import pytest
from exceptions import Coded, OutOfStock, Refused, ShopError, buy, classify, give, handle


def test_attributes():
    with pytest.raises(OutOfStock, match="^sold is out of stock$") as caught:
        buy("sold")
    assert caught.value.item == "sold"
    assert caught.value.left == 2
    assert caught.value.hint() == "wait for sold"
    assert caught.value.args == ("sold is out of stock",)
    assert caught.type is OutOfStock
    assert repr(caught.value) == "OutOfStock('sold is out of stock')"


def test_hierarchy():
    assert issubclass(OutOfStock, ShopError)
    assert issubclass(ShopError, Exception)
    assert OutOfStock.__doc__ is None or True
    with pytest.raises(ShopError):
        buy("sold")
    with pytest.raises(ValueError) as caught:
        buy("odd")
    assert caught.value.args == ("odd", 3)
    assert isinstance(caught.value, Refused)
    try:
        buy("odd")
    except (KeyError, ShopError) as error:
        assert str(error) == "('odd', 3)"


def test_own_text():
    with pytest.raises(Coded, match=r"\[404\] \{'path': '/x'\}") as caught:
        buy("coded")
    assert caught.value.code == 404
    assert caught.value.details == {"path": "/x"}


def test_built_in_exceptions():
    with pytest.raises(KeyError, match="missing"):
        buy("plain")
    with pytest.raises(json.JSONDecodeError) as caught:
        buy("json")
    assert caught.value.pos == 1
    with pytest.raises(FileNotFoundError) as missing:
        buy("file")
    assert missing.value.errno == 2
    assert missing.value.filename == "/nowhere/at/all"
    with pytest.raises(UnicodeDecodeError):
        buy("unicode")
    with pytest.raises(AssertionError, match="not other"):
        buy("assert")


def test_chain():
    with pytest.raises(ShopError) as caught:
        buy("chained")
    assert isinstance(caught.value.__cause__, ValueError)
    assert "invalid literal" in str(caught.value.__cause__)


def test_context():
    with pytest.raises(ShopError) as caught:
        buy("context")
    assert isinstance(caught.value.__context__, ValueError)


def test_notes():
    with pytest.raises(ShopError) as caught:
        buy("noted")
    assert caught.value.__notes__ == ["look here"]


def test_groups():
    with pytest.raises(ExceptionGroup) as caught:
        buy("group")
    assert [type(e) for e in caught.value.exceptions] == [ValueError, OutOfStock]
    try:
        buy("group")
    except* OutOfStock as group:
        assert group.exceptions[0].item == "a"
    except* ValueError:
        pass


def test_exit():
    with pytest.raises(SystemExit) as caught:
        buy("exit")
    assert caught.value.code == 3


def test_interrupt():
    with pytest.raises(KeyboardInterrupt):
        buy("key")


def test_exceptions_as_values():
    error = give("pen")
    assert isinstance(error, OutOfStock)
    assert handle(error) == ("OutOfStock", "pen is out of stock")
    assert handle(ValueError("x")) == ("ValueError", "x")
    assert handle(OutOfStock("y", left=1)) == ("OutOfStock", "y is out of stock")
    with pytest.raises(OutOfStock):
        raise error


def test_raised_by_the_test_caught_by_the_code():
    def out():
        raise OutOfStock("z")

    def lookup():
        raise KeyError("k")

    class Own(ShopError):
        pass

    def own():
        raise Own("mine")

    def other():
        raise ZeroDivisionError

    assert classify(out) == "stock"
    assert classify(lookup) == "shop 'k'"
    assert classify(own) == "shop mine"
    assert classify(lambda: None) == "fine"
    with pytest.raises(ZeroDivisionError):
        classify(other)


class TestOldStyle(unittest.TestCase):
    def test_context_manager(self):
        with self.assertRaises(exceptions.OutOfStock) as caught:
            buy("sold")
        self.assertEqual(caught.exception.args[0], "sold is out of stock")

    def test_regex(self):
        self.assertRaisesRegex(OutOfStock, "out of", buy, "sold")
