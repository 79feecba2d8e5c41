import pytest
from fill_template import Filler, MissingValue


def test_values_with_backslashes_and_none():
    assert Filler().fill("{{ path }}!", {"path": "C:\\new\\1"}) == "C:\\new\\1!"
    assert Filler().fill("{{v}}", {"v": None}) == "None"


def test_names_with_digits_and_capitals():
    assert Filler().names("{{  Row_10  }}{{ x }}") == ["Row_10", "x"]
    assert Filler().fill("{{  Row_10  }}", {"Row_10": 3.5}) == "3.5"


def test_several_lines():
    assert Filler({"y": 0}).fill("a {{x}}\nb {{y}}\n", {"x": 1, "y": 2}) == "a 1\nb 2\n"


def test_the_missing_name():
    with pytest.raises(MissingValue) as caught:
        Filler({"WHO": 1}).fill("{{ who }}", {"Who": 1})
    assert caught.value.name == "who"
