import pytest
from readable_size import readable_size


def test_small_numbers_are_whole():
    assert readable_size(1) == "1 B"
    assert readable_size(512) == "512 B"


def test_units():
    assert readable_size(10 * 1024) == "10.0 KiB"
    assert readable_size(1024**2) == "1.0 MiB"
    assert readable_size(7 * 1024**3 + 512 * 1024**2) == "7.5 GiB"
    assert readable_size(1024**4) == "1.0 TiB"
    assert readable_size(5000 * 1024**4) == "5000.0 TiB"


def test_negative():
    with pytest.raises(ValueError):
        readable_size(-2048)
