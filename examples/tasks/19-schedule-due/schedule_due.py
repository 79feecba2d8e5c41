from datetime import datetime


def is_due(schedule: str, when: datetime) -> bool:
    """Whether a job is due at a minute, by a schedule of five fields separated by spaces.

    The fields stand for minute (0-59), hour (0-23), day of the month (1-31), month (1-12) and day of the week, where
    Monday is 0 and Sunday is 6. The job is due when all five fields fit. A field holds one or more parts separated by
    commas, and fits when one of its parts fits:

    - `*` fits always,
    - a number fits that value,
    - `a-b` fits every value from a to b, both included,
    - `*/n` fits every value that n divides without remainder.

    A schedule that does not have exactly five fields raises ValueError with the message
    "a schedule has five fields".

    >>> is_due("* * * * *", datetime(2026, 6, 1, 12, 34))
    True
    >>> is_due("30 9 * * *", datetime(2026, 6, 1, 9, 30))
    True
    >>> is_due("30 9 * * *", datetime(2026, 6, 1, 9, 31))
    False
    >>> is_due("*/15 * * * *", datetime(2026, 6, 1, 3, 45))
    True
    >>> is_due("*/15 * * * *", datetime(2026, 6, 1, 3, 50))
    False
    >>> is_due("0 8-17 * * 0-4", datetime(2026, 6, 5, 17, 0))
    True
    >>> is_due("0 8-17 * * 0-4", datetime(2026, 6, 6, 17, 0))
    False
    >>> is_due("0,20,40 * 1,15 */6 *", datetime(2026, 6, 15, 1, 40))
    True
    >>> is_due("0,20,40 * 1,15 */6 *", datetime(2026, 5, 15, 1, 40))
    False
    >>> is_due("0 0 * *", datetime(2026, 6, 1, 0, 0))
    Traceback (most recent call last):
        ...
    ValueError: a schedule has five fields
    """
    raise NotImplementedError
