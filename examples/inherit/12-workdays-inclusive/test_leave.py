from datetime import date

from leave import leave_days

MONDAY = date(2026, 6, 1)


def test_both_days_are_included():
    assert leave_days(MONDAY, MONDAY, []) == 1
    assert leave_days(MONDAY, date(2026, 6, 5), []) == 5


def test_weekends_and_holidays_need_none():
    assert leave_days(MONDAY, date(2026, 6, 7), []) == 5
    assert leave_days(MONDAY, date(2026, 6, 8), [date(2026, 6, 4)]) == 5
    assert leave_days(date(2026, 6, 6), date(2026, 6, 7), []) == 0


def test_backwards():
    assert leave_days(date(2026, 6, 9), MONDAY, []) == 0
