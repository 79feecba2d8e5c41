import pytest
from undo_history import History, HistoryError, NothingToRedo, NothingToUndo


def test_undo_after_redo():
    history = History(1)
    history.set(2)
    history.undo()
    history.redo()
    assert history.undo() == 1
    with pytest.raises(NothingToUndo):
        history.undo()


def test_the_same_value_twice_is_two_steps():
    history = History("x")
    history.set("x")
    assert history.undo() == "x"
    assert history.redo() == "x"
    with pytest.raises(NothingToRedo):
        history.redo()


def test_none_is_a_value():
    history = History(None)
    history.set(5)
    assert history.undo() is None
    assert history.redo() == 5


def test_the_exceptions_differ():
    assert issubclass(NothingToUndo, HistoryError)
    assert not issubclass(NothingToUndo, NothingToRedo)
