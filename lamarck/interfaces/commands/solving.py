"""`lamarck solve` and `lamarck resume`: from a task to proven code."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from lamarck.interfaces import options
from lamarck.interfaces.terminal import Terminal

if TYPE_CHECKING:
    from lamarck.api import Lamarck


def solve(
    ctx: typer.Context,
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK",
            help="A sentence, a Python stub, a test file, a YAML task, or a folder with instructions and tests.",
        ),
    ],
    tests: options.Tests = None,
    out: options.Out = None,
    tokens: options.Tokens = None,
    seconds: options.Seconds = None,
    usd: options.Usd = None,
    python: options.Python = None,
    library: options.Library = None,
    model: options.Model = None,
    allow_degraded: options.AllowDegraded = None,
    json: options.Json = False,
) -> int:
    """Get proven code for a task: from the library, else from a model."""
    from lamarck.interfaces.ending import check_out, end
    from lamarck.interfaces.opening import open_lamarck
    from lamarck.interfaces.progress import Progress

    terminal: Terminal = ctx.obj
    check_out(out)
    progress = Progress(terminal, resumable=True)
    with open_lamarck(
        library=library,
        python=python,
        model=model,
        tokens=tokens,
        seconds=seconds,
        usd=usd,
        allow_degraded=allow_degraded,
        observers=(progress,),
    ) as lamarck:
        wanted = lamarck.task(task, tests=tests or ())
        progress.name_of = _names(lamarck)
        progress.limits(wanted.limits)
        with progress:
            progress.begin(wanted)
            run = lamarck.solve(wanted, limits=wanted.limits)
        return end(terminal, lamarck, run, out=out)


def resume(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="Its id, or the first digits of it.")],
    out: options.Out = None,
    tokens: options.Tokens = None,
    seconds: options.Seconds = None,
    usd: options.Usd = None,
    python: options.Python = None,
    library: options.Library = None,
    model: options.Model = None,
    allow_degraded: options.AllowDegraded = None,
    json: options.Json = False,
) -> int:
    """Go on with a run that was stopped. Nothing is paid twice.

    --tokens and --usd count what the run has spent already; --seconds begins anew.
    """
    from lamarck.interfaces.ending import check_out, end
    from lamarck.interfaces.opening import open_lamarck
    from lamarck.interfaces.progress import Progress

    terminal: Terminal = ctx.obj
    check_out(out)
    progress = Progress(terminal, resumable=True)
    with open_lamarck(
        library=library,
        python=python,
        model=model,
        tokens=tokens,
        seconds=seconds,
        usd=usd,
        allow_degraded=allow_degraded,
        observers=(progress,),
    ) as lamarck:
        stopped = lamarck.run(run)
        limits = stopped.task.limits
        given = lamarck.settings.limits
        limits = limits.replace(
            tokens=limits.tokens if tokens is None else given.tokens,
            seconds=limits.seconds if seconds is None else given.seconds,
            usd=limits.usd if usd is None else given.usd,
        )
        progress.name_of = _names(lamarck)
        progress.limits(limits)
        with progress:
            progress.begin(stopped.task, stopped.attempts)
            ended = lamarck.resume(run, limits=limits)
        return end(terminal, lamarck, ended, out=out)


def _names(lamarck: Lamarck) -> Callable[[str], str]:
    def name(identifier: str) -> str:
        candidate = lamarck.show(identifier).candidate
        return candidate.entry_point or candidate.files[0].path

    return name
