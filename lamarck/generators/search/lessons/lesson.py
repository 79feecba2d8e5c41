"""What a repair that worked teaches: a rule of what failed, what stood there and what stands there now."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import Literal

from lamarck.records import Record, SourceFile

LESSON_FILE = "lamarck_lesson.py"
LESSONS_VERSION = "lessons-1"

Form = Literal["expression", "statement"]


class Rule(Record, frozen=True, kw_only=True, dict=True):
    """before, after: patterns, see `patterns`. role: where the expression stood, as `If.test`; asked for only where the
    pattern would fit everywhere. after may be empty: the statement goes away."""

    before: str
    after: str
    role: str
    form: Form

    @property
    def text(self) -> str:
        return f"{self.before} → {self.after or 'nothing'}"

    @cached_property
    def trees(self) -> tuple[ast.AST, ast.AST | None]:
        """Raises `SyntaxError` for what is no pattern."""
        return _tree(self.before, self.form), _tree(self.after, self.form) if self.after else None


def _tree(text: str, form: Form) -> ast.AST:
    return ast.parse(text, mode="eval").body if form == "expression" else ast.parse(text).body[0]


class Ranking(Record, frozen=True, kw_only=True):
    """How a search without lessons would have tried its edits of one edit. edits: how many; scores: of them, ascending,
    at even distances; mend: the score of the one that was the mend, None where no single edit is."""

    edits: int
    scores: tuple[float, ...]
    mend: float | None


class Repair(Record, frozen=True, kw_only=True):
    """Code that failed, and the same code mended: what lessons are learned from, and what they are tried on again.

    path: of the file that was mended. functions: qualified names of what was searched there. suspicion: of lines, 0 to
    1. failures: what the failing tests said, by kind, as `AssertionError` or `time`. kinds: of
    the edits, where search made them. template: whose program it was, as `family/name`.
    ranking: absent until it was measured.
    """

    before: tuple[SourceFile, ...]
    path: str
    after: str
    functions: tuple[str, ...] = ()
    suspicion: tuple[tuple[int, float], ...] = ()
    failures: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    by: str = "search"
    template: str = ""
    ranking: Ranking | None = None

    @property
    def text(self) -> str:
        return next(f.text for f in self.before if f.path == self.path)


class Lesson(Record, frozen=True, kw_only=True):
    """One rule with a repair that taught it, as it stands in the artifact's file. failures: what failed when it was
    learned; a lesson that was generalised has those of each. teachers: ids of all repairs behind it."""

    rule: Rule
    repair: Repair
    failures: tuple[str, ...] = ()
    teachers: tuple[str, ...] = ()

    def as_code(self) -> str:
        """As a Python file that holds it as a text: checks read it like any other file."""
        return f"LESSON = {self.to_json()!r}\n"

    @classmethod
    def from_code(cls, text: str) -> Lesson:
        """What `as_code` wrote; nothing is run. Raises `ValueError` (`msgspec.ValidationError` among them) and
        `SyntaxError`."""
        body = ast.parse(text).body
        if len(body) != 1 or not isinstance(body[0], ast.Assign):
            raise ValueError("no lesson stands there")
        return cls.from_json(str(ast.literal_eval(body[0].value)))
