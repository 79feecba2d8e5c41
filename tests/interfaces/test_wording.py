from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.interfaces.wording import clean, count, headline, seconds, shortened, size, usd


@given(st.text())
def test_clean_text_steers_no_terminal(text: str) -> None:
    cleaned = clean(text)
    assert all(c in "\n\t" or (ord(c) >= 0x20 and not 0x7F <= ord(c) <= 0x9F) for c in cleaned)
    assert not set(cleaned) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert clean(cleaned) == cleaned


@given(st.text())
def test_a_clean_line_is_one_line(text: str) -> None:
    assert len(clean(text, newlines=False).splitlines()) <= 1


@given(st.text(), st.integers(min_value=1, max_value=200))
def test_a_shortened_line_keeps_its_width(text: str, width: int) -> None:
    assert len(shortened(text, width)) <= width
    assert len(headline(text, width)) <= width


def test_what_is_removed_stays_visible() -> None:
    assert clean("a\x1b[31mb\x07\x9bc\u202ed") == r"a\x1b[31mb\x07\x9bc" + r"\u202ed"
    assert clean("def f():\n\treturn 1\n") == "def f():\n\treturn 1\n"
    assert clean("a\n  b\r\nc", newlines=False) == "a b c"
    assert headline("\n first\nsecond", 80) == "first"


@pytest.mark.parametrize(
    ("value", "worded"),
    [
        (0, "0 ms"),
        (0.0264, "26 ms"),
        (0.9999, "1.0 s"),
        (1, "1.0 s"),
        (59.96, "60.0 s"),
        (119.99, "2 min 0 s"),
        (179.7, "3 min 0 s"),
        (125, "2 min 5 s"),
        (-2, "-2.0 s"),
    ],
)
def test_seconds(value: float, worded: str) -> None:
    assert seconds(value) == worded


@pytest.mark.parametrize(
    ("value", "worded"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 KB"), (98_362_432, "98.4 MB"), (1_117_320_768, "1.12 GB")],
)
def test_size(value: float, worded: str) -> None:
    assert size(value) == worded


def test_counts_and_money() -> None:
    assert [count(n, "call") for n in (0, 1, 2, 1200)] == ["0 calls", "1 call", "2 calls", "1,200 calls"]
    assert [usd(v) for v in (0, 0.00012, 1.5)] == ["$0", "$0.0001", "$1.5000"]
