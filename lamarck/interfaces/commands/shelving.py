"""`lamarck history`, `retire`, `where` and `gc`: what became of artifacts, and keeping the library in order."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

import typer

from lamarck.interfaces import documents, options
from lamarck.interfaces.commands.finding import Id, difference, tell_versions
from lamarck.interfaces.terminal import Terminal
from lamarck.interfaces.wording import short_id, size


def history(
    ctx: typer.Context,
    identifier: Id,
    diff: Annotated[bool, typer.Option("--diff", help="Show how the code changed from version to version.")] = False,
    library: options.Library = None,
    json: options.Json = False,
) -> None:
    """Show every version of the code for an artifact's task, which one answers, and why."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(library=library) as lamarck:
        versions = lamarck.shelf.versions(identifier)
    if terminal.json:
        terminal.document({"versions": [documents.of_version(v) for v in versions]})
        return
    tell_versions(terminal, versions)
    if diff:
        for before, after in pairwise(versions):
            terminal.text("\n" + difference(before.artifact, after.artifact))


def retire(ctx: typer.Context, identifier: Id, library: options.Library = None, json: options.Json = False) -> None:
    """Find and serve an artifact no more; it stays with its evidence, and the next best version answers."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(library=library) as lamarck:
        artifact = lamarck.shelf.retire(identifier)
        answers = next((v.artifact.id for v in lamarck.shelf.versions(artifact.id) if v.answers), None)
    if terminal.json:
        terminal.document({"retired": artifact.id, "answers": answers})
        return
    terminal.text(f"{short_id(artifact.id)} is retired" + (f"; {short_id(answers)} answers" if answers else "") + "\n")


def where(ctx: typer.Context, identifier: Id, library: options.Library = None, json: options.Json = False) -> None:
    """Show where an artifact went: what was made from it, the bundles that hold it, the runs that used it."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(library=library) as lamarck:
        found = lamarck.shelf.where(identifier)
    if terminal.json:
        terminal.document(documents.whole(found))
        return
    from lamarck.interfaces import report

    seconds = f", {found.seconds / found.tried:.2f} s each" if found.tried and found.seconds else ""
    rows = [("dependants", ", ".join(map(short_id, found.dependants)) or "none")]
    rows += [(b.direction, f"{b.place}, {b.at[:16]}" + (f", {b.signer}" if b.signer else "")) for b in found.bundles]
    rows.append(("runs", ", ".join(map(short_id, found.runs)) or "none"))
    rows.append(("used", f"{found.served} times, of {found.tried} tries{seconds}"))
    terminal.show(report.facts(rows))


def gc(
    ctx: typer.Context,
    days: Annotated[
        float, typer.Option(metavar="N", min=0, help="Keep verdicts and the texts of attempts that are younger.")
    ] = 90,
    keep_mb: Annotated[
        float | None,
        typer.Option(metavar="N", min=0, help="And of these no more, the youngest ones.", show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    library: options.Library = None,
    json: options.Json = False,
) -> None:
    """Put the library in order: what can be made again goes, missing embeddings come, free space goes back."""
    from lamarck.interfaces.opening import open_lamarck
    from lamarck.library.tidying import Keeping

    terminal: Terminal = ctx.obj
    keeping = Keeping(days=days, characters=None if keep_mb is None else int(keep_mb * 1e6))
    with open_lamarck(library=library) as lamarck:
        done = lamarck.shelf.collect_garbage(
            keeping=keeping,
            trial=dry_run,
            on_progress=lambda at, of: (
                terminal.note(f"{at} of {of} texts embedded") if at % 320 == 0 or at == of else None
            ),
        )
    if terminal.json:
        terminal.document(documents.whole(done))
        return
    went = (
        f"{done.verdicts} kept verdicts, the texts of {done.attempts} attempts ({size(done.characters)} together) and"
        f" {done.requests} requests"
    )
    if dry_run:
        terminal.text(f"would drop {went}; nothing was changed\n")
        return
    terminal.text(
        f"{done.embedded} embedded; {went} dropped, {size(done.bytes_before)} → {size(done.bytes_after)};"
        " nothing that was proven is gone\n"
    )
