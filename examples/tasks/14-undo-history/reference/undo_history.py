from typing import Any


class HistoryError(Exception):
    """There is no value in the direction that was asked for."""


class NothingToUndo(HistoryError):
    """The current value is the first one."""


class NothingToRedo(HistoryError):
    """The current value is the last one."""


class History:
    """One value with undo and redo."""

    def __init__(self, start: Any) -> None:
        self.value = start
        self._before: list[Any] = []
        self._after: list[Any] = []

    def set(self, value: Any) -> None:
        self._before.append(self.value)
        self._after.clear()
        self.value = value

    def undo(self) -> Any:
        if not self._before:
            raise NothingToUndo("this is the first value")
        self._after.append(self.value)
        self.value = self._before.pop()
        return self.value

    def redo(self) -> Any:
        if not self._after:
            raise NothingToRedo("this is the last value")
        self._before.append(self.value)
        self.value = self._after.pop()
        return self.value
