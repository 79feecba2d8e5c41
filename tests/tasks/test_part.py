"""Files to mend: alone, as parts of a package, or a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamarck.errors import BadInput
from lamarck.tasks.part import load_part

FILES = {
    "src/shop/__init__.py": "from .cart import total\n",
    "src/shop/cart.py": "from .money import cents\n\n\ndef total(prices):\n    return sum(map(cents, prices))\n",
    "src/shop/money.py": 'def cents(price):\n    """\n    >>> cents(2)\n    200\n    """\n    return price * 100\n',
    "tests/test_cart.py": "from shop.cart import total\nfrom shop.money import cents\n\n\n"
    "def test_total():\n    assert total([1]) == cents(1)\n",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_a_part_of_a_package_comes_with_the_rest_of_it(shop: Path) -> None:
    part = load_part((shop / "src/shop/cart.py",), (shop / "tests/test_cart.py",))
    assert {f.path for f in part.files} == {"shop/__init__.py", "shop/cart.py", "shop/money.py"}
    assert part.touched == {"shop/cart.py"}
    assert Path(part.places["shop/cart.py"]).resolve() == (shop / "src/shop/cart.py").resolve()
    assert [a.path for a in part.task.acceptance] == ["test_cart.py"], "the doctests of others decide nothing"


def test_of_a_folder_all_files_may_change(shop: Path) -> None:
    part = load_part((shop / "src/shop",), (shop / "tests/test_cart.py",))
    assert part.touched == {"shop/__init__.py", "shop/cart.py", "shop/money.py"}


def test_a_file_that_stands_alone_stays_alone(shop: Path) -> None:
    (shop / "lone.py").write_text("def one():\n    return 1\n")
    (shop / "test_lone.py").write_text("from lone import one\n\n\ndef test_one():\n    assert one() == 1\n")
    part = load_part((shop / "lone.py",), (shop / "test_lone.py",))
    assert ([f.path for f in part.files], part.touched) == (["lone.py"], {"lone.py"})


def test_what_is_wrong_is_said_of_the_named_file(shop: Path) -> None:
    with pytest.raises(BadInput, match=r"none\.py"):
        load_part((shop / "src/shop/none.py",), ())
    (shop / "src/shop/cart.py").write_text("def total(:\n")
    for named in ("src/shop/cart.py", "src/shop"):
        with pytest.raises(BadInput, match=r"cart\.py:1"):
            load_part((shop / named,), (shop / "tests/test_cart.py",))
