"""`lamarck log` and `lamarck stats`: what was done and what it cost, from the run log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lamarck.interfaces import documents, options
from lamarck.interfaces.terminal import Terminal
from lamarck.interfaces.wording import clean, count, headline, seconds, short_id, shortened, size, usd

if TYPE_CHECKING:
    from lamarck.records import Attempt, Run


def log(
    ctx: typer.Context,
    run: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="Show this run with its attempts.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=100_000, help="How many at most.")] = 20,
    library: options.Library = None,
    json: options.Json = False,
) -> None:
    """List the runs, newest first, or show one with its attempts."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(library=library) as lamarck:
        if run is not None:
            _show_run(terminal, lamarck.run(run))
            return
        runs = lamarck.log(limit=limit)
    if terminal.json:
        terminal.document({"runs": [documents.of_listed_run(r) for r in runs]})
    elif not runs:
        terminal.note("no run yet; `lamarck solve TASK` begins one")
    else:
        _list_runs(terminal, runs)


def stats(ctx: typer.Context, library: options.Library = None, json: options.Json = False) -> None:
    """Counts and sums over the library and the run log, as measured."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(library=library) as lamarck:
        figures = lamarck.stats()
    if terminal.json:
        terminal.document(figures)
        return
    from lamarck.interfaces import report

    terminal.show(report.facts([(name.replace("_", " "), _figure(name, value)) for name, value in figures.items()]))


def _figure(name: str, value: float) -> str:
    if name.endswith("seconds"):
        return seconds(value)
    if name == "usd":
        return usd(value)
    return size(value) if name == "bytes" else f"{value:,.0f}"


def _list_runs(terminal: Terminal, runs: tuple[Run, ...]) -> None:
    from rich.text import Text

    from lamarck.interfaces import report

    rows = [
        (
            report.identifier(r.id),
            Text(r.started[:16].replace("T", " "), style="dim"),
            r.kind,
            report.word(str(r.exit_reason or "unfinished")),
            f"{r.spend.tokens:,}",
            "" if r.seconds is None else seconds(r.seconds),
            headline(r.task.goal, 60),
        )
        for r in runs
    ]
    headings = ("run", "started (UTC)", "kind", "ended", "tokens", "time", "goal")
    terminal.show(report.listing(headings, rows, right=("tokens", "time")))


def _show_run(terminal: Terminal, run: Run) -> None:
    if terminal.json:
        terminal.document(documents.whole(run))
        return
    from rich.text import Text

    from lamarck.interfaces import report
    from lamarck.interfaces.ending import next_command

    terminal.show(
        Text.assemble(
            report.identifier(run.id), "  ", run.kind, "  ", report.word(str(run.exit_reason or "unfinished"))
        ),
        Text(headline(run.task.goal, 400)),
    )
    for attempt in run.attempts:
        _show_attempt(terminal, attempt)
    rows = [("started", run.started), ("spent", report.spent(run.spend, run.seconds))]
    if run.message:
        rows.append(("said", run.message))
    if run.artifact_id:
        rows.append(("kept", f"lamarck show {short_id(run.artifact_id)}"))
    if (command := next_command(run)) is not None:
        rows.append(("go on", command))
    terminal.show(Text(), report.facts(rows))


def _show_attempt(terminal: Terminal, attempt: Attempt) -> None:
    from rich.text import Text

    from lamarck.interfaces import report

    parts = [Text(f"{attempt.number} {attempt.generator}" + (f" {clean(attempt.tier)}" if attempt.tier else ""))]
    if attempt.verdict is not None:
        parts += [Text(f"{e.check} {report.tests_of(e)}") for e in attempt.verdict.evidence if e.results]
        parts.append(report.word(attempt.verdict.decision))
    if attempt.note:
        parts.append(Text(shortened(attempt.note, 120), style="yellow"))
    if attempt.spend.tokens:
        parts.append(Text(count(attempt.spend.tokens, "token"), style="dim"))
    parts.append(Text(seconds(attempt.spend.seconds), style="dim"))
    terminal.show(Text(), Text(" · ").join(parts))
    if attempt.verdict is not None and attempt.verdict.decision != "accepted":
        for line in report.complaints(attempt.verdict):
            terminal.show(Text(f"    {line}", style="red"))
