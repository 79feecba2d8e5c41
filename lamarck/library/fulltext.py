"""Full text of the library file: FTS5's BM25 over porter stems (Robertson & Zaragoza, 2009)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice
from math import log

from lamarck.library.connection import Connection

_K1 = 1.2  # of BM25, as FTS5 has it
_LEAST_IDF = 1e-6
# Rows that full text ranks at once, about a microsecond each. In a large library a request's commonest words are left
# out of the ranking beyond that; they say least, and still count in "words: … of the request".
_RANKED_ALONE = 8000
_RANKED_BESIDE_MEANING = 3000  # what words bring then weighs a tenth
# BM25 weights of the columns name, goal, signature, doc: a name says most in fewest words.
_WEIGHTS = "4.0, 3.0, 1.0, 2.0"


class Words:
    """Full text over one request. A share is what of the request's information a text holds: BM25 over the most that
    it could be (1), so that it can stand beside a cosine."""

    def __init__(self, connection: Connection, terms: Sequence[str], *, alone: bool = True) -> None:
        """alone: whether nothing but words ranks."""
        self._connection = connection
        texts = max(_largest_row(connection), 1)  # near enough to how many there are, and told at once
        one = "SELECT count(*) FROM words WHERE words MATCH ?"
        counted = [(connection.execute(one, (f'"{term}"',)).fetchone()[0], term) for term in terms]
        self._most = sum((_K1 + 1) * max(_LEAST_IDF, log(max(texts - n, 0) + 0.5) - log(n + 0.5)) for n, _ in counted)
        # Quoted, so that no word of a request is ever read as an operator of the query language.
        self._query = " OR ".join(
            f'"{term}"' for term in _telling(counted, _RANKED_ALONE if alone else _RANKED_BESIDE_MEANING)
        )

    def best(self, depth: int, permitted: Collection[int] | None) -> list[tuple[int, float]]:
        """(row, share) of the best ones, best first; of these alone."""
        if not self._query:
            return []
        ranked = self._connection.execute(
            f"SELECT rowid, bm25(words, {_WEIGHTS}) AS rank FROM words WHERE words MATCH ?"  # noqa: S608 - constants
            " ORDER BY rank, rowid" + (" LIMIT ?" if permitted is None else ""),
            (self._query, depth) if permitted is None else (self._query,),
        )
        # Read until there are enough: to ask the filter for each row that matches takes longer.
        fitting = (pair for pair in ranked if permitted is None or pair[0] in permitted)
        return [(seq, self._share(score)) for seq, score in islice(fitting, depth)]

    def _share(self, score: float) -> float:
        return min(1.0, max(0.0, -score / self._most)) if self._most else 0.0


def _telling(counted: Sequence[tuple[int, str]], most: int) -> list[str]:
    """Of terms with their counts those to rank by: all of them where they stand in `most` rows together, else the
    rarest ones, at least one that occurs."""
    chosen: list[str] = []
    rows = 0
    for count, term in sorted(pair for pair in counted if pair[0]):
        if chosen and rows + count > most:
            break
        chosen.append(term)
        rows += count
    return chosen


def _largest_row(connection: Connection) -> int:
    largest: int | None = connection.execute("SELECT max(seq) FROM artifacts").fetchone()[0]
    return largest or 0


def shares_of_words(connection: Connection, seqs: Sequence[int], terms: Sequence[str]) -> dict[int, float]:
    """For each row how many of the words it has, as a share."""
    hits = dict.fromkeys(seqs, 0)
    marks = ", ".join("?" * len(seqs))
    holding = f"SELECT rowid FROM words WHERE words MATCH ? AND rowid IN ({marks})"  # noqa: S608
    for term in terms:
        for (seq,) in connection.execute(holding, (f'"{term}"', *seqs)):
            hits[seq] += 1
    return {seq: hit / len(terms) if terms else 0.0 for seq, hit in hits.items()}


def with_words_in_signature(connection: Connection, seqs: Sequence[int], words: Collection[str]) -> set[int]:
    """Those rows whose signature has one of the words."""
    marks = ", ".join("?" * len(seqs))
    rows = connection.execute(f"SELECT rowid, signature FROM words WHERE rowid IN ({marks})", list(seqs))  # noqa: S608
    return {seq for seq, signature in rows if not set(words).isdisjoint((signature or "").split())}


def merge_segments(connection: Connection) -> None:
    """One tree of what many writes left as many, each of which a search would look into; a quarter of a second for
    100,000 texts."""
    connection.execute("INSERT INTO words (words) VALUES ('optimize')")  # a command to FTS5; adds no row
