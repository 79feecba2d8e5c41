from datetime import datetime

from opening_hours import is_open


def test_every_day():
    assert is_open("Mon-Sun 00:00-23:59", datetime(2026, 6, 7, 0, 0)) is True
    assert is_open("Thu-Thu 10:00-11:00", datetime(2026, 6, 4, 10, 59, 59)) is True


def test_several_ranges():
    hours = "Fri-Sat,Mon 06:30-07:15"
    assert is_open(hours, datetime(2026, 6, 6, 6, 30)) is True
    assert is_open(hours, datetime(2026, 6, 7, 7, 0)) is False
    assert is_open(hours, datetime(2026, 6, 8, 7, 15)) is False


def test_nights():
    hours = "Sat-Sun 21:00-04:30 ;Wed 12:00-13:00"
    assert is_open(hours, datetime(2026, 6, 7, 4, 29)) is True
    assert is_open(hours, datetime(2026, 6, 6, 4, 0)) is False


def test_no_rules():
    assert is_open("", datetime(2026, 6, 1, 12, 0)) is False
