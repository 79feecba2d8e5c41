"""`lamarck review`: a person decides on code that ended pending, and on what candidates differ in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lamarck.interfaces import documents, options
from lamarck.interfaces.terminal import Terminal
from lamarck.interfaces.wording import clean, headline, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lamarck.api import Lamarck
    from lamarck.records import Candidate, Difference, Run

RunId = Annotated[str, typer.Argument(metavar="RUN", help="Its id, or the first digits of it.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept as evidence.", show_default=False)]


def list_pending(ctx: typer.Context, library: options.Library = None, json: options.Json = False) -> None:
    """List the runs that wait for a decision, or whose candidates differ."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(library=library) as lamarck:
        runs = _open_questions(lamarck)
    if terminal.json:
        terminal.document({"runs": [documents.of_listed_run(r) for r in runs]})
        return
    if not runs:
        terminal.note("nothing is pending")
        return
    from lamarck.api import differences
    from lamarck.interfaces import report

    rows = []
    for run in runs:
        known = differences(run)
        why = f"what should {known[0].call} give?" if known and run.kind == "solve" else run.message
        rows.append((report.identifier(run.id), headline(run.task.goal, 60), shortened(why, 100)))
    terminal.show(report.listing(("run", "goal", "why it waits"), rows))


def _open_questions(lamarck: Lamarck) -> list[Run]:
    """Runs with something to decide, newest first. The message tells which accepted ones are worth reading whole."""
    from lamarck.api import differences

    found: list[Run] = []
    for listed in lamarck.log(limit=100_000):
        if listed.exit_reason == "pending" or (listed.exit_reason == "accepted" and "agreement: " in listed.message):
            run = lamarck.run(listed.id)
            if listed.exit_reason == "pending" or differences(run):
                found.append(run)
    return found


def show(ctx: typer.Context, run: RunId, library: options.Library = None, json: options.Json = False) -> None:
    """Show what there is to decide: the code, the tests and where they came from, what candidates differ in."""
    from lamarck.api import differences, final_candidate, pending_attempt
    from lamarck.errors import BadInput
    from lamarck.interfaces.ending import show_ending
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(library=library) as lamarck:
        found = lamarck.run(run)
    candidate, known = final_candidate(found), differences(found)
    if candidate is None or (pending_attempt(found) is None and not known):
        raise BadInput(f"run {found.id[:12]} is not pending", "`lamarck review list` shows which runs are")
    code = 3 if pending_attempt(found) is not None else 0
    if terminal.json:
        terminal.document(documents.of_run(found, candidate, exit_code=code))
        return
    from rich.text import Text

    from lamarck.interfaces import report

    coloured = terminal.out.is_terminal
    terminal.show(Text(shortened(found.task.goal, 400), style="bold"), Text())
    if (change := _change(found, candidate)) is not None:
        terminal.show(report.source(change, coloured=coloured, language="diff"), Text())
    else:
        terminal.show(report.code(candidate.files, coloured=coloured), Text())
    for tests in found.task.acceptance:
        terminal.show(Text(f"tests {clean(tests.path)} · {tests.kind} · {tests.trust}", style="dim"))
        terminal.show(report.source(tests.content, coloured=coloured), Text())
    _show_differences(terminal, known)
    show_ending(terminal, found)


def _change(run: Run, candidate: Candidate) -> str | None:
    """What differs from the code that it replaces, as a unified diff; None where it replaces none."""
    import difflib

    earlier = next((a.candidate for a in run.attempts if a.generator == "earlier" and a.candidate), None)
    if earlier is None:
        return None
    before = {f.path: f.text for f in earlier.files}
    parts = (
        difflib.unified_diff(
            before.get(f.path, "").splitlines(), f.text.splitlines(), f"a/{f.path}", f"b/{f.path}", lineterm=""
        )
        for f in candidate.files
    )
    return "\n".join(line for part in parts for line in part)


def _show_differences(terminal: Terminal, known: Sequence[Difference]) -> None:
    """Each call with its behaviours, numbered as --like takes them."""
    from rich.text import Text

    from lamarck.interfaces import report
    from lamarck.interfaces.wording import count

    for difference in known:
        terminal.show(Text(f"{clean(difference.call)} gives", style="bold"))
        rows = [
            (f"  {number}", shortened(b.shows, 200), f"by {count(len(b.candidates), 'candidate')}")
            for number, b in enumerate(difference.behaviours, 1)
        ]
        terminal.show(report.listing(("", "", ""), rows), Text())


def answer(
    ctx: typer.Context,
    run: RunId,
    expected: Annotated[
        str | None, typer.Option("--expected", metavar="VALUE", help="The right value, as Python.", show_default=False)
    ] = None,
    raises: Annotated[
        str | None, typer.Option("--raises", metavar="NAME", help="The right exception.", show_default=False)
    ] = None,
    like: Annotated[
        int | None,
        typer.Option("--like", metavar="N", help="As behaviour N of `review show` does.", show_default=False),
    ] = None,
    call: Annotated[
        str | None,
        typer.Option("--call", metavar="CALL", help="Another call than the smallest that differs.", show_default=False),
    ] = None,
    out: options.Out = None,
    python: options.Python = None,
    library: options.Library = None,
    allow_degraded: options.AllowDegraded = None,
    json: options.Json = False,
) -> int:
    """Say what a call should give: from now on a given test, by which the run's candidates are judged again."""
    from lamarck.errors import BadInput
    from lamarck.interfaces.ending import check_out, end
    from lamarck.interfaces.opening import open_lamarck
    from lamarck.interfaces.progress import Progress

    terminal: Terminal = ctx.obj
    check_out(out)
    if sum(given is not None for given in (expected, raises, like)) != 1:
        raise BadInput("what is the answer?", "give one of --expected VALUE, --raises NAME and --like N")
    with open_lamarck(
        library=library,
        python=python,
        allow_degraded=allow_degraded,
        observers=(progress := Progress(terminal, resumable=False),),
    ) as lamarck:
        with progress:
            judged = lamarck.answer(run, equals=expected, raises=raises, like=like, call=call)
        return end(terminal, lamarck, judged, out=out)


def compare(
    ctx: typer.Context,
    run: RunId,
    python: options.Python = None,
    library: options.Library = None,
    allow_degraded: options.AllowDegraded = None,
    json: options.Json = False,
) -> None:
    """Run the candidates of a run that pass against each other, once more. Nothing is kept."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(library=library, python=python, allow_degraded=allow_degraded) as lamarck:
        evidence = lamarck.compare(run)
    if terminal.json:
        terminal.document(documents.whole(evidence))
        return
    from rich.text import Text

    terminal.show(Text(clean(evidence.log)), Text())
    _show_differences(terminal, evidence.differences)


def approve(
    ctx: typer.Context,
    run: RunId,
    reason: Reason = "",
    library: options.Library = None,
    json: options.Json = False,
) -> int:
    """Accept the code on your word, and keep it; or a law, whose test is from then on a given one."""
    return _decide(ctx.obj, run, approve=True, reason=reason, library=library)


def reject(
    ctx: typer.Context,
    run: RunId,
    reason: Reason = "",
    library: options.Library = None,
    json: options.Json = False,
) -> int:
    """Turn the code or the law down. The run log keeps that and the reason; exit code 0 when it is done."""
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
