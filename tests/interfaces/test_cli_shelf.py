"""What the commands show of versions, whereabouts and behaviour."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., Any]

FIRST = 'def shout(text: str) -> str:\n    """Make a text loud."""\n    return text.upper()\n'
SECOND = FIRST.replace("text.upper()", "''.join(c.upper() for c in text)")
TESTS = "from loud import shout\n\n\ndef test_it():\n    assert shout('a') == 'A'\n"


@pytest.fixture
def two(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Ids of two versions of the user's, neither measured: the newer one answers."""
    monkeypatch.setenv("LAMARCK_CHECKS_RANK", "false")
    (folder / "test_loud.py").write_text(TESTS)
    ids = []
    for code in (FIRST, SECOND):
        (folder / "loud.py").write_text(code)
        ids.append(cli("add", "loud.py", "--tests", "test_loud.py", "--json").document["artifact"])
    return ids[0], ids[1]


def test_history_where_retire_and_gc(cli: Cli, two: tuple[str, str]) -> None:
    first, second = two
    told = cli("history", first, "--diff")
    assert told.code == 0
    assert f"version 1  {first[:12]}  kept" in told.out
    assert f"version 2  {second[:12]}  answers" in told.out
    assert "+    return ''.join(c.upper() for c in text)" in told.out
    versions = cli("history", second, "--json").document["versions"]
    assert [v["answers"] for v in versions] == [False, True]
    assert [h["artifact"] for h in cli("find", "loud text", "--json").document["hits"]] == [second]
    assert "runs" in cli("where", second).out
    assert cli("where", second, "--json").document["dependants"] == []
    assert cli("show", second, "--diff", first).out.startswith(f"--- loud.py of {first[:12]}")
    assert cli("show", second, "--json").document["versions"][0]["artifact"] == first
    assert cli("retire", second).out == f"{second[:12]} is retired; {first[:12]} answers\n"
    assert [h["artifact"] for h in cli("find", "loud text", "--json").document["hits"]] == [first]
    assert cli("gc", "--json").document["verdicts"] == 0


def test_find_by_behaviour_and_with_filters(cli: Cli, two: tuple[str, str], folder: Path) -> None:
    second = two[1]
    (folder / "test_big.py").write_text(TESTS.replace("loud", "big").replace("shout", "capital"))
    document = cli("find", "--tests", "test_big.py", "--json").document
    assert [[b["artifact"] for b in cluster] for cluster in document["clusters"]] == [[second]]
    assert document["clusters"][0][0]["adapted"]
    told = cli("find", "--example", "f('b') == 'B'")
    assert second[:12] in told.out
    assert "1 of 1 artifacts pass" in told.err
    assert cli("find", "loud", "--signature", "(a) -> str", "--json").document["hits"]
    assert not cli("find", "loud", "--signature", "(a, b) -> str", "--json").document["hits"]
    assert not cli("find", "loud", "--tag", "none", "--json").document["hits"]
    assert not cli("find", "loud", "--min-quality", "0", "--json").document["hits"], "it was not measured"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("find",), "nothing to look for"),
        (("find", "x", "--kind", "poem"), "is no kind"),
        (("find", "x", "--signature", "a b"), "is no signature"),
        (("find", "--example", "f(1)"), "is no example"),
        (("find", "--example", "f(1) == 1", "--tests", "t.py"), "two searches"),
        (("history", "zzzz"), "no artifact starts with zzzz"),
        (("where", "zzzz"), "no artifact starts with zzzz"),
        (("retire", "zzzz"), "no artifact starts with zzzz"),
    ],
)
def test_what_makes_no_sense_is_one_line(cli: Cli, folder: Path, arguments: tuple[str, ...], told: str) -> None:
    ended = cli(*arguments)
    assert ended.code == 2
    assert told in ended.line
