"""From a request to the artifacts that may serve it: words, meaning, shape, quality and use, fused by rank.

Full text is ranked by BM25 over porter stems (Robertson & Zaragoza, 2009), meaning by exact cosine; the two lists
are joined by reciprocal rank fusion (Cormack, Clarke & Büttcher, SIGIR 2009), which needs no common scale. What
comes out is a proposal: similarity is not sameness, and only a task's own tests decide.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log1p

from lamarck.library.filters import Filter, condition
from lamarck.library.index_entry import split_words
from lamarck.library.signature import Shape
from lamarck.library.vectors import VectorIndex

_POOL = 50  # how deep each list is read before they are joined
_RRF = 60  # the constant of reciprocal rank fusion, as its authors measured it
_MOST_TERMS = 40  # words of a long request that are searched for
# A request that both arms call unrelated is noise: fewer than half of its words and a cosine under the floor.
_ENOUGH_WORDS = 0.5
# Rows that full text ranks at once, about a microsecond each. In a large library a request's commonest words are left
# out of the ranking beyond that; they say least, and still count in "words: … of the request".
_MOST_RANKED = 8000
# BM25 weights of the columns name, goal, signature, doc: a name says most in fewest words.
_WEIGHTS = "4.0, 3.0, 1.0, 2.0"
# Words that nearly every request has. Leaving them out keeps "words: 0.8 of the request" honest and the search fast.
_STOP_TEXT = """
    a an and any are as at be by can code def for from function given have i if in into is it its me my of on or please
    python return returning returns self should so that the their them then there these this to using want we when
    where which will with write you
"""
_STOP = frozenset(_STOP_TEXT.split())


@dataclass(frozen=True)
class Request:
    """terms: distinct words to look for; vector and floor: set where there is an embedder; shape: if one is preferred;
    filter: what may be found at all."""

    terms: tuple[str, ...]
    limit: int
    vector: bytes | None = None
    floor: float = 0.0
    shape: Shape | None = None
    filter: Filter = field(default_factory=Filter)


@dataclass
class Found:
    """One artifact, by its row, with why it was proposed."""

    seq: int
    score: float = 0.0
    cosine: float | None = None
    same_shape: bool = False
    served: int = 0
    quality: float | None = None
    reasons: tuple[str, ...] = field(default=())


def request_terms(text: str) -> tuple[str, ...]:
    """The words of a request worth looking for, each once; when all are stop words, all of them."""
    words = list(dict.fromkeys(split_words(text)))
    return tuple(([w for w in words if w not in _STOP] or words)[:_MOST_TERMS])


def search(connection: sqlite3.Connection, request: Request, vectors: VectorIndex | None) -> list[Found]:
    """At most `request.limit` artifacts that the filter lets through, best first."""
    permitted = allowed(connection, request.filter)
    depth = max(_POOL, request.limit)
    pool: dict[int, Found] = {}
    for rank, seq in enumerate(_by_words(connection, request, depth, filtered=permitted is not None)):
        pool.setdefault(seq, Found(seq)).score += 1 / (_RRF + 1 + rank)
    if vectors is not None and request.vector is not None:
        near = vectors.nearest(connection, request.vector, depth, permitted)
        for rank, (seq, cosine) in enumerate(near):
            if cosine >= request.floor:
                pool.setdefault(seq, Found(seq)).score += 1 / (_RRF + 1 + rank)
        for seq, cosine in vectors.cosines(request.vector, list(pool)).items():
            pool[seq].cosine = cosine
    _look_up(connection, pool, request.shape)
    best = sorted(pool.values(), key=lambda f: (-f.score, -f.served, f.seq))
    return _explained(connection, request, best)


def allowed(connection: sqlite3.Connection, wanted: Filter) -> list[int] | None:
    """The rows that a filter lets through; None when it leaves out nothing that is found."""
    if wanted == Filter(licences=wanted.licences):
        anything_barred = "SELECT EXISTS (SELECT 1 FROM artifacts WHERE NOT free)"
        if wanted.licences is None or not connection.execute(anything_barred).fetchone()[0]:
            return None
    where, values = condition(wanted)
    rows = connection.execute(f"SELECT seq FROM artifacts WHERE found AND {where}", values)  # noqa: S608 - our own SQL
    return [seq for (seq,) in rows]


def _by_words(connection: sqlite3.Connection, request: Request, depth: int, *, filtered: bool) -> list[int]:
    terms = _telling(connection, request.terms)
    if not terms:
        return []
    # Quoted, so that no word of a request is ever read as an operator of the query language.
    query = " OR ".join(f'"{term}"' for term in terms)
    where, values = condition(request.filter) if filtered else ("", [])
    # The plus keeps SQLite from asking the index once for each row that is let through.
    of_these = f"AND +rowid IN (SELECT seq FROM artifacts WHERE found AND {where})" if filtered else ""  # noqa: S608
    ranked = connection.execute(
        f"SELECT rowid FROM words WHERE words MATCH ? {of_these} ORDER BY bm25(words, {_WEIGHTS}), rowid LIMIT ?",  # noqa: S608
        (query, *values, depth),
    )
    return [seq for (seq,) in ranked]


def _telling(connection: sqlite3.Connection, terms: Sequence[str]) -> list[str]:
    """The terms to rank by: all of them in a small library, else the rarest ones, at least one that occurs."""
    if len(terms) < 2 or _largest_row(connection) <= _MOST_RANKED:
        return list(terms)
    one = "SELECT count(*) FROM words WHERE words MATCH ?"
    counted = [(connection.execute(one, (f'"{term}"',)).fetchone()[0], term) for term in terms]
    chosen: list[str] = []
    rows = 0
    for count, term in sorted(pair for pair in counted if pair[0]):
        if chosen and rows + count > _MOST_RANKED:
            break
        chosen.append(term)
        rows += count
    return chosen


def _largest_row(connection: sqlite3.Connection) -> int:
    largest: int | None = connection.execute("SELECT max(seq) FROM artifacts").fetchone()[0]
    return largest or 0


def _look_up(connection: sqlite3.Connection, pool: dict[int, Found], shape: Shape | None) -> None:
    # In parts of what a first place in one list gives: enough to order near equals, too little to beat a clear match.
    first_place = 1 / (_RRF + 1)
    marks = ", ".join("?" * len(pool))
    rows = connection.execute(
        f"SELECT seq, served, quality, arity, returns FROM artifacts WHERE seq IN ({marks})",  # noqa: S608 - marks
        list(pool),
    )
    for seq, served, quality, arity, returns in rows:
        found = pool[seq]
        found.served, found.quality = served, quality
        found.score += first_place * (0.1 * (quality or 0.0) + 0.1 * min(1.0, log1p(served) / 5))
        known = arity is not None or returns is not None
        if shape is not None and known and shape.fits(Shape(arity=arity, returns=returns)):
            found.same_shape = True
            found.score += 0.5 * first_place


def _explained(connection: sqlite3.Connection, request: Request, best: list[Found]) -> list[Found]:
    """The first `limit` that are worth showing, with their reasons."""
    chosen: list[Found] = []
    for found in best:
        if len(chosen) == request.limit:
            break
        share = _share_of_words(connection, found.seq, request.terms)
        if found.cosine is not None and found.cosine < request.floor and share < _ENOUGH_WORDS:
            continue
        reasons = [f"words: {share:.1f} of the request"] if share else []
        if found.cosine is not None:
            reasons.append(f"meaning: cosine {found.cosine:.2f}")
        if found.same_shape:
            reasons.append("same signature shape")
        if found.quality is not None:
            reasons.append(f"quality {found.quality:.2f}")
        if found.served:
            reasons.append("used once" if found.served == 1 else f"used {found.served} times")
        found.reasons = tuple(reasons)
        chosen.append(found)
    return chosen


def _share_of_words(connection: sqlite3.Connection, seq: int, terms: Sequence[str]) -> float:
    if not terms:
        return 0.0
    one = "SELECT EXISTS (SELECT 1 FROM words WHERE rowid = ? AND words MATCH ?)"
    hits = sum(connection.execute(one, (seq, f'"{term}"')).fetchone()[0] for term in terms)
    share: float = hits / len(terms)
    return share
