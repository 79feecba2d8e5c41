from collections.abc import Iterable
from datetime import date


def business_days(until: date, since: date, closed: Iterable[date] = ()) -> int:
    """Number of days on which the office works between two dates.

    The period begins on the day `since` and ends just before the day `until`. The office works Monday to Friday unless
    the day is one of the `closed` ones. A period that ends before it begins has no days.
    """
    raise NotImplementedError
