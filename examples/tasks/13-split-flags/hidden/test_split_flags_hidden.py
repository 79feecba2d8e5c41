from split_flags import split_flags


def test_an_empty_value():
    assert split_flags(["--name="]) == ({"name": ""}, [])


def test_single_dashes_belong_to_the_rest():
    assert split_flags(["-v", "-", "x"]) == ({}, ["-v", "-", "x"])


def test_kinds_of_flags_overwrite_each_other():
    assert split_flags(["--no-log", "--log=info"]) == ({"log": "info"}, [])
    assert split_flags(["--log=info", "--log"]) == ({"log": True}, [])


def test_after_the_double_dash():
    assert split_flags(["a", "--", "--x=1", "--", "--no-y"]) == ({}, ["a", "--x=1", "--", "--no-y"])
    assert split_flags(["--"]) == ({}, [])


def test_names_with_dashes():
    assert split_flags(["--dry-run", "--max-size=9"]) == ({"dry-run": True, "max-size": "9"}, [])
