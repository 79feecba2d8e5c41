from group_words import group_words


def test_repeated_words_stay():
    assert group_words(["do", "do"]) == {"D": ["do", "do"]}


def test_digits_are_their_own_groups():
    assert group_words(["3d", "4x4", "3rd"]) == {"3": ["3d", "3rd"], "4": ["4x4"]}


def test_the_words_are_not_changed():
    words = ["Zoo", "zebra"]
    assert group_words(words) == {"Z": ["Zoo", "zebra"]}
    assert words == ["Zoo", "zebra"]


def test_only_empty_words():
    assert group_words(["", ""]) == {}
