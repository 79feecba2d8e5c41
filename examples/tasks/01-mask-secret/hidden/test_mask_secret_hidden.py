from mask_secret import mask_secret


def test_the_end_stays_readable():
    assert mask_secret("correct horse", 5) == "********horse"
    assert mask_secret("ab", 1) == "*b"
    assert mask_secret("**a", 1) == "**a"


def test_short_secrets_are_hidden_whole():
    assert mask_secret("x", 1) == "*"
    assert mask_secret("key", 50) == "***"


def test_nothing_visible():
    assert mask_secret("0123456789", 0) == "**********"
    assert mask_secret("", 0) == ""
