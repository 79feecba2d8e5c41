"""`lamarck library move` and `lamarck library reader`: a library in another place, and who may read it there."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from lamarck.interfaces import documents, options
from lamarck.interfaces.terminal import Terminal

_ENVIRONMENT = 5
_TOLD_EVERY = 2.0  # seconds


def move(
    ctx: typer.Context,
    target: Annotated[str, typer.Argument(metavar="TARGET", help="A file, or postgresql://user@host/database.")],
    library: options.Library = None,
    json: options.Json = False,
) -> int:
    """Copy the whole library to a file or a server, and compare both. What is there is not copied again.

    Exit code 5 when the comparison finds something amiss.
    """
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    began, said = time.monotonic(), time.monotonic()

    def told(what: str, done: int, of: int) -> None:
        nonlocal began, said
        if done == of:
            began = time.monotonic()
        if time.monotonic() - said > _TOLD_EVERY:
            said = time.monotonic()
            left = (said - began) / done * (of - done)
            terminal.note(f"{done:,} of {of:,} {what}, about {left:.0f} s left")

    with open_lamarck(library=library) as lamarck:
        moved = lamarck.shelf.move(target, told=told)
    code = _ENVIRONMENT if moved.missing else 0
    if terminal.json:
        terminal.document({"ok": not moved.missing, **documents.whole(moved)})
        return code
    terminal.text(
        f"{moved.artifacts:,} artifacts ({moved.fresh:,} new there), {moved.vectors:,} vectors, {moved.runs:,} runs and"
        f" {moved.others:,} other rows"
        + (f"; {len(moved.kept):,} stay as they were there" if moved.kept else "")
        + (": not all there\n" if moved.missing else ": all there\n")
    )
    for line in moved.missing[:20]:
        terminal.note(line)
    terminal.note("move again to go on" if moved.missing else "to use it: set library.path, or give it with --library")
    return code


def reader(
    ctx: typer.Context,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="A role of the Postgres server.")],
    library: options.Library = None,
    json: options.Json = False,
) -> None:
    """Let a role of the server read the library, and nothing more."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(library=library) as lamarck:
        name = lamarck.shelf.let_read(role)
    if terminal.json:
        terminal.document({"role": role, "library": name})
        return
    terminal.text(f"{role} may read {name}\n")
