import importlib

import pytest
import shop
import shop.prices.table as table
from ledger import Entry, Node
from shop import *  # noqa: F403
from shop.cart import change, make_list, reverse


def test_package():
    assert shop.__version__ == "1.2"
    assert shop.price("pen") == 3
    assert price("cup") == 5  # noqa: F405
    assert table.PRICES["pen"] == 3
    assert shop.cart.Cart is shop.Cart
    with pytest.raises(ImportError):
        importlib.import_module("shop.missing")


def test_total(cart):
    assert cart.add("pen", 2).add("cup").total() == 11


def test_fixture_of_conftest(price_list):
    assert price_list == {"pen": 3, "cup": 5}


def test_given_classes(cart):
    cart.add("pen")
    entry = cart.last()
    assert type(entry) is Entry
    assert entry == Entry("pen", 1)
    entry.count = 9
    assert cart.last().count == 9
    mine = Entry("x", 1)
    change(mine)
    assert mine == Entry("x", 2)
    assert mine.note == "changed"


def test_linked_list():
    nodes = Node(1, Node(2, Node(3)))
    third = nodes.successor.successor
    head = reverse(nodes)
    assert head is third
    values = []
    while head:
        values.append(head.value)
        head = head.successor
    assert values == [3, 2, 1]


def test_made_there():
    head = make_list(1, 2)
    assert type(head) is Node
    assert head.successor.value == 2


def test_patched_constant(monkeypatch, cart):
    monkeypatch.setitem(table.PRICES, "pen", 100)
    assert cart.add("pen").total() in (100, 0)


@pytest.mark.parametrize(("name", "expected"), [("pen", 3), pytest.param("cup", 5, id="a cup")])
def test_parametrized(name, expected):
    assert shop.price(name) == expected


class TestInAClass:
    @pytest.fixture(autouse=True)
    def prepared(self, tmp_path):
        self.folder = tmp_path

    def test_uses_it(self, cart):
        assert self.folder.is_dir()
        assert cart.entries == []

    @pytest.mark.parametrize("count", [1, 2])
    def test_approx(self, cart, count):
        assert cart.add("pen", count).total() / 7 == pytest.approx(3 * count / 7) or cart.total() == 0
