import threading
import unittest
from unittest import TestCase, mock

import unit
from unit import Account, classify, divide, in_threads


class TestAccount(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = Account()

    def setUp(self):
        self.account = Account()
        self.account.open()
        self.addCleanup(setattr, self, "account", None)

    def test_open_twice(self):
        with self.assertRaises(ValueError) as caught:
            self.account.open()
        self.assertEqual(str(caught.exception), "account already open")

    def test_withdraw(self):
        self.account.deposit(5)
        self.account.withdraw(5)
        self.assertEqual(self.account.balance, 0)

    def test_from_many_threads(self):
        threads = [threading.Thread(target=self.account.deposit, args=(1,)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.account.balance, 20)

    def test_shared(self):
        self.assertFalse(self.shared.is_open)
        self.assertIsInstance(self.shared, Account)


class TestKinds(TestCase):
    def test_several(self):
        for n, kind in ((1, "odd"), (2, "even"), (3, "odd")):
            with self.subTest(n=n):
                self.assertEqual(classify(n), kind)

    def test_numbers(self):
        self.assertAlmostEqual(divide(1, 3), 0.3333333, places=5)
        self.assertRaises(ZeroDivisionError, divide, 1, 0)
        self.assertIn("ev", classify(2))
        self.assertCountEqual([2, 1], [1, 2])
        self.assertDictEqual({"a": divide(2, 1)}, {"a": 2.0})

    @mock.patch("unit.classify")
    def test_patched(self, classify):
        classify.return_value = "mocked"
        self.assertEqual(unit.classify(1), "mocked")
        classify.assert_called_once_with(1)

    @unittest.skip("not now")
    def test_skipped(self):
        self.fail()


def test_callbacks_from_threads():
    assert in_threads(lambda n: n * 2, 4) == [0, 2, 4, 6]
