from clean_lines import clean_lines


def test_spaces_around_lines():
    assert clean_lines("  one \n two") == ["one", "two"]


def test_empty_lines():
    assert clean_lines("one\n\n   \ntwo\n") == ["one", "two"]


def test_comments():
    assert clean_lines("# all\none\n  # two\nthree") == ["one", "three"]


def test_a_hash_later_is_no_comment():
    assert clean_lines("color = #fff") == ["color = #fff"]


def test_nothing():
    assert clean_lines("") == []
