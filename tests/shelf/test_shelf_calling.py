"""Proven code is called, and what a pure function did is kept apart from the library."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from lamarck.api import Lamarck
from lamarck.errors import BadInput, EnvironmentProblem
from lamarck.records import Run, SourceFile
from lamarck.settings import cache_dir
from lamarck.shelf.purity import impurity

Keep = Callable[..., Run]
CODE = '''import math


def halves(numbers: list[int], *, up: bool = False) -> list[int]:
    """Each number halved."""
    return [math.ceil(n / 2) if up else n // 2 for n in numbers]
'''
TESTS = "from numbers_of import halves\n\n\ndef test_it():\n    assert halves([4, 5]) == [2, 2]\n"


@pytest.fixture
def halves(keep: Keep) -> str:
    return keep("numbers_of", CODE, TESTS).artifact_id or ""


def test_a_pure_result_is_kept_and_told_without_a_run(lamarck: Lamarck, halves: str, tmp_path: Path) -> None:
    first = lamarck.shelf.call(halves[:8], "halves([9, 3], up=True)")
    assert (first.returned, first.raised, first.is_kept, first.not_kept) == ("[5, 2]", None, False, "")
    again = lamarck.shelf.call(halves, " halves( [9,3],up = True )")
    assert (again.returned, again.is_kept) == ("[5, 2]", True)
    assert not lamarck.shelf.call(halves, "halves([9, 3], up=True)", fresh=True).is_kept
    raised = lamarck.shelf.call(halves, "halves(['a'])")
    assert (raised.returned, raised.raised) == (None, "TypeError")
    assert lamarck.shelf.call(halves, "halves(['a'])").is_kept
    lamarck.close()  # writes what was noted
    with Lamarck(lamarck.settings, library=tmp_path / "library.sqlite", folder=tmp_path) as reopened:
        where = reopened.shelf.where(halves)
    assert (where.tried, where.served) == (5, 5), "each call is a use"


def test_a_damaged_result_is_left_out_and_a_long_one_is_whole(lamarck: Lamarck, halves: str) -> None:
    long = list(range(0, 980, 2))
    assert json.loads(lamarck.shelf.call(halves, f"halves({long})").returned or "") == [n // 2 for n in long]
    with sqlite3.connect(cache_dir() / "results.sqlite") as raw:
        raw.execute("UPDATE stages SET value = substr(value, 1, 40) || x'00'")
    assert not lamarck.shelf.call(halves, f"halves({long})").is_kept
    with pytest.raises(EnvironmentProblem, match="no plain value"):
        lamarck.shelf.call(halves, f"halves({list(range(1000))})")


def test_only_proven_code_is_called_and_only_with_plain_values(lamarck: Lamarck, halves: str) -> None:
    for text in ("halves", "halves(open('x'))", "other(1)", "halves([1]).pop()", "halves(**{'numbers': [1]})", "(("):
        with pytest.raises(BadInput, match=r"no call of|no plain values"):
            lamarck.shelf.call(halves, text)
    lamarck.shelf.call(halves, "halves([1])")
    lamarck.shelf.retire(halves)
    with pytest.raises(BadInput, match="only proven code"):
        lamarck.shelf.call(halves, "halves([1])")


def test_what_is_not_pure_is_run_each_time(lamarck: Lamarck, keep: Keep) -> None:
    code = "import random\n\n\ndef pick(items):\n    return random.choice(items)\n"
    tests = "from picking import pick\n\n\ndef test_it():\n    assert pick([3]) == 3\n"
    picking = keep("picking", code, tests).artifact_id or ""
    called = lamarck.shelf.call(picking, "pick([7])")
    assert (called.returned, called.not_kept) == ("7", "it imports random")
    assert not lamarck.shelf.call(picking, "pick([7])").is_kept
    with pytest.raises(EnvironmentProblem, match="no plain value"):
        lamarck.shelf.call(keep("things", "def thing():\n    return object\n", THING).artifact_id or "", "thing()")


THING = "from things import thing\n\n\ndef test_it():\n    assert thing() is object\n"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import re\nWORD = re.compile('x')\ndef f(x):\n    return sorted(WORD.findall(x))\n", ""),
        ("def f(x):\n    seen = []\n    seen.append(x)\n    def g():\n        return seen\n    return g()\n", ""),
        ("from urllib.parse import quote\ndef f(x, n=None):\n    return quote(x)\n", ""),
        ("import time\ndef f():\n    return 1\n", "it imports time"),
        ("from datetime import date\ndef f():\n    return date.today()\n", "it uses today"),
        ("def f(x):\n    print(x)\n", "it uses print"),
        ("def f(x):\n    return hash(x)\n", "it uses hash"),
        ("N = 0\ndef f():\n    global N\n    N += 1\n    return N\n", "it keeps N between calls"),
        ("SEEN = []\ndef f(x):\n    SEEN.append(x)\n    return SEEN\n", "it keeps SEEN between calls"),
        ("SEEN: dict = {}\ndef f(x):\n    SEEN['a']['b'] = x\n", "it keeps SEEN between calls"),
        ("def f(x):\n    f.count = x\n", "it keeps f between calls"),
        ("def f(x, seen=[]):\n    return x\n", "it keeps a default value between calls"),
        ("async def f():\n    return 1\n", "it is asynchronous"),
        ("def f(:\n", "solution.py does not parse"),
    ],
)
def test_purity_is_read_off_the_text_on_the_safe_side(code: str, why: str) -> None:
    assert impurity((SourceFile(path="solution.py", text=code),)) == why
