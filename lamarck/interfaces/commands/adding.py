"""`lamarck add`: prove code that exists already, and keep it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lamarck.interfaces import options
from lamarck.interfaces.terminal import Terminal


def add(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="The code, the main file first.")],
    tests: options.Tests = None,
    goal: Annotated[
        str,
        typer.Option(
            "--goal", metavar="TEXT", help="What the code is for. Default: its docstring.", show_default=False
        ),
    ] = "",
    python: options.Python = None,
    library: options.Library = None,
    allow_degraded: options.AllowDegraded = None,
    json: options.Json = False,
) -> int:
    """Prove your own code with its tests, and keep it for later tasks."""
    from lamarck.errors import BadInput
    from lamarck.interfaces.ending import end
    from lamarck.interfaces.opening import open_lamarck
    from lamarck.interfaces.progress import Progress

    terminal: Terminal = ctx.obj
    for file in files:
        if file.name.startswith("test_") and len(files) > 1:
            raise BadInput(f"{file} looks like a test among the code", "give every test file its own --tests")
    progress = Progress(terminal, resumable=False)
    with open_lamarck(library=library, python=python, allow_degraded=allow_degraded, observers=(progress,)) as lamarck:
        with progress:
            run = lamarck.add(files, tests=tests or (), goal=goal)
        return end(terminal, lamarck, run)
