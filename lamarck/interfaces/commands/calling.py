"""`lamarck call`: what proven code does with given values."""

from __future__ import annotations

from typing import Annotated

import typer

from lamarck.interfaces import documents, options
from lamarck.interfaces.commands.finding import Id
from lamarck.interfaces.terminal import Terminal


def call(
    ctx: typer.Context,
    identifier: Id,
    text: Annotated[str, typer.Argument(metavar="CALL", help="Such as \"slugify('Hello World')\", of plain values.")],
    fresh: Annotated[bool, typer.Option("--fresh", help="Run it, whatever is kept.")] = False,
    python: options.Python = None,
    library: options.Library = None,
    allow_degraded: options.AllowDegraded = None,
    json: options.Json = False,
) -> int:
    """Call proven code in the sandbox. What a pure function did is kept, and told at once the next time. Exit code 1
    when it raises."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(library=library, python=python, allow_degraded=allow_degraded) as lamarck:
        called = lamarck.shelf.call(identifier, text, fresh=fresh)
    if terminal.json:
        terminal.document(documents.whole(called))
    else:
        terminal.text(f"{called.returned}\n" if called.raised is None else f"raises {called.raised}\n")
        said = "as kept" if called.is_kept else f"not kept: {called.not_kept}" if called.not_kept else "run, and kept"
        terminal.note(f"{said}, {called.seconds:.2f} s")
    return 0 if called.raised is None else 1
