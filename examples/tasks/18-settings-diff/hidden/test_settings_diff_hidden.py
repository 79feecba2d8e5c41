from settings_diff import diff_settings


def test_three_levels():
    assert diff_settings({"a": {"b": {"c": 1}}}, {"a": {"b": {"c": 1, "d": [2]}}}) == ["+ a.b.d = [2]"]


def test_sorted_across_levels():
    old = {"x": {"m": 1}, "a": 1, "z": 0}
    new = {"x": {"k": 2}, "z": 1}
    assert diff_settings(old, new) == ["- a = 1", "+ x.k = 2", "- x.m = 1", "~ z: 0 -> 1"]


def test_a_value_becomes_a_dictionary():
    assert diff_settings({"v": 3}, {"v": {}}) == ["~ v: 3 -> {}"]
    assert diff_settings({"v": {"a": 1}}, {"v": {}}) == ["- v.a = 1"]


def test_lists_are_values():
    assert diff_settings({"l": [1, 2]}, {"l": [1, 3]}) == ["~ l: [1, 2] -> [1, 3]"]
    assert diff_settings({}, {}) == []
