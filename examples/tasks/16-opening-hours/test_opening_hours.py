from datetime import datetime

import pytest
from opening_hours import is_open

SHOP = "Mon-Fri 09:00-17:30; Sat 10:00-14:00"


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (datetime(2026, 6, 1, 8, 59), False),
        (datetime(2026, 6, 1, 9, 0), True),
        (datetime(2026, 6, 3, 12, 0), True),
        (datetime(2026, 6, 5, 17, 29), True),
        (datetime(2026, 6, 5, 17, 30), False),
        (datetime(2026, 6, 6, 9, 30), False),
        (datetime(2026, 6, 6, 13, 0), True),
        (datetime(2026, 6, 7, 13, 0), False),
    ],
)
def test_ranges_and_single_days(when, expected):
    assert is_open(SHOP, when) is expected


def test_lists_of_days():
    assert is_open("Mon,Wed-Fri 10:00-12:00", datetime(2026, 6, 1, 11, 0)) is True
    assert is_open("Mon,Wed-Fri 10:00-12:00", datetime(2026, 6, 2, 11, 0)) is False
    assert is_open("Mon,Wed-Fri 10:00-12:00", datetime(2026, 6, 4, 11, 0)) is True


def test_a_range_over_the_end_of_the_week():
    assert is_open("Sat-Mon 10:00-12:00", datetime(2026, 6, 7, 11, 0)) is True
    assert is_open("Sat-Mon 10:00-12:00", datetime(2026, 6, 8, 11, 0)) is True
    assert is_open("Sat-Mon 10:00-12:00", datetime(2026, 6, 9, 11, 0)) is False


def test_over_midnight():
    bar = "Fri 20:00-02:00"
    assert is_open(bar, datetime(2026, 6, 5, 19, 59)) is False
    assert is_open(bar, datetime(2026, 6, 5, 23, 0)) is True
    assert is_open(bar, datetime(2026, 6, 6, 1, 59)) is True
    assert is_open(bar, datetime(2026, 6, 6, 2, 0)) is False
    assert is_open(bar, datetime(2026, 6, 5, 1, 0)) is False


def test_sunday_night_ends_on_monday():
    assert is_open("Sun 22:00-03:00", datetime(2026, 6, 8, 2, 0)) is True


def test_two_spans_on_one_day():
    cafe = "Tue 08:00-11:00; Tue 14:00-18:00;"
    assert is_open(cafe, datetime(2026, 6, 2, 10, 0)) is True
    assert is_open(cafe, datetime(2026, 6, 2, 12, 0)) is False
    assert is_open(cafe, datetime(2026, 6, 2, 15, 0)) is True
