import pytest
from settings_text import SettingsError, parse_settings


def test_reads_keys_and_values():
    assert parse_settings("host = example.org\nport=8080") == {"host": "example.org", "port": "8080"}


def test_skips_comments_and_empty_lines():
    text = "# the server\n\nhost = a\n   \n   # port = 1\n"
    assert parse_settings(text) == {"host": "a"}


def test_the_first_equals_sign_ends_the_key():
    assert parse_settings("query = a=b&c=d") == {"query": "a=b&c=d"}


def test_a_value_may_be_empty():
    assert parse_settings("name =") == {"name": ""}


def test_the_later_value_wins():
    assert parse_settings("a = 1\nb = 2\na = 3") == {"a": "3", "b": "2"}


def test_nothing():
    assert parse_settings("") == {}


def test_a_line_without_equals_sign():
    with pytest.raises(SettingsError) as caught:
        parse_settings("a = 1\n\nnonsense\nb = 2")
    assert caught.value.line == 3


def test_a_line_without_key():
    with pytest.raises(SettingsError) as caught:
        parse_settings(" = 5")
    assert caught.value.line == 1


def test_the_error_is_a_value_error():
    with pytest.raises(ValueError):
        parse_settings("# fine\nnot fine")
