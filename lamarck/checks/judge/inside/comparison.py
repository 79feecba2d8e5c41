"""`==` where the candidate answers: cross-examined.

A candidate may return an object that says it equals whatever it meets. Values below built-in classes and the fields of
data classes are fetched and compared here. Where only the candidate's own code can answer,

- an object that stands where a plain value is expected shows what it is before it is asked (`presented`), and the right
  question stands among others like it, in random order and asked twice (`decoys`);
- an object that is compared with another one of the candidate's is also compared with altered copies, and with new
  instances that the judge makes with other arguments.

What gives itself away fails the test with `Dishonest`.
"""

from __future__ import annotations

from typing import Any

from .decoys import Nothing, copied, decoys, reshaped, shuffled
from .faults import Dishonest, Ended, TooLarge
from .presented import Presented
from .handles import handle_of
from .mirrored import Proxy

_FETCHED = {"fields": "fields", "changing": "plain"}  # kind of equality → what is fetched and compared here
_DECOYS = 11
_MOST_TWINS = 3
_MORE_COPIES = 5
_MOST_EXAMINED = 20  # comparisons of one class's instances with each other in one test that are examined


class Comparison:
    """The judge's. presented: what objects show themselves to be."""

    def __init__(self, presented: Presented) -> None:
        self._presented = presented
        self._examined: dict[type, int] = {}

    def begin_test(self) -> None:
        self._examined.clear()

    def equal(self, one: Any, other: Any) -> Any:
        """Raises `Dishonest`."""
        with self._presented.asking():
            return self._equal(one, other)

    def _equal(self, one: Any, other: Any) -> Any:
        ask = self._presented.ask
        kind = type(one)._lamarck_equal
        if kind == "fields" and type(other) is not type(one):
            return NotImplemented
        if kind == "changing" and handle_of(other) is None:
            return bool(ask("plain", one) == other)
        if type(other).__module__.startswith("_pytest"):  # pytest.approx asks back, number by number
            return NotImplemented
        if handle_of(other) is None:
            return self._with_plain(one, other)
        self._examined[type(one)] = self._examined.get(type(one), 0) + 1
        if kind in _FETCHED:
            answer = bool(ask(_FETCHED[kind], one) == ask(_FETCHED[kind], other))
        else:
            answer = self._among_altered(one, other)
        if answer is True and not _same(one, other) and self._is_worth_it(one):
            self._against_twins(one, other)
        return answer

    def _is_worth_it(self, one: Any) -> bool:
        return self._examined[type(one)] <= _MOST_EXAMINED

    # --- with something of the test's own

    def _with_plain(self, one: Any, other: Any) -> Any:
        shows = self._presented.of(one).equals(other)
        answer = self._hidden(one, other)
        if answer is True and not shows and not is_trusted(one):
            raise Dishonest(
                f"a {type(one).__name__} says that it equals the expected {type(other).__name__}, which nothing else "
                "about it shows: neither what it derives from or converts to, nor its items or attributes"
            )
        return answer

    def _hidden(self, one: Any, other: Any) -> Any:
        """The answer about `other`, asked among decoys."""
        questions = [other, Nothing(), *decoys(other, _DECOYS)]
        answers = self._answers(one, questions)
        taken = sum(answer is True for answer in answers[2:])
        if answers[1] is True or (answers[0] is True and taken * 4 > len(questions) - 2):
            raise _says_yes_to_all(one)
        return answers[0]

    def _answers(self, one: Any, questions: list[Any]) -> list[Any]:
        """In a random order, each asked twice."""
        answers: dict[int, Any] = {}
        for index in (*shuffled(len(questions)), *shuffled(len(questions))):
            answer = self._answer(one, questions[index], is_real=index == 0)
            if index in answers and answers[index] is not answer:
                raise Dishonest(f"{type(one).__name__}.__eq__ answers the same question in two ways")
            answers[index] = answer
        return [answers[index] for index in range(len(questions))]

    def _answer(self, one: Any, other: Any, *, is_real: bool) -> Any:
        try:
            answer = self._presented.ask("equal", one, copied(other))
        except (Ended, TooLarge):
            raise
        except Exception:
            if is_real:
                raise
            return False  # honest code may well fail on what it was never meant to meet
        if answer is not NotImplemented and type(answer) is not bool:
            raise Dishonest(f"{type(one).__name__}.__eq__ answered with {type(answer).__name__}")
        return answer

    # --- with another object

    def _among_altered(self, one: Any, other: Any) -> Any:
        questions = [other, Nothing()]
        if isinstance(other, Proxy) and self._is_worth_it(one):
            questions += self._altered_copies(other, 2)
        answers = self._answers(one, questions)
        others = answers[2:]
        if answers[1] is True:
            raise _says_yes_to_all(one)
        if answers[0] is True and others and all(answer is True for answer in others):
            # Two may be equal by chance, as numbers modulo 7 are once in seven: more of them hardly are.
            more = self._answers(one, self._altered_copies(other, _MORE_COPIES))
            if all(answer is True for answer in more):
                raise _says_yes_to_all(one)
        return answers[0]

    def _altered_copies(self, other: Proxy, count: int) -> list[Any]:
        copies = (self._presented.ask("altered", other) for _ in range(count))
        return [copy for copy in copies if copy is not None]

    def _against_twins(self, one: Any, other: Any) -> None:
        """New instances that were made as one of the two was, from other arguments: not all of them can be equal."""
        for made, opposite in ((other, one), (one, other)):
            for _ in range(2):  # again where all are equal, which a few may be by chance
                twins = [twin for twin in self._twins(made) if not (_same(twin, one) or _same(twin, other))]
                if not twins:
                    break
                if not all(self._is_equal_twin(opposite, twin) for twin in twins):
                    return
            else:
                raise _says_yes_to_all(one)

    def _is_equal_twin(self, one: Any, twin: Any) -> bool:
        fetch = _FETCHED.get(type(one)._lamarck_equal)
        if fetch is not None:
            return type(one) is type(twin) and bool(self._presented.ask(fetch, one) == self._presented.ask(fetch, twin))
        return self._answer(one, twin, is_real=False) is True

    def _twins(self, made: Any) -> list[Any]:
        call = made_by(made)
        if call is None:
            return []
        cls, args, kwargs = call
        twins = []
        for _ in range(_MOST_TWINS):
            try:
                twin = self._presented.ask(
                    "call", cls, *map(reshaped, args), **{name: reshaped(value) for name, value in kwargs.items()}
                )
            except (Ended, TooLarge):
                raise
            except Exception:  # not every argument is one that its class takes
                continue
            if isinstance(twin, Proxy):
                twins.append(twin)
        return twins


def made_by(value: Any) -> tuple[type, tuple[Any, ...], dict[str, Any]] | None:
    """Class and plain arguments of the call in which a test made an instance."""
    try:
        made = object.__getattribute__(value, "_lamarck_made")
    except AttributeError:
        return None
    return made if made[1] or made[2] else None


def is_trusted(value: Any) -> bool:
    """Whether the test itself asked for an instance of a class that it names: then its own word is what is tested. An
    object that a function returned is taken for what it shows."""
    if isinstance(value, type):
        return value.__dict__.get("_lamarck_named") is True
    try:
        return object.__getattribute__(value, "_lamarck_wanted") is True
    except AttributeError:
        return False


def _same(self: Any, other: Any) -> bool:
    mine, theirs = handle_of(self), handle_of(other)
    return mine is not None and theirs is not None and mine.number == theirs.number


def _says_yes_to_all(one: Any) -> Dishonest:
    return Dishonest(f"{type(one).__name__}.__eq__ says that values which differ are equal to it")
