import pytest
from stockroom import OutOfStock, StockRoom


def test_taking_everything_then_one_more():
    room = StockRoom()
    room.put("lamp", 2)
    room.take("lamp", 2)
    with pytest.raises(OutOfStock) as caught:
        room.take("lamp", 1)
    assert caught.value.item == "lamp"
    assert caught.value.missing == 1


def test_low_names_only_what_was_put():
    room = StockRoom()
    room.count("never")
    room.put("rope", 4)
    room.put("axle", 3)
    assert room.low(5) == ["axle", "rope"]
    assert room.low(3) == []


def test_a_refused_count_changes_nothing():
    room = StockRoom()
    room.put("rope", 4)
    with pytest.raises(ValueError):
        room.take("rope", 0)
    assert room.count("rope") == 4


def test_the_exception_is_no_value_error():
    assert issubclass(OutOfStock, Exception)
    assert not issubclass(OutOfStock, ValueError)
