"""Whether gains in time are told from chance: equal code against itself, and code with a gain that was put there.

A gain of a tenth: the earlier version does a ninth of its work once more and throws it away.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from lamarck.checks.agreement.calls import Call
from lamarck.checks.judge.judge import Judge
from lamarck.checks.performance.performance import ROUNDS, VERSION, Performance
from lamarck.checks.performance.ratios import Compared, compared
from lamarck.checks.performance.timed import NotTimed
from lamarck.errors import BadInput, DiskFull
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
    """ratio: time of the earlier version / of the newer one; planted: what it is. claimed: a gain was told. version: of
    the check. load: mean number of processes that wanted to run, when it began."""

    number: int
    version: str
    work: str
    planted: float
    ratio: float
    low: float
    high: float
    claimed: bool
    load: float
    seconds: float


class PerformanceReport(Record, frozen=True, kw_only=True):
    """load: the least and the most of the trials'. untimed: trials that broke; they are tried again on resume."""

    trials: tuple[Trial, ...]
    untimed: int
    equal: int
    equal_claimed: int
    gains: int
    gains_found: int
    load: tuple[float, float]
    seconds: float


def measure_performance(
    settings: Settings,
    *,
    equal: int,
    gains: int,
    rows: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> PerformanceReport:
    """equal: trials of code against itself; gains: trials with a gain of a tenth, in turns with the others. rows: each
    trial is appended there, and what it holds is not measured again. Raises `BadInput` for a file of something else."""
    sandbox = choose_sandbox(settings.sandbox)
    interpreter = find_interpreter(None, Path.cwd())
    check = Performance(Judge(sandbox, interpreter), sandbox, interpreter, earlier=None)
    with _rows(rows) as (known, keep):
        trials = {t.number: t for t in known if t.number in _wanted(equal, gains)}
        missing = [number for number in _wanted(equal, gains) if number not in trials]
        begin, untimed = time.monotonic(), 0
        for done, number in enumerate(missing, 1):
            try:
                trials[number] = trial = _trial(check, number)
            except NotTimed as error:
                untimed += 1
                say(f"not timed: {error}")
                continue
            keep(trial)
            left = (time.monotonic() - begin) / done * (len(missing) - done)
            say(f"{len(trials)}/{equal + gains}: {trial.ratio:.3f}, about {left / 60:.0f} min left")
    return _report(tuple(trials[number] for number in sorted(trials)), untimed)


def _wanted(equal: int, gains: int) -> list[int]:
    """Numbers of trials, odd ones with a gain, in the order in which they are run: both kinds from the beginning on."""
    return sorted([*range(0, 2 * equal, 2), *range(1, 2 * gains, 2)])


def _report(trials: tuple[Trial, ...], untimed: int) -> PerformanceReport:
    same = [t for t in trials if t.planted == 1.0]
    faster = [t for t in trials if t.planted != 1.0]
    loads = [t.load for t in trials] or [os.getloadavg()[0]]
    return PerformanceReport(
        trials=trials,
        untimed=untimed,
        equal=len(same),
        equal_claimed=sum(t.claimed for t in same),
        gains=len(faster),
        gains_found=sum(t.claimed for t in faster),
        load=(min(loads), max(loads)),
        seconds=sum(t.seconds for t in trials),
    )


@contextmanager
def _rows(path: Path | None) -> Iterator[tuple[list[Trial], Callable[[Trial], None]]]:
    """The trials that a file holds, and how to append one. A line that was cut short is dropped."""
    if path is None:
        yield [], lambda trial: None
        return
    known: list[Trial] = []
    if path.is_file():
        text = path.read_text(encoding="utf-8", errors="replace")
        whole = text[: text.rfind("\n") + 1]
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                trial = Trial.from_json(line)
            except msgspec.MsgspecError as error:
                raise BadInput(f"{path}:{number}: no trial", "name a file that this benchmark wrote") from error
            if trial.version != VERSION:
                raise BadInput(f"{path}: of another version of the check", "use another file for --resume")
            known.append(trial)
        if whole != text:
            path.write_text(whole, encoding="utf-8")
    try:
        with path.open("a", encoding="utf-8") as file:

            def keep(trial: Trial) -> None:
                file.write(trial.to_json() + "\n")
                file.flush()

            yield known, keep
    except OSError as error:
        raise DiskFull(f"{path}: cannot be written: {error.strerror}", "choose another file for --resume") from error


def performance_text(report: PerformanceReport) -> str:
    lines = [
        f"equal code: a gain was claimed in {report.equal_claimed} of {report.equal} trials  [none: "
        + ("reached]" if not report.equal_claimed else "MISSED]"),
        f"a gain of 10%: found in {report.gains_found} of {report.gains} trials  [four in five: "
        + ("reached]" if report.gains_found >= 0.8 * report.gains else "MISSED]"),
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


def _trial(check: Performance, number: int) -> Trial:
    begin, load = time.monotonic(), os.getloadavg()[0]
    planted = number % 2 == 1
    name = list(_WORKS)[number // 2 % len(_WORKS)]
    body = _WORKS[name]
    plain = f"def work(n):\n{body}\n\ndef f(n: int) -> int:\n    return work(n)\n"
    more = plain.replace("    return work(n)\n", "    work(n // 9)\n    return work(n)\n")
    old, new = ((SourceFile(path="timed_.py", text=text),) for text in (more if planted else plain, plain))
    task = make_task(goal="f", module="timed_", entry_point="f")
    call = Call("f", (_SIZE,))
    rounds = [
        check.timed_round(task, (old, new), (call,), plain={call.source}, seed=number * ROUNDS + n)[0]
        for n in range(ROUNDS)
    ]
    found: Compared = compared(rounds)
    return Trial(
        number=number,
        version=VERSION,
        work=name,
        planted=10 / 9 if planted else 1.0,
        ratio=found.ratio,
        low=found.low,
        high=found.high,
        claimed=found.faster,
        load=load,
        seconds=time.monotonic() - begin,
    )
