"""`lamarck templates` and `lamarck lessons` on the command line, as people type them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Command = Callable[..., Any]

TEMPLATE = """version = 1
summary = "A price with tax"
asks = ["price tax"]
program = '''
def with_tax(price: float) -> float:
    return price * 1.25
'''
[[serves]]
goal = "A price with tax"
signature = "def with_tax(price)"
examples = ["with_tax(100) == 125.0"]
[[refuses]]
goal = "A price"
signature = "def discount(price)"
"""


def test_templates_are_listed_and_shown(cli: Command, folder: Path) -> None:
    listed = cli("templates", "list", "--json").document["templates"]
    assert len(listed) >= 60
    assert len({t["id"].partition("/")[0] for t in listed}) >= 10
    assert "slugify" in cli("templates", "list").out
    shown = cli("templates", "show", "clamp")
    assert shown.code == 0
    assert "def clamp(" in shown.out
    unknown = cli("templates", "show", "nothing")
    assert unknown.code == 2
    assert "no template is called 'nothing'" in unknown.line


def test_templates_are_proven_and_added(cli: Command, folder: Path) -> None:
    assert cli("templates", "test", "clamp").code == 0
    draft = folder / "drafts" / "shop" / "with_tax.toml"
    draft.parent.mkdir(parents=True)
    draft.write_text(TEMPLATE)
    added = cli("templates", "add", str(draft))
    assert added.code == 0, added.err
    assert (folder / ".lamarck" / "templates" / "shop" / "with_tax.toml").is_file()
    assert cli("templates", "test", "with_tax").code == 0
    draft.write_text(TEMPLATE.replace("125.0", "126.0"))
    refused = cli("templates", "add", str(draft))
    assert refused.code == 2
    assert "1 of its 2 requests fail" in refused.err


def test_lessons_of_an_empty_library(cli: Command, folder: Path) -> None:
    assert cli("lessons", "list", "--json").document == {"lessons": [], "used": False}
    for command in (("show", "abcd"), ("drop", "abcd"), ("export",)):
        ended = cli("lessons", *command)
        assert ended.code == 2
        assert ended.line.startswith("lamarck: ")


def test_lessons_are_listed_shown_exported_and_dropped(cli: Command, folder: Path) -> None:
    (folder / "sums.py").write_text("def total(xs):\n    s = 0\n    for x in xs:\n        s -= x\n    return s\n")
    tests = "from sums import total\n\n\ndef test_it():\n    assert total([1, 2]) == 3\n    assert total([4]) == 4\n"
    (folder / "test_sums.py").write_text(tests)
    assert cli("fix", "sums.py", "--tests", "test_sums.py", "--no-model").code == 0
    rows = cli("lessons", "list", "--json").document["lessons"]
    assert ("_name1 -= _name2", "_name1 += _name2") in {(r["before"], r["after"]) for r in rows}
    assert "waits" in cli("lessons", "list").out
    shown = cli("lessons", "show", rows[0]["id"][:12])
    assert "-        s -= x" in shown.out
    assert cli("lessons", "export", "--out", "out.jsonl", "--licence", "MIT").code == 0
    for row in rows:
        assert cli("lessons", "drop", row["id"]).code == 0
    assert cli("lessons", "list", "--json").document["lessons"] == []
