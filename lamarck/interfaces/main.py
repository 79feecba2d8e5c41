"""Where a command begins and how every one ends: an exit code, and one clear line when something went wrong.

Exit codes: 0 accepted, 1 rejected, 2 bad input, 3 pending, 4 limit spent, 5 environment, 70 a defect of Lamarck,
130 interrupted, 141 nobody reads the output. Only light modules are imported here, so that an interruption during the
start is caught as well.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from lamarck.interfaces.terminal import ReaderGone, Terminal

INTERRUPTED = 130
BAD_INPUT = 2
ENVIRONMENT = 5
DEFECT = 70
READER_GONE = 141


def run() -> NoReturn:
    """The console script `lamarck`."""
    code = main(sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is said and written; nothing is left to interrupt
    _discard_unwritable()
    sys.exit(code)


def _discard_unwritable() -> None:
    """What a full disk did not take was told already; trying again at exit would only change the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if stream is None:  # the caller closed it
            continue
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. The one place where errors become words."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # an odd locale must not cost a result
    terminal = Terminal(json=_wants_json(arguments), traceback="--traceback" in arguments[:1])
    try:
        return _command(arguments, terminal)
    except KeyboardInterrupt:
        return _interrupted(terminal)
    except ReaderGone:
        return _silenced()
    except Exception as error:
        try:
            return _explained(error, terminal)
        except ReaderGone:
            return _silenced()


def _command(arguments: Sequence[str], terminal: Terminal) -> int:
    import typer.main

    from lamarck.interfaces.app import app

    command = typer.main.get_command(app)
    if "_LAMARCK_COMPLETE" in os.environ:  # a shell asks for completions
        command.main(list(arguments), prog_name="lamarck")
    try:
        with command.make_context("lamarck", list(arguments), obj=terminal) as context:
            code = command.invoke(context)
    except typer.Exit as ending:
        code = ending.exit_code
    terminal.flush()
    return code if isinstance(code, int) else 0


def _wants_json(arguments: Sequence[str]) -> bool:
    """Known before anything is parsed, so that an error of parsing is told in JSON too."""
    options = arguments[: list(arguments).index("--")] if "--" in arguments else arguments
    return "--json" in options


def _interrupted(terminal: Terminal) -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run = terminal.run_under_way
    terminal.fail("interrupted", f"go on with: lamarck resume {run[:12]}" if run else "", INTERRUPTED)
    return INTERRUPTED


def _explained(error: Exception, terminal: Terminal) -> int:
    import typer

    from lamarck.errors import LamarckError

    if terminal.traceback:
        import traceback

        traceback.print_exc()
    if isinstance(error, LamarckError):
        return terminal.fail(str(error), error.mend, error.exit_code)
    if isinstance(error, typer.TyperException):
        return terminal.fail(*_usage(error), BAD_INPUT)
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return terminal.fail("no space is left on the disk", "free some and try again", ENVIRONMENT)
    return terminal.fail(
        f"unexpected {type(error).__name__}: {error}",
        "this is a defect of Lamarck, please report it; `lamarck --traceback …` shows where it happened",
        DEFECT,
    )


def _usage(error: Exception) -> tuple[str, str]:
    """What is wrong with the arguments, and where the right ones stand."""
    context = getattr(error, "ctx", None)
    what = " ".join(error.format_message().split()).rstrip(".").replace(": Value error, ", ": ")  # type: ignore[attr-defined]
    path = context.command_path if context is not None else "lamarck"
    return what[:1].lower() + what[1:], f"see `{path} --help`"


def _silenced() -> int:
    """What is still buffered goes nowhere, without a complaint at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
    return READER_GONE
