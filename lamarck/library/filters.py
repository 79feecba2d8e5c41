"""What of a library a search may find at all. Filters are exact: they leave out, and never merely prefer."""

from __future__ import annotations

from typing import Any

from lamarck.library.signature import Shape
from lamarck.records import Record

KINDS = ("function", "tool", "workflow", "test", "template", "script", "lesson")


class Filter(Record, frozen=True, kw_only=True):
    """kind: without one, everything but lessons. min_quality: leaves out what is worse and what was not measured. tags:
    all of them. shape: of the entry point; what states no type of its result fits any. licences: names allowed beside
    those that let anybody use freely; None: any licence.
    """

    min_quality: float | None = None
    tags: tuple[str, ...] = ()
    kind: str | None = None
    shape: Shape | None = None
    licences: tuple[str, ...] | None = ()


def condition(wanted: Filter, *, one_row: bool = False) -> tuple[str, list[Any]]:
    """SQL over the columns of `artifacts`, and its parameters. one_row: it is asked of rows one at a time, so that
    nothing is to be looked up for all of them first."""
    parts: list[str] = []
    values: list[Any] = []
    if wanted.min_quality is not None:
        parts.append("quality >= ?")
        values.append(wanted.min_quality)
    if wanted.kind is not None:
        parts.append("kind = ?")
        values.append(wanted.kind)
    else:
        parts.append("kind != 'lesson'")  # the code beside a lesson is another artifact
    for tag in wanted.tags:
        each = "(SELECT TRUE FROM tags WHERE tag = ? AND tags.seq = artifacts.seq)"
        parts.append(each if one_row else "seq IN (SELECT seq FROM tags WHERE tag = ?)")
        values.append(tag)
    if wanted.licences is not None:
        marks = ", ".join("?" * len(wanted.licences))
        parts.append(f"(free OR licence IN ({marks}))" if marks else "free")
        values += wanted.licences
    if wanted.shape is not None:
        shape_sql, shape_values = _of_shape(wanted.shape)
        parts.append(shape_sql)
        values += shape_values
    return " AND ".join(parts) or "TRUE", values


def _of_shape(shape: Shape) -> tuple[str, list[Any]]:
    if shape.arity is None:
        return "arity IS NULL AND returns = 'class'", []
    if shape.returns is None:
        return "arity = ?", [shape.arity]
    return "arity = ? AND (returns = ? OR returns IS NULL)", [shape.arity, shape.returns]
