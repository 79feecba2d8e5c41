"""What a request states in words, whose names are whose, and when a request is left alone."""

from __future__ import annotations

import ast

import pytest

from lamarck.generators.templates.asking import read_request
from lamarck.generators.templates.collection import Collection
from lamarck.generators.templates.stated import affirmed, stated_parameters
from lamarck.generators.templates.template import Case, task_of
from lamarck.generators.templates.usual import same_member, same_parameter

ALL = Collection(None)
TESTS = """
from answer import page_numbers

def test_gap():
    assert page_numbers(5, 10) == [1, None, 4, 5, 6, None, 10]

def test_few():
    assert page_numbers(1, 1) == [1]
    assert page_numbers(2, 3) == [1, 2, 3]
"""


@pytest.mark.parametrize(
    ("text", "name", "shown"),
    [
        ("Please write ago(then, now) for two datetimes.", "ago", "then, now"),
        ("A decorator @retry(times=3, on=(OSError,)): call again", "retry", "times=3, on=(OSError,)"),
        ("class Limit(count, clock=time.time) with hit(key)", "Limit", "count, clock=time.time"),
        ("read(path) is read(path, strict=False)", "read", "path, strict=False"),
    ],
)
def test_parameters_are_read_from_words(text: str, name: str, shown: str) -> None:
    assert ast.unparse(stated_parameters(text)[name]) == shown


def test_a_call_with_values_states_nothing() -> None:
    assert stated_parameters("f(1) is 2, f('a') is 3 and f(x, 4)") == {}


def test_what_is_not_wanted_rules_nothing_out() -> None:
    assert "os.environ" not in affirmed("Read it. Don't touch os.environ. Skip comments.")
    assert "Skip comments" in affirmed("Read it. Don't touch os.environ. Skip comments.")


def test_usual_names_are_one() -> None:
    assert same_parameter("clock", "timer")
    assert not same_parameter("clock", "path")
    assert same_member("put", "add")
    assert not same_member("put", "clear")


def test_stated_parameters_serve_where_nothing_else_tells() -> None:
    request = read_request(task_of(Case(goal="Write page_numbers(current, total, around=1).", tests=TESTS)))
    assert request is not None
    assert request.asked[0].stated
    assert request.asked[0].arguments is not None
    assert request.asked[0].as_called.arguments is None


def test_more_said_than_shown_is_left_alone() -> None:
    plain = "The page numbers to show around the current page, None for a gap."
    more = " Weekends glow purple, archived chapters sink below drafts, and sponsors appear beside odd chapters."
    assert "pagination/page_links" in matched(plain)
    assert matched(plain + more) == []


def matched(goal: str) -> list[str]:
    case = Case(goal=goal, signature="def page_numbers(current, total)", tests=TESTS)
    return [t.id for t in ALL.matcher.match(task_of(case))]
