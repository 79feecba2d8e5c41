"""`lamarck review`: a person decides on code that ended pending."""

from __future__ import annotations

from typing import Annotated

import typer

from lamarck.interfaces import documents, options
from lamarck.interfaces.terminal import Terminal
from lamarck.interfaces.wording import clean, headline, shortened

RunId = Annotated[str, typer.Argument(metavar="RUN", help="Its id, or the first digits of it.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept as evidence.", show_default=False)]


def list_pending(ctx: typer.Context, library: options.Library = None, json: options.Json = False) -> None:
    """List the runs that wait for a decision."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(library=library) as lamarck:
        runs = [r for r in lamarck.log(limit=100_000) if r.exit_reason == "pending"]
    if terminal.json:
        terminal.document({"runs": [documents.of_listed_run(r) for r in runs]})
        return
    if not runs:
        terminal.note("nothing is pending")
        return
    from lamarck.interfaces import report

    rows = [(report.identifier(r.id), headline(r.task.goal, 60), shortened(r.message, 100)) for r in runs]
    terminal.show(report.listing(("run", "goal", "why it waits"), rows))


def show(ctx: typer.Context, run: RunId, library: options.Library = None, json: options.Json = False) -> None:
    """Show what there is to confirm: the code, the tests and where they came from, the evidence."""
    from lamarck.api import pending_attempt
    from lamarck.errors import BadInput
    from lamarck.interfaces.ending import show_ending
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(library=library) as lamarck:
        found = lamarck.run(run)
    attempt = pending_attempt(found)
    if attempt is None or attempt.candidate is None:
        raise BadInput(f"run {found.id[:12]} is not pending", "`lamarck review list` shows which runs are")
    if terminal.json:
        terminal.document(documents.of_run(found, attempt.candidate, exit_code=3))
        return
    from rich.text import Text

    from lamarck.interfaces import report

    coloured = terminal.out.is_terminal
    terminal.show(Text(shortened(found.task.goal, 400), style="bold"), Text())
    terminal.show(report.code(attempt.candidate.files, coloured=coloured), Text())
    for tests in found.task.acceptance:
        terminal.show(Text(f"tests {clean(tests.path)} · {tests.kind} · {tests.trust}", style="dim"))
        terminal.show(report.source(tests.content, coloured=coloured), Text())
    show_ending(terminal, found)


def approve(
    ctx: typer.Context,
    run: RunId,
    reason: Reason = "",
    library: options.Library = None,
    json: options.Json = False,
) -> int:
    """Accept the code on your word, and keep it."""
    return _decide(ctx.obj, run, approve=True, reason=reason, library=library)


def reject(
    ctx: typer.Context,
    run: RunId,
    reason: Reason = "",
    library: options.Library = None,
    json: options.Json = False,
) -> int:
    """Turn the code down. The run log keeps it and the reason; exit code 0 when that is done."""
    _decide(ctx.obj, run, approve=False, reason=reason, library=library)
    return 0


def _decide(terminal: Terminal, run: str, *, approve: bool, reason: str, library: options.Library) -> int:
    from lamarck.interfaces.ending import UNFINISHED, show_ending
    from lamarck.interfaces.opening import open_lamarck

    with open_lamarck(library=library) as lamarck:
        decided = lamarck.review(run, approve=approve, reason=reason)
    code = UNFINISHED if decided.exit_reason is None else decided.exit_reason.exit_code
    if terminal.json:
        terminal.document(documents.of_run(decided, None, exit_code=code if approve else 0))
    else:
        show_ending(terminal, decided)
    return code
