from datetime import date

from office import business_days


def test_one_month():
    assert business_days(date(2026, 10, 1), date(2026, 9, 1)) == 22


def test_closed_days():
    bridge = [date(2026, 5, 14), date(2026, 5, 15)]
    assert business_days(date(2026, 5, 18), date(2026, 5, 11), bridge) == 3
    assert business_days(until=date(2026, 5, 18), since=date(2026, 5, 11), closed=[date(2026, 5, 17)]) == 5


def test_the_last_day_is_left_out():
    assert business_days(date(2026, 5, 12), date(2026, 5, 11)) == 1
    assert business_days(date(2026, 5, 11), date(2026, 5, 11)) == 0


def test_the_wrong_way_round():
    assert business_days(date(2026, 5, 1), date(2026, 5, 20)) == 0
