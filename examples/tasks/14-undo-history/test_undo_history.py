"""Undo and redo for one value, as an editor needs it.

The class `History(start)` keeps a value that begins as `start`. Its attribute `value` is the current value.
`set(value)` makes another value the current one. `undo()` goes back to the value before, and `redo()` forward
again to the value that was undone; both return the value that is current then. Setting a new value after an undo
forgets everything that could have been redone.

When there is nothing to undo, `undo()` raises `NothingToUndo`; when there is nothing to redo, `redo()` raises
`NothingToRedo`. Both exceptions are subclasses of `HistoryError`, which is a subclass of `Exception`; all three are
defined in the same module. Neither changes the current value.
"""

import unittest

from undo_history import History, HistoryError, NothingToRedo, NothingToUndo


class Setting(unittest.TestCase):
    def test_the_start(self):
        self.assertEqual(History("draft").value, "draft")

    def test_set(self):
        history = History(1)
        history.set(2)
        history.set(3)
        self.assertEqual(history.value, 3)


class Undoing(unittest.TestCase):
    def test_back_step_by_step(self):
        history = History(1)
        history.set(2)
        history.set(3)
        self.assertEqual(history.undo(), 2)
        self.assertEqual(history.undo(), 1)
        self.assertEqual(history.value, 1)

    def test_nothing_to_undo(self):
        history = History(1)
        with self.assertRaises(NothingToUndo):
            history.undo()
        self.assertEqual(history.value, 1)


class Redoing(unittest.TestCase):
    def test_forward_again(self):
        history = History("a")
        history.set("b")
        history.set("c")
        history.undo()
        history.undo()
        self.assertEqual(history.redo(), "b")
        self.assertEqual(history.redo(), "c")
        self.assertEqual(history.value, "c")

    def test_setting_forgets_what_was_undone(self):
        history = History("a")
        history.set("b")
        history.undo()
        history.set("c")
        with self.assertRaises(NothingToRedo):
            history.redo()
        self.assertEqual(history.value, "c")
        self.assertEqual(history.undo(), "a")

    def test_nothing_to_redo(self):
        with self.assertRaises(NothingToRedo):
            History(0).redo()


class Errors(unittest.TestCase):
    def test_one_name_for_both(self):
        with self.assertRaises(HistoryError):
            History(0).undo()
        with self.assertRaises(HistoryError):
            History(0).redo()
