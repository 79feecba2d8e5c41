"""From a request to the artifacts that may serve it: words, meaning, shape, quality and use, fused by rank.

Full text is ranked by BM25 over porter stems (Robertson & Zaragoza, 2009), meaning by exact cosine. The two are joined
by their values, BM25 as a share of what it could be at most: joining by rank (Cormack, Clarke & Büttcher, SIGIR 2009)
puts the best of many texts that share one word with a request beside the best of those that mean the same. What
comes out is a proposal: similarity is not sameness, and only a task's own tests decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log1p
from typing import Protocol

from lamarck.library.connection import Connection
from lamarck.library.filters import Filter, condition
from lamarck.library.index_entry import split_words
from lamarck.library.signature import Shape

_POOL = 50  # how deep each list is read before they are joined
_WORDS = 0.1  # what all words of a request weigh beside a cosine of 1, as measured by `lamarck bench retrieval`
_WITHOUT_VECTOR = 0.5
_SHAPE = 0.04
_BOUND = 0.07  # what a function loses whose first parameter is an object of its class: it can't be called by itself
OF_AN_OBJECT = ("self", "cls")
_MOST_TERMS = 40  # words of a long request that are searched for
# A request that both arms call unrelated is noise: fewer than half of its words and a cosine under the floor.
_ENOUGH_WORDS = 0.5
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
    words: float = 0.0  # of the request's information
    has: float = 0.0  # of the request's words
    score: float = 0.0
    cosine: float | None = None
    same_shape: bool = False
    is_bound: bool = False
    served: int = 0
    quality: float | None = None
    reasons: tuple[str, ...] = field(default=())


class Lists(Protocol):
    """The best by words and by meaning, of what one search may find."""

    def by_words(self, depth: int) -> list[tuple[int, float]]:
        """(row, share), best first: what of the request's information a text holds, 1 at most."""

    def by_meaning(self, vector: bytes, depth: int) -> list[tuple[int, float]]:
        """(row, cosine), closest first."""

    def cosines(self, vector: bytes, seqs: Sequence[int]) -> dict[int, float]:
        """Of those among `seqs` that have a vector."""

    def shares(self, seqs: Sequence[int], terms: Sequence[str]) -> dict[int, float]:
        """For each row how many of the words it has, as a share."""

    def bound(self, seqs: Sequence[int]) -> set[int]:
        """Those whose signature takes `self` or `cls`."""


def request_terms(text: str) -> tuple[str, ...]:
    """The words of a request worth looking for, each once; when all are stop words, all of them."""
    words = list(dict.fromkeys(split_words(text)))
    return tuple(([w for w in words if w not in _STOP] or words)[:_MOST_TERMS])


def search(connection: Connection, request: Request, lists: Lists) -> list[Found]:
    """At most `request.limit` artifacts that the filter lets through, best first."""
    depth = max(_POOL, request.limit)
    pool = {seq: Found(seq, words=share) for seq, share in lists.by_words(depth)}
    if request.vector is not None:
        for seq, cosine in lists.by_meaning(request.vector, depth):
            if cosine >= request.floor and seq not in pool:
                pool[seq] = Found(seq)  # of its words less than of any that the words brought: too little to ask for
        for seq, cosine in lists.cosines(request.vector, list(pool)).items():
            pool[seq].cosine = cosine
    for found in pool.values():
        # What has no vector yet is as near as its words let it seem.
        nearness = found.cosine if found.cosine is not None else _WITHOUT_VECTOR * found.words
        found.score = nearness + _WORDS * found.words
    for seq in lists.bound(list(pool)):
        pool[seq].is_bound = True
        pool[seq].score -= _BOUND
    _look_up(connection, pool, request.shape)
    best = sorted(pool.values(), key=lambda f: (-f.score, -f.served, f.seq))
    return _explained(request, best, lists)


def is_open(connection: Connection, wanted: Filter) -> bool:
    """Whether a filter leaves out nothing that is found."""
    if wanted != Filter(licences=wanted.licences):
        return False
    lessons = "SELECT EXISTS (SELECT 1 FROM tags WHERE tag = 'lesson')"
    barred = "SELECT EXISTS (SELECT 1 FROM artifacts WHERE NOT free)"
    asked = (lessons,) if wanted.licences is None else (lessons, barred)
    return not any(connection.execute(one).fetchone()[0] for one in asked)


def allowed(connection: Connection, wanted: Filter) -> list[int] | None:
    """The rows that a filter lets through; None when it leaves out nothing that is found."""
    if is_open(connection, wanted):
        return None
    where, values = condition(wanted)
    rows = connection.execute(f"SELECT seq FROM artifacts WHERE found AND {where}", values)  # noqa: S608 - our own SQL
    return [seq for (seq,) in rows]


def _look_up(connection: Connection, pool: dict[int, Found], shape: Shape | None) -> None:
    # Enough to order near equals, too little to beat a clear match.
    if not pool:
        return
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


def _explained(request: Request, best: list[Found], lists: Lists) -> list[Found]:
    """The first `limit` that are worth showing, with their reasons."""
    chosen: list[Found] = []
    shares: dict[int, float] = {}
    for place, found in enumerate(best):
        if len(chosen) == request.limit:
            break
        if found.seq not in shares:
            shares |= lists.shares([f.seq for f in best[place : place + request.limit]], request.terms)
        share = shares[found.seq]
        if found.cosine is not None and found.cosine < request.floor and share < _ENOUGH_WORDS:
            continue
        reasons = [f"words: {share:.1f} of the request"] if share else []
        if found.cosine is not None:
            reasons.append(f"meaning: cosine {found.cosine:.2f}")
        if found.same_shape:
            reasons.append("same signature shape")
        if found.is_bound:
            reasons.append("needs an object")
        if found.quality is not None:
            reasons.append(f"quality {found.quality:.2f}")
        if found.served:
            reasons.append("used once" if found.served == 1 else f"used {found.served} times")
        found.has = share
        found.reasons = tuple(reasons)
        chosen.append(found)
    return chosen
