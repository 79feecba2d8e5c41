from datetime import date

import pytest
from price_history import NoPrice, PriceHistory


def test_recorded_backwards():
    history = PriceHistory()
    for month in (12, 8, 4):
        history.record(date(2025, month, 1), month)
    assert history.price_on(date(2025, 7, 31)) == 4
    assert history.price_on(date(2025, 8, 1)) == 8
    assert list(history) == [(date(2025, 4, 1), 4), (date(2025, 8, 1), 8), (date(2025, 12, 1), 12)]


def test_recording_between_questions():
    history = PriceHistory()
    history.record(date(2025, 1, 1), 10)
    assert history.price_on(date(2025, 2, 1)) == 10
    history.record(date(2025, 1, 20), 11)
    assert history.price_on(date(2025, 2, 1)) == 11
    assert len(history) == 2


def test_no_price():
    history = PriceHistory()
    history.record(date(2025, 1, 2), 10)
    with pytest.raises(NoPrice):
        history.price_on(date(2025, 1, 1))
    assert list(PriceHistory()) == []
