"""How precise rules are: counted on labelled candidates, and tried on those that were not counted. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from lamarck.checks.confident.facts import Facts
from lamarck.checks.confident.rules import RULES, THRESHOLD, Precision, judge, wilson_low
from lamarck.errors import BadInput
from lamarck.records import Record, SourceFile, Task, content_id

_FOLDS = 2


class Labelled(Record, frozen=True, kw_only=True):
    """A candidate of which is known whether it is right. source: where it is from; problem: what it answers.

    tests_passed, tests_failed: of the task's own tests; right: whether it passes tests that nobody showed.
    """

    source: str
    problem: str
    task: Task
    files: tuple[SourceFile, ...]
    right: bool
    tests_passed: int = 0
    tests_failed: int = 0
    vetoes: int = 0

    @property
    def facts(self) -> Facts:
        return Facts(self.task, self.files, self.tests_passed, self.tests_failed, self.vetoes)


class Calibrated(Record, frozen=True, kw_only=True):
    """candidates: how many were labelled, right of them. precision: by rule, counted on all of them.

    decided, decided_right, approved, approved_right: of candidates judged by what was counted on the others (halves by
    problem); for the others a model would be asked. low: the lower end of the interval of decided_right / decided.
    passing, passing_right: candidates that pass their given tests, and how many of these are right: whoever approves
    them all is right as often. passing_decided, passing_decided_right: of these, what the rules decide.
    """

    data: str
    candidates: int
    right: int
    problems: int
    precision: dict[str, Precision]
    decided: int
    decided_right: int
    approved: int
    approved_right: int
    passing: int = 0
    passing_right: int = 0
    passing_decided: int = 0
    passing_decided_right: int = 0
    threshold: float = THRESHOLD

    @property
    def low(self) -> float:
        return wilson_low(self.decided_right, self.decided)

    @property
    def passing_low(self) -> float:
        return wilson_low(self.passing_decided_right, self.passing_decided)


def balanced(candidates: Sequence[Labelled]) -> tuple[Labelled, ...]:
    """As many right ones as wrong ones; which are left out is told by their content alone."""
    groups: tuple[list[Labelled], list[Labelled]] = ([], [])
    for each in sorted(candidates, key=lambda c: content_id(c.problem, c.files)):
        groups[each.right].append(each)
    least = min(map(len, groups))
    return tuple(each for group in groups for each in group[:least])


def calibrate(candidates: Sequence[Labelled], *, threshold: float = THRESHOLD) -> Calibrated:
    facts = [(each, each.facts) for each in candidates]
    folds = [[(e, f) for e, f in facts if _fold(e) == fold] for fold in range(_FOLDS)]
    told: list[tuple[Labelled, Facts, bool, bool]] = []  # what was decided: approved, right
    for number, fold in enumerate(folds):
        counted = count(pair for other, pairs in enumerate(folds) if other != number for pair in pairs)
        for each, known in fold:
            word = judge(known, counted, threshold=threshold)
            if word.says is not None:
                told.append((each, known, word.says == "approve", (word.says == "approve") is each.right))
    passing = [each for each, known in facts if known.passes]
    of_passing = [right for _, known, _, right in told if known.passes]
    return Calibrated(
        data=content_id([each.to_json() for each in candidates])[:16],
        candidates=len(candidates),
        right=sum(each.right for each in candidates),
        problems=len({each.problem for each in candidates}),
        precision=count(facts),
        decided=len(told),
        decided_right=sum(right for *_, right in told),
        approved=sum(approved for _, _, approved, _ in told),
        approved_right=sum(approved and right for _, _, approved, right in told),
        passing=len(passing),
        passing_right=sum(each.right for each in passing),
        passing_decided=len(of_passing),
        passing_decided_right=sum(of_passing),
        threshold=threshold,
    )


def count(facts: Iterable[tuple[Labelled, Facts]]) -> dict[str, Precision]:
    fired = dict.fromkeys((rule.name for rule in RULES), 0)
    right = dict(fired)
    for each, known in facts:
        for rule in RULES:
            if rule.holds(known):
                fired[rule.name] += 1
                right[rule.name] += (rule.says == "approve") is each.right
    return {name: Precision(fired=fired[name], right=right[name]) for name in fired}


def _fold(each: Labelled) -> int:
    return int(content_id(each.problem)[:8], 16) % _FOLDS


def read_labelled(path: Path) -> tuple[Labelled, ...]:
    """One a line. Raises `BadInput` with the line of what is none."""
    return tuple(_read(path))


def _read(path: Path) -> Iterator[Labelled]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read", "make it with `lamarck rules record`") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield Labelled.from_json(line)
        except msgspec.MsgspecError as error:
            raise BadInput(
                f"{path}:{number}: no labelled candidate: {error}", "make it with `lamarck rules record`"
            ) from error
