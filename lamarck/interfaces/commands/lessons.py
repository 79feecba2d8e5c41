"""`lamarck lessons`: what repairs that worked have taught."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lamarck.interfaces import documents, options
from lamarck.interfaces.commands.sharing import import_bundle as import_lessons
from lamarck.interfaces.terminal import Terminal
from lamarck.interfaces.wording import clean, count, short_id, shortened

if TYPE_CHECKING:
    from lamarck.lessons import LessonRow

__all__ = ["drop", "export", "import_lessons", "list_lessons", "show"]

Id = Annotated[str, typer.Argument(metavar="LESSON", help="Its id, or how it begins.")]


def list_lessons(ctx: typer.Context, library: options.Library = None, json: options.Json = False) -> None:
    """All lessons, those that helped most first. Searches are told of those that help, when lessons.use is on."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(library=library) as lamarck:
        rows, used = lamarck.lessons.list(), lamarck.settings.lessons.use
    if terminal.json:
        terminal.document({"lessons": [_document(r) for r in rows], "used": used})
        return
    from lamarck.interfaces import report

    if rows:
        terminal.show(
            report.listing(
                ("id", "was → is", "taught", "tried", "sooner", "later", "bits", ""),
                [
                    (
                        short_id(r.id),
                        shortened(clean(r.rule.text), 60),
                        str(r.taught),
                        str(r.replay.tried),
                        str(r.replay.sooner),
                        str(r.replay.later),
                        f"{r.replay.gain:+.1f}",
                        "helps" if r.helps else "waits",
                    )
                    for r in rows
                ],
                right=("taught", "tried", "sooner", "later", "bits"),
            )
        )
    helping = sum(r.helps for r in rows)
    told = "searches are told of them" if used else "searches are not told: lessons.use is off"
    terminal.note(f"{count(len(rows), 'lesson')}, {helping} of them help on recorded failures; {told}")


def show(ctx: typer.Context, lesson: Id, library: options.Library = None, json: options.Json = False) -> None:
    """One lesson: what failed, what it changes, what it did on recorded failures, and the repair that taught it."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(library=library) as lamarck:
        row = lamarck.lessons.show(lesson)
    if terminal.json:
        terminal.document({**_document(row), "repair": documents.whole(row.repair)})
        return
    from lamarck.interfaces import report

    replay = row.replay
    terminal.show(
        report.facts(
            [
                ("lesson", f"{short_id(row.id)}, {row.status}"),
                ("was", clean(row.rule.before)),
                ("is", clean(row.rule.after) or "nothing"),
                ("stands in", row.rule.role or "any place"),
                ("failed with", ", ".join(row.failures) or "it was not told"),
                ("taught by", f"{count(row.taught, 'repair')}, this one by {row.repair.by or 'hand'}"),
                (
                    "replayed on",
                    f"{replay.tried} other recorded failures where it fits: the mend came sooner in {replay.sooner}, "
                    f"later in {replay.later}, {replay.gain:+.1f} bits",
                ),
                ("from", row.source or "here"),
            ]
        )
    )
    repair = row.repair
    lines = difflib.unified_diff(
        repair.text.splitlines(), repair.after.splitlines(), repair.path, repair.path, lineterm=""
    )
    terminal.text("\n" + clean("\n".join(lines)) + "\n")


def drop(ctx: typer.Context, lesson: Id, library: options.Library = None, json: options.Json = False) -> None:
    """Tell searches no more of a lesson. It stays in the library, retired."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(library=library) as lamarck:
        row = lamarck.lessons.drop(lesson)
    if terminal.json:
        terminal.document(_document(row))
        return
    terminal.note(f"dropped {short_id(row.id)}: {shortened(clean(row.rule.text), 100)}")


def export(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option("--out", metavar="BUNDLE", help="The file to write.")] = Path("lessons.jsonl"),
    licence: Annotated[
        str, typer.Option("--licence", metavar="NAME", help="What the code in them is under, such as MIT.")
    ] = "",
    allow_licence: options.AllowLicence = None,
    sign: Annotated[
        Path | None,
        typer.Option("--sign", metavar="KEY", help="Sign with this OpenSSH key (ssh-keygen -Y).", show_default=False),
    ] = None,
    library: options.Library = None,
    json: options.Json = False,
) -> None:
    """Write all lessons to a bundle, each with the mended code and the tests that prove it."""
    from lamarck.errors import BadInput
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(library=library) as lamarck:
        ids = lamarck.lessons.ids()
        if not ids:
            raise BadInput("there are no lessons to export", "repairs that work teach them; see docs/lessons.md")
        bundle = lamarck.shelf.export(
            None, out, ids=ids, licences=tuple(allow_licence or ()), licence=licence, key=sign
        )
    if terminal.json:
        terminal.document({"bundle": bundle.id, "out": str(out), "lessons": len(bundle.manifest.entries)})
        return
    terminal.note(f"{count(len(bundle.manifest.entries), 'lesson')} in {out}, bundle {short_id(bundle.id)}")


def _document(row: LessonRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "before": row.rule.before,
        "after": row.rule.after,
        "role": row.rule.role,
        "failures": list(row.failures),
        "taught": row.taught,
        "replay": documents.whole(row.replay),
        "helps": row.helps,
        "status": row.status,
        "source": row.source,
    }
