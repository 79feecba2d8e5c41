from datetime import date

from days_left import days_left


def test_over_a_year():
    assert days_left(date(2026, 1, 1), date(2027, 1, 1)) == 365


def test_a_leap_year():
    assert days_left(date(2028, 2, 28), date(2028, 3, 1)) == 2


def test_long_past():
    assert days_left(date(2026, 1, 1), date(2000, 1, 1)) == 0


def test_tomorrow():
    assert days_left(date(2026, 12, 31), date(2027, 1, 1)) == 1
