import pytest
from rota.people import parse_people
from rota.plan import NobodyFree, make_plan


def test_names_of_two_words():
    assert parse_people("Ada L.: Sat\n\n Bob : Sun,Sat") == {"Ada L.": ["Sat"], "Bob": ["Sun", "Sat"]}


def test_days_are_shared_out():
    people = {"A": ["1", "2", "3", "4"], "B": ["1", "2", "3", "4"]}
    assert make_plan(people, ["1", "2", "3", "4"]) == {"1": "A", "2": "B", "3": "A", "4": "B"}


def test_earlier_days_count():
    people = {"A": ["1", "2", "3"], "B": ["3"], "C": ["3"]}
    assert make_plan(people, ["1", "2", "3"]) == {"1": "A", "2": "A", "3": "B"}


def test_the_order_of_the_days_decides():
    people = {"A": ["x", "y"], "B": ["y"]}
    assert make_plan(people, ["y", "x"]) == {"y": "A", "x": "A"}


def test_nobody_at_all():
    with pytest.raises(NobodyFree) as caught:
        make_plan({}, ["Mon"])
    assert caught.value.day == "Mon"
