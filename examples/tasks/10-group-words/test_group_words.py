"""Group words by their first letter, for an index at the end of a book.

`group_words(words)` returns a dictionary: the key is the first letter of a word as a capital, the value is the list of
the words that begin with it, in the order in which they came. Empty words are left out.
"""

from group_words import group_words


def test_one_group():
    assert group_words(["apple", "ant"]) == {"A": ["apple", "ant"]}


def test_several_groups():
    assert group_words(["pear", "apple", "plum"]) == {"P": ["pear", "plum"], "A": ["apple"]}


def test_capitals_and_small_letters_together():
    assert group_words(["Ball", "bat"]) == {"B": ["Ball", "bat"]}


def test_empty_words():
    assert group_words(["", "cat", ""]) == {"C": ["cat"]}


def test_no_words():
    assert group_words([]) == {}
