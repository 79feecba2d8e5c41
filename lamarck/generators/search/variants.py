"""Texts with edits made, each only once whatever it was made by."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from lamarck.generators.search.edits.edit import Edit, applied
from lamarck.generators.search.edits.imports import missing_imports
from lamarck.generators.search.edits.source import Function, Source
from lamarck.generators.search.edits.table import KINDS, edits_of
from lamarck.generators.search.screening import Change

More = Callable[[Source, Function], Iterable[Edit]]


@dataclass(frozen=True, kw_only=True)
class Variant:
    """The subject with some edits made. texts: of the files that are changed. score: how likely, against others."""

    edits: tuple[Edit, ...]
    texts: Mapping[str, str]
    changes: tuple[Change, ...]
    imports: tuple[tuple[str, str], ...]
    score: float
    functions: tuple[tuple[str, str], ...]  # (path, qualified name) of what was edited


@dataclass(frozen=True, kw_only=True)
class Scored:
    """An edit of a function, before it is made."""

    path: str
    function: str
    edit: Edit
    score: float


class Original:
    """The subject's files, parsed, and their statements at top level by place."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.sources = {path: Source(text) for path, text in texts.items()}
        self._seen: set[bytes] = set()

    def is_new(self, changes: tuple[Change, ...], imports: tuple[tuple[str, str], ...]) -> bool:
        """Whether no variant with the same trees was seen before; from now on, one was."""
        parts = [repr(imports)]
        for change in sorted(changes, key=lambda c: (c.path, c.line)):
            tree = ast.parse(change.after)
            before = ast.dump(ast.parse(change.before))
            after = ast.dump(tree)
            if before == after and not imports:
                return False
            parts += [change.path, str(change.line), after]
        key = hashlib.sha256("\0".join(parts).encode()).digest()
        if key in self._seen:
            return False
        self._seen.add(key)
        return True


def scored_edits(
    path: str,
    source: Source,
    functions: Iterable[str],
    suspicion: Mapping[int, float],
    weights: Mapping[str, float] = KINDS,
    more: More = lambda source, function: (),
) -> list[Scored]:
    """All edits of some functions of a file, likeliest first. suspicion: line → 0 to 1. more: beside the table's."""
    wanted = set(functions)
    found: list[Scored] = []
    for name, node in source.functions():
        if name in wanted:
            for edit in chain(more(source, node), edits_of(source, node)):
                near = suspicion.get(edit.line, 0.02)
                found.append(
                    Scored(path=path, function=name, edit=edit, score=near**2 * weights[edit.kind] * edit.worth)
                )
    found += [Scored(path=path, function="", edit=e, score=weights[e.kind]) for e in missing_imports(source)]
    found.sort(key=lambda s: -s.score)
    return found


def made(original: Original, base: Variant | None, source: Source, scored: Scored) -> Variant | None:
    """The variant of one more edit than `base`, whose text `source` is; None for what does not parse, changes nothing
    or was seen before."""
    path, edit = scored.path, scored.edit
    try:
        text = applied(source.data, edit.replacements).decode()
        change = None if edit.imports else _change(original.sources[path], source, path, edit)
    except (SyntaxError, ValueError):
        return None
    imports = (*(base.imports if base else ()), *((path, line) for line in edit.imports))
    changes = base.changes if base else ()
    if change is not None:
        changes = (*(c for c in changes if (c.path, c.line) != (path, change.line)), change)
    try:
        if not original.is_new(changes, imports):
            return None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return Variant(
        edits=(*(base.edits if base else ()), edit),
        texts={**(base.texts if base else {}), path: text},
        changes=changes,
        imports=imports,
        score=scored.score * (base.score if base else 1.0),
        functions=tuple(dict.fromkeys((*(base.functions if base else ()), (path, scored.function)))),
    )


def on_import(original: Original, source: Source, path: str, edit: Edit) -> Variant | None:
    """The variant of an edit of what runs on import; None as for `made`."""
    try:
        text = applied(source.data, edit.replacements).decode()
        change = Change(path, 0, source.text, text)
        if not original.is_new((change,), ()):
            return None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return Variant(edits=(edit,), texts={path: text}, changes=(), imports=(), score=edit.worth, functions=((path, ""),))


def _change(before: Source, source: Source, path: str, edit: Edit) -> Change:
    """The statement at top level that an edit changes. Raises `ValueError` for one that is not inside any."""
    first = min(r.start for r in edit.replacements)
    last = max(r.end for r in edit.replacements)
    for place, (start, end) in enumerate(source.segments):
        if start <= first and last <= end:
            moved = tuple(r._replace(start=r.start - start, end=r.end - start) for r in edit.replacements)
            after = applied(source.data[start:end], moved).decode()
            there = place - (len(source.segments) - len(before.segments))  # imports may have been added before it
            old_start, old_end = before.segments[there]
            line = before.data.count(b"\n", 0, old_start) + 1
            return Change(path, line, before.data[old_start:old_end].decode(), after)
    raise ValueError("outside all statements")
