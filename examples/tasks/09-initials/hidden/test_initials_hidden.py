from initials import initials


def test_many_spaces_between_words():
    assert initials("ada   lovelace") == "A.L."


def test_capitals_and_small_letters():
    assert initials("ALAN mathison TURING") == "A.M.T."
    assert initials("élodie x") == "É.X."


def test_only_spaces():
    assert initials("   ") == ""


def test_line_ends_are_spaces_too():
    assert initials("Kurt\nGödel") == "K.G."
