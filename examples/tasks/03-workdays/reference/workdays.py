from collections.abc import Iterable
from datetime import date, timedelta


def count_workdays(start: date, end: date, holidays: Iterable[date]) -> int:
    """How many of the days from `start` up to, but not including, `end` are worked."""
    closed = set(holidays)
    count = 0
    day = start
    while day < end:
        if day.weekday() < 5 and day not in closed:
            count += 1
        day += timedelta(days=1)
    return count
