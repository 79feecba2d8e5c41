"""Lessons as examples in a prompt: what mended code like the one that failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lamarck.generators.search.edits.source import Source
from lamarck.generators.search.edits.table import run_when_called
from lamarck.generators.search.lessons.guide import Guide, edits_by
from lamarck.records import Attempt, Context, Piece

_MOST = 3
_CHARS_PER_TOKEN = 3.2


def with_lessons(context: Context, guide: Guide, failed: Attempt) -> Context:
    """The context with the rules of the guide that fit the failed code, as one more piece; as it was where none
    does."""
    lines = list(_fitting(guide, failed))[:_MOST]
    if not lines:
        return context
    text = "\n".join(["Like mistakes were mended before so:", *lines])
    piece = Piece(source="failure", kind="lessons", text=text, tokens=int(len(text) / _CHARS_PER_TOKEN) + 1)
    return context.replace(pieces=(*context.pieces, piece))


def _fitting(guide: Guide, failed: Attempt) -> Iterator[str]:
    files = failed.candidate.files if failed.candidate else ()
    sources = list(_sources([f.text for f in files if f.path.endswith(".py")]))
    for known in guide.known:
        for source in sources:
            edit = next(
                (
                    e
                    for _, function in source.functions()
                    for e in edits_by(
                        known.rule,
                        source,
                        function,
                        [n for n in run_when_called(function) if n is not function and not source.is_quoted(n)],
                    )
                ),
                None,
            )
            if edit is not None:
                yield f"- {edit.what.partition(' → ')[0]} became {edit.what.partition(' → ')[2]}"
                break


def _sources(texts: Sequence[str]) -> Iterator[Source]:
    for text in texts:
        try:
            yield Source(text)
        except (SyntaxError, ValueError, RecursionError):
            continue
