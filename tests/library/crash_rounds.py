"""Kill writers in the middle of their work, again and again, and see that nothing acknowledged is lost.

    python tests/library/crash_rounds.py --rounds 100 --writers 2

A writer prints the id of what it stored after the library's method returned, and never before. Each round kills all
writers with SIGKILL at a moment of chance, then opens the library and looks: the file is sound, every printed
artifact is there and found, every printed run has its attempts, and no part stands without the others.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

from library_parts import HashingEmbedder, a_run, a_verdict, an_artifact, an_attempt

from lamarck.library.sqlite import SqliteLibrary
from lamarck.records import ExitReason, Spend, content_id

DEADLINE = 60.0  # seconds a writer may take for its first acknowledgement


@dataclass
class Report:
    """What the rounds saw. `lost` and `unsound` are empty when the library keeps its word."""

    rounds: int = 0
    killed_in_work: int = 0  # writers that were still alive when the signal came
    artifacts: int = 0
    runs: int = 0
    unacknowledged: int = 0  # artifacts on the disk whose writer died before it could say so: allowed
    lost: list[str] = field(default_factory=list)
    unsound: list[str] = field(default_factory=list)


def run_rounds(library: Path, *, rounds: int, writers: int = 2, seed: int = 0, longest: float = 0.4) -> Report:
    """`rounds` times: start `writers`, let each acknowledge something, kill all after up to `longest` seconds."""
    chance = random.Random(seed)
    report = Report()
    acknowledged: list[tuple[str, str]] = []
    for number in range(rounds):
        started = [_Writer(library, f"r{number}w{writer}") for writer in range(writers)]
        try:
            for writer in started:
                writer.wait_for_first(DEADLINE)
            threading.Event().wait(chance.uniform(0, longest))
        finally:
            report.killed_in_work += sum(writer.kill() for writer in started)
        fresh = [said for writer in started for said in writer.acknowledged]
        acknowledged += fresh
        report.rounds += 1
        look(library, fresh, report)
    look(library, acknowledged, report)  # what a later round took from an earlier one
    return report


class _Writer:
    def __init__(self, library: Path, name: str) -> None:
        self.acknowledged: list[tuple[str, str]] = []
        self._first = threading.Event()
        command = [sys.executable, str(Path(__file__).resolve()), "--write", str(library), "--name", name]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.endswith("\n"):  # a torn line was not acknowledged
                kind, value = json.loads(line)
                self.acknowledged.append((kind, value))
                self._first.set()
        self._first.set()

    def wait_for_first(self, seconds: float) -> None:
        if not self._first.wait(seconds) or not self.acknowledged:
            raise RuntimeError(f"a writer stored nothing (exit {self._process.poll()})")

    def kill(self) -> bool:
        """Whether it was still at work."""
        working = self._process.poll() is None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(30)
        self._reader.join(30)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return working


def look(path: Path, acknowledged: list[tuple[str, str]], report: Report) -> None:
    """Add to the report what of `acknowledged` is lost and what of the file is unsound."""
    with SqliteLibrary(path, embedder=HashingEmbedder()) as library:
        report.unsound += library.problems()
        kept = {artifact.id for artifact in library.artifacts()}
        words = [value for kind, value in acknowledged if kind == "artifact"]
        for word in words:
            hits = library.find(word, limit=1)
            reasons = " ".join(hits[0].reasons) if hits and word in hits[0].artifact.task.goal else ""
            if "words" not in reasons or "meaning" not in reasons:
                report.lost.append(f"artifact of {word} is not found by word and meaning")
            elif library.get(hits[0].artifact.id) != hits[0].artifact:
                report.lost.append(f"artifact of {word} cannot be got")
        ended = [value for kind, value in acknowledged if kind == "run"]
        for run_id in ended:
            run = library.get_run(run_id)
            if run.exit_reason is not ExitReason.ACCEPTED or len(run.attempts) != 2:
                report.lost.append(f"run {run_id}")
        report.lost += [
            f"verdict {value}"
            for kind, value in acknowledged
            if kind == "verdict" and library.cached_verdict(value) is None
        ]
        report.artifacts, report.runs = len(words), len(ended)
        report.unacknowledged = len(kept) - len(words)


def write_until_killed(path: Path, name: str) -> None:
    """Solve and add for ever: artifacts of several sizes, uses, runs with attempts, verdicts."""
    library = SqliteLibrary(path, lock_seconds=30, embedder=HashingEmbedder())
    number = 0
    while True:
        number += 1
        word = f"word{content_id(name, number)[:16]}"
        run = a_run(f"{word}-run")
        library.begin_run(run)
        library.record_attempt(run.id, an_attempt(1))
        code = f"def {word}(x):\n    return {number}\n"
        artifact = an_artifact(f"Do {word}", code, word, log="evidence " * (number % 7) * 3000)
        library.save(artifact)
        _say("artifact", word)
        library.record_use(artifact.id)
        library.record_attempt(run.id, an_attempt(2))
        library.end_run(run.id, exit_reason=ExitReason.ACCEPTED, spend=Spend(calls=2), seconds=0.1)
        _say("run", run.id)
        library.cache_verdict(word, a_verdict(artifact.id))
        _say("verdict", word)


def _say(kind: str, value: str) -> None:
    sys.stdout.write(json.dumps([kind, value]) + "\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--writers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--name", default="", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write:
        write_until_killed(arguments.write, arguments.name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "library.sqlite"
        report = run_rounds(path, rounds=arguments.rounds, writers=arguments.writers, seed=arguments.seed)
    print(json.dumps(vars(report), indent=2))
    return 1 if report.lost or report.unsound else 0


if __name__ == "__main__":
    sys.exit(main())
