"""The basket of a small shop.

`Basket()` is empty. `add(name, price)` puts an article into it; adding a name again replaces its price.
`remove(name)` takes it out, and raises `KeyError` when it is not there. `total()` is the sum of all prices: 0 for an
empty basket. `len(basket)` is the number of articles.
"""

import unittest

from basket import Basket


class Adding(unittest.TestCase):
    def test_total(self):
        basket = Basket()
        basket.add("bread", 3)
        basket.add("tea", 4)
        self.assertEqual(basket.total(), 7)
        self.assertEqual(len(basket), 2)

    def test_the_same_name_replaces(self):
        basket = Basket()
        basket.add("tea", 4)
        basket.add("tea", 5)
        self.assertEqual(basket.total(), 5)
        self.assertEqual(len(basket), 1)

    def test_empty(self):
        self.assertEqual(Basket().total(), 0)
        self.assertEqual(len(Basket()), 0)


class Removing(unittest.TestCase):
    def test_what_is_there(self):
        basket = Basket()
        basket.add("tea", 4)
        basket.add("bread", 3)
        basket.remove("tea")
        self.assertEqual(basket.total(), 3)

    def test_what_is_not_there(self):
        with self.assertRaises(KeyError):
            Basket().remove("tea")


if __name__ == "__main__":
    unittest.main()
