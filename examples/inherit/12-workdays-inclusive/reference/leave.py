from collections.abc import Iterable
from datetime import date, timedelta


def leave_days(start: date, end: date, holidays: Iterable[date]) -> int:
    """How many of the days from `start` to `end`, both included, need leave."""
    free = set(holidays)
    days = [start + timedelta(days=step) for step in range((end - start).days + 1)]
    return sum(day.weekday() < 5 and day not in free for day in days)
