"""The suites by name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from lamarck.benchmarks.problem import Problem
from lamarck.benchmarks.suites.composed import composed, sequence
from lamarck.benchmarks.suites.exercism import exercism
from lamarck.benchmarks.suites.humaneval import humaneval, humanevalfix
from lamarck.benchmarks.suites.mbpp import mbpp
from lamarck.benchmarks.suites.own import own, shipped
from lamarck.benchmarks.suites.quixbugs import quixbugs
from lamarck.benchmarks.suites.routine import requests, routine
from lamarck.errors import BadInput

SUITES: Mapping[str, Callable[[Path], Iterator[Problem]]] = {
    "own": own,
    "routine": routine,
    "composed": composed,
    "humaneval": humaneval,
    "humanevalfix": humanevalfix,
    "mbpp": mbpp,
    "exercism": exercism,
    "quixbugs": quixbugs,
}
_CARRIED: Mapping[str, Callable[[], Path]] = {
    "own": shipped,
    "routine": requests,
    "composed": sequence,
}  # the repository has their data
_IN_ORDER = {"composed"}  # suites whose tasks build upon each other


def load_suite(name: str, data: Path | None) -> tuple[tuple[Problem, ...], str]:
    """(problems, SHA-256 over all that was read of them). Raises `BadInput` for an unknown suite or bad data."""
    if name not in SUITES:
        raise BadInput(f"no suite is called '{name}'", f"choose one of {', '.join(SUITES)}")
    if data is None and name not in _CARRIED:
        raise BadInput(f"the suite {name} needs its data", "name the file with --data FILE")
    problems = tuple(SUITES[name](data or _CARRIED[name]()))
    if not problems:
        raise BadInput(f"{data}: holds no rows", "name the suite's file with --data")
    repeated = {p.id for p in problems if sum(q.id == p.id for q in problems) > 1}
    if repeated:
        raise BadInput(f"{data}: two rows are called {sorted(repeated)[0]}", "keep one of them")
    digest = hashlib.sha256("\n".join(p.to_json() for p in problems).encode()).hexdigest()
    return problems, digest


def draw(problems: tuple[Problem, ...], limit: int | None, seed: int, *, suite: str = "") -> tuple[Problem, ...]:
    """The first `limit` problems in an order fixed by the seed alone; all of them in their own order without a limit.
    Of a suite whose tasks build upon each other the first ones, in their own order.

    A larger limit keeps what a smaller one drew, so that a benchmark can be lengthened.
    """
    if limit is None or suite in _IN_ORDER:
        return problems[:limit]
    drawn = sorted(problems, key=lambda p: hashlib.sha256(f"{seed}:{p.id}".encode()).digest())
    return tuple(drawn[:limit])
