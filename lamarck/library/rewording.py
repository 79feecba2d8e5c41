"""Other wordings of a request, by words that programmers use for one another, and what they mean together.

A small embedding model places "drop repeated entries" and "remove duplicate elements" further apart than people do. A
request is therefore asked for in its own words and in two others (`synonyms.txt`), and what is near to all of them on
average is near: expansion by a thesaurus (Voorhees, SIGIR 1994), with vectors in place of words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

from lamarck.library.index_entry import split_words
from lamarck.library.recognition import lemma

_SYNONYMS = Path(__file__).with_name("synonyms.txt")
_VARIANTS = 2
_OTHERS = 0.8  # what the other wordings weigh together beside the request's own, as `lamarck bench retrieval` has it
_WORD = re.compile(r"\w+")
_LONGEST = 400  # characters: what is longer says enough in its own words, and each wording takes as long as it

Words = tuple[str, ...]


class Embeds(Protocol):
    """What of an `Embedder` is needed here."""

    def embed(self, texts: Sequence[str], /) -> list[bytes]: ...


def reworded(text: str) -> tuple[str, ...]:
    """At most two other wordings, every word that has another one replaced; none where no word has, and of a long
    text."""
    if len(text) > _LONGEST:
        return ()
    found: list[str] = []
    for number in range(_VARIANTS):
        variant = _replaced(text, number)
        if variant not in (text, *found):
            found.append(variant)
    return tuple(found)


def request_vector(embedder: Embeds, text: str) -> bytes:
    """float32, little-endian: the mean of a request's vector and those of its other wordings, so that the product with
    a vector of length 1 is the mean of the cosines. Raises as the embedder does."""
    others = reworded(text)
    own, *rest = embedder.embed([text, *others])
    if not rest:
        return own
    import numpy as np

    vectors = np.frombuffer(b"".join((own, *rest)), dtype="<f4").reshape(1 + len(rest), -1)
    share = _OTHERS / len(rest)
    mean = (vectors[0] + share * vectors[1:].sum(axis=0)) / (1 + _OTHERS)
    return bytes(mean.astype("<f4").tobytes())


def _replaced(text: str, number: int) -> str:
    """With the synonyms of that number, in turn where a word has fewer; the longest run of words that has any."""
    table, longest = _table()
    words = list(_WORD.finditer(text))
    stems = [lemma(word.group().lower()) for word in words]
    parts: list[str] = []
    done = at = 0
    while at < len(words):
        for count in range(min(longest, len(words) - at), 0, -1):
            if others := table.get(tuple(stems[at : at + count])):
                parts += [text[done : words[at].start()], others[number % len(others)]]
                done = words[at + count - 1].end()
                at += count
                break
        else:
            at += 1
    return "".join([*parts, text[done:]])


@cache
def _table() -> tuple[dict[Words, tuple[str, ...]], int]:
    """Base forms of a word or of several → what may stand for them; and how many words the longest has."""
    table: dict[Words, list[str]] = {}
    for line in _SYNONYMS.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        alike = [part.strip() for part in line.split(",")]
        for each in alike:
            others = table.setdefault(tuple(lemma(word) for word in split_words(each)), [])
            others += [other for other in alike if other != each and other not in others]
    return {key: tuple(others) for key, others in table.items()}, max(map(len, table))
