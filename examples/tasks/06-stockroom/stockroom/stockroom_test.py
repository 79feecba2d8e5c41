import unittest

from stockroom import OutOfStock, StockRoom


class StockRoomTest(unittest.TestCase):
    def test_put_and_count(self):
        room = StockRoom()
        room.put("bolt", 5)
        room.put("bolt", 2)
        self.assertEqual(room.count("bolt"), 7)

    def test_unknown_item(self):
        self.assertEqual(StockRoom().count("bolt"), 0)

    def test_take(self):
        room = StockRoom()
        room.put("nut", 3)
        room.take("nut", 2)
        self.assertEqual(room.count("nut"), 1)
        room.take("nut", 1)
        self.assertEqual(room.count("nut"), 0)

    def test_taking_too_many_changes_nothing(self):
        room = StockRoom()
        room.put("nut", 3)
        with self.assertRaises(OutOfStock) as caught:
            room.take("nut", 5)
        self.assertEqual(caught.exception.item, "nut")
        self.assertEqual(caught.exception.missing, 2)
        self.assertEqual(room.count("nut"), 3)

    def test_taking_what_was_never_there(self):
        with self.assertRaises(OutOfStock) as caught:
            StockRoom().take("gear", 4)
        self.assertEqual(caught.exception.missing, 4)

    def test_counts_below_one(self):
        room = StockRoom()
        with self.assertRaises(ValueError):
            room.put("nut", 0)
        with self.assertRaises(ValueError):
            room.take("nut", -1)

    def test_low(self):
        room = StockRoom()
        room.put("washer", 1)
        room.put("bolt", 9)
        room.put("gear", 2)
        room.take("gear", 2)
        self.assertEqual(room.low(3), ["gear", "washer"])
        self.assertEqual(room.low(1), ["gear"])

    def test_rooms_are_separate(self):
        first, second = StockRoom(), StockRoom()
        first.put("bolt", 1)
        self.assertEqual(second.count("bolt"), 0)


if __name__ == "__main__":
    unittest.main()
