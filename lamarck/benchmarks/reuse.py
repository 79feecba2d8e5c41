"""A workload with repeats: what reuse saves, and whether what it serves is right.

Requests over 150 tasks (15 families with opposites and near misses in each), drawn by Zipf's law with exponent 1:
repeats word for word, in other words, under other names. Every request brings two given tests; what is served is then
judged by withheld ones. The model is a script that always writes the right code, so all that is measured is reuse: what
it saves in tokens, and what it costs in proof. Beside it stand a cache that serves the nearest request at the cosine
0.8, and an oracle that never pays twice.
"""

from __future__ import annotations

import inspect
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from statistics import median
from typing import Any

from lamarck.api import Lamarck, ScriptedModel, Settings
from lamarck.api import Request as ModelRequest
from lamarck.benchmarks.corpus import Embedded
from lamarck.benchmarks.library import open_embedder
from lamarck.benchmarks.machine import Machine, this_machine
from lamarck.benchmarks.plot import round_ticks
from lamarck.benchmarks.reuse_families import FAMILIES, WAYS, Family
from lamarck.records import Acceptance, AcceptanceKind, Record, Task, make_task
from lamarck.temporary import temporary_folder

Say = Callable[[str], None]
TASKS = 150
_GIVEN, _WITHHELD = 2, 8
_CACHE_AT = 0.8
_NAMES = ("solve", "result_of", "work_out")  # under which the same thing is asked for again


class ReuseFigures(Record, frozen=True, kw_only=True):
    """new: first requests of a task; repeats: the others. served: repeats answered without the model. wrong: answers
    that fail withheld tests, of all / of those served. Tokens are words of the script; seconds are wall clock, proof
    included. lines: cumulated tokens after each request, by arm."""

    machine: Machine
    requests: int
    tasks: int
    new: int
    repeats: int
    served: int
    new_served: int
    wrong_served: int
    wrong: int
    prevented: int  # candidates of the library that the given tests refused
    recognised: int
    tokens_without: int
    tokens: int
    tokens_oracle: int
    seconds: float
    seconds_a_repeat: float
    cache_served: int | None
    cache_wrong: int | None
    lines: dict[str, tuple[int, ...]]


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

    def code(self, name: str) -> str:
        parameters = ", ".join(self.family.parameters)
        source = inspect.getsource(self.family.function)
        call = f"{self.family.function.__name__}({parameters}, way={self.way!r}, n={self.number})"
        return f"{source}\n\ndef {name}({parameters}):\n    return {call}\n"


@dataclass
class _Tally:
    new: int = 0
    served: int = 0
    new_served: int = 0
    wrong: int = 0
    wrong_served: int = 0
    prevented: int = 0
    tokens: int = 0
    without: int = 0
    oracle: int = 0
    repeat_seconds: list[float] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=lambda: {"without": [], "lamarck": [], "oracle": []})


def wishes(seed: int) -> list[Wish]:
    """All tasks in an order drawn by the seed: the first one is asked for most often."""
    found = [Wish(f, way, n) for f in FAMILIES for way in WAYS[f.function.__name__] for n in f.numbers]
    random.Random(seed).shuffle(found)  # noqa: S311 - a workload
    return found[:TASKS]


def measure_reuse(settings: Settings, *, requests: int, seed: int, say: Say) -> ReuseFigures:
    """Raises `SandboxUnavailable` where nothing can be proven."""
    dice = random.Random(seed)  # noqa: S311 - a workload
    tasks = wishes(seed)
    drawn = dice.choices(range(len(tasks)), weights=[1 / (rank + 1) for rank in range(len(tasks))], k=requests)
    say(f"{requests} requests over {len(set(drawn))} of {len(tasks)} tasks")
    with temporary_folder("bench") as folder:
        return _Workload(settings, Path(folder), tasks, dice, say).run(drawn)


class _Workload:
    def __init__(self, settings: Settings, folder: Path, tasks: Sequence[Wish], dice: random.Random, say: Say) -> None:
        self._settings = settings
        self._folder = folder
        self._tasks = tasks
        self._dice = dice
        self._say = say
        self._reply = ""
        self._texts: list[tuple[str, Wish]] = []
        self._prices: dict[str, int] = {}  # task → what the model's first answer cost

    def _answer(self, request: ModelRequest) -> str:
        return f"```python\n{self._reply}```"

    def run(self, drawn: Sequence[int]) -> ReuseFigures:
        tally = _Tally()
        began = told = time.monotonic()
        model = ScriptedModel(self._answer, name="writer")
        library = self._folder / "library.sqlite"
        with Lamarck(self._settings, library=library, folder=self._folder, model=model) as lamarck:
            for number, place in enumerate(drawn, start=1):
                self._one(lamarck, self._tasks[place], tally)
                if time.monotonic() - told > 10:
                    told = time.monotonic()
                    left = (told - began) / number * (len(drawn) - number)
                    self._say(f"{number} of {len(drawn)}, {tally.served} served, about {left / 60:.0f} min left")
            recognised = int(lamarck.stats()["recognition_hits"])
        cache = self._similarity_cache()
        repeats = len(drawn) - tally.new
        return ReuseFigures(
            machine=this_machine(),
            requests=len(drawn),
            tasks=len(tally.asked),
            new=tally.new,
            repeats=repeats,
            served=tally.served,
            new_served=tally.new_served,
            wrong_served=tally.wrong_served,
            wrong=tally.wrong,
            prevented=tally.prevented,
            recognised=recognised,
            tokens_without=tally.without,
            tokens=tally.tokens,
            tokens_oracle=tally.oracle,
            seconds=time.monotonic() - began,
            seconds_a_repeat=median(tally.repeat_seconds) if tally.repeat_seconds else 0.0,
            cache_served=cache[0] if cache else None,
            cache_wrong=cache[1] if cache else None,
            lines={arm: tuple(values) for arm, values in tally.lines.items()},
        )

    def _one(self, lamarck: Lamarck, wish: Wish, tally: _Tally) -> None:
        time_asked = tally.asked.get(wish.key, 0)
        tally.asked[wish.key] = time_asked + 1
        goal = wish.family.wordings[0 if time_asked == 0 else self._dice.randrange(len(wish.family.wordings))]
        name = _NAMES[0 if time_asked == 0 else self._dice.randrange(len(_NAMES))]
        text = goal.format(way=wish.family.spoken[wish.way], n=wish.number)
        self._texts.append((text, wish))
        self._reply = wish.code(name)
        began = time.monotonic()
        run = lamarck.solve(self._task(lamarck, wish, text, name, _GIVEN))
        taken = time.monotonic() - began
        final = next((a for a in reversed(run.attempts) if a.candidate and a.verdict), None)
        by_reuse = run.exit_reason == "accepted" and final is not None and final.generator == "reuse"
        accepted = final is not None and run.exit_reason == "accepted"
        right = accepted and final is not None and self._holds(lamarck, wish, text, name, final.candidate)
        tally.prevented += sum(a.generator == "reuse" and a is not final for a in run.attempts)
        tally.wrong += not right
        tally.wrong_served += by_reuse and not right
        if time_asked == 0:
            tally.new += 1
            tally.new_served += by_reuse
            tally.oracle += self._price(wish, run.spend.tokens)
        else:
            tally.served += by_reuse
            tally.repeat_seconds.append(taken)
        tally.tokens += run.spend.tokens
        tally.without += self._price(wish, run.spend.tokens)
        for arm, value in (("without", tally.without), ("lamarck", tally.tokens), ("oracle", tally.oracle)):
            tally.lines[arm].append(value)

    def _price(self, wish: Wish, paid: int) -> int:
        """What the model's answer to this task cost when it was first asked; for one that the library served at once,
        the mean of the others, since nobody paid for it."""
        if paid:
            return self._prices.setdefault(wish.key, paid)
        known = self._prices.get(wish.key)
        return known if known is not None else sum(self._prices.values()) // max(1, len(self._prices))

    def _holds(self, lamarck: Lamarck, wish: Wish, text: str, name: str, candidate: Any) -> bool:
        task = self._task(lamarck, wish, text, name, _WITHHELD)
        return lamarck.judge(task, candidate).outcome == "passed"

    def _task(self, lamarck: Lamarck, wish: Wish, goal: str, name: str, tests: int) -> Task:
        inputs = [wish.family.arguments(self._dice) for _ in range(tests)]
        lines = [f"    assert {name}({', '.join(map(repr, i))}) == {wish.value(*i)!r}\n" for i in inputs]
        content = f"from solution import {name}\n\n\ndef test_it():\n{''.join(lines)}"
        return make_task(
            goal=goal,
            module="solution",
            entry_point=name,
            signature=f"def {name}({', '.join(wish.family.parameters)})",
            acceptance=(Acceptance(kind=AcceptanceKind.PYTEST, content=content, path="test_solution.py"),),
            limits=lamarck.settings.limits.for_task(),
            job_limits=lamarck.settings.sandbox.job_limits(),
        )

    def _similarity_cache(self) -> tuple[int, int] | None:
        """(served, wrong) of a cache that serves the nearest earlier request at the cosine 0.8, judged by what the code
        that it serves does with withheld inputs."""
        embedder = open_embedder()
        if embedder is None:
            return None
        import numpy as np

        vectors = Embedded(embedder).embed([text for text, _ in self._texts], self._say)
        matrix = np.frombuffer(b"".join(vectors), dtype="<f4").reshape(len(vectors), embedder.dimension)
        kept: list[int] = []
        served = wrong = 0
        for number, (_, wish) in enumerate(self._texts):
            if kept:
                cosines = matrix[kept] @ matrix[number]
                nearest = int(np.argmax(cosines))
                if cosines[nearest] >= _CACHE_AT:
                    served += 1
                    other = self._texts[kept[nearest]][1]
                    wrong += not _same(wish, other, self._dice)
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


def reuse_text(f: ReuseFigures) -> str:
    def share(part: float, whole: float) -> str:
        return f"{part / whole:.1%}" if whole else "—"

    lines = [
        f"{f.requests} requests over {f.tasks} tasks: {f.new} new, {f.repeats} repeats",
        f.machine.line(),
        "",
        f"repeats served from the library      {f.served} of {f.repeats} ({share(f.served, f.repeats)})",
        f"first requests served from it        {f.new_served} of {f.new}",
        f"served, and wrong by withheld tests  {f.wrong_served}",
        f"wrong in all, by withheld tests      {f.wrong}",
        f"library candidates that given tests refused  {f.prevented}",
        f"requests recognised without a search {f.recognised} ({share(f.recognised, f.requests)})",
        f"tokens without reuse {f.tokens_without:,}, with it {f.tokens:,}"
        f" ({share(f.tokens_without - f.tokens, f.tokens_without)} saved), of an oracle {f.tokens_oracle:,}"
        f" ({share(f.tokens_without - f.tokens_oracle, f.tokens_without)})",
        f"a repeat took {f.seconds_a_repeat:.2f} s (median), proof included; all of it {f.seconds:.0f} s",
    ]
    if f.cache_served is not None:
        lines.append(f"a similarity cache at {_CACHE_AT}: {f.cache_served} served, {f.cache_wrong} of them wrong")
    return "\n".join(lines)


_COLOURS = {"without": "#d55e00", "lamarck": "#0072b2", "oracle": "#009e73"}
_SAID = {"without": "without reuse", "lamarck": "with the library", "oracle": "an oracle that never pays twice"}


def reuse_svg(f: ReuseFigures) -> str:
    """Cumulated tokens over the requests, a line an arm."""
    width, height, left, top = 640, 360, 70, 40
    ticks = round_ticks(max(values[-1] for values in f.lines.values()))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width + left + 20} {height + top + 50}"'
        ' font-family="system-ui, sans-serif" font-size="12">',
        f'<rect width="{width + left + 20}" height="{height + top + 50}" fill="white"/>',
    ]
    for tick in ticks:
        y = top + height * (1 - tick / ticks[-1])
        parts.append(f'<path d="M{left} {y:.1f}h{width}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:,.0f}</text>')
    for place, (arm, values) in enumerate(f.lines.items()):
        points = " ".join(
            f"{left + width * (n + 1) / len(values):.1f},{top + height * (1 - v / ticks[-1]):.1f}"
            for n, v in enumerate(values)
        )
        parts.append(f'<polyline points="{points}" fill="none" stroke="{_COLOURS[arm]}" stroke-width="2"/>')
        parts.append(f'<text x="{left + 200 * place}" y="20" fill="{_COLOURS[arm]}">{escape(_SAID[arm])}</text>')
    parts.append(f'<text x="{left + width / 2}" y="{top + height + 36}" text-anchor="middle">requests</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
