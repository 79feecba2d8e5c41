"""Crash rounds: processes that solve and add are killed at random moments; what they acknowledged must be there."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from lamarck.api import Lamarck
from lamarck.benchmarks import crash_worker
from lamarck.errors import BadInput
from lamarck.records import Record
from lamarck.temporary import temporary_folder

KINDS = ("solve", "add", "solve", "add")  # the processes of one round
_NUMBERS_A_WORKER = 1000  # so that no two processes of all rounds are given the same task
_MOST_KEPT = 3  # artifacts that a process may keep before its last moment comes
_EARLY = 0.15  # of the processes are killed while they start
_ROUND_SECONDS = 180.0  # for a round on a busy machine; a process that takes longer has failed


class Kept(Record, frozen=True, kw_only=True):
    """What a process said was kept."""

    artifact_id: str
    goal: str


class CrashFigures(Record, frozen=True, kw_only=True):
    """What all rounds came to. `failures` says what was wrong, one line each; empty is what is wanted."""

    rounds: int
    kills: int
    acknowledged: int
    ended_by_themselves: int  # processes that failed before they were killed; their errors are among `failures`
    seconds: float
    failures: tuple[str, ...]


def crash_rounds(rounds: int, *, seed: int = 0, on_round: Callable[[int, int], None] | None = None) -> CrashFigures:
    """Run `rounds` rounds on one library in a temporary folder, with a check of the whole library after each.

    on_round: gets the number of the round and of the artifacts acknowledged so far. Every process is killed with
    SIGKILL, at a moment of its own. Nothing of the user's own library is touched.
    """
    draw = random.Random(seed)  # noqa: S311 - moments, not secrets
    began = time.monotonic()
    kept: list[Kept] = []
    failures: list[str] = []
    kills = ended = 0
    with temporary_folder("crash") as folder:
        library = Path(folder) / "library.sqlite"
        for number in range(1, rounds + 1):
            workers = [_Worker(kind, library, Path(folder), _first(number, place)) for place, kind in enumerate(KINDS)]
            _kill_each(workers, draw)
            new = [artifact for worker in workers for artifact in worker.acknowledged()]
            kept += new
            for worker in workers:
                kills += worker.was_killed
                ended += not worker.was_killed
                failures += [f"round {number}: {worker.kind}: {worker.error()}"] if not worker.was_killed else []
            to_find = kept if number == rounds else new  # searching for all of them every time would take hours
            failures += [f"round {number}: {line}" for line in wrong_with(library, kept, to_find)]
            if on_round is not None:
                on_round(number, len(kept))
    return CrashFigures(
        rounds=rounds,
        kills=kills,
        acknowledged=len(kept),
        ended_by_themselves=ended,
        seconds=time.monotonic() - began,
        failures=tuple(failures),
    )


def wrong_with(library: Path, kept: list[Kept], to_find: list[Kept]) -> list[str]:
    """What is lost or inconsistent: SQLite's own integrity check, parts without their counterpart, artifacts that were
    acknowledged and can't be read or, of those `to_find`, are not found by their goal.
    """
    if not library.exists():
        return ["artifacts were acknowledged and there is no library"] if kept else []
    with Lamarck(library=library) as lamarck:
        wrong = list(lamarck.library_problems())
        for artifact in kept:
            try:
                lamarck.show(artifact.artifact_id)
            except BadInput:
                wrong.append(f"{artifact.artifact_id[:12]} ({artifact.goal}) was acknowledged and is not there")
        wrong += [
            f"{artifact.artifact_id[:12]} ({artifact.goal}) was acknowledged and is not found"
            for artifact in to_find
            if all(hit.artifact.id != artifact.artifact_id for hit in lamarck.find(artifact.goal))
        ]
    return wrong


def _first(number: int, place: int) -> int:
    return (number * len(KINDS) + place) * _NUMBERS_A_WORKER


def _kill_each(workers: list[_Worker], draw: random.Random) -> None:
    """Kill every process at a moment that suits its own pace, so that a busy machine gets as far as an idle one."""
    until = time.monotonic() + _ROUND_SECONDS
    for worker in workers:
        worker.plan(draw)
    try:
        while any(worker.is_running for worker in workers) and time.monotonic() < until:
            for worker in workers:
                worker.kill_if_due()
            time.sleep(0.01)
    finally:
        for worker in workers:
            worker.kill(late=True)


class _Worker:
    """One process of a round, its output in files so that nothing it said is lost with a pipe."""

    def __init__(self, kind: str, library: Path, folder: Path, first: int) -> None:
        self.kind = kind
        self.was_killed = False
        self._late = False
        self._began = time.monotonic()
        self._started: float | None = None  # seconds until it was ready
        self._due: float | None = None
        self._after = 0
        self._delay = 0.0
        self._files = folder / f"worker-{first}"
        self._files.mkdir()
        self._said = folder / f"worker-{first}.out"
        self._complaints = folder / f"worker-{first}.err"
        with self._said.open("wb") as out, self._complaints.open("wb") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "lamarck.benchmarks.crash_worker", kind, library, self._files, str(first)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=os.environ | {"LAMARCK_HOME": str(folder / "home")},
            )

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def plan(self, draw: random.Random) -> None:
        """When it will be killed: while it starts, or some time after it kept so many artifacts.

        The time is up to twice what it took to start, which is about what one or two tasks take on the same machine.
        """
        self._after = draw.randrange(_MOST_KEPT)
        self._delay = draw.uniform(0, 2)
        if draw.random() < _EARLY:
            self._due = self._began + draw.uniform(0, 1)

    def kill_if_due(self) -> None:
        moment = time.monotonic()
        if self._due is None:
            lines = self._lines()
            if lines and self._started is None:
                self._started = moment - self._began
            if self._started is not None and len(lines) > self._after:
                self._due = moment + self._delay * self._started
        elif moment >= self._due:
            self.kill()

    def kill(self, *, late: bool = False) -> None:
        """SIGKILL to the process itself; its sandboxes have to notice on their own."""
        if self._process.returncode is None:
            self._late = late
            self._process.send_signal(signal.SIGKILL)
            self.was_killed = self._process.wait() == -signal.SIGKILL and not late

    def acknowledged(self) -> list[Kept]:
        parts = [line.split(" ", 1) for line in self._lines() if line != crash_worker.READY]
        return [Kept(artifact_id=part[0], goal=part[1]) for part in parts]

    def _lines(self) -> list[str]:
        """What it said in whole lines."""
        text = self._said.read_text(encoding="utf-8")
        return text[: text.rfind("\n") + 1].splitlines()

    def error(self) -> str:
        if self._late:
            return f"got nowhere in {_ROUND_SECONDS:.0f} s"
        lines = self._complaints.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "ended without a word"
