import pytest
from day_name import day_name


def test_a_monday():
    assert day_name("2026-11-23") == "Monday"


def test_a_sunday():
    assert day_name("2026-11-22") == "Sunday"


def test_spaces_around_it():
    assert day_name(" 2024-02-29 ") == "Thursday"


def test_what_is_no_date():
    with pytest.raises(ValueError):
        day_name("2026-02-30")
    with pytest.raises(ValueError):
        day_name("soon")
