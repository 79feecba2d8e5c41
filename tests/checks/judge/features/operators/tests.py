import copy

import pytest
from operators import Bits, Config, Grid, Matrix, Money, Opened, Stack, Text, Version


def test_arithmetic():
    assert Money(150) + Money(50) == Money(200)
    assert Money(150) + 1 == Money(250)
    assert 1 + Money(150) == Money(250)
    assert Money(3) - Money(1) == Money(2)
    assert 2 * Money(3) == Money(3) * 2 == Money(6)
    assert Money(6) / Money(4) == 1.5
    assert divmod(Money(7), 2) == (3, 1)
    assert -Money(1) == Money(-1)
    assert abs(Money(-1)) == Money(1)
    assert round(Money(149), 1) == Money(150)
    assert sum([Money(1), Money(2)], Money(0)) == Money(3)
    assert Money(1) != Money(2)
    with pytest.raises(TypeError, match="unsupported operand"):
        Money(1) + "x"


def test_in_place():
    purse = before = Money(1)
    purse += Money(2)
    assert purse is before
    assert purse.cents == 3 or purse.cents == -1


def test_conversion():
    assert int(Money(250)) == 2
    assert float(Money(250)) == 2.5
    assert list(range(Money(2))) == [0, 1]
    assert "abc"[Money(1)] == "b"


def test_truth():
    assert Money(1)
    assert not Money(0)


def test_hash():
    assert len({Money(1), Money(1), Money(2)}) == 2
    assert {Money(5): "five"}[Money(5)] == "five"
    with pytest.raises(TypeError, match="unhashable"):
        hash(Version("1.2"))


def test_order():
    assert Version("1.2") < Version("1.10")
    assert Version("1.2") <= Version("1.2")
    assert sorted([Version("2"), Version("1")])[0] == Version("1")
    assert max(Version("2"), Version("1")) == Version("2")


def test_items():
    grid = Grid(2, 2)
    grid[1, 1] = 5
    assert grid[1, 1] == 5
    assert grid(1, 1) == 5
    assert (1, 1) in grid
    assert (7, 7) not in grid
    assert len(grid) == 4
    assert list(grid) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert next(reversed(grid)) == (1, 1)
    assert grid[0:2] == [0, 0]
    del grid[1, 1]
    assert len(grid) == 3
    with pytest.raises(IndexError):
        grid[9, 9] = 1
    with pytest.raises(KeyError):
        grid[9, 9]


def test_matrices():
    assert Matrix([[1, 2], [3, 4]]) @ Matrix([[1, 0], [0, 1]]) == Matrix([[1, 2], [3, 4]])
    assert Matrix([[1]]) == [[1]]
    assert [[1]] == Matrix([[1]])
    assert Matrix([[1]]) != [[2]]


def test_context_manager():
    with Opened("x") as opened:
        assert opened.name == "x"
    assert opened.events == ["enter", "exit"]
    with pytest.raises(ValueError, match="boom"):
        with opened:
            raise ValueError("boom")
    assert opened.events[-1] == "ValueError"
    with Opened("y", swallow=[KeyError]):
        raise KeyError("swallowed")


def test_numbers_below():
    bits = Bits(6)
    assert bits == 6
    assert bits + 1 == 7
    assert isinstance(bits, int)
    assert (bits & 3) == 2
    assert isinstance(bits & 3, Bits)
    assert bits.flags() == [1, 2]


def test_texts_below():
    text = Text("Hello")
    assert text.shout() == "HELLO!"
    assert text == "hello"
    assert text != "hullo"
    assert isinstance(text, str)
    assert text[1:] == "ello"
    assert "-".join([text]) == "Hello"


def test_lists_below():
    stack = Stack([1])
    stack.push(2)
    stack.append(3)
    stack[0] = 9
    assert stack == [9, 2, 3]
    assert stack.peek() == 3
    assert isinstance(stack, list)
    assert len(stack) == 3
    assert stack[1:] == [2, 3]
    assert sorted(stack) == [2, 3, 9]


def test_dicts_below():
    config = Config(a=1)
    config["b"] = 2
    assert config == {"a": 1, "b": 2}
    assert config["missing"] == "<missing>"
    assert config.a == 1
    assert dict(config) == {"a": 1, "b": 2}
    assert {**config} == {"a": 1, "b": 2}
    assert list(config.items()) == [("a", 1), ("b", 2)]
    assert isinstance(config, dict)


def test_copies():
    grid = Grid(1, 1)
    twin = copy.deepcopy(grid)
    twin[0, 0] = 7
    assert grid[0, 0] == 0
    assert copy.copy(Money(4)) == Money(4)
