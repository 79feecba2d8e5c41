"""`lamarck fix` on real files and the real sandbox, without a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]

CART = """\
def total(prices, discount=0):
    result = 0
    for price in prices:
        result += price
    return result * (100 + discount) / 100


def count(prices):
    return len(prices)
"""
TESTS = """\
from cart import total


def test_sum():
    assert total([1, 2]) == 3
    assert total([]) == 0


def test_discount():
    assert total([100], 10) == 90
    assert total([200], 50) == 100
    assert total([10, 10], 25) == 15
"""


@pytest.fixture
def cart(folder: Path) -> Path:
    (folder / "test_cart.py").write_text(TESTS)
    path = folder / "cart.py"
    path.write_text(CART)
    return path


def test_shown_applied_and_taken_back(cli: Command, cart: Path) -> None:
    shown = cli("fix", "cart.py", "--tests", "test_cart.py", "--no-model", "--json")
    assert shown.code == 0
    document = shown.document
    assert "-    return result * (100 + discount) / 100" in document["diff"]
    assert (document["by"], document["held"]) == ("search", "withheld")
    assert document["withheld"]
    assert cart.read_text() == CART
    applied = cli("fix", "cart.py", "--tests", "test_cart.py", "--no-model", "--apply", "--json").document
    assert "100 - discount" in cart.read_text()
    assert cli("fix", "--revert", applied["applied"]).code == 0
    assert cart.read_text() == CART


def test_a_failing_input_becomes_a_test(cli: Command, cart: Path) -> None:
    done = cli("fix", "cart.py", "--fails", "total([100], 10) == 90", "--no-model", "--apply")
    assert done.code == 0, done.err
    assert "passes the given tests" in done.out
    text = (cart.parent / "test_cart_reproduction.py").read_text()
    assert "from cart import total\n" in text
    assert "assert total([100], 10) == 90" in text


PASSES = "from cart import count\n\n\ndef test_count():\n    assert count([1]) == 1\n"
BOTH = PASSES + "    assert count([1]) == 2\n"
FLAKY = (
    "import random\nfrom cart import count\n\n\n"
    "def test_count():\n    assert count([1]) == random.SystemRandom().choice([1, 2])\n"
)
ROWS = (
    "import pytest\nfrom cart import count\n\n\n@pytest.mark.parametrize('prices, wanted', [([1], 1), ([1], 2)])\n"
    "def test_count(prices, wanted):\n    assert count(prices) == wanted\n"
)
UNITTEST = (
    "import unittest\nfrom cart import count\n\n\nclass TestCount(unittest.TestCase):\n    def test_count(self):\n"
    "        self.assertEqual(count([1]), 1)\n        self.assertEqual(count([1]), 2)\n"
)
ELSEWHERE = PASSES + "\n\ndef test_other():\n    assert 1 == 2\n"


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        (PASSES, "the tests pass already"),
        (BOTH, "contradict each other: count([1]) == 1"),
        (ROWS, "contradict each other: count([1]) == 1"),
        (UNITTEST, "contradict each other: count([1]) == 1"),
        (ELSEWHERE, "runs no function of cart.py"),
    ],
)
def test_what_cannot_be_mended_is_said_in_one_line(cli: Command, cart: Path, tests: str, said: str) -> None:
    (cart.parent / "test_bad.py").write_text(tests)
    ended = cli("fix", "cart.py", "--tests", "test_bad.py", "--no-model", "--json")
    assert ended.code == 2
    assert said in ended.document["error"]
    assert cart.read_text() == CART


def test_flaky_tests_are_named(cli: Command, cart: Path) -> None:
    """Forty calls of chance in one file: that all of them fall alike six times does not happen."""
    many = FLAKY.replace("def test_count():", "@pytest.mark.parametrize('n', range(40))\ndef test_count(n):")
    (cart.parent / "test_bad.py").write_text("import pytest\n" + many)
    ended = cli("fix", "cart.py", "--tests", "test_bad.py", "--no-model", "--json")
    assert ended.code == 2
    assert "test_bad.py::test_count[" in ended.document["error"]


def test_code_that_leaves_it_to_chance_makes_its_tests_flaky(cli: Command, cart: Path) -> None:
    cart.write_text("import random\ndef pick(): return random.random() < 0.5\n")
    (cart.parent / "test_bad.py").write_text(
        "import pytest\nfrom cart import pick\n"
        "@pytest.mark.parametrize('n', range(9))\ndef test_pick(n): assert pick()\n"
    )
    ended = cli("fix", "cart.py", "--tests", "test_bad.py", "--no-model", "--json")
    assert ended.code == 2
    assert "test_bad.py::test_pick[" in ended.document["error"]
    assert "in one run" in ended.document["error"]


@pytest.mark.parametrize("text", ["total([1", "total", "total([1]) > 3"])
def test_what_should_hold_has_a_form(cli: Command, cart: Path, text: str) -> None:
    ended = cli("fix", "cart.py", "--fails", text, "--no-model", "--json")
    assert ended.code == 2
    assert "f(3) == 4" in ended.document["mend"]


def test_code_that_does_not_parse(cli: Command, cart: Path) -> None:
    cart.write_text("def total(:\n")
    ended = cli("fix", "cart.py", "--tests", "test_cart.py", "--no-model", "--json")
    assert ended.code == 2
    assert "cart.py:1" in ended.document["error"]


def test_nothing_named(cli: Command, cart: Path) -> None:
    assert cli("fix", "--json").code == 2
    assert cli("fix", "cart.py", "--no-model", "--json").code == 2


def test_loops_without_end_in_every_variant_write_nothing(cli: Command, cart: Path) -> None:
    code = "def wait(n):\n    while n >= 0:\n        n = n + 1 - 1\n    return 'over'\n"
    (cart.parent / "waiting.py").write_text(code)
    (cart.parent / "test_waiting.py").write_text(
        "from waiting import wait\n\n\ndef test_wait():\n    assert wait(3) == (1, 2, 'never')\n"
    )
    ended = cli("fix", "waiting.py", "--tests", "test_waiting.py", "--no-model", "--search-seconds", "4", "--apply")
    assert ended.code in {1, 4}
    assert "test_waiting.py::test_wait" in ended.out
    assert (cart.parent / "waiting.py").read_text() == code


PACKAGE = {
    "shop/__init__.py": "from .cart import total\n",
    "shop/cart.py": "from .money import cents\n\n\ndef total(prices):\n    return sum(cents(p) for p in prices)\n",
    "shop/money.py": "def cents(price):\n    return price + 100\n\n\ndef euros(amount):\n    return amount / 100\n",
    "shop/names.py": "def shout(name):\n    return name.upper()\n",
    "tests/test_shop.py": (
        "import pytest\nfrom shop import total\nfrom shop.money import cents, euros\nfrom shop.names import shout\n\n\n"
        "@pytest.mark.parametrize('price', [1, 2, 7])\ndef test_total(price):\n"
        "    assert total([price, price]) == price * 200\n    assert cents(price) == price * 100\n\n\n"
        "def test_other():\n    assert (euros(100), shout('a')) == (1, 'A')\n"
    ),
}


@pytest.fixture
def shop(folder: Path) -> Path:
    for name, text in PACKAGE.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize("named", ["shop", "shop/money.py"])
def test_in_a_package_only_what_is_suspicious_is_touched(cli: Command, shop: Path, named: str) -> None:
    done = cli("fix", named, "--tests", "tests/test_shop.py", "--no-model", "--apply", "--json")
    assert done.code == 0, done.err
    assert [Path(p["path"]).name for p in done.document["patches"]] == ["money.py"]
    assert "price * 100" in (shop / "shop/money.py").read_text()
    assert {n: (shop / n).read_text() for n in PACKAGE if "money" not in n} == {
        n: t for n, t in PACKAGE.items() if "money" not in n
    }


def test_a_fault_in_another_file_of_the_package(cli: Command, shop: Path) -> None:
    ended = cli("fix", "shop/names.py", "--tests", "tests/test_shop.py", "--no-model", "--json")
    assert ended.code == 2
    assert "runs no function of shop/names.py" in ended.document["error"]
