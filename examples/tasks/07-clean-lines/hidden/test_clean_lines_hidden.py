from clean_lines import clean_lines


def test_order_and_repeats_stay():
    assert clean_lines("b\na\nb") == ["b", "a", "b"]


def test_tabs():
    assert clean_lines("\tone\t\n\t# two\n") == ["one"]


def test_only_comments():
    assert clean_lines("#\n##\n # x") == []


def test_inner_spaces_stay():
    assert clean_lines(" a  b ") == ["a  b"]
