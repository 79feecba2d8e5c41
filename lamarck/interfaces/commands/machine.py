"""`lamarck doctor` and `lamarck sandbox check`: what this machine can do, and what mends it."""

from __future__ import annotations

from typing import Annotated

import typer

from lamarck.interfaces import documents, options
from lamarck.interfaces.terminal import Terminal
from lamarck.interfaces.wording import clean

ENVIRONMENT = 5


def doctor(
    ctx: typer.Context,
    python: options.Python = None,
    library: options.Library = None,
    json: options.Json = False,
) -> int:
    """Check this machine part by part, each with what mends it. Exit code 5 when something needed is missing."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(library=library, python=python) as lamarck:
        rows = lamarck.doctor()
    code = 0 if all(row.ok for row in rows if row.needed) else ENVIRONMENT
    if terminal.json:
        terminal.document({"ok": code == 0, "rows": [documents.whole(row) for row in rows]})
        return code
    from rich.text import Text

    from lamarck.interfaces import report

    lines: list[tuple[str | Text, ...]] = []
    for row in rows:
        mark = Text("ok", style="green") if row.ok else Text("no", style="bold red" if row.needed else "yellow")
        lines.append((mark, Text(row.name, style="bold"), row.found))
        if row.mend:
            lines.append(("", "", Text(f"→ {clean(row.mend)}", style="yellow")))
    terminal.show(report.listing(("", "part", "found"), lines))
    return code


def check_sandbox(
    ctx: typer.Context,
    backend: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="bubblewrap, docker or podman. Default: sandbox.backend.", show_default=False
        ),
    ] = None,
    json: options.Json = False,
) -> int:
    """Try to break out of the sandbox, one row per requirement. Exit code 5 when nothing may be run in it.

    With --json every row has its attempts: what was tried, whether it was held, and what the same brought without a
    sandbox.
    """
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(backend=backend) as lamarck:
        name, rows = lamarck.sandbox_name, lamarck.sandbox_check()
    code = ENVIRONMENT if any(row.enforcement == "absent" for row in rows) else 0
    if terminal.json:
        terminal.document({"ok": code == 0, "backend": name, "rows": [documents.whole(row) for row in rows]})
        return code
    from lamarck.interfaces import report

    terminal.note(f"{name}:")
    lines = [(str(row.requirement), report.word(row.enforcement), row.how, row.mend) for row in rows]
    terminal.show(report.listing(("requirement", "enforcement", "how", "mend"), lines))
    return code


def make_image(
    ctx: typer.Context,
    backend: Annotated[str, typer.Option(metavar="NAME", help="docker or podman.")] = "docker",
    json: options.Json = False,
) -> int:
    """Make the image that containers run from: empty folders and a few links. Nothing is pulled."""
    from lamarck.errors import BadInput
    from lamarck.sandbox.engine import ENGINES, find_engine
    from lamarck.settings import load_settings

    terminal: Terminal = ctx.obj
    if backend not in ENGINES:
        raise BadInput(f"--backend {backend}: no such container engine", f"give {' or '.join(ENGINES)}")
    settings, _ = load_settings()
    engine, image = find_engine(backend), settings.sandbox.image
    was_there = engine.has_image(image)
    if not was_there:
        engine.make_image(image)
    if terminal.json:
        terminal.document({"backend": backend, "image": image, "made": not was_there})
        return 0
    terminal.note(f"{backend} has the image {image}" + (" already" if was_there else ""))
    terminal.note(f"→ lamarck sandbox check --backend {backend}")
    return 0
