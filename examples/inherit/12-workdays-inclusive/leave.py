from collections.abc import Iterable
from datetime import date


def leave_days(start: date, end: date, holidays: Iterable[date]) -> int:
    """How many days of leave somebody needs who is away from `start` to `end`, both days included.

    Monday to Friday need leave, except the days in `holidays`. When `end` is before `start`, the answer is 0.
    """
    raise NotImplementedError
