"""What is the same on both sides beside values: standard streams, warnings, log, environment, folder."""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

from . import logs
from .faults import Ended

_MOST_CHARACTERS = 5_000_000  # of output during one test
_MOST_RECORDS = 10_000
_NOT_FOLLOWED = ("PYTEST", "PYTHON", "LD_", "LAMARCK", "HYPOTHESIS")

# Tests replace these functions; what keeps both sides alike must not stumble over that.
_folder, _change_folder, _process = os.getcwd, os.chdir, os.getpid


def _environment() -> dict[bytes, bytes]:
    data: dict[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]
    return {name: value for name, value in data.items() if not name.startswith(b"PYTEST")}


class _Places:
    """Environment, working folder and levels of loggers, followed in both directions."""

    def __init__(self) -> None:
        self.levels = logs.Levels()
        self._variables = _environment()
        self._folder = _folder()

    def add(self, message: dict[str, Any]) -> None:
        variables = _environment()
        if variables != self._variables:
            gone = [os.fsdecode(name) for name in self._variables.keys() - variables.keys()]
            new = {
                os.fsdecode(name): os.fsdecode(value)
                for name, value in variables.items()
                if self._variables.get(name) != value
            }
            message["v"] = [new, gone]
            self._variables = variables
        try:
            folder = _folder()
        except OSError:  # it was removed
            return
        if folder != self._folder:
            message["d0"] = self._folder = folder
        if levels := self.levels.changed():
            message["lv"] = levels

    def hear(self, message: dict[str, Any]) -> None:
        if "v" in message:
            new, gone = message["v"]
            for name, value in new.items():
                if _is_followed(name):
                    os.environ[name] = str(value)
            for name in gone:
                if _is_followed(name):
                    os.environ.pop(name, None)
            self._variables = _environment()
        if "d0" in message:
            try:
                _change_folder(str(message["d0"]))
            except OSError:
                return
            self._folder = _folder()
        if "lv" in message:
            self.levels.hear(message["lv"])


def _is_followed(name: Any) -> bool:
    return type(name) is str and not name.startswith(_NOT_FOLLOWED) and "=" not in name and "\0" not in name


class JudgeSurroundings:
    """Writes what the candidate printed to the judge's own streams, where pytest captures it; repeats its warnings
    and log records. end: ends the conversation with a candidate that floods."""

    def __init__(self, end: Callable[[str, str], Ended]) -> None:
        self._places = _Places()
        self._end = end
        self._heard = 0

    def begin_test(self) -> None:
        self._heard = 0

    def add(self, message: dict[str, Any]) -> None:
        self._places.add(message)

    def hear(self, message: dict[str, Any]) -> None:
        self._places.hear(message)
        for stream, text in message.get("o", ()):
            self._heard += len(text) + 1
            if self._heard > _MOST_CHARACTERS:
                raise self._end("flood", "it printed too much")
            (sys.stderr if stream == 2 else sys.stdout).write(str(text))

    def after(self, message: dict[str, Any], decode: Callable[[Any], Any]) -> None:
        if "l" in message:
            logs.handle(message["l"], decode)
        for category, text, path, line in message.get("y", ()):
            kind = decode(category)
            if isinstance(kind, type) and issubclass(kind, Warning):
                warnings.warn_explicit(str(text), kind, str(path), int(line))


class CandidateSurroundings:
    """Collects what the candidate prints, logs and warns of, until the next message takes it along.

    encode: the codec's, set when there is one.
    """

    def __init__(self) -> None:
        self._places = _Places()
        self.encode: Callable[[Any], Any] = lambda value: None
        self.written: list[list[Any]] = []
        self.warned: list[warnings.WarningMessage] = []
        self.logged: list[dict[str, Any]] = []
        self._follows_log = False

    def add(self, message: dict[str, Any]) -> None:
        self._places.add(message)
        if self.written:
            message["o"], self.written[:] = self.written[:], []
        if self.logged:
            message["l"], self.logged[:] = self.logged[:], []
        if self.warned:
            warned, self.warned[:] = self.warned[:], []
            message["y"] = [[self.encode(w.category), str(w.message), w.filename, w.lineno] for w in warned]

    def hear(self, message: dict[str, Any]) -> None:
        self._places.hear(message)
        self.follow_log()

    def after(self, message: dict[str, Any], decode: Callable[[Any], Any]) -> None:
        pass

    def install(self, ask: Callable[..., Any]) -> None:
        sys.stdout = _text(_Output(1, self.written))
        sys.stderr = _text(_Output(2, self.written))
        sys.stdin = _Input(ask)
        warnings.simplefilter("always")
        warnings._showwarnmsg_impl = self._warn  # type: ignore[attr-defined]

    def follow_log(self) -> None:
        """Once the candidate has loaded `logging`; loading it for all would cost more than it is worth."""
        if not self._follows_log and logs.forward_records(self.logged, lambda value: self.encode(value)):
            self._follows_log = True
            self._places.levels.settle()

    def _warn(self, message: warnings.WarningMessage) -> None:
        if len(self.warned) < _MOST_RECORDS:
            self.warned.append(message)


def _text(raw: io.RawIOBase) -> io.TextIOWrapper:
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", write_through=True)  # type: ignore[arg-type]


class _Output(io.RawIOBase):
    """A standard stream of the candidate. A process that it forks writes nowhere."""

    def __init__(self, number: int, written: list[list[Any]]) -> None:
        self._number = number
        self._written = written
        self._owner = _process()
        self._size = 0

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        raise io.UnsupportedOperation("fileno")

    def write(self, data: Any) -> int:
        size = len(data)
        self._size += size
        if self._owner == _process() and self._size <= 4 * _MOST_CHARACTERS:
            text = bytes(data).decode("utf-8", "replace")
            if self._written and self._written[-1][0] == self._number:
                self._written[-1][1] += text
            else:
                self._written.append([self._number, text])
        return size


class _Input(io.TextIOBase):
    """Standard input of the candidate: what the test put in place of its own."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> str:
        return self._ask("stdin", "read", -1 if size is None else size)

    def readline(self, size: int = -1) -> str:  # type: ignore[override]
        return self._ask("stdin", "readline", size)


def read_stdin(method: str, size: int) -> str:
    """The judge's answer to a candidate that reads standard input."""
    if method not in ("read", "readline"):
        raise ValueError("no such way to read")
    text = getattr(sys.stdin, method)(size)
    return str(text)
