"""Make the names in a list unique, as a file manager does when a name is taken.

`rename_duplicates(names: list[str]) -> list[str]` returns a new list of the same length and order. The first time a
name appears it stays as it is; the second time it gets " (2)" at its end, the third time " (3)", and so on. Upper and
lower case make different names. The list that was passed in is not changed. (No name in the input ends with a number
in parentheses.)
"""

from unique_names import rename_duplicates


def test_different_names_stay():
    assert rename_duplicates(["a.txt", "b.txt"]) == ["a.txt", "b.txt"]


def test_repeated_names_are_numbered():
    assert rename_duplicates(["photo", "photo", "photo"]) == ["photo", "photo (2)", "photo (3)"]


def test_each_name_is_counted_for_itself():
    names = ["tea", "milk", "tea", "milk", "tea"]
    assert rename_duplicates(names) == ["tea", "milk", "tea (2)", "milk (2)", "tea (3)"]


def test_case_matters():
    assert rename_duplicates(["Note", "note", "Note"]) == ["Note", "note", "Note (2)"]


def test_nothing_to_do():
    assert rename_duplicates([]) == []


def test_the_argument_is_not_changed():
    names = ["x", "x"]
    assert rename_duplicates(names) == ["x", "x (2)"]
    assert names == ["x", "x"]
