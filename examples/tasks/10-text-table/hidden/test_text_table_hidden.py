from text_table import format_table


def test_one_column():
    assert format_table(["total"], [[3], [1234567]]) == "total\n-------\n      3\n1234567"


def test_mixed_column():
    assert format_table(["v", "w"], [["long", 1], [2, "z"]]) == "v     w\n----  -\nlong  1\n   2  z"


def test_negative_and_float():
    assert format_table(["d"], [[-1], [0.5], [100.0]]) == "d\n-----\n   -1\n  0.5\n100.0"


def test_no_newline_at_the_end():
    assert not format_table(["a"], [["b"]]).endswith("\n")


def test_empty_last_cell():
    assert format_table(["a", "b"], [["x", ""]]) == "a  b\n-  -\nx"
