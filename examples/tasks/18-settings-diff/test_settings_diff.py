"""Say how two nested settings dictionaries differ.

`diff_settings(old: dict, new: dict) -> list[str]` returns one line for each difference, sorted by path. The path
of a setting is its keys (always text) from the outermost to the innermost, joined by dots. Values are written with
`repr()`.

- `+ path = value`: only in `new`
- `- path = value`: only in `old`
- `~ path: before -> after`: in both, with different values

Where a key holds a dictionary on both sides, the two are compared key by key. A dictionary that is only on one
side, or stands against something that is no dictionary, is written as one value.
"""

from settings_diff import diff_settings


def test_the_same():
    assert diff_settings({"a": 1, "b": {"c": 2}}, {"b": {"c": 2}, "a": 1}) == []


def test_added_removed_changed():
    old = {"host": "a", "port": 80, "debug": True}
    new = {"host": "b", "port": 80, "user": "me"}
    assert diff_settings(old, new) == ["- debug = True", "~ host: 'a' -> 'b'", "+ user = 'me'"]


def test_nested():
    old = {"db": {"host": "x", "pool": {"size": 5, "wait": 1}}}
    new = {"db": {"host": "x", "pool": {"size": 9, "name": "p"}}}
    assert diff_settings(old, new) == ["+ db.pool.name = 'p'", "~ db.pool.size: 5 -> 9", "- db.pool.wait = 1"]


def test_a_dictionary_on_one_side_is_one_value():
    assert diff_settings({}, {"log": {"level": 1}}) == ["+ log = {'level': 1}"]
    assert diff_settings({"log": {"level": 1}}, {}) == ["- log = {'level': 1}"]
    assert diff_settings({"log": {"level": 1}}, {"log": None}) == ["~ log: {'level': 1} -> None"]


def test_sorted_by_path_whatever_the_kind():
    assert diff_settings({"b": 1, "c": 1}, {"a": 1, "c": 2}) == ["+ a = 1", "- b = 1", "~ c: 1 -> 2"]


def test_none_is_a_value():
    assert diff_settings({"a": None}, {}) == ["- a = None"]
    assert diff_settings({}, {"a": None}) == ["+ a = None"]
