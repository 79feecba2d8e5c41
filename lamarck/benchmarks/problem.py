"""One row of a suite, parted into what the loop may see and what scores it afterwards."""

from __future__ import annotations

from lamarck.records import Acceptance, AcceptanceKind, Record, SourceFile


class Problem(Record, frozen=True, kw_only=True):
    """What a suite's reader makes of a row.

    files: what a user would have on disk, and all that the loop sees. source: one of their paths, a folder of theirs,
    or a sentence. tests: paths of further given tests. entry_point and goal: replace what is read from the files.
    doctests: whether those of the stub are tests; a set's own may be wrong. hidden: the tests that score, with the
    helper files that only they need. reference: a solution, at the candidate's paths; for scoring
    alone, like `hidden`.
    """

    id: str
    files: tuple[SourceFile, ...]
    source: str
    hidden: tuple[Acceptance, ...]
    reference: tuple[SourceFile, ...]
    tests: tuple[str, ...] = ()
    entry_point: str | None = None
    goal: str | None = None
    doctests: bool = True
    hidden_support: tuple[SourceFile, ...] = ()


def hidden_tests(path: str, text: str) -> Acceptance:
    return Acceptance(kind=AcceptanceKind.PYTEST, content=text, path=path)
