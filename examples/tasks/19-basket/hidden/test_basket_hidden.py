import pytest
from basket import Basket


def test_baskets_are_separate():
    first, second = Basket(), Basket()
    first.add("tea", 4)
    assert len(second) == 0
    assert first.total() == 4


def test_an_article_comes_back():
    basket = Basket()
    basket.add("tea", 4)
    basket.remove("tea")
    basket.add("tea", 6)
    assert basket.total() == 6


def test_removing_twice():
    basket = Basket()
    basket.add("tea", 4)
    basket.remove("tea")
    with pytest.raises(KeyError):
        basket.remove("tea")


def test_an_article_for_nothing():
    basket = Basket()
    basket.add("sample", 0)
    assert (len(basket), basket.total()) == (1, 0)
