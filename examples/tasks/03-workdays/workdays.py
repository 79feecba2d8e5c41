from collections.abc import Iterable
from datetime import date


def count_workdays(start: date, end: date, holidays: Iterable[date]) -> int:
    """How many days are worked from `start` up to, but not including, `end`.

    Monday to Friday are worked, except the days in `holidays`. A holiday on a Saturday or Sunday, outside of the
    period or named twice changes nothing more. When `end` is not after `start`, the answer is 0.
    """
    raise NotImplementedError
