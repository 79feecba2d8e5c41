from unique_names import rename_duplicates


def test_many_copies():
    assert rename_duplicates(["n"] * 11)[-1] == "n (11)"
    assert len(rename_duplicates(["n"] * 11)) == 11


def test_names_with_spaces_and_the_empty_name():
    assert rename_duplicates(["my file", "my file"]) == ["my file", "my file (2)"]
    assert rename_duplicates(["", "", "a"]) == ["", " (2)", "a"]


def test_order_stays():
    assert rename_duplicates(["b", "a", "b", "c", "a"]) == ["b", "a", "b (2)", "c", "a (2)"]
