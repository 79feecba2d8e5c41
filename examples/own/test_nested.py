from nested import merge_nested


def test_flat():
    assert merge_nested({"a": 1, "b": 2}, {"b": 3, "c": 4}) == {"a": 1, "b": 3, "c": 4}


def test_deep():
    base = {"db": {"host": "x", "pool": {"size": 5, "wait": 1}}, "debug": False}
    override = {"db": {"pool": {"size": 9}}}
    assert merge_nested(base, override) == {"db": {"host": "x", "pool": {"size": 9, "wait": 1}}, "debug": False}


def test_other_values_take_the_place():
    assert merge_nested({"a": {"b": 1}}, {"a": None}) == {"a": None}
    assert merge_nested({"a": 1}, {"a": {"b": 1}}) == {"a": {"b": 1}}
    assert merge_nested({"a": [1, 2]}, {"a": [3]}) == {"a": [3]}


def test_neither_is_changed():
    base, override = {"a": {"b": 1}}, {"a": {"c": 2}}
    merged = merge_nested(base, override)
    assert merged == {"a": {"b": 1, "c": 2}}
    assert base == {"a": {"b": 1}}
    assert override == {"a": {"c": 2}}


def test_nothing_on_one_side():
    assert merge_nested({}, {"a": {"b": 1}}) == {"a": {"b": 1}}
    assert merge_nested({"a": {"b": 1}}, {}) == {"a": {"b": 1}}
