"""Searches over real sandboxes: what is found, and why a search ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamarck.generators.search.edits.edit import applied
from lamarck.generators.search.edits.source import Source
from lamarck.generators.search.edits.toplevel import toplevel_edits
from lamarck.generators.search.search import Search, SearchEnd

Begin = Callable[..., Search]

TOTAL = "def total(numbers):\n    s = 0\n    for n in numbers:\n        s += n\n        return s\n    return s\n"
TESTS = (
    "from m import total\n\n\ndef test_two():\n    assert total([1, 2]) == 3\n\n\n"
    "def test_none():\n    assert total([]) == 0\n"
)


def _first(search: Search) -> Any:
    found = search.candidates()
    try:
        return next(found, None)
    finally:
        found.close()


def test_one_edit_mends_it(begin: Begin) -> None:
    search = begin({"m.py": TOTAL}, {"test_m.py": TESTS})
    variant = _first(search)
    assert variant is not None
    assert "    return s" in variant.texts["m.py"]
    assert variant.texts["m.py"] != TOTAL
    assert variant.functions == (("m.py", "total"),)
    report = search.report()
    assert report.reason is SearchEnd.FOUND
    assert report.failing == ("test_m.py::test_two",)


UNITTESTS = """import unittest

from m import total


class TotalTest(unittest.TestCase):
    def test_two(self):
        self.assertEqual(total([1, 2]), 3)

    @unittest.skip("later")
    def test_later(self):
        self.assertEqual(total([1, 2, 3]), 6)

    def test_none(self):
        self.assertEqual(total([]), 0)
"""


def test_what_unittests_find_is_mended(begin: Begin) -> None:
    search = begin({"m.py": TOTAL}, {"test_m.py": UNITTESTS})
    variant = _first(search)
    assert variant is not None
    assert search.report().failing == ("test_m.py::TotalTest::test_two",)


def test_two_edits_mend_what_one_does_not(begin: Begin) -> None:
    code = "def f(a, b):\n    return a - b - 1\n"
    tests = "from m import f\n\n\ndef test_1():\n    assert f(1, 2) == 4\n\n\ndef test_2():\n    assert f(5, 7) == 13\n\n\ndef test_3():\n    assert f(10, 0) == 11\n"  # noqa: E501
    variant = _first(begin({"m.py": code}, {"test_m.py": tests}))
    assert variant is not None
    assert len(variant.edits) == 2


def test_a_variant_that_never_ends_is_ended(begin: Begin) -> None:
    code = "def f(n):\n    i = 0\n    while i < n:\n        i += 0\n    return i + 1\n"
    tests = "from m import f\n\n\ndef test_f():\n    assert f(3) == 4\n"
    search = begin({"m.py": code}, {"test_m.py": tests}, edits=1)
    assert _first(search) is not None
    assert search.report().timeouts > 0


def test_a_method_of_a_class_is_mended(begin: Begin) -> None:
    code = (
        "class Box:\n    def __init__(self):\n        super().__init__()\n        self.items = []\n\n"
        "    def put(self, item):\n        self.items.append(item)\n\n"
        "    @property\n    def size(self):\n        return len(self.items) - 1\n"
    )
    tests = (
        "from m import Box\n\n\ndef test_size():\n    box = Box()\n    box.put(3)\n"
        "    assert box.size == 1\n    assert Box().size == 0\n"
    )
    variant = _first(begin({"m.py": code}, {"test_m.py": tests}))
    assert variant is not None
    assert variant.functions == (("m.py", "Box.size"),)


def test_a_function_that_was_decorated_is_mended(begin: Begin) -> None:
    code = (
        "import functools\n\n\n@functools.lru_cache\ndef fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 3)\n"
    )
    tests = "from m import fib\n\n\ndef test_fib():\n    assert [fib(n) for n in range(7)] == [0, 1, 1, 2, 3, 5, 8]\n"
    assert _first(begin({"m.py": code}, {"test_m.py": tests})) is not None


def test_only_the_module_that_failing_tests_run_is_touched(begin: Begin) -> None:
    files = {
        "pkg/__init__.py": "",
        "pkg/a.py": "from pkg.b import double\n\n\ndef quad(x):\n    return double(double(x))\n",
        "pkg/b.py": "def double(x):\n    return x * 3\n",
        "pkg/c.py": "def unrelated(x):\n    return x - 1\n",
    }
    imports = "from pkg.a import quad\nfrom pkg.c import unrelated\n"
    two = "\n\ndef test_q():\n    assert quad(1) == 4\n\n\ndef test_c():\n    assert unrelated(1) == 0\n"
    tests = {"test_p.py": imports + two}
    search = begin(files, tests)
    variant = _first(search)
    assert variant is not None
    assert set(variant.texts) <= {"pkg/a.py", "pkg/b.py"}
    assert {s.path for s in search.report().suspects} == {"pkg/a.py", "pkg/b.py"}


def test_a_missing_import_is_added(begin: Begin) -> None:
    code = "def f(x):\n    return math.floor(x)\n"
    tests = "from m import f\n\n\ndef test_f():\n    assert f(2.5) == 2\n    assert f(-2.5) == -3\n"
    variant = _first(begin({"m.py": code}, {"test_m.py": tests}))
    assert variant is not None
    assert "import math" in variant.texts["m.py"]


def test_ends_have_reasons(begin: Begin) -> None:
    right = "def f(x):\n    return x\n"
    test = "from m import f\n\n\ndef test_f():\n    assert f(1) == 1\n"
    never = "from m import f\n\n\ndef test_f():\n    f(1)\n    assert False\n\n\ndef test_g():\n    assert f(1) == 1\n"
    elsewhere = "from m import f\n\n\ndef test_f():\n    assert 1 == 2\n"
    cases = [
        ({"m.py": right}, test, {}, SearchEnd.NOTHING_FAILS),
        ({"m.py": right}, elsewhere, {}, SearchEnd.NOT_REACHED),
        ({"m.py": right}, "import nothing_of_that_name\n", {}, SearchEnd.NO_TESTS),
        ({"m.py": "def f(:\n"}, test, {}, SearchEnd.UNPARSEABLE),
        ({"m.py": right}, never, {"edits": 1}, SearchEnd.EXHAUSTED),
        ({"m.py": right}, never, {"variants": 5}, SearchEnd.VARIANTS_SPENT),
        ({"m.py": right}, never, {"seconds": 0.0}, SearchEnd.SECONDS_SPENT),
    ]
    for files, tests, limits, reason in cases:
        search = begin(files, {"test_m.py": tests}, **limits)
        assert _first(search) is None, reason
        assert search.report().reason is reason


def test_what_was_guessed_once_is_not_run_again(begin: Begin) -> None:
    never = "from m import f\n\n\ndef test_f():\n    f(1)\n    assert False\n"
    search = begin({"m.py": "def f(x):\n    return x + 1 + 1\n"}, {"test_m.py": never}, edits=1)
    assert _first(search) is None
    report = search.report()
    assert report.skipped > 0
    assert report.milliseconds_a_variant is not None


CONSTANTS = "RATE = 10\n\n\nclass Shop:\n    LIMIT = 3\n\n    def fits(self, n=2):\n        return n <= self.LIMIT\n\n\ndef tax(x):\n    return x * RATE // 100\n"  # noqa: E501


def test_constants_that_a_suspicious_function_reads_come_first() -> None:
    source = Source(CONSTANTS)
    made = [applied(source.data, e.replacements).decode() for e in toplevel_edits(source, ["tax"])]
    assert "RATE = 11\n" in made[0] or "RATE = 9\n" in made[0]
    for part in ("RATE = 11\n", "LIMIT = 4\n", "n=3)"):
        assert any(part in text for text in made)
    assert all("return x * RATE // 100" in text for text in made)


def test_what_stands_in_a_class_or_is_a_default_is_mended(begin: Begin) -> None:
    tests = "from m import RATE, Shop\n\n\ndef test_1():\n    assert RATE == 9\n"
    variant = _first(begin({"m.py": CONSTANTS}, {"test_m.py": tests}, edits=1))
    assert variant is not None  # no function is run at all
    assert "RATE = 9" in variant.texts["m.py"]
    tests = "from m import Shop\n\n\ndef test_1():\n    assert Shop.LIMIT == 4\n"
    variant = _first(begin({"m.py": CONSTANTS}, {"test_m.py": tests}, edits=1))
    assert variant is not None
    assert "LIMIT = 4" in variant.texts["m.py"]


LIVE = "RATE = 10\n\n\ndef price(x, *, times=2):\n    return x * times + RATE\n"


def test_constants_and_defaults_are_changed_where_they_are_alive(begin: Begin) -> None:
    """Before anything is imported anew, which takes long."""
    for mend, calls in {
        "times=3": {"price(1)": 13, "price(2)": 16, "price(5, times=1)": 15},
        "RATE = 11": {"price(1)": 13, "price(2)": 15, "price(5, times=1)": 16},
    }.items():
        tests = [f"def test_{n}():\n    assert {call} == {value}\n" for n, (call, value) in enumerate(calls.items())]
        text = "\n\n".join(["from m import price\n", *tests])
        search = begin({"m.py": LIVE}, {"test_m.py": text}, edits=1, variants=300)
        found = search.candidates()
        try:
            assert any(mend in v.texts["m.py"] and v.changes for v in found), mend
        finally:
            found.close()
