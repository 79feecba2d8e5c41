import pytest
from messages import render_message


def test_placeholders():
    assert render_message({"user": "mia", "n": 3}, "{{user}} has {{ n }} new mails") == "mia has 3 new mails"


def test_plain_text():
    assert render_message({}, "nothing to do") == "nothing to do"


def test_values_are_left_alone():
    assert render_message({"a": "{{ a }}"}, "<{{a}}>") == "<{{ a }}>"


def test_a_name_without_value():
    with pytest.raises(KeyError):
        render_message({"a": 1}, "{{ a }}{{ c }}")
