"""What a request says outright is told from what it merely resembles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.library.contradiction import contradicts


@pytest.mark.parametrize(
    ("request_", "known"),
    [
        ("Keep the numbers greater than 3.", "Keep the numbers greater than 2."),
        ("Keep the numbers greater than 3.", "Keep the numbers less than 3."),
        ("the first three entries", "the first two entries"),
        ("each 5th entry", "each 6th entry"),
        ("sort descending", "sort ascending"),
        ("encode the text", "decode the text"),
        ("the largest value", "the smallest value"),
    ],
)
def test_contradictions(request_: str, known: str) -> None:
    assert contradicts(request_, known)
    assert contradicts(known, request_)


@pytest.mark.parametrize(
    ("request_", "known"),
    [
        ("as many delays as asked for, three unless told otherwise", "delays; none when `count` is 0"),
        ("Keep the numbers greater than 3.", "only values of a list above three"),
        ("drop everything that is not greater than 3", "keep what is less than 3 out"),
        ("sort by age", "sort ascending"),
        ("sort descending", "sort ascending or descending"),
        ("round to 2 places", "round a number"),
        ("round to 2 places, 0 at least", "round to 2 places"),
        ("base64 of a text", "sha256 of a text"),
        ("the maximum of a list", "the greatest of a list"),
        ("bigger than x", "larger than x"),
    ],
)
def test_no_contradictions(request_: str, known: str) -> None:
    assert not contradicts(request_, known)
    assert not contradicts(known, request_)


@given(st.text(), st.text())
def test_it_is_symmetric_and_nothing_contradicts_itself(one: str, other: str) -> None:
    assert contradicts(one, other) == contradicts(other, one)
    assert not contradicts(one, one)
