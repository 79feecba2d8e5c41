import collections

import sharing
from sharing import Box, Keeper, cycle, default, drop, fill, first, grow, is_cyclic, push, recall, remember, same
from sharing import sort_in_place, swap, transpose_in_place, unchanged


def test_constructor_copies():
    items = [1]
    box = Box(items)
    items.append(2)
    assert box.items == [1]


def test_result_is_a_copy():
    box = Box([1])
    box.all().append(2)
    assert box.all() == [1]


def test_result_is_shared():
    box = Box([1])
    shared = box.shared()
    shared.append(2)
    assert box.items == [1, 2]
    box.add(3)
    assert shared == [1, 2, 3]
    assert shared is box.items


def test_argument_is_kept():
    items = [1]
    keeper = Keeper(items)
    items.append(5)
    assert keeper.total() == 6
    keeper.items.append(10)
    assert items == [1, 5, 10]


def test_changes_an_argument():
    values = [3, 1, 2]
    assert sort_in_place(values) is None
    assert values == [1, 2, 3]


def test_leaves_an_argument_alone():
    values = [1, 2]
    assert unchanged(values) == [2, 3]
    assert values == [1, 2]


def test_identity():
    values = {"a": 1}
    assert fill(values, b=2) is values
    assert values == {"a": 1, "b": 2}
    rows = [[1, 2], [3, 4]]
    assert first(rows) is rows[0]
    assert same(rows) is rows


def test_other_containers():
    data, values, queue = bytearray(b"a"), {1, 2}, collections.deque([1])
    grow(data)
    drop(values)
    push(queue)
    assert (data, values, queue) == (bytearray(b"a!"), {2}, collections.deque([0, 1]))


def test_nested_containers():
    rows = [[1, 2], [3, 4]]
    transpose_in_place(rows)
    assert rows == [[1, 3], [2, 4]]
    pair = {"a": [1], "b": [2]}
    a, b = pair["a"], pair["b"]
    swap(pair)
    assert pair["a"] is b
    assert pair["b"] is a


def test_cycles():
    value = cycle()
    assert value[1] is value
    mine = [1]
    mine.append(mine)
    assert is_cyclic(mine)
    assert same(mine) is mine


def test_default_argument_lives_on():
    default(1)
    assert default(2) == [1, 2]
    default(3, into=[])
    assert default(4) == [1, 2, 4]


def test_kept_between_calls():
    values = [1]
    remember("k", values)
    values.append(2)
    assert recall("k") == [1, 2]
    recall("k").append(3)
    assert values == [1, 2, 3]
    assert sharing._memory["k"] is values


def test_the_same_list_twice():
    row = [0]
    rows = [row, row]
    back = same(rows)
    back[0][0] = 1
    assert rows == [[1], [1]]
    remember("rows", rows)
    row.append(2)
    assert recall("rows") == [[1, 2], [1, 2]]
