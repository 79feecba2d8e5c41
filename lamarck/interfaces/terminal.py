"""Where words go: results to standard output, everything else to standard error.

With --json exactly one JSON document goes to standard output. Light on purpose: rich is imported when it is used.
"""

from __future__ import annotations

import json
import os
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

from lamarck.interfaces.wording import clean

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

WIDTH_WITHOUT_TERMINAL = 100


class ReaderGone(Exception):
    """Nobody reads the output any more, as in `lamarck log | head`. Said apart from a broken pipe inside Lamarck."""


class Terminal:
    """What one command writes to. json: the user wants a document. traceback: and where an error came from.

    `run_under_way` is the run that an interruption leaves behind, for the line that says how to resume it.
    """

    def __init__(self, *, json: bool = False, traceback: bool = False) -> None:
        self.json = json
        self.traceback = traceback
        self.run_under_way: str | None = None

    @cached_property
    def out(self) -> Console:
        return _console(stderr=False)

    @cached_property
    def err(self) -> Console:
        return _console(stderr=True)

    def document(self, value: Any) -> None:
        """The one document of --json."""
        self._write(sys.stdout, json.dumps(value, indent=2) + "\n")

    def show(self, *parts: RenderableType) -> None:
        """For people, on standard output. Text from outside has to be `clean`."""
        if self.out.is_terminal:
            self.out.print(*parts, sep="\n")
            return
        with self.out.capture() as captured:
            self.out.print(*parts, sep="\n", crop=False)  # code keeps its long lines
        self.text("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))

    def note(self, text: str) -> None:
        """One line on standard error."""
        self._write(sys.stderr, clean(text, newlines=False) + "\n")

    def note_detail(self, line: str) -> None:
        """A clean line that belongs to the note before it."""
        self._write(sys.stderr, f"    {clean(line, newlines=False)}\n")

    def text(self, text: str) -> None:
        """Plain text on standard output, as it is."""
        self._write(sys.stdout, text)

    def flush(self) -> None:
        self._write(sys.stdout, "")

    @staticmethod
    def _write(stream: TextIO | None, text: str) -> None:
        if stream is None:  # the caller closed it
            return
        try:
            stream.write(text)
            stream.flush()
        except BrokenPipeError as error:
            raise ReaderGone from error

    def fail(self, what: str, mend: str, exit_code: int) -> int:
        """One line about what went wrong; with --json a document too. Returns the exit code."""
        what = " ".join(what.split())
        self.note("lamarck: " + (f"{what}; {mend}" if mend else what))
        if self.json:
            self.document({"error": what, "mend": mend, "exit_code": exit_code})
        return exit_code


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    class Quiet(Console):
        def on_broken_pipe(self) -> None:
            raise ReaderGone

    stream = sys.stderr if stderr else sys.stdout
    fixed = "COLUMNS" in os.environ or (stream is not None and stream.isatty())
    return Quiet(
        stderr=stderr,
        markup=False,
        highlight=False,
        emoji=False,
        width=None if fixed else WIDTH_WITHOUT_TERMINAL,
    )
