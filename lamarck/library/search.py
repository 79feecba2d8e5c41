"""From a request to the artifacts that may serve it: words, meaning and shape, fused by rank.

Full text is ranked by BM25 over porter stems (Robertson & Zaragoza, 2009), meaning by exact cosine; the two lists
are joined by reciprocal rank fusion (Cormack, Clarke & Büttcher, SIGIR 2009), which needs no common scale. What
comes out is a proposal: similarity is not sameness, and only a task's own tests decide.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from lamarck.library.index_entry import split_words
from lamarck.library.signature import Shape
from lamarck.library.vectors import VectorIndex

_POOL = 50  # how deep each list is read before they are joined
_RRF = 60  # the constant of reciprocal rank fusion, as its authors measured it
_MOST_TERMS = 40  # words of a long request that are searched for
# A request that both arms call unrelated is noise: fewer than half of its words and a cosine under the floor.
_ENOUGH_WORDS = 0.5
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
    """terms: distinct words to look for; vector and floor: set where there is an embedder; shape: if one is asked."""

    terms: tuple[str, ...]
    limit: int
    vector: bytes | None = None
    floor: float = 0.0
    shape: Shape | None = None


@dataclass
class Found:
    """One artifact, by its row, with why it was proposed."""

    seq: int
    score: float = 0.0
    cosine: float | None = None
    same_shape: bool = False
    served: int = 0
    reasons: tuple[str, ...] = field(default=())


def request_terms(text: str) -> tuple[str, ...]:
    """The words of a request worth looking for, each once; when all are stop words, all of them."""
    words = list(dict.fromkeys(split_words(text)))
    return tuple(([w for w in words if w not in _STOP] or words)[:_MOST_TERMS])


def search(connection: sqlite3.Connection, request: Request, vectors: VectorIndex | None) -> list[Found]:
    """At most `request.limit` live artifacts, best first."""
    pool: dict[int, Found] = {}
    for rank, seq in enumerate(_by_words(connection, request.terms)):
        pool.setdefault(seq, Found(seq)).score += 1 / (_RRF + 1 + rank)
    if vectors is not None and request.vector is not None:
        near = vectors.nearest(connection, request.vector, _POOL)
        for rank, (seq, cosine) in enumerate(near):
            if cosine >= request.floor:
                pool.setdefault(seq, Found(seq)).score += 1 / (_RRF + 1 + rank)
        for seq, cosine in vectors.cosines(request.vector, list(pool)).items():
            pool[seq].cosine = cosine
    _look_up(connection, pool, request.shape)
    best = sorted(pool.values(), key=lambda f: (-f.score, -f.served, f.seq))
    return _explained(connection, request, best)


def _by_words(connection: sqlite3.Connection, terms: Sequence[str]) -> list[int]:
    if not terms:
        return []
    # Quoted, so that no word of a request is ever read as an operator of the query language.
    query = " OR ".join(f'"{term}"' for term in terms)
    ranked = connection.execute(
        f"SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words, {_WEIGHTS}), rowid LIMIT ?",  # noqa: S608
        (query, _POOL),
    )
    return [seq for (seq,) in ranked]


def _look_up(connection: sqlite3.Connection, pool: dict[int, Found], shape: Shape | None) -> None:
    # Half of what a first place in one list gives: enough to order near equals, too little to beat a clear match.
    bonus = 0.5 / (_RRF + 1)
    for found in pool.values():
        served, arity, returns = connection.execute(
            "SELECT served, arity, returns FROM artifacts WHERE seq = ?", (found.seq,)
        ).fetchone()
        found.served = served
        known = arity is not None or returns is not None
        if shape is not None and known and shape.fits(Shape(arity=arity, returns=returns)):
            found.same_shape = True
            found.score += bonus


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
