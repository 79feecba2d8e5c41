"""Whether a request asks for something else than what it resembles: another number, or the opposite word.

Embeddings put opposites closer together than paraphrases, and a few given tests let a near miss pass by luck. What a
text says outright needs neither: "greater than 3" is never answered by what was proven for "greater than 2".
"""

from __future__ import annotations

import re

from lamarck.library.index_entry import split_words

_NUMBER = re.compile(r"([0-9]{1,18})(?:st|nd|rd|th)?")
_NUMBER_WORDS = "two three four five six seven eight nine ten eleven twelve"  # no "one", which seldom counts
_NUMBERS = {word: number for number, word in enumerate(_NUMBER_WORDS.split(), start=2)}
_PAIRS_TEXT = """
    first last  left right  up down  upper lower  above below  over under  greater less  greater smaller
    larger smaller  largest smallest  bigger smaller  longer shorter  longest shortest  higher lower  highest lowest
    more fewer  more less  most least  max min  maximum minimum  ascending descending  forwards backwards
    forward backward  add subtract  plus minus  multiply divide  encode decode  encrypt decrypt  compress decompress
    serialize deserialize  escape unescape  quote unquote  inclusive exclusive  including excluding  include exclude
    before after  odd even  start end  begin end  beginning end  prefix suffix  head tail  horizontal vertical
    horizontally vertically  oldest newest  earliest latest  next previous  increase decrease  increasing decreasing
    north south  east west  push pop  lock unlock  enable disable  indent dedent  expand collapse  import export
    upload download
"""
_PAIRS = _PAIRS_TEXT.split()
_OPPOSITES: dict[str, set[str]] = {}
for _one, _other in zip(_PAIRS[::2], _PAIRS[1::2], strict=True):
    _OPPOSITES.setdefault(_one, set()).add(_other)
    _OPPOSITES.setdefault(_other, set()).add(_one)
# A text that negates may mean the opposite of its words: "drop what is not above 3" keeps what is.
_NEGATIONS = frozenset({"not", "no", "never", "without", "except", "but", "unless", "neither", "nor", "non", "isn"})


def contradicts(request: str, known: str) -> bool:
    """Whether the two name numbers and share none, or one names only a word and the other only its opposite."""
    asked, told = set(split_words(request)), set(split_words(known))
    numbers, others = _numbers(asked), _numbers(told)
    if numbers and others and not numbers & others:
        return True
    if (asked | told) & _NEGATIONS:
        return False
    return any(_OPPOSITES.get(word, set()) & (told - asked) for word in asked - told if not _says_it_too(word, told))


def _says_it_too(word: str, told: set[str]) -> bool:
    """Another of the words that mean the same as `word` here: what is the opposite of the same word."""
    alike = {same for opposite in _OPPOSITES.get(word, ()) for same in _OPPOSITES[opposite]}
    return bool(alike & told)


def _numbers(words: set[str]) -> set[int]:
    found = (_NUMBER.fullmatch(w) for w in words)
    named = {int(f[1]) for f in found if f} | {_NUMBERS[w] for w in words if w in _NUMBERS}
    return named - {0}  # what there is where there is nothing
