"""From a request to the artifacts that may serve it: words, meaning, shape, quality and use, fused by rank.

Full text is ranked by BM25 over porter stems (Robertson & Zaragoza, 2009), meaning by exact cosine. The two are joined
by their values, BM25 as a share of what it could be at most: joining by rank (Cormack, Clarke & Büttcher, SIGIR 2009)
puts the best of many texts that share one word with a request beside the best of those that mean the same. What
comes out is a proposal: similarity is not sameness, and only a task's own tests decide.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log, log1p

from lamarck.library.filters import Filter, condition
from lamarck.library.index_entry import split_words
from lamarck.library.signature import Shape
from lamarck.library.vectors import VectorIndex

_POOL = 50  # how deep each list is read before they are joined
_WORDS = 0.1  # what all words of a request weigh beside a cosine of 1, as measured by `lamarck bench retrieval`
_WITHOUT_VECTOR = 0.5
_SHAPE = 0.04
_K1 = 1.2  # of BM25, as FTS5 has it
_LEAST_IDF = 1e-6
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
    words: float = 0.0
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
    words = _Words(connection, request.terms)
    pool = {seq: Found(seq, words=share) for seq, share in words.best(request.filter, depth, permitted is not None)}
    if vectors is not None and request.vector is not None:
        for seq, cosine in vectors.nearest(connection, request.vector, depth, permitted):
            if cosine >= request.floor and seq not in pool:
                pool[seq] = Found(seq)  # of its words less than of any that the words brought: too little to ask for
        for seq, cosine in vectors.cosines(request.vector, list(pool)).items():
            pool[seq].cosine = cosine
    for found in pool.values():
        # What has no vector yet is as near as its words let it seem.
        nearness = found.cosine if found.cosine is not None else _WITHOUT_VECTOR * found.words
        found.score = nearness + _WORDS * found.words
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


class _Words:
    """Full text over one request. A share is what of the request's information a text holds: BM25 over the most that
    it could be (1), so that it can stand beside a cosine."""

    def __init__(self, connection: sqlite3.Connection, terms: Sequence[str]) -> None:
        self._connection = connection
        texts = max(_largest_row(connection), 1)  # near enough to how many there are, and told at once
        one = "SELECT count(*) FROM words WHERE words MATCH ?"
        counted = [(connection.execute(one, (f'"{term}"',)).fetchone()[0], term) for term in terms]
        self._most = sum((_K1 + 1) * max(_LEAST_IDF, log(max(texts - n, 0) + 0.5) - log(n + 0.5)) for n, _ in counted)
        # Quoted, so that no word of a request is ever read as an operator of the query language.
        self._query = " OR ".join(f'"{term}"' for term in _telling(counted))

    def best(self, wanted: Filter, depth: int, filtered: bool) -> list[tuple[int, float]]:
        """(row, share) of the best ones, best first."""
        if not self._query:
            return []
        where, values = condition(wanted) if filtered else ("", [])
        # The plus keeps SQLite from asking the index once for each row that is let through.
        of_these = f"AND +rowid IN (SELECT seq FROM artifacts WHERE found AND {where})" if filtered else ""  # noqa: S608
        ranked = self._connection.execute(
            f"SELECT rowid, bm25(words, {_WEIGHTS}) AS rank FROM words WHERE words MATCH ? {of_these}"  # noqa: S608
            " ORDER BY rank, rowid LIMIT ?",
            (self._query, *values, depth),
        )
        return [(seq, self._share(score)) for seq, score in ranked]

    def _share(self, score: float) -> float:
        return min(1.0, max(0.0, -score / self._most)) if self._most else 0.0


def _telling(counted: Sequence[tuple[int, str]]) -> list[str]:
    """Of terms with their counts those to rank by: all of them where that is little work, else the rarest ones, at
    least one that occurs."""
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
    # Enough to order near equals, too little to beat a clear match.
    marks = ", ".join("?" * len(pool))
    rows = connection.execute(
        f"SELECT seq, served, quality, arity, returns FROM artifacts WHERE seq IN ({marks})",  # noqa: S608 - marks
        list(pool),
    )
    for seq, served, quality, arity, returns in rows:
        found = pool[seq]
        found.served, found.quality = served, quality
        found.score += 0.01 * (quality or 0.0) + 0.01 * min(1.0, log1p(served) / 5)
        known = arity is not None or returns is not None
        if shape is not None and known and shape.fits(Shape(arity=arity, returns=returns)):
            found.same_shape = True
            found.score += _SHAPE


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
