from datetime import date

import pytest
from workdays import count_workdays

MONDAY = date(2026, 6, 1)


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (date(2026, 6, 2), 1),
        (date(2026, 6, 5), 4),
        (date(2026, 6, 6), 5),
        (date(2026, 6, 7), 5),
        (date(2026, 6, 8), 5),
        (date(2026, 6, 9), 6),
    ],
)
def test_the_end_is_not_counted(end, expected):
    assert count_workdays(MONDAY, end, []) == expected


def test_starting_at_the_weekend():
    assert count_workdays(date(2026, 6, 6), date(2026, 6, 10), []) == 2


def test_holidays_are_not_worked():
    holidays = [date(2026, 6, 3), date(2026, 6, 4)]
    assert count_workdays(MONDAY, date(2026, 6, 8), holidays) == 3


def test_a_holiday_at_the_weekend_changes_nothing():
    assert count_workdays(MONDAY, date(2026, 6, 8), [date(2026, 6, 6)]) == 5


def test_holidays_outside_or_named_twice():
    holidays = [date(2026, 5, 29), date(2026, 6, 3), date(2026, 6, 3), date(2026, 6, 8)]
    assert count_workdays(MONDAY, date(2026, 6, 8), holidays) == 4


def test_an_empty_period():
    assert count_workdays(MONDAY, MONDAY, []) == 0
    assert count_workdays(date(2026, 6, 9), MONDAY, []) == 0
