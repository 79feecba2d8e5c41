from datetime import date

from week_label import week_label


def test_in_the_middle_of_a_year():
    assert week_label(date(2025, 8, 20)) == "2025-W34"
    assert week_label(date(2023, 3, 5)) == "2023-W09"
    assert week_label(date(2023, 3, 6)) == "2023-W10"


def test_around_the_turn_of_the_year():
    assert week_label(date(2023, 1, 1)) == "2022-W52"
    assert week_label(date(2020, 12, 31)) == "2020-W53"
    assert week_label(date(2018, 12, 31)) == "2019-W01"
