from datetime import date

from workdays import count_workdays


def test_longer_periods():
    assert count_workdays(date(2026, 1, 1), date(2026, 2, 1), []) == 22
    assert count_workdays(date(2024, 2, 26), date(2024, 3, 4), []) == 5
    assert count_workdays(date(2025, 12, 24), date(2026, 1, 2), [date(2025, 12, 25), date(2026, 1, 1)]) == 5


def test_only_a_weekend():
    assert count_workdays(date(2026, 6, 6), date(2026, 6, 8), []) == 0


def test_the_first_day_is_a_holiday():
    assert count_workdays(date(2026, 6, 1), date(2026, 6, 3), [date(2026, 6, 1)]) == 1


def test_backwards():
    assert count_workdays(date(2026, 7, 1), date(2026, 6, 1), [date(2026, 6, 3)]) == 0
