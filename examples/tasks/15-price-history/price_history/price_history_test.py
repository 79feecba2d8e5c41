import unittest
from datetime import date

from price_history import NoPrice, PriceHistory


class PriceHistoryTest(unittest.TestCase):
    def setUp(self):
        self.history = PriceHistory()
        self.history.record(date(2026, 3, 1), 120)
        self.history.record(date(2026, 1, 15), 100)
        self.history.record(date(2026, 6, 1), 90)

    def test_on_the_day_itself(self):
        self.assertEqual(self.history.price_on(date(2026, 3, 1)), 120)

    def test_between_two_days(self):
        self.assertEqual(self.history.price_on(date(2026, 2, 28)), 100)
        self.assertEqual(self.history.price_on(date(2026, 5, 31)), 120)

    def test_after_the_last_day(self):
        self.assertEqual(self.history.price_on(date(2030, 1, 1)), 90)

    def test_before_the_first_day(self):
        with self.assertRaises(NoPrice):
            self.history.price_on(date(2026, 1, 14))

    def test_an_empty_history(self):
        with self.assertRaises(LookupError):
            PriceHistory().price_on(date(2026, 1, 1))

    def test_recording_a_day_again(self):
        self.history.record(date(2026, 3, 1), 125)
        self.assertEqual(self.history.price_on(date(2026, 4, 1)), 125)
        self.assertEqual(len(self.history), 3)

    def test_length(self):
        self.assertEqual(len(PriceHistory()), 0)
        self.assertEqual(len(self.history), 3)

    def test_iterating(self):
        self.assertEqual(
            list(self.history),
            [(date(2026, 1, 15), 100), (date(2026, 3, 1), 120), (date(2026, 6, 1), 90)],
        )


if __name__ == "__main__":
    unittest.main()
