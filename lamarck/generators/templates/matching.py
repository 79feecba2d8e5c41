"""Which templates a request may be for: by its words, never by guessing what a word that nobody explains may mean.

Where the given tests show several cases, what is asked may be called by a name of its own, if the goal says in two
words and more what it is. Such matches come after all others; the cases decide.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from math import log

from lamarck.generators.search.cases import cases_of
from lamarck.generators.templates.asking import head_of, prose_of, stem, words_of
from lamarck.generators.templates.common import COMMON
from lamarck.generators.templates.stated import affirmed
from lamarck.generators.templates.template import Template
from lamarck.records import Task, Trust

_ENOUGH_CASES = 3  # given ones, for a name of the request's own
# Words of a goal, for each case that its tests show, that neither the template nor the tests know. Where there are
# more, something is said that nothing shows: it may be the point in which what is asked differs from what is usual.
_UNEXPLAINED = 0.7
_TESTS_NAME = "The tests name:"
_MANY_CASES = 6  # given ones, for what only shares words
_MOST = 14  # templates for one request
_KIN = 6.0  # how telling shared words have to be: about two that one template in twenty knows

# Words of a name that change nothing of what is asked.
_NEUTRAL_WORDS = (
    "a an and answer any as at basic build by calc calculate class compute convert create custom data do each fast "
    "find for from func function generic get give given gives helper helpers if impl implement in input into is it "
    "item items its list lists make may module my new number numbers of old on one or our output py python return "
    "returns safe simple small solution solve str string strings task text that the their this tiny to tool tools "
    "two use util utility utils value values via with write x y s n f"
)
_NEUTRAL = frozenset(map(stem, _NEUTRAL_WORDS.split()))

# All of these, each by one of its alternatives: a word alone, or several that are all there.
Phrase = tuple[tuple[frozenset[str], tuple[frozenset[str], ...]], ...]


@dataclass(frozen=True)
class _Scope:
    """number: among all templates."""

    number: int
    template: Template
    asks: tuple[Phrase, ...]
    never: tuple[Phrase, ...]
    vocabulary: frozenset[str]
    known: frozenset[str]


class _Phrases:
    """The phrases of all templates by their words: a request has few words, and most phrases none of them."""

    def __init__(self, of_each: list[tuple[Phrase, ...]]) -> None:
        self._phrases = [(number, phrase) for number, phrases in enumerate(of_each) for phrase in phrases]
        self._at: dict[str, list[tuple[int, int]]] = {}
        for place, (_, phrase) in enumerate(self._phrases):
            for part, (alone, together) in enumerate(phrase):
                for word in alone.union(*together):
                    self._at.setdefault(word, []).append((place, part))

    def longest(self, words: frozenset[str]) -> dict[int, int]:
        """The number of each template of which a phrase is in these words → how many parts the longest has."""
        hit: dict[int, set[int]] = {}
        for word in words:
            for place, part in self._at.get(word, ()):
                hit.setdefault(place, set()).add(part)
        found: dict[int, int] = {}
        for place, parts in hit.items():
            number, phrase = self._phrases[place]
            if len(parts) == len(phrase) > found.get(number, 0) and _all_in(phrase, words):
                found[number] = len(phrase)
        return found


class Matcher:
    """All templates by their words, made once. The first templates win over later ones that fit as well."""

    def __init__(self, templates: Iterable[Template]) -> None:
        self._scopes = [_scope(number, t) for number, t in enumerate(templates)]
        self._asks = _Phrases([s.asks for s in self._scopes])
        self._never = _Phrases([s.never for s in self._scopes])
        counts = Counter(w for s in self._scopes for w in s.known)
        self._telling = {w: log((1 + len(self._scopes)) / (1 + n)) for w, n in counts.items()}

    def match(self, task: Task) -> list[Template]:
        """Likeliest first, no more than a few. Reads only words: whether parameters and tests fit is for the fitting to
        say."""
        name = words_of(task.entry_point or "")
        prose = prose_of(task)
        cases = cases_of(task)
        told = prose.partition(_TESTS_NAME)[0]
        open_words = frozenset(words_of(told)) - COMMON - _NEUTRAL - _tested(task)
        said = frozenset((*words_of(prose), *name))
        goal = frozenset((*words_of(head_of(prose)), *name))
        read = _Read(
            name=name,
            shown=said.union(words_of(_asked_for(task))),
            by_name=self._asks.longest(frozenset(name)),
            by_goal=self._asks.longest(goal),
            by_prose=self._asks.longest(said),
        )
        wanted = frozenset((*words_of(affirmed(prose)), *name, *words_of(" ".join(task.constraints))))
        never = self._never.longest(wanted)
        scopes = [
            s
            for s in self._scopes
            if s.number not in never and (not cases or len(open_words - s.known) <= _UNEXPLAINED * cases)
        ]
        certain = {s.template.id: s.template for _, s in _ordered((_rank(s, read), s) for s in scopes)}
        if cases < _ENOUGH_CASES:
            return list(certain.values())[:_MOST]
        for looser in (_loose, _wide, self._kin) if cases >= _MANY_CASES else (_loose,):
            rest = [s for s in scopes if s.template.id not in certain]
            certain |= {s.template.id: s.template for _, s in _ordered((looser(s, read), s) for s in rest)}
        return list(certain.values())[:_MOST]

    def _kin(self, scope: _Scope, read: _Read) -> tuple[float, int] | None:
        """By how telling the words are that it shares with all that is said: those that few templates know."""
        shared = sum(self._telling.get(w, 0.0) for w in read.shown & scope.known)
        return (shared, 0) if shared >= _KIN else None


@dataclass(frozen=True)
class _Read:
    """A request's words, as stems: of its name; of all that is said, also in its signature and in the names of its
    tests. by_name, by_goal, by_prose: the longest phrase of each template in its name, in its first sentences, in
    all of its prose; where none is, it is missing."""

    name: tuple[str, ...]
    shown: frozenset[str]
    by_name: dict[int, int]
    by_goal: dict[int, int]
    by_prose: dict[int, int]


def _tested(task: Task) -> frozenset[str]:
    """Words of the tests, and of the signatures."""
    headers = [line for s in task.stubs for line in s.text.splitlines() if line.lstrip().startswith(("def ", "class "))]
    return frozenset(
        words_of(" ".join([*(a.content for a in task.tests(Trust.GIVEN)), task.signature or "", *headers]))
    )


def _asked_for(task: Task) -> str:
    """Names of parameters, methods and tests."""
    names = [n for s in task.stubs for n in re.findall(r"\bdef (\w+)|\b(\w+)\s*[:,)=]", s.text) for n in n if n]
    names += [
        n for a in task.tests(Trust.GIVEN) for n in re.findall(r"\bdef test_(\w+)|\.(\w+)\(", a.content) for n in n
    ]
    return " ".join([task.signature or "", *names])


def _ordered(ranked: Iterable[tuple[tuple[float, int] | None, _Scope]]) -> list[tuple[tuple[float, int], _Scope]]:
    found = [(rank, scope) for rank, scope in ranked if rank is not None]
    return sorted(found, key=lambda f: f[0], reverse=True)


def _scope(number: int, template: Template) -> _Scope:
    asks = tuple(_phrase(a) for a in template.asks)
    named = words_of(" ".join([template.id, template.summary, *template.names]))
    others = words_of(" ".join(chain(template.synonyms, *template.synonyms.values())))
    vocabulary = frozenset(
        chain(named, others, *(w for phrase in asks for alone, together in phrase for w in (alone, *together)))
    )
    known = vocabulary | frozenset(words_of(" ".join([template.program, *(c.goal for c in template.serves)])))
    never = tuple(_phrase(n) for n in template.never)
    return _Scope(number, template, asks, never, vocabulary | _NEUTRAL, known - _NEUTRAL)


def _phrase(text: str) -> Phrase:
    found = []
    for part in text.split():
        alternatives = [frozenset(words_of(w)) for w in part.split("|")]
        alone = frozenset(w for a in alternatives if len(a) == 1 for w in a)
        found.append((alone, tuple(a for a in alternatives if len(a) != 1)))
    return tuple(found)


def _rank(scope: _Scope, read: _Read) -> tuple[int, int] | None:
    """How well it fits: by the name before by the goal, and by how many words; None: not at all."""
    by_goal = read.by_goal.get(scope.number, 0)
    if not by_goal or any(word not in scope.vocabulary for word in read.name):
        return None
    return read.by_name.get(scope.number, 0), by_goal


def _loose(scope: _Scope, read: _Read) -> tuple[int, int] | None:
    """By the goal alone: how many words of it, and how few of the name are strange."""
    by_goal = read.by_goal.get(scope.number, 0)
    if by_goal < 2:
        return None
    return by_goal, -sum(word not in scope.vocabulary for word in read.name)


def _wide(scope: _Scope, read: _Read) -> tuple[int, int] | None:
    """By all that is said, or one telling word of the first sentences."""
    by_prose = read.by_prose.get(scope.number, 0)
    by_goal = scope.number in read.by_goal
    if by_prose < 2 and not by_goal:
        return None
    return by_prose + by_goal, -sum(word not in scope.vocabulary for word in read.name)


def _all_in(phrase: Phrase, words: frozenset[str]) -> bool:
    for alone, together in phrase:
        if alone.isdisjoint(words) and not any(one <= words for one in together):
            return False
    return True
