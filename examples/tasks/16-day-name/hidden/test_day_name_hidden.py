import pytest
from day_name import day_name


def test_every_day_of_a_week():
    names = [day_name(f"2026-06-0{n}") for n in range(1, 8)]
    assert names == ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def test_long_ago():
    assert day_name("1969-07-20") == "Sunday"


def test_empty_text():
    with pytest.raises(ValueError):
        day_name("")


def test_no_leap_year():
    with pytest.raises(ValueError):
        day_name("2025-02-29")
