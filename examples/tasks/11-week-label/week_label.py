from datetime import date


def week_label(day: date) -> str:
    """Name the calendar week of a day as `YYYY-Www`, by ISO 8601.

    Weeks begin on Monday, and week 1 is the one that holds the first Thursday of the year. The year is the one
    that the week belongs to by that rule, which may differ from the year of the day around the turn of the year.
    The number of the week always has two digits.

    >>> week_label(date(2026, 6, 3))
    '2026-W23'
    >>> week_label(date(2026, 2, 1))
    '2026-W05'
    >>> week_label(date(2026, 2, 2))
    '2026-W06'
    >>> week_label(date(2027, 1, 1))
    '2026-W53'
    >>> week_label(date(2024, 12, 30))
    '2025-W01'
    """
    raise NotImplementedError
