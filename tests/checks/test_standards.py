"""Coding standards: complete, in step with the gate, and short for one task."""

from __future__ import annotations

import re
from pathlib import Path

from lamarck.checks import dangers, weak_calls, weaknesses
from lamarck.checks.standards import MOST_LINES, RULES, compressed, full
from lamarck.records import Task, make_task
from lamarck.settings import CheckSettings, Settings

STRICT = Settings(checks=CheckSettings(required=("pylint", "format", "types", "complexity", "duplication")))


def task(goal: str) -> Task:
    return make_task(goal=goal, module="x")


def test_every_rule_of_security_is_in_one_group_and_no_other() -> None:
    told = [rule for group in RULES for rule in group.rules]
    assert len(told) == len(set(told))
    texts = "".join(Path(str(m.__file__)).read_text() for m in (dangers, weaknesses, weak_calls))
    known = set(re.findall(r'(?:yield |CallRule\(|_sink\()"([a-z-]+)"', texts)) | dangers.NAMES_BY_RULE.keys()
    assert set(told) - known <= {"writes-files"}  # found by a condition, not told by a literal
    assert known <= set(told)


def test_only_what_the_task_speaks_of_is_told() -> None:
    plain = compressed(task("Return the larger of two numbers."), Settings())
    assert not any("SQL" in line or "XML" in line for line in plain)
    assert any("SQL" in line for line in compressed(task("Insert the rows into a database table."), Settings()))
    assert len(plain) < len(compressed(task("Read the XML file and store its passwords in a database."), Settings()))


def test_a_line_stands_for_each_check_that_the_settings_require() -> None:
    plain, strict = (compressed(task("Add."), settings) for settings in (Settings(), STRICT))
    assert len(strict) == len(plain) + 5
    assert any("mypy" in line for line in strict)
    assert not any("mypy" in line for line in plain)


def test_compressed_is_at_most_thirty_lines_whatever_the_task() -> None:
    words = "file, file name, shell command, sql, yaml, html, cookie, url, password, hash, regex, xml, log"
    everything = task(f"Something with {words}.")
    assert sum(bool(group.topics) for group in RULES) == 13
    assert {g.says for g in RULES} <= set(compressed(everything, STRICT))
    assert len(compressed(everything, STRICT)) <= MOST_LINES
    assert all("\n" not in line and len(line) < 200 for line in compressed(everything, STRICT))


def test_full_has_a_line_for_every_rule() -> None:
    lines = full(Settings())
    assert len(lines) > 300
    assert len(set(lines)) == len(lines)
    assert any("F401" in line for line in lines)
