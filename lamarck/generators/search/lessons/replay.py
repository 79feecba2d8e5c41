"""Whether a rule helps: recorded repairs looked for again, with and without it. Nothing is run for that.

What counts is how many edits a search tries before the one that was the mend. A rule's own edits come earlier than
most, so where one of them is the mend, it comes sooner, and where none is, the mend waits for them.
"""

from __future__ import annotations

import ast
import bisect
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from lamarck.generators.search.edits.edit import Edit, applied
from lamarck.generators.search.edits.source import Function, Source
from lamarck.generators.search.edits.table import KINDS, run_when_called
from lamarck.generators.search.lessons.guide import LESSON, edits_by
from lamarck.generators.search.lessons.lesson import Ranking, Repair, Rule
from lamarck.generators.search.variants import scored_edits
from lamarck.records import Record, content_id

WORTHS = (2.0, 1.0, 0.5)  # that are tried of a rule
_SAMPLES = 200  # scores of a search's own edits that are kept
_ELSEWHERE = 0.02  # suspicion of a line that nothing is known of


class Replay(Record, frozen=True, kw_only=True):
    """What a rule did on the repairs that it was not learned from. tried: repairs where it had an edit; sooner, later:
    how many were found so; gain: bits, the sum of log2 of edits tried without it over edits tried with it."""

    tried: int = 0
    sooner: int = 0
    later: int = 0
    gain: float = 0.0
    worth: float = 1.0

    @property
    def helps(self) -> bool:
        return self.sooner > 0 and self.gain > 0

    def __add__(self, other: Replay) -> Replay:
        """Both together, with this one's worth."""
        return Replay(
            tried=self.tried + other.tried,
            sooner=self.sooner + other.sooner,
            later=self.later + other.later,
            gain=round(self.gain + other.gain, 3),
            worth=self.worth,
        )


@dataclass
class Recorded:
    """A repair, ready to be looked for."""

    repair: Repair
    ranking: Ranking
    id: str
    source: Source
    functions: list[tuple[str, Function]]
    goal: str
    _nodes: dict[str, list[ast.AST]] = field(default_factory=dict)

    def nodes(self, name: str, function: Function) -> list[ast.AST]:
        if name not in self._nodes:
            self._nodes[name] = [
                n for n in run_when_called(function) if n is not function and not self.source.is_quoted(n)
            ]
        return self._nodes[name]


def repair_id(repair: Repair) -> str:
    """Equal for repairs of the same code to the same code."""
    return content_id("repair", repair.path, repair.text, repair.after)[:24]


def recorded(repair: Repair) -> Recorded | None:
    """None for what does not parse."""
    try:
        source = Source(repair.text)
        goal = ast.dump(ast.parse(repair.after))
    except (SyntaxError, ValueError, RecursionError):
        return None
    ranking = repair.ranking or _ranked(repair, source, goal)
    return Recorded(
        repair.replace(ranking=ranking), ranking, repair_id(repair), source, _functions(repair, source), goal
    )


def _functions(repair: Repair, source: Source) -> list[tuple[str, Function]]:
    wanted = set(repair.functions)
    return [(name, node) for name, node in source.functions() if name in wanted or not wanted]


def _ranked(repair: Repair, source: Source, goal: str) -> Ranking:
    names = [name for name, _ in _functions(repair, source)]
    edits = scored_edits(repair.path, source, names, _suspicion(repair, source), KINDS)
    lines = _changed_lines(source, repair.after)
    mend = next((s.score for s in edits if s.edit.line in lines and _makes(source, s.edit, goal)), None)
    scores = sorted(s.score for s in edits)
    step = max(1, len(scores) // _SAMPLES)
    return Ranking(edits=len(scores), scores=tuple(round(s, 6) for s in scores[::step]), mend=mend)


def _suspicion(repair: Repair, source: Source) -> dict[int, float]:
    return dict(repair.suspicion) or dict.fromkeys(range(1, source.data.count(b"\n") + 2), 1.0)


def _changed_lines(source: Source, after: str) -> set[int]:
    """Lines whose edits may make the new text: all up to a few before the first and behind the last change."""
    old, new = source.text.splitlines(), after.splitlines()
    first = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), 0)
    same = 0
    while same < min(len(old), len(new)) - first and old[-1 - same] == new[-1 - same]:
        same += 1
    return set(range(max(1, first - 8), len(old) - same + 6))


def _makes(source: Source, edit: Edit, goal: str) -> bool:
    try:
        return ast.dump(ast.parse(applied(source.data, edit.replacements).decode())) == goal
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def replay(
    rule: Rule, repairs: Sequence[Recorded], teachers: Iterable[str], worths: Sequence[float] = WORTHS
) -> Replay:
    """A rule on all repairs but those that taught it, with the one of `worths` that serves them best."""
    taught = set(teachers)
    others = [(r, edits) for r in repairs if r.id not in taught and (edits := list(_edits(rule, r)))]
    best = Replay(worth=worths[0])
    for worth in worths:
        found = _with_worth(others, worth)
        if (found.sooner > 0, found.gain) > (best.sooner > 0, best.gain) or worth == worths[0]:
            best = found
    return best


def _edits(rule: Rule, found: Recorded) -> Iterator[tuple[float, bool]]:
    """(suspicion of the place, squared; whether it is the mend) of each edit that a rule proposes."""
    suspicion = dict(found.repair.suspicion)
    for name, function in found.functions:
        for edit in edits_by(rule, found.source, function, found.nodes(name, function)):
            near = suspicion.get(edit.line, _ELSEWHERE) if suspicion else 1.0
            yield near**2, _makes(found.source, edit, found.goal)


def _with_worth(others: Sequence[tuple[Recorded, list[tuple[float, bool]]]], worth: float) -> Replay:
    sooner = later = 0
    gain = 0.0
    for found, edits in others:
        ranking = found.ranking
        before = ranking.edits if ranking.mend is None else _above(ranking, ranking.mend)
        scored = [(near * worth * KINDS[LESSON], is_mend) for near, is_mend in edits]
        hit = max((score for score, is_mend in scored if is_mend), default=None)
        if hit is not None and (ranking.mend is None or hit > ranking.mend):
            after = _above(ranking, hit) + sum(score > hit for score, _ in scored)
        elif (mend := ranking.mend) is None:
            continue  # neither finds it
        else:
            after = before + sum(score > mend for score, _ in scored)
        sooner, later = sooner + (after < before), later + (after > before)
        gain += math.log2((before + 1) / (after + 1))
    return Replay(tried=len(others), sooner=sooner, later=later, gain=round(gain, 3), worth=worth)


def _above(ranking: Ranking, score: float) -> float:
    """How many of the search's own edits come before one of that score."""
    scores = ranking.scores
    return ranking.edits * (len(scores) - bisect.bisect_right(scores, score)) / max(1, len(scores))
