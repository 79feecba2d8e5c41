"""`lamarck doctor` and `lamarck sandbox check`: what this machine can do, and what mends it."""

from __future__ import annotations

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


def check_sandbox(ctx: typer.Context, json: options.Json = False) -> int:
    """Try to break out of the sandbox, one row per requirement. Exit code 5 when nothing may be run in it."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck() as lamarck:
        rows = lamarck.sandbox_check()
    code = ENVIRONMENT if any(row.enforcement == "absent" for row in rows) else 0
    if terminal.json:
        terminal.document({"ok": code == 0, "rows": [documents.whole(row) for row in rows]})
        return code
    from lamarck.interfaces import report

    lines = [(str(row.requirement), report.word(row.enforcement), row.how, row.mend) for row in rows]
    terminal.show(report.listing(("requirement", "enforcement", "how", "mend"), lines))
    return code
