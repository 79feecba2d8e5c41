"""A budget never lets an attempt begin that could overspend."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.budget import Budget
from lamarck.errors import LimitSpent
from lamarck.records import Limits, Spend


@given(st.integers(0, 1000), st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=20))
def test_never_overspent(limit: int, attempts: list[tuple[int, int]]) -> None:
    budget = Budget(limits=Limits(tokens=limit))
    for worst, used in attempts:
        try:
            reserved = budget.reserve(tokens=worst)
        except LimitSpent as error:
            assert error.which == "tokens"
            assert worst > budget.tokens_left
            continue
        budget = reserved.settle(Spend(completion_tokens=min(used, worst)))
        assert budget.spent.tokens <= limit
        assert budget.reserved_tokens == 0


def test_a_reservation_counts_until_it_is_settled() -> None:
    budget = Budget(limits=Limits(tokens=100)).reserve(tokens=60)
    with pytest.raises(LimitSpent):
        budget.reserve(tokens=60)
    assert budget.settle(Spend(prompt_tokens=10)).tokens_left == 90


def test_money() -> None:
    with pytest.raises(LimitSpent) as caught:
        Budget(limits=Limits()).reserve(tokens=1, usd=0.01)
    assert caught.value.which == "usd"
    assert Budget(limits=Limits(usd=0.02)).reserve(tokens=1, usd=0.01).usd_left == pytest.approx(0.01)


def test_seconds() -> None:
    budget = Budget(limits=Limits(seconds=10))
    budget.check_seconds(9.9)
    with pytest.raises(LimitSpent) as caught:
        budget.check_seconds(10)
    assert caught.value.which == "seconds"
    with pytest.raises(LimitSpent):
        Budget(limits=Limits(seconds=0)).check_seconds(0)
