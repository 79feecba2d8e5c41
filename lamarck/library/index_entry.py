"""What of an artifact is searched: its words, its meaning, its shape."""

from __future__ import annotations

import ast
import re
import unicodedata

from lamarck.library.signature import Definition, Shape, definitions, shape_of, shape_of_definition, signature_of
from lamarck.records import Artifact, Record

_WORD = re.compile(r"[^\W_]+(?:_+[^\W_]+)*")  # an identifier counts as one word here, and is split afterwards
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_MOST_SOURCE = 1_000_000  # characters; a larger file is not parsed for its signature
_MOST_DOC = 400  # characters of a documentation that are embedded
_MOST_PUBLIC = 20  # names of a module without an entry point


class IndexEntry(Record, frozen=True, kw_only=True):
    """name, goal, signature and doc go into the full text; `meaning` is what an embedder gets."""

    name: str
    goal: str
    signature: str
    doc: str
    meaning: str
    shape: Shape | None


def index_entry(artifact: Artifact) -> IndexEntry:
    """Read out of the candidate's own code where it parses, else out of the task."""
    task, candidate = artifact.task, artifact.candidate
    main = next((f.text for f in candidate.files if f.path == task.main_path), None)
    if main is None:
        main = candidate.files[0].text if candidate.files else ""
    found = definitions(main) if len(main) <= _MOST_SOURCE else {}
    entry_point = candidate.entry_point or task.entry_point
    chosen = _chosen(found, entry_point)
    name = " ".join([*chosen] or [entry_point or task.module])
    signature = "\n".join(signature_of(d) for d in chosen.values()) or task.signature or ""
    doc = "\n".join(filter(None, (ast.get_docstring(d) for d in chosen.values())))
    return IndexEntry(
        name=searchable(name),
        goal=searchable(task.goal),
        signature=searchable(signature),
        doc=searchable(doc),
        meaning=_meaning(task.goal, name, doc),
        shape=_shape(chosen, task.signature),
    )


def split_words(text: str) -> list[str]:
    """Words in lower case, in order; `parseHTTPDate` and `parse_http_date` are both parse, http, date."""
    parts: list[str] = []
    for word in _WORD.findall(unicodedata.normalize("NFC", text)):
        for piece in word.split("_"):
            parts += [part.lower() for part in _HUMP.split(piece) if part]
    return parts


def searchable(text: str) -> str:
    """The text as it goes into the full-text index, with identifiers split into their words."""
    return " ".join(split_words(text))


def _chosen(found: dict[str, Definition], entry_point: str | None) -> dict[str, Definition]:
    if entry_point and entry_point in found:
        return {entry_point: found[entry_point]}
    public = [name for name in found if "." not in name and not name.startswith("_")]
    return {name: found[name] for name in public[:_MOST_PUBLIC]}


def _shape(chosen: dict[str, Definition], stated: str | None) -> Shape | None:
    if len(chosen) == 1:
        ((name, definition),) = chosen.items()
        return shape_of_definition(definition, method="." in name)
    return shape_of(stated) if stated else None


def _meaning(goal: str, name: str, doc: str) -> str:
    """The name in words, then the goal: an embedder reads only the beginning of a long text. Of a documentation that
    goes on, how it begins. No signature: lists of parameters and types make everything look alike."""
    lines = [f"{searchable(name)}: {goal.strip()}" if name else goal.strip()]
    beginning = re.split(r"\n\s*\n", doc.strip(), maxsplit=1)[0].strip()[:_MOST_DOC]
    if beginning and " ".join(beginning.split()) not in " ".join(goal.split()):
        lines.append(beginning)
    return "\n".join(lines)
