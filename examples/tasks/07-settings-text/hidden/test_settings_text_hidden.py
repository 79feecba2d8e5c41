import pytest
from settings_text import SettingsError, parse_settings


def test_spaces_inside_stay():
    assert parse_settings("  full name =  Ada  Lovelace  ") == {"full name": "Ada  Lovelace"}


def test_a_hash_inside_a_value_is_no_comment():
    assert parse_settings("color = #ff0000") == {"color": "#ff0000"}


def test_equals_sign_as_value():
    assert parse_settings("op ===") == {"op": "=="}


def test_line_numbers_count_every_line():
    with pytest.raises(SettingsError) as caught:
        parse_settings("# one\n# two\n\na = 1\noops")
    assert caught.value.line == 5
    with pytest.raises(SettingsError) as caught:
        parse_settings("a = 1\n=\n")
    assert caught.value.line == 2
