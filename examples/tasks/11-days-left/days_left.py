from datetime import date


def days_left(today: date, deadline: date) -> int:
    """How many days are left until a deadline. It is 0 on the day itself, and also when the deadline has passed.

    >>> days_left(date(2026, 12, 24), date(2026, 12, 31))
    7
    >>> days_left(date(2026, 2, 28), date(2026, 3, 1))
    1
    >>> days_left(date(2026, 5, 4), date(2026, 5, 4))
    0
    >>> days_left(date(2026, 5, 5), date(2026, 5, 4))
    0
    """
    raise NotImplementedError
