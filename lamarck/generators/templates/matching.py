"""Which templates a request may be for: by its words, never by guessing what a word that nobody explains may mean.

Where the given tests show several cases, what is asked may be called by a name of its own, if the goal says in two
words and more what it is. Such matches come after all others; the cases decide.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from lamarck.generators.search.cases import shown_cases
from lamarck.generators.templates.asking import head_of, stem, words_of
from lamarck.generators.templates.template import Template
from lamarck.records import AcceptanceKind, Task, Trust

_ENOUGH_CASES = 3  # given ones, for a name of the request's own

# Words of a name that change nothing of what is asked.
_NEUTRAL_WORDS = (
    "a an and answer any as at basic build by calc calculate class compute convert create custom data do each fast "
    "find for from func function generic get give given gives helper helpers if impl implement in input into is it "
    "item items its list lists make may module my new number numbers of old on one or our output py python return "
    "returns safe simple small solution solve str string strings task text that the their this tiny to tool tools "
    "two use util utility utils value values via with write x y s n f"
)
_NEUTRAL = frozenset(map(stem, _NEUTRAL_WORDS.split()))

Phrase = tuple[
    tuple[frozenset[str], ...], ...
]  # all of these, each by one of its alternatives, whose words are all there


@dataclass(frozen=True)
class _Scope:
    template: Template
    asks: tuple[Phrase, ...]
    never: tuple[Phrase, ...]
    vocabulary: frozenset[str]


class Matcher:
    """All templates by their words, made once. The first templates win over later ones that fit as well."""

    def __init__(self, templates: Iterable[Template]) -> None:
        self._scopes = [_scope(t) for t in templates]

    def match(self, task: Task) -> list[Template]:
        """Likeliest first. Reads only words: whether parameters and tests fit is for the fitting to say."""
        name = words_of(task.entry_point or "")
        prose = task.goal.partition("The module `")[0].partition(">>>")[0]
        goal = frozenset((*words_of(head_of(prose)), *name))
        everything = frozenset((*words_of(prose), *name, *words_of(" ".join(task.constraints))))
        found = [(rank, scope.template) for scope in self._scopes if (rank := _rank(scope, name, goal, everything))]
        certain = [t for _, t in sorted(found, key=lambda f: f[0], reverse=True)]
        own = [
            (rank, s.template)
            for s in self._scopes
            if s.template not in certain and (rank := _loose(s, name, goal, everything))
        ]
        if not own or _cases(task) < _ENOUGH_CASES:
            return certain
        return [*certain, *(t for _, t in sorted(own, key=lambda f: f[0], reverse=True))]


def _cases(task: Task) -> int:
    """How many the given tests show."""
    count = 0
    for each in task.tests(Trust.GIVEN):
        if each.kind is AcceptanceKind.PYTEST:
            count += shown_cases(each.content)
        elif each.kind is AcceptanceKind.EXAMPLES:
            count += each.content.count('"call"')
        elif each.kind is AcceptanceKind.DOCTEST:
            count += each.content.count(">>>")
    return count


def _scope(template: Template) -> _Scope:
    asks = tuple(_phrase(a) for a in template.asks)
    named = words_of(" ".join([template.id, template.summary, *template.names]))
    others = words_of(" ".join(chain(template.synonyms, *template.synonyms.values())))
    vocabulary = frozenset(chain(named, others, *(chain(*chain(*phrase)) for phrase in asks)))
    return _Scope(template, asks, tuple(_phrase(n) for n in template.never), vocabulary | _NEUTRAL)


def _phrase(text: str) -> Phrase:
    return tuple(tuple(frozenset(words_of(w)) for w in part.split("|")) for part in text.split())


def _rank(
    scope: _Scope, name: tuple[str, ...], goal: frozenset[str], everything: frozenset[str]
) -> tuple[int, int] | None:
    """How well it fits: by the name before by the goal, and by how many words; None: not at all."""
    if any(word not in scope.vocabulary for word in name) or any(_all_in(p, everything) for p in scope.never):
        return None
    names = frozenset(name)
    by_name = max((len(p) for p in scope.asks if _all_in(p, names)), default=0)
    by_goal = max((len(p) for p in scope.asks if _all_in(p, goal)), default=0)
    if not by_goal:
        return None
    return by_name, by_goal


def _loose(
    scope: _Scope, name: tuple[str, ...], goal: frozenset[str], everything: frozenset[str]
) -> tuple[int, int] | None:
    """By the goal alone: how many words of it, and how few of the name are strange."""
    by_goal = max((len(p) for p in scope.asks if _all_in(p, goal)), default=0)
    if by_goal < 2 or any(_all_in(p, everything) for p in scope.never):
        return None
    return by_goal, -sum(word not in scope.vocabulary for word in name)


def _all_in(phrase: Phrase, words: frozenset[str]) -> bool:
    return all(any(one <= words for one in alternatives) for alternatives in phrase)
