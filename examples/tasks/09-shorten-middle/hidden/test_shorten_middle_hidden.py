from shorten_middle import shorten_middle


def test_just_fitting_and_one_too_long():
    assert shorten_middle("abcdef", 6) == "abcdef"
    assert shorten_middle("abcdefg", 6) == "ab...g"


def test_longer():
    assert shorten_middle("the quick brown fox jumps", 20) == "the quick...ox jumps"
    assert shorten_middle("the quick brown fox jumps", 9) == "the...mps"
    assert shorten_middle("0123456789" * 10, 12) == "01234...6789"


def test_the_width_is_exact():
    assert len(shorten_middle("x" * 100, 31)) == 31
    assert shorten_middle("short", 80) == "short"
