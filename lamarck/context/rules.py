"""The first context engineer: fixed rules. What the task says first, then what decides, then what failed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

from lamarck.context.stubs import BareCode, bare
from lamarck.library.building_block import block_of
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Artifact,
    Attempt,
    CheckOutcome,
    Context,
    Evidence,
    Piece,
    Task,
    TestResult,
)

Style = Literal["lean", "plain"]

_CHARS_PER_TOKEN = 3.2  # Python text under the tokenizers of small code models; an estimate for packing only
_CUT_NOTE = "\n# … (the rest is left out)"
_CUT_NOTE_TOKENS = 12
_MOSTLY = 0.8
_FAILURES_SHOWN = 3
_FINDINGS_SHOWN = 5


def _piece(source: str, kind: str, text: str) -> Piece:
    return Piece(source=source, kind=kind, text=text.rstrip(), tokens=int(len(text) / _CHARS_PER_TOKEN) + 1)


class RuleContext:
    """Packs pieces in a fixed order until `tokens` are used; what decides is cut last.

    style: "lean" shows the docstrings of stubs apart from the code, so that no model writes them again; "plain" leaves
    the stubs as they are. standards: the lines of the coding standards that a prompt carries; None: it carries none.
    """

    version = "rules-3"

    def __init__(self, style: Style = "lean", standards: Callable[[Task], Sequence[str]] | None = None) -> None:
        self._style = style
        self._standards = standards

    def build(self, task: Task, *, related: tuple[Artifact, ...], failed: Attempt | None, tokens: int) -> Context:
        """See `ContextEngineer.build`. Goal (unless stubs say it), stubs and failure go in, the rest as it fits."""
        fixed = [] if _stands_in_stubs(task) else [_piece("task", "goal", task.goal)]
        fixed += self._stubs(task)
        if task.signature and not any(s.text.strip() for s in task.stubs):
            fixed.append(_piece("task", "signature", task.signature))
        if task.constraints:
            fixed.append(_piece("task", "constraints", "\n".join(f"- {c}" for c in task.constraints)))
        rules = self._standards(task) if self._standards is not None else ()
        if rules:
            fixed.append(_piece("task", "standards", "\n".join(f"- {line}" for line in rules)))
        last = self._failure(failed) if failed else []
        left = tokens - sum(p.tokens for p in fixed + last)
        optional: list[Piece] = []
        for piece in [*self._related(related), *self._tests(task), *self._support(task)]:
            shortened = _shorten(piece, left)
            if shortened is not None:
                optional.append(shortened)
                left -= shortened.tokens
        return Context(
            task_id=task.id,
            pieces=(*fixed, *optional, *last),
            policy_version=f"{self.version} {self._style}" + (" with standards" if rules else ""),
        )

    def _stubs(self, task: Task) -> list[Piece]:
        shown: list[Piece] = []
        for stub in task.stubs:
            apart = bare(stub.text) if self._style == "lean" else BareCode(code=stub.text)
            if apart.prose:
                shown.append(_piece("task", f"told:{stub.path}", apart.prose))
            if apart.code.strip():
                shown.append(_piece("task", f"file:{stub.path}", apart.code))
        return shown

    def _tests(self, task: Task) -> list[Piece]:
        return [_piece("tests", f"{a.trust}:{a.path}", _shown(a)) for a in task.acceptance if _is_news(a, task)]

    def _support(self, task: Task) -> list[Piece]:
        python = [s for s in task.support if s.path.endswith(".py") and not s.path.endswith("conftest.py")]
        return [_piece("task", f"support:{s.path}", s.text) for s in python]

    def _related(self, related: tuple[Artifact, ...]) -> list[Piece]:
        """Functions to call, as signatures with what they do: their code would cost more than it tells."""
        blocks = [b for b in map(block_of, related) if b is not None]
        return [_piece("library", f"block:{b.artifact_id[:12]}:{b.name}", b.shown) for b in blocks]

    def _failure(self, failed: Attempt) -> list[Piece]:
        if failed.candidate is None or failed.verdict is None:
            return []
        files = failed.candidate.files
        if self._style == "lean":
            files = tuple(f.replace(text=bare(f.text).code) for f in files)
        pieces = [_piece("failure", f"code:{f.path}", f.text) for f in files]
        pieces += [
            _piece("failure", f"check:{e.check}", describe_failure(e))
            for e in failed.verdict.evidence
            if e.outcome is CheckOutcome.FAILED
        ]
        return pieces


def describe_failure(evidence: Evidence) -> str:
    """What failed, attributed: test, statement, inputs, expected, got, exception, line. Plain lines."""
    failures = [r for r in evidence.results if r.outcome is not CheckOutcome.PASSED]
    lines: list[str] = []
    for result in failures[:_FAILURES_SHOWN]:
        lines += _describe_test(result)
    if len(failures) > _FAILURES_SHOWN:
        lines.append(f"({len(failures) - _FAILURES_SHOWN} more tests fail)")
    for finding in evidence.findings[:_FINDINGS_SHOWN]:
        lines.append(f"{finding.rule}, line {finding.line}: {finding.message}")
    return "\n".join(lines) or evidence.log[:800]


def _describe_test(result: TestResult) -> list[str]:
    lines = [f"Test {result.id} failed."]
    failure = result.failure
    if failure is None:
        return lines
    labelled = (
        ("statement", failure.expression),
        ("input", failure.inputs),
        ("expected", failure.expected),
        ("got", failure.got),
        ("raised", failure.exception),
        ("in your code at line", str(failure.candidate_line) if failure.candidate_line else None),
    )
    lines += [f"  {label}: {_clip(text)}" for label, text in labelled if text]
    if not (failure.expected or failure.exception):
        lines.append(f"  {_clip(failure.message, 400)}")
    return lines


def _clip(text: str, limit: int = 240) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _stands_in_stubs(task: Task) -> bool:
    """A goal that was read out of the stubs' docstrings need not be paid for twice."""
    stubs = " ".join(" ".join(s.text for s in task.stubs).split())
    lines = [" ".join(re.sub(r"^`\w+`: ", "", line.strip()).split()) for line in task.goal.splitlines() if line.strip()]
    return bool(lines) and sum(line in stubs for line in lines) >= _MOSTLY * len(lines)


def _is_news(acceptance: Acceptance, task: Task) -> bool:
    """Doctests stand in the stub already."""
    return acceptance.kind is not AcceptanceKind.DOCTEST or not any(s.text == acceptance.content for s in task.stubs)


def _shown(acceptance: Acceptance) -> str:
    if acceptance.kind is not AcceptanceKind.EXAMPLES:
        return acceptance.content
    import json

    lines = []
    for example in json.loads(acceptance.content):
        outcome = f"== {example['equals']}" if example.get("equals") is not None else f"raises {example['raises']}"
        lines.append(f"{example['call']} {outcome}")
    return "\n".join(lines)


def _shorten(piece: Piece, tokens: int) -> Piece | None:
    """The piece, or its first lines that fit into `tokens`; None when fewer than a few lines would."""
    if piece.tokens <= tokens:
        return piece
    kept: list[str] = []
    used = 0.0
    for line in piece.text.splitlines():
        used += (len(line) + 1) / _CHARS_PER_TOKEN
        if used > tokens - _CUT_NOTE_TOKENS:
            break
        kept.append(line)
    if len(kept) < 4:
        return None
    return _piece(piece.source, piece.kind, "\n".join(kept) + _CUT_NOTE)
