"""Whether gains in time are told from chance: equal code against itself, and code with a gain that was put there.

A gain of a tenth: the earlier version does a ninth of its work once more and throws it away.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from lamarck.checks.agreement.calls import Call
from lamarck.checks.judge.judge import Judge
from lamarck.checks.performance.performance import ROUNDS, Performance
from lamarck.checks.performance.ratios import Compared, compared
from lamarck.checks.performance.timed import NotTimed
from lamarck.records import Record, SourceFile, make_task
from lamarck.sandbox.interpreter import find_interpreter
from lamarck.sandbox.selection import choose_sandbox
from lamarck.settings import Settings

_WORKS = {
    "arithmetic": "    x = 7\n    for _ in range(n):\n        x = (x * 31 + 11) % 1_000_003\n    return x\n",
    "text": "    p = []\n    for i in range(n // 2):\n        p.append(str(i))\n    return len(''.join(p))\n",
    "counting": "    d = {}\n    for i in range(n):\n        d[i % 97] = d.get(i % 97, 0) + 1\n    return len(d)\n",
    "calls": "    t = 0\n    for i in range(n // 3):\n        t += abs(min(i, 50) - max(i, 5))\n    return t\n",
    "lists": "    found = [i * i for i in range(n) if i % 3]\n    return sum(found[::2])\n",
}
_SIZE = 1800  # a multiple of 9


class Trial(Record, frozen=True, kw_only=True):
    """ratio: time of the earlier version / of the newer one; planted: what it is. claimed: a gain was told."""

    work: str
    planted: float
    ratio: float
    low: float
    high: float
    claimed: bool
    seconds: float


class PerformanceReport(Record, frozen=True, kw_only=True):
    """load: mean number of processes that wanted to run, first and last. untimed: trials that broke."""

    trials: tuple[Trial, ...]
    untimed: int
    equal: int
    equal_claimed: int
    gains: int
    gains_found: int
    load: tuple[float, float]
    seconds: float


def measure_performance(
    settings: Settings, *, equal: int, gains: int, say: Callable[[str], None] = lambda line: None
) -> PerformanceReport:
    """equal: trials of code against itself; gains: trials with a gain of a tenth."""
    begin, load = time.monotonic(), os.getloadavg()[0]
    sandbox = choose_sandbox(settings.sandbox)
    interpreter = find_interpreter(None, Path.cwd())
    check = Performance(Judge(sandbox, interpreter), sandbox, interpreter, earlier=None)
    trials: list[Trial] = []
    untimed = 0
    names = list(_WORKS)
    for number in range(equal + gains):
        planted = number >= equal
        try:
            trials.append(_trial(check, names[number % len(names)], planted=planted, seed=number))
        except NotTimed as error:
            untimed += 1
            say(f"not timed: {error}")
            continue
        left = (time.monotonic() - begin) / (number + 1) * (equal + gains - number - 1)
        say(f"{number + 1}/{equal + gains}: {trials[-1].ratio:.3f}, about {left / 60:.0f} min left")
    same = [t for t in trials if t.planted == 1.0]
    faster = [t for t in trials if t.planted != 1.0]
    return PerformanceReport(
        trials=tuple(trials),
        untimed=untimed,
        equal=len(same),
        equal_claimed=sum(t.claimed for t in same),
        gains=len(faster),
        gains_found=sum(t.claimed for t in faster),
        load=(load, os.getloadavg()[0]),
        seconds=time.monotonic() - begin,
    )


def performance_text(report: PerformanceReport) -> str:
    lines = [
        f"equal code: a gain was claimed in {report.equal_claimed} of {report.equal} trials",
        f"a gain of 10%: found in {report.gains_found} of {report.gains} trials",
        f"not timed: {report.untimed}; load {report.load[0]:.1f} to {report.load[1]:.1f}; {report.seconds:.0f} s",
    ]
    for name in _WORKS:
        ratios = sorted(t.ratio for t in report.trials if t.work == name and t.planted == 1.0)
        gains = sorted(t.ratio for t in report.trials if t.work == name and t.planted != 1.0)
        if ratios or gains:
            lines.append(f"  {name:<11} equal {_spread(ratios)}   gain {_spread(gains)}")
    return "\n".join(lines)


def _spread(ratios: list[float]) -> str:
    return f"{ratios[0]:.3f} … {ratios[len(ratios) // 2]:.3f} … {ratios[-1]:.3f}" if ratios else "none"


def _trial(check: Performance, name: str, *, planted: bool, seed: int) -> Trial:
    begin = time.monotonic()
    body = _WORKS[name]
    plain = f"def work(n):\n{body}\n\ndef f(n: int) -> int:\n    return work(n)\n"
    more = plain.replace("    return work(n)\n", "    work(n // 9)\n    return work(n)\n")
    old, new = ((SourceFile(path="timed_.py", text=text),) for text in (more if planted else plain, plain))
    task = make_task(goal="f", module="timed_", entry_point="f")
    call = Call("f", (_SIZE,))
    rounds = [
        check.timed_round(task, (old, new), (call,), plain={call.source}, seed=seed * ROUNDS + n)[0]
        for n in range(ROUNDS)
    ]
    found: Compared = compared(rounds)
    return Trial(
        work=name,
        planted=10 / 9 if planted else 1.0,
        ratio=found.ratio,
        low=found.low,
        high=found.high,
        claimed=found.faster,
        seconds=time.monotonic() - begin,
    )
