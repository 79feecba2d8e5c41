import pytest
from durations import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45s", 45),
        ("2m", 120),
        ("1h 30m", 5400),
        ("1d2h3m4s", 93784),
        ("  10 M ", 600),
        ("0s", 0),
        ("30s 1m", 90),
        ("1m 1m", 120),
    ],
)
def test_lengths_of_time(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "   ", "5", "h", "1.5h", "-3m", "1h and 2m", "4w"])
def test_everything_else(text):
    with pytest.raises(ValueError):
        parse_duration(text)
