from backoff import backoff_delays


def test_growing():
    assert list(backoff_delays(2, 3, 1000, 4)) == [2, 6, 18, 54]


def test_limited():
    assert list(backoff_delays(2, 3, 20, 5)) == [2, 6, 18, 20, 20]
    assert list(backoff_delays(5, 2, 5, 2)) == [5, 5]


def test_one_and_none():
    assert list(backoff_delays(9, 4, 50, 1)) == [9]
    assert list(backoff_delays(9, 4, 50, 0)) == []


def test_one_at_a_time():
    delays = backoff_delays(1, 10, 50, 3)
    assert next(delays) == 1
    assert next(delays) == 10
    assert next(delays) == 50
