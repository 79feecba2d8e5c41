"""Check 'duplication': runs of equal tokens that stand in several places, comments, docstrings and imports apart."""

from __future__ import annotations

import io
import time
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lamarck.checks.check import Level
from lamarck.checks.gate import Means
from lamarck.checks.graded import graded, marked
from lamarck.checks.waivers import Waivers, is_waived
from lamarck.records import Candidate, Evidence, Finding, SourceFile, Task

SHORTEST = 60  # tokens: about six lines
SHORTEST_LINES = 5
_WORTH = 40.0  # points that code would lose if all of it were duplicated: 5% duplicated gives 8 of 10
_LEFT_OUT = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER, tokenize.INDENT, tokenize.DEDENT}


@dataclass(frozen=True)
class Token:
    text: str
    line: int


@dataclass(frozen=True)
class Copy:
    """`lines` of `path` from `line` stand at `original_line` of `original` too, which comes first."""

    path: str
    line: int
    lines: int
    original: str
    original_line: int


class DuplicationCheck:
    """Points: ten less forty times the share of lines that are a copy of others."""

    name = "duplication"
    required = False
    level: Level = "quick"
    runs_code = False

    def __init__(self, waivers: Waivers, *, minimum: float = 8.0) -> None:
        self._waivers = waivers
        self._minimum = minimum

    @property
    def version(self) -> str:
        return f"1+{self._minimum:g}{self._waivers.key}"

    def applies(self, task: Task) -> bool:
        return task.language == "python"

    def run(self, task: Task, candidate: Candidate) -> Evidence:
        begin = time.perf_counter()
        tokens = {f.path: found for f in candidate.files if (found := tokens_of(f))}
        findings = marked(map(_finding, copies(tokens)), self._waivers)
        counted = [f for f in findings if not is_waived(f)]
        lines = sum(len({t.line for t in found}) for found in tokens.values())
        copied = sum(int(f.message.split()[0]) for f in counted)
        return graded(
            candidate,
            check=self.name,
            version=self.version,
            points=max(0.0, 10.0 - _WORTH * copied / lines) if lines else None,
            minimum=self._minimum,
            findings=findings,
            measurements={"copied_lines": copied, "lines": lines},
            seconds=time.perf_counter() - begin,
        )


def _finding(copy: Copy) -> Finding:
    message = f"{copy.lines} lines are the same as at {copy.original}:{copy.original_line}"
    return Finding(rule="duplicate", message=message, severity="low", path=copy.path, line=copy.line)


def tokens_of(file: SourceFile) -> list[Token]:
    """What counts of a file; nothing of one that does not tokenize, of which 'parse' tells."""
    found: list[Token] = []
    statement: list[Token] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(file.text).readline):
            if token.type in _LEFT_OUT:
                continue
            if token.type != tokenize.NEWLINE:
                statement.append(Token(token.string, token.start[0]))
                continue
            if not _is_said_often(statement):
                found += statement
            statement = []
    except (tokenize.TokenError, SyntaxError):
        return []
    return found


def _is_said_often(statement: list[Token]) -> bool:
    """Imports and docstrings are alike everywhere."""
    first = statement[0].text if statement else "import"
    return first in {"import", "from"} or (len(statement) == 1 and first.endswith(('"', "'")))


def copies(tokens: dict[str, list[Token]]) -> Iterator[Copy]:
    """Maximal runs that stand earlier too, in the order of the files; no line is told twice."""
    seen: dict[tuple[str, ...], tuple[str, int]] = {}
    for path, found in tokens.items():
        texts = [t.text for t in found]
        windows = max(0, len(found) - SHORTEST + 1)
        at = 0
        noted = 0
        while at < windows:
            original = seen.get(tuple(texts[at : at + SHORTEST]))
            if original is not None:
                length = _extent(texts, at, tokens[original[0]], original[1], own=original[0] == path)
                copy = _copy(path, found, at, length, original, tokens[original[0]])
                if length >= SHORTEST and copy.lines >= SHORTEST_LINES:
                    yield copy
                    at += length
                    noted = at
                    continue
            while noted <= at:
                seen.setdefault(tuple(texts[noted : noted + SHORTEST]), (path, noted))
                noted += 1
            at += 1


def _extent(texts: Sequence[str], at: int, other: list[Token], start: int, *, own: bool) -> int:
    """How many tokens are the same; within one file, as far as the two do not overlap."""
    length = 0
    while (
        at + length < len(texts)
        and start + length < (at if own else len(other))
        and texts[at + length] == other[start + length].text
    ):
        length += 1
    return length


def _copy(path: str, found: list[Token], at: int, length: int, original: tuple[str, int], other: list[Token]) -> Copy:
    lines = len({t.line for t in found[at : at + length]})
    return Copy(path, found[at].line, lines, original[0], other[original[1]].line)


def build(means: Means) -> DuplicationCheck:
    return DuplicationCheck(means.waivers, minimum=means.settings.checks.minimum_score)
