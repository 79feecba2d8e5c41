from datetime import datetime

import pytest
from schedule_due import is_due


def test_parts_of_different_kinds():
    assert is_due("5,10-12,*/20 * * * *", datetime(2026, 6, 1, 0, 11)) is True
    assert is_due("5,10-12,*/20 * * * *", datetime(2026, 6, 1, 0, 40)) is True
    assert is_due("5,10-12,*/20 * * * *", datetime(2026, 6, 1, 0, 13)) is False


def test_day_and_weekday_both_have_to_fit():
    assert is_due("0 0 1 * 0", datetime(2026, 6, 1, 0, 0)) is True
    assert is_due("0 0 1 * 0", datetime(2026, 7, 1, 0, 0)) is False


def test_sunday():
    assert is_due("* * * * 6", datetime(2026, 6, 7, 5, 5)) is True


def test_too_many_fields():
    with pytest.raises(ValueError):
        is_due("* * * * * *", datetime(2026, 6, 1))
