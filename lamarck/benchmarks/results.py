"""The results of a benchmark: one JSON line per finished task and arm, appended, flushed to disk, never rewritten."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import msgspec

from lamarck.errors import BadInput, DiskFull
from lamarck.records import Record

FORMAT = 1


class Header(Record, frozen=True, kw_only=True, tag="header"):
    """What all rows of one file have in common; a file is only continued with an equal header."""

    suite: str
    data: str  # SHA-256 of the suite's data
    model: str  # empty where none is set
    tokens: int  # generated tokens that an arm may spend on a task
    lamarck: str  # its version
    model_digest: str = ""
    format: int = FORMAT


class Result(Record, frozen=True, kw_only=True, tag="result"):
    """One arm on one task.

    outcome: scored (the hidden tests decided), no_candidate, refused (the task's own tests are unusable; `note` says
    why) or errored (tests could not be run: neither pass nor fail, so it is tried again on resume). seconds: wall
    clock of the arm, the model's part as it was when the reply was made, scoring not included.
    """

    task: str
    arm: str
    seed: int
    outcome: str
    solved: bool
    shown_passed: bool | None = None  # whether the loop accepted; None where the arm asks nobody
    calls: int = 0
    prompt_tokens: int = 0
    generated_tokens: int = 0
    replayed_calls: int = 0  # of `calls`, those that came from the bank
    seconds: float = 0.0
    model_seconds: float = 0.0  # of `seconds`
    cpu_seconds: float = 0.0  # this process and its sandboxes, and the model as recorded
    scoring_seconds: float = 0.0
    candidate: str = ""  # id
    note: str = ""

    @property
    def key(self) -> tuple[str, str, int]:
        return (self.task, self.arm, self.seed)

    @property
    def is_final(self) -> bool:
        return self.outcome != "errored"


class ResultFile:
    """An append-only file of results, held by one process at a time. None as path keeps the results in memory.

    Opening a file that exists continues it: a line that a crash cut short is dropped. Raises `BadInput` when the file
    holds something else, was made with another header, or is held by another process.
    """

    def __init__(self, path: Path | None, header: Header) -> None:
        self.path = path
        self.header = header
        self.rows: list[Result] = []
        self._file: IO[bytes] | None = None
        if path is not None:
            self._file = self._open(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def beside(self) -> Path | None:
        """A folder for what has to be found again when the file is continued; it need not exist."""
        return None if self.path is None else self.path.with_name(f"{self.path.name}.d")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def append(self, result: Result) -> None:
        """On disk when this returns. Raises `DiskFull`."""
        self._write(result)
        self.rows.append(result)

    def latest(self) -> dict[tuple[str, str, int], Result]:
        """The last row of every (task, arm, seed)."""
        return {row.key: row for row in self.rows}

    def is_done(self, key: tuple[str, str, int]) -> bool:
        return any(row.key == key and row.is_final for row in self.rows)

    def _open(self, path: Path) -> IO[bytes]:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("a+b")
        except OSError as error:
            raise BadInput(
                f"{path}: cannot be written: {error.strerror}", "choose another file for --resume"
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._continue(path, file)
        except BlockingIOError as error:
            file.close()
            raise BadInput(f"{path}: another benchmark is writing to it", "wait for it, or use another file") from error
        except BaseException:
            file.close()
            raise
        return file

    def _continue(self, path: Path, file: IO[bytes]) -> None:
        file.seek(0)
        content = file.read()
        whole = content[: content.rfind(b"\n") + 1]
        lines = whole.splitlines()
        found = list(_read(path, lines))
        own_start = self.header.to_json().encode().startswith(content)  # a crash while the header was written
        if not found and whole != content and not own_start:
            raise BadInput(f"{path}: line 1 is no result of a benchmark", "give a file that `lamarck bench` wrote")
        if whole != content:
            os.ftruncate(file.fileno(), len(whole))
        self._file = file
        if not found:
            self._write(self.header)
            return
        if not isinstance(found[0], Header):
            raise BadInput(f"{path}: its first line is no header", "give a file that `lamarck bench` wrote")
        if found[0] != self.header:
            raise BadInput(
                f"{path}: was made with {_differences(found[0], self.header)}", "use another file for --resume"
            )
        self.rows = [row for row in found[1:] if isinstance(row, Result)]

    def _write(self, row: Header | Result) -> None:
        if self._file is None:
            return
        try:
            self._file.write(row.to_json().encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise DiskFull(f"{self.path}: cannot be written: {error.strerror}", "free some space and resume") from error


def read_results(path: Path) -> tuple[Header, tuple[Result, ...]]:
    """(header, the last row of every task, arm and seed) of a result file that may still be written to: a last line
    that is cut short is left out. Raises `BadInput`.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}", "name a file that `lamarck bench` wrote") from error
    found = list(_read(path, content[: content.rfind(b"\n") + 1].splitlines()))
    if not found or not isinstance(found[0], Header):
        raise BadInput(f"{path}: its first line is no header", "give a file that `lamarck bench` wrote")
    return found[0], tuple({r.key: r for r in found[1:] if isinstance(r, Result)}.values())


def _read(path: Path, lines: Iterable[bytes]) -> Iterable[Header | Result]:
    for number, line in enumerate(lines, 1):
        try:
            row: Header | Result = msgspec.json.decode(line, type=Header | Result)
        except msgspec.DecodeError as error:
            raise BadInput(
                f"{path}: line {number} is no result of a benchmark: {error}", "give a file that `lamarck bench` wrote"
            ) from error
        yield row


def _differences(found: Header, wanted: Header) -> str:
    def shown(value: Any) -> str:
        return str(value)[:12] if isinstance(value, str) and len(value) == 64 else str(value)

    pairs = [(f, getattr(found, f), getattr(wanted, f)) for f in wanted.__struct_fields__]
    return ", ".join(f"{name} {shown(was)}, not {shown(now)}" for name, was, now in pairs if was != now)
