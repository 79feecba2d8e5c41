"""A workload with repeats: what reuse saves, and whether what it serves is right.

Requests over 150 tasks (15 families with opposites and near misses in each), drawn by Zipf's law with exponent 1:
repeats word for word, in other words, under other names. Every request brings two given tests; what is served is then
judged by withheld ones. The model is a script that always writes the right code, so all that is measured is reuse: what
it saves in tokens, and what it costs in proof. Beside it stand a cache that serves the nearest request at the cosine
0.8, and an oracle that never pays twice. A row a request is appended to a file, from which the workload goes on.
"""

from __future__ import annotations

import inspect
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lamarck.api import Lamarck, ScriptedModel, Settings
from lamarck.api import Request as ModelRequest
from lamarck.benchmarks.corpus import Embedded
from lamarck.benchmarks.library import open_embedder
from lamarck.benchmarks.reuse_families import FAMILIES, WAYS, Family
from lamarck.benchmarks.reuse_report import CACHE_AT, ReuseFigures, Row, figures_of
from lamarck.benchmarks.rows import appended
from lamarck.errors import BadInput
from lamarck.records import Acceptance, AcceptanceKind, Attempt, Candidate, CheckOutcome, Run, Task, make_task
from lamarck.temporary import temporary_folder

Say = Callable[[str], None]
TASKS = 150
_GIVEN, _WITHHELD = 2, 8
_JUDGED = 3  # times, where the judge broke, as it does on a machine without a free core
_NAMES = ("solve", "result_of", "work_out")  # under which the same thing is asked for again
_PARAMETERS = ("data", "given", "x")  # and what its parameter may be called instead


@dataclass(frozen=True)
class Wish:
    """One task: a family with a way and a number."""

    family: Family
    way: str
    number: int

    @property
    def key(self) -> str:
        return f"{self.family.function.__name__} {self.way} {self.number}"

    def value(self, *arguments: Any) -> Any:
        return self.family.function(*arguments, way=self.way, n=self.number)

    def code(self, name: str, parameter: str = "") -> str:
        own = parameter or self.family.parameters[0]
        source = inspect.getsource(self.family.function)
        call = f"{self.family.function.__name__}({own}, way={self.way!r}, n={self.number})"
        return f"{source}\n\ndef {name}({own}):\n    return {call}\n"


@dataclass(frozen=True)
class Asked:
    """One request as it is put. kind: new | near miss | opposite (the first of its task, by what of its family was
    asked before), repeat (as before, word for word), changed signature or paraphrase."""

    number: int
    wish: Wish
    kind: str
    text: str
    name: str
    parameter: str

    @property
    def signature(self) -> str:
        return f"def {self.name}({self.parameter})"


def wishes(seed: int) -> list[Wish]:
    """All tasks in an order drawn by the seed: the first one is asked for most often."""
    found = [Wish(f, way, n) for f in FAMILIES for way in WAYS[f.function.__name__] for n in f.numbers]
    random.Random(seed).shuffle(found)  # noqa: S311 - a workload
    return found[:TASKS]


def plan(requests: int, seed: int) -> list[Asked]:
    """The requests in their order, from the seed alone: of a longer plan a shorter one is the beginning."""
    tasks = wishes(seed)
    weights = [1 / (rank + 1) for rank in range(len(tasks))]
    drawn = random.Random(seed).choices(tasks, weights=weights, k=requests)  # noqa: S311 - a workload
    before: dict[str, list[Asked]] = {}
    asked: list[Asked] = []
    for number, wish in enumerate(drawn, start=1):
        earlier = before.setdefault(wish.key, [])
        one = _put(number, wish, earlier, asked, random.Random(f"{seed} {number}"))  # noqa: S311 - a workload
        earlier.append(one)
        asked.append(one)
    return asked


def _put(number: int, wish: Wish, earlier: list[Asked], asked: list[Asked], dice: random.Random) -> Asked:
    again = bool(earlier)
    wording = wish.family.wordings[dice.randrange(len(wish.family.wordings)) if again else 0]
    text = wording.format(way=wish.family.spoken[wish.way], n=wish.number)
    name = _NAMES[dice.randrange(len(_NAMES)) if again else 0]
    own = wish.family.parameters[0]
    parameter = dice.choice((own, own, *_PARAMETERS)) if again else own
    if again:
        same = [e for e in earlier if e.text == text]
        known = any((e.name, e.parameter) == (name, parameter) for e in same)
        kind = "repeat" if known else "changed signature" if same else "paraphrase"
    else:
        near = [a.wish for a in asked if a.wish.family is wish.family]
        opposite = any(n.number == wish.number and n.way != wish.way for n in near)
        kind = "opposite" if opposite else "near miss" if near else "new"
    return Asked(number=number, wish=wish, kind=kind, text=text, name=name, parameter=parameter)


def measure_reuse(settings: Settings, *, requests: int, seed: int, say: Say, rows: Path | None = None) -> ReuseFigures:
    """rows: where a row a request is appended, and from which it goes on; the library lies in a folder beside it.

    Raises `SandboxUnavailable` where nothing can be proven, `BadInput` for a file of another workload.
    """
    asked = plan(requests, seed)
    say(f"{requests} requests over {len({a.wish.key for a in asked})} of {TASKS} tasks")
    with appended(rows, Row) as (known, keep), temporary_folder("reuse") as scratch:
        folder = scratch if rows is None else rows.with_name(f"{rows.name}.d")
        folder.mkdir(exist_ok=True)
        done = _checked(known, asked, rows, folder)
        _Workload(settings, folder, seed, say).run(asked, done, keep)
        return figures_of(done[:requests], cache=_similarity_cache(asked, seed, say))


def _checked(known: list[Row], asked: Sequence[Asked], rows: Path | None, folder: Path) -> list[Row]:
    if known and not (folder / "library.sqlite").exists() and len(known) < len(asked):
        raise BadInput(f"{folder}: the library of these rows is gone", "begin a file of its own with --resume")
    for row, one in zip(known, asked, strict=False):
        if (row.number, row.task, row.text) != (one.number, one.wish.key, one.text):
            raise BadInput(f"{rows}: row {row.number} is of another workload", "name another file with --resume")
    return known


class _Workload:
    def __init__(self, settings: Settings, folder: Path, seed: int, say: Say) -> None:
        self._settings = settings
        self._folder = folder
        self._seed = seed
        self._say = say
        self._reply = ""

    def _answer(self, request: ModelRequest) -> str:
        return f"```python\n{self._reply}```"

    def run(self, asked: Sequence[Asked], done: list[Row], keep: Callable[[Row], None]) -> None:
        began = told = time.monotonic()
        first = len(done)
        model = ScriptedModel(self._answer, name="writer")
        library = self._folder / "library.sqlite"
        with Lamarck(self._settings, library=library, folder=self._folder, model=model) as lamarck:
            for one in asked[first:]:
                row = self._one(lamarck, one)
                keep(row)
                done.append(row)
                if time.monotonic() - told > 10:
                    told = time.monotonic()
                    left = (told - began) / (len(done) - first) * (len(asked) - len(done))
                    served = sum(r.served == "library" for r in done)
                    self._say(f"{len(done)} of {len(asked)}, {served} served, about {left / 60:.0f} min left")

    def _one(self, lamarck: Lamarck, one: Asked) -> Row:
        dice = random.Random(f"{self._seed} {one.number} tests")  # noqa: S311 - a workload
        self._reply = one.wish.code(one.name, one.parameter)
        hits = lamarck.stats()["recognition_hits"]
        task = self._task(lamarck, one, dice, _GIVEN)
        began = time.monotonic()
        run = lamarck.solve(task)
        seconds = time.monotonic() - began
        recognised = lamarck.stats()["recognition_hits"] > hits
        final = _final(run)
        right = None
        if final is not None and final.candidate is not None:
            right = _is_right(lamarck, self._task(lamarck, one, dice, _WITHHELD), final.candidate)
        reused = [a for a in run.attempts if a.generator == "reuse"]
        return Row(
            number=one.number,
            task=one.wish.key,
            kind=one.kind,
            text=one.text,
            signature=one.signature,
            served="nobody" if final is None else "library" if final.generator == "reuse" else "model",
            right=right,
            refused=sum(a is not final for a in reused),
            recognised=recognised and bool(reused) and reused[0] is final,
            prompt_tokens=run.spend.prompt_tokens,
            completion_tokens=run.spend.completion_tokens,
            seconds=seconds,
        )

    def _task(self, lamarck: Lamarck, one: Asked, dice: random.Random, tests: int) -> Task:
        wish = one.wish
        inputs = [wish.family.arguments(dice) for _ in range(tests)]
        lines = [f"    assert {one.name}({', '.join(map(repr, i))}) == {wish.value(*i)!r}\n" for i in inputs]
        content = f"from solution import {one.name}\n\n\ndef test_it():\n{''.join(lines)}"
        return make_task(
            goal=one.text,
            module="solution",
            entry_point=one.name,
            signature=one.signature,
            acceptance=(Acceptance(kind=AcceptanceKind.PYTEST, content=content, path="test_solution.py"),),
            limits=lamarck.settings.limits.for_task(),
            job_limits=lamarck.settings.sandbox.job_limits(),
        )


def _is_right(lamarck: Lamarck, withheld: Task, candidate: Candidate) -> bool | None:
    """None where the judge broke every time: that says nothing of the candidate."""
    for _ in range(_JUDGED):
        outcome = lamarck.judge(withheld, candidate).outcome
        if outcome is not CheckOutcome.ERRORED:
            return outcome is CheckOutcome.PASSED
    return None


def _final(run: Run) -> Attempt | None:
    """What an accepted run ended with."""
    if run.exit_reason != "accepted":
        return None
    return next((a for a in reversed(run.attempts) if a.candidate and a.verdict), None)


def _similarity_cache(asked: Sequence[Asked], seed: int, say: Say) -> tuple[int, int] | None:
    """(served, wrong) of a cache that serves the nearest earlier request at the cosine 0.8, judged by what the code
    that it serves does with withheld inputs."""
    embedder = open_embedder()
    if embedder is None:
        return None
    import numpy as np

    vectors = Embedded(embedder).embed([a.text for a in asked], say)
    matrix = np.frombuffer(b"".join(vectors), dtype="<f4").reshape(len(vectors), embedder.dimension)
    kept: list[int] = []
    served = wrong = 0
    for number, one in enumerate(asked):
        if kept:
            cosines = matrix[kept] @ matrix[number]
            nearest = int(np.argmax(cosines))
            if cosines[nearest] >= CACHE_AT:
                served += 1
                dice = random.Random(f"{seed} {number} cache")  # noqa: S311 - a workload
                wrong += not _same(one.wish, asked[kept[nearest]].wish, dice)
                continue
        kept.append(number)
    return served, wrong


def _same(wish: Wish, other: Wish, dice: random.Random) -> bool:
    """Whether the other's code gives what is wished on withheld inputs."""
    if wish.key == other.key:
        return True
    if wish.family.parameters != other.family.parameters:
        return False
    for _ in range(_WITHHELD):
        arguments = wish.family.arguments(dice)
        try:
            if other.value(*arguments) != wish.value(*arguments):
                return False
        except (TypeError, ValueError, AttributeError, ZeroDivisionError):
            return False
    return True
