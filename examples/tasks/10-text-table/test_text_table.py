"""Lay out rows as a plain text table.

`format_table(headers: list[str], rows: list[list]) -> str` returns these lines, joined by newlines and without a
newline at the end: the headers, then dashes (`-`) as many as each column is wide, then one line for each row.

A column is as wide as the longest of its header and of its cells as `str()` writes them. Columns are separated by
two spaces. Numbers (`int` and `float`) stand at the right of their column, everything else and all headers at the
left. No line ends with a space.
"""

from text_table import format_table


def lines(headers, rows):
    return format_table(headers, rows).split("\n")


def test_text_stands_left():
    assert lines(["name", "city"], [["Ada", "London"], ["Emmy", "Erlangen"]]) == [
        "name  city",
        "----  --------",
        "Ada   London",
        "Emmy  Erlangen",
    ]


def test_numbers_stand_right():
    assert lines(["item", "count"], [["nut", 5], ["bolt", 120]]) == [
        "item  count",
        "----  -----",
        "nut       5",
        "bolt    120",
    ]


def test_cells_wider_than_headers():
    assert lines(["n", "x"], [[1000, 2.5], [7, 10.25]]) == [
        "n     x",
        "----  -----",
        "1000    2.5",
        "   7  10.25",
    ]


def test_no_rows():
    assert lines(["a", "bcd"], []) == ["a  bcd", "-  ---"]


def test_no_line_ends_with_a_space():
    assert lines(["key", "value"], [["a", ""], ["b", "long text"]]) == [
        "key  value",
        "---  ---------",
        "a",
        "b    long text",
    ]


def test_other_values_are_written_with_str():
    assert lines(["v"], [[None], ["x"]]) == ["v", "----", "None", "x"]
