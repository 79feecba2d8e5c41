"""Which lines a fault may stand in, from what failing and passing tests ran.

Ochiai, from Abreu, Zoeteweij, van Gemund: An evaluation of similarity coefficients for software fault localization,
PRDC 2006: failed(line) / sqrt(failed * (failed(line) + passed(line))).
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lamarck.generators.search.edits.source import Source
from lamarck.generators.search.screening import Ran
from lamarck.records import Record

_RAISED = 1.25  # times as suspicious: the line of these files that a failing test's exception came from
_UNSEEN = 0.05  # of the highest: lines that no failing test ran


class Suspect(Record, frozen=True, kw_only=True):
    """One statement. score: 0 to 1."""

    path: str
    line: int
    score: float
    text: str


@dataclass(frozen=True)
class Spectrum:
    """What tests ran: (path, line) → how many failing and passing ones; and where failing ones raised."""

    failed: int
    passed: int
    by_line: Mapping[tuple[str, int], tuple[int, int]]
    raised: frozenset[tuple[str, int]] = field(default_factory=frozenset)

    def score(self, place: tuple[str, int]) -> float:
        failed, passed = self.by_line.get(place, (0, 0))
        if not failed:
            return 0.0
        ochiai = failed / math.sqrt(self.failed * (failed + passed))
        return min(1.0, ochiai * (_RAISED if place in self.raised else 1.0))


def spectrum(ran: Iterable[Ran]) -> Spectrum:
    """ran: with lines, each test once; skipped ones count for nothing."""
    counts: dict[tuple[str, int], tuple[int, int]] = {}
    raised: set[tuple[str, int]] = set()
    failed = passed = 0
    for each in ran:
        if each.outcome == "skipped":
            continue
        is_failure = each.outcome != "passed"
        failed, passed = failed + is_failure, passed + (not is_failure)
        if is_failure and each.raised:
            raised.add(each.raised[-1])
        for path, lines in each.lines.items():
            for line in lines:
                f, p = counts.get((path, line), (0, 0))
                counts[path, line] = (f + is_failure, p + (not is_failure))
    return Spectrum(failed, passed, counts, frozenset(raised))


def suspects(sources: Mapping[str, Source], found: Spectrum) -> tuple[Suspect, ...]:
    """Statements that failing tests ran, most suspicious first. Of equals those first that decide or compute
    something, and of these the later ones in the file, which are nearer to what went wrong."""
    rows: list[tuple[float, int, Suspect]] = []
    for path, source in sources.items():
        for statement, score in statement_scores(path, source, found).items():
            if score > 0:
                text = source.lines(statement.lineno, statement.lineno).strip()
                suspect = Suspect(path=path, line=statement.lineno, score=round(score, 4), text=text[:80])
                rows.append((score, _weight(statement), suspect))
    rows.sort(key=lambda row: (-row[0], -row[1], -row[2].line))
    return tuple(suspect for _, _, suspect in rows)


def statement_scores(path: str, source: Source, found: Spectrum) -> dict[ast.stmt, float]:
    """Every statement inside functions with the score of the most suspicious line that is its own (of a loop or
    condition: its head)."""
    scores: dict[ast.stmt, float] = {}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.stmt) and not _is_definition(node) and source.in_body(node):
            scores[node] = max((found.score((path, line)) for line in _own_lines(node)), default=0.0)
    return scores


def line_scores(path: str, source: Source, found: Spectrum) -> dict[int, float]:
    """Line → score, of the innermost statement that it belongs to; relative to the highest, never quite nothing."""
    by_statement = statement_scores(path, source, found)
    highest = max(by_statement.values(), default=0.0) or 1.0
    lines: dict[int, float] = {}
    for statement, score in by_statement.items():
        for line in _own_lines(statement):
            lines[line] = max(lines.get(line, 0.0), score / highest, _UNSEEN)
    return lines


def _own_lines(node: ast.stmt) -> range:
    body = getattr(node, "body", None)
    end = node.end_lineno or node.lineno
    if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
        end = max(node.lineno, body[0].lineno - 1)
    return range(node.lineno, end + 1)


def _is_definition(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def _weight(node: ast.stmt) -> int:
    if isinstance(node, ast.If | ast.While | ast.Return | ast.AugAssign):
        return 2
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant | ast.List | ast.Dict | ast.Name):
        return 0
    return 1
