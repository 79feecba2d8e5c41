import pytest
from fill_template import MissingValue, Template


def test_values_with_backslashes_and_none():
    assert Template("{{ path }}!").fill({"path": "C:\\new\\1"}) == "C:\\new\\1!"
    assert Template("{{v}}").fill({"v": None}) == "None"


def test_names_with_digits_and_capitals():
    assert Template("{{  Row_10  }}{{ x }}").names() == ["Row_10", "x"]
    assert Template("{{  Row_10  }}").fill({"Row_10": 3.5}) == "3.5"


def test_several_lines():
    assert Template("a {{x}}\nb {{y}}\n").fill({"x": 1, "y": 2}) == "a 1\nb 2\n"


def test_the_missing_name():
    with pytest.raises(MissingValue) as caught:
        Template("{{ who }}").fill({"Who": 1})
    assert caught.value.name == "who"
    with pytest.raises(KeyError):
        Template("{{ who }}").fill({})
