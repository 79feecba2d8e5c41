"""Watch a stream of sensor readings and report only what changed.

`iter_changes(values)` takes any iterable and yields one tuple `(position, before, after)` for every value that
differs from the value directly before it; positions count from 0. The first value is never a change. It works lazily:
it yields a change as soon as it has read it, so that it can be used on an endless stream.
"""

import itertools
import unittest

from value_changes import iter_changes


class Changes(unittest.TestCase):
    def test_reports_position_and_both_values(self):
        self.assertEqual(list(iter_changes([1, 1, 2, 2, 5])), [(2, 1, 2), (4, 2, 5)])

    def test_a_value_that_comes_back_is_a_change(self):
        self.assertEqual(list(iter_changes(["on", "off", "on"])), [(1, "on", "off"), (2, "off", "on")])

    def test_no_changes(self):
        self.assertEqual(list(iter_changes([7, 7, 7])), [])
        self.assertEqual(list(iter_changes([])), [])
        self.assertEqual(list(iter_changes([3])), [])

    def test_none_is_a_value(self):
        self.assertEqual(list(iter_changes([None, 0, None])), [(1, None, 0), (2, 0, None)])

    def test_takes_an_iterator(self):
        self.assertEqual(list(iter_changes(iter("aab"))), [(2, "a", "b")])


class Lazy(unittest.TestCase):
    def test_an_endless_stream(self):
        changes = iter_changes(itertools.cycle([0, 0, 1]))
        first_two = list(itertools.islice(changes, 2))
        self.assertEqual(first_two, [(2, 0, 1), (3, 1, 0)])


if __name__ == "__main__":
    unittest.main()
