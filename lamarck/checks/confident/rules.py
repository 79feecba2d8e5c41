"""Rules that approve or reject a candidate without asking a model, each with the precision that was measured for it.

A rule is written from what is known about code, and calibrated on labelled candidates that it was not written from. It
decides where the lower bound of its precision is high enough. A security finding vetoes, whatever the rules say.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from lamarck.checks.confident.facts import Facts
from lamarck.records import Record

THRESHOLD = 0.85
_LEAST = 10  # times that a rule has to have decided before its precision counts

Says = Literal["approve", "reject"]


@dataclass(frozen=True)
class Rule:
    name: str
    says: Says
    statement: str
    holds: Callable[[Facts], bool]


RULES: tuple[Rule, ...] = (
    Rule("syntax", "reject", "it does not parse", lambda f: f.tree is None),
    Rule("absent", "reject", "it does not define the function", lambda f: f.tree is not None and f.function is None),
    Rule("hollow", "reject", "there is nothing in the function", lambda f: f.hollow),
    Rule("undefined", "reject", "it reads a name that nothing defines", lambda f: f.undefined),
    Rule("no-result", "reject", "the function gives nothing back",
         lambda f: f.function is not None and not f.returns and "-> None" not in (f.task.signature or "")),
    Rule("prints", "reject", "it prints what it should return", lambda f: f.prints_instead),
    Rule("asks", "reject", "it asks the user for input", lambda f: f.asks_for_input),
    Rule("examples-by-heart", "reject", "it knows the examples by heart", lambda f: f.knows_examples),
    Rule("undone", "reject", "it says itself that it is not finished", lambda f: f.undone),
    Rule("endless", "reject", "it calls itself wherever it goes", lambda f: f.endless),
    Rule("fails", "reject", "it fails a given test", lambda f: f.tests_failed > 0),
    Rule("fails-all", "reject", "it passes no given test", lambda f: f.tests_failed > 0 and f.tests_passed == 0),
    Rule("unused-parameter", "reject", "it never looks at a parameter",
         lambda f: bool(f.unused) and not f.passes),
    Rule("passes", "approve", "it passes the given tests", lambda f: f.passes),
    Rule("passes-many", "approve", "it passes tests that show 5 different calls or more",
         lambda f: f.passes and f.shown >= 5),
    Rule("passes-some", "approve", "it passes tests that show 3 different calls or more",
         lambda f: f.passes and f.shown >= 3),
    Rule("passes-and-straight", "approve", "it passes the given tests without a branch or a loop of its own",
         lambda f: f.passes and f.branches == 0 and not f.unused),
    Rule("passes-and-short", "approve", "it passes the given tests in three statements or fewer",
         lambda f: f.passes and f.statements <= 3 and not f.unused and not f.hollow),
    Rule("passes-and-simple", "approve", "it passes the given tests with two branches at most",
         lambda f: f.passes and f.branches <= 2 and not f.unused),
    Rule("passes-many-and-simple", "approve", "it passes tests that show 3 calls, with four branches at most",
         lambda f: f.passes and f.shown >= 3 and f.branches <= 4 and not f.unused and not f.nested_loops),
    Rule("passes-many-and-straight", "approve", "it passes tests that show 3 calls, in five statements or fewer",
         lambda f: f.passes and f.shown >= 3 and f.statements <= 5 and not f.unused),
)  # fmt: skip


class Precision(Record, frozen=True, kw_only=True):
    """fired: how often the rule held for labelled candidates; right: how often its word was theirs."""

    fired: int = 0
    right: int = 0

    @property
    def share(self) -> float | None:
        return self.right / self.fired if self.fired else None

    @property
    def low(self) -> float:
        """The lower end of Wilson's interval at 95%; 0 for a rule that has hardly been measured."""
        return wilson_low(self.right, self.fired) if self.fired >= _LEAST else 0.0


@dataclass(frozen=True)
class Word:
    """What the rules say. says None: not sure enough, so a model or a person is asked. confidence: 0 to 1."""

    says: Literal["approve", "reject"] | None
    confidence: float
    rule: str
    why: str


def judge(facts: Facts, measured: Mapping[str, Precision], *, threshold: float = THRESHOLD) -> Word:
    """The word of the rule that is surest. Pure; a security finding vetoes."""
    if facts.vetoes:
        return Word("reject", 1.0, "security", f"{facts.vetoes} security findings veto")
    best = Word(None, 0.0, "", "no rule holds")
    for rule in RULES:
        low = measured.get(rule.name, Precision()).low
        if low > best.confidence and rule.holds(facts):
            best = Word(rule.says, low, rule.name, rule.statement)
    if best.confidence < threshold and best.says is not None:
        return Word(None, best.confidence, best.rule, f"{best.why}, which is not sure enough")
    return best


def wilson_low(right: int, count: int, z: float = 1.959964) -> float:
    """Wilson, 1927: the lower end of the interval of a share."""
    if count == 0:
        return 0.0
    share, square = right / count, z * z
    centre = share + square / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + square / (4 * count * count))
    return max(0.0, (centre - spread) / (1 + square / count))
