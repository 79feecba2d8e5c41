from grouping import group_by


def test_by_length():
    words = ["fig", "plum", "kiwi", "nut"]
    assert group_by(words, len) == {3: ["fig", "nut"], 4: ["plum", "kiwi"]}


def test_order_of_groups():
    groups = group_by([5, 2, 8, 1], lambda number: "even" if number % 2 == 0 else "odd")
    assert list(groups) == ["odd", "even"]
    assert groups == {"odd": [5, 1], "even": [2, 8]}


def test_nothing():
    assert group_by([], len) == {}


def test_an_iterator():
    assert group_by(iter("abA"), str.lower) == {"a": ["a", "A"], "b": ["b"]}
