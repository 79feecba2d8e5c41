"""`lamarck find`, `show` and `verify`: what the library holds, and whether it still holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lamarck.interfaces import documents, options
from lamarck.interfaces.terminal import Terminal
from lamarck.interfaces.wording import headline, short_id, shortened

if TYPE_CHECKING:
    from rich.console import RenderableType

    from lamarck.api import Verification
    from lamarck.records import Artifact

Id = Annotated[str, typer.Argument(metavar="ID", help="An artifact's id, or the first digits of it.")]


def find(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What the code should do, in words.")],
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1000, help="How many at most.")] = 10,
    library: options.Library = None,
    json: options.Json = False,
) -> None:
    """Find proven code in the library, best first."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(library=library) as lamarck:
        hits = lamarck.find(text, limit=limit)
    if terminal.json:
        terminal.document({"hits": [documents.of_hit(hit) for hit in hits]})
        return
    if not hits:
        terminal.note("nothing in the library fits; `lamarck solve` writes it")
        return
    from rich.text import Text

    from lamarck.interfaces import report

    for hit in hits:
        artifact = hit.artifact
        terminal.show(
            Text.assemble(
                report.identifier(artifact.id),
                "  ",
                (shortened(_name(artifact), 100), "bold"),
                (f"  served {artifact.usage.served} times" if artifact.usage.served else "", "dim"),
            ),
            Text(f"              {headline(artifact.task.goal, 160)}"),
            Text(f"              {shortened(', '.join(hit.reasons), 160)}", style="dim"),
        )


def show(ctx: typer.Context, identifier: Id, library: options.Library = None, json: options.Json = False) -> None:
    """Show an artifact: its code, evidence, task, lineage and cost."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(library=library) as lamarck:
        artifact = lamarck.show(identifier)
    if terminal.json:
        terminal.document(documents.whole(artifact))
        return
    from rich.text import Text

    from lamarck.interfaces import report

    terminal.show(
        Text.assemble(
            report.identifier(artifact.id),
            "  ",
            (shortened(_name(artifact), 100), "bold"),
            "  ",
            report.word(artifact.status),
        ),
        Text(),
        report.code(artifact.candidate.files, coloured=terminal.out.is_terminal),
        Text(),
        report.evidence_table(artifact.verdict),
        Text(),
        report.facts(_facts(artifact)),
    )


def verify(
    ctx: typer.Context,
    identifier: Annotated[
        str | None,
        typer.Argument(metavar="ID", help="An artifact's id, or the first digits of it.", show_default=False),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Everything in the library.")] = False,
    python: options.Python = None,
    library: options.Library = None,
    allow_degraded: options.AllowDegraded = None,
    json: options.Json = False,
) -> int:
    """Prove artifacts again and say what changed. Exit code 1 when one is no longer accepted."""
    from lamarck.errors import BadInput
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    if (identifier is None) is not every:
        raise BadInput("what to verify is not clear", "give one artifact's id, or --all")
    found: list[Verification] = []
    with open_lamarck(library=library, python=python, allow_degraded=allow_degraded) as lamarck:
        identifiers = [a.id for a in lamarck.artifacts() if a.status == "live"] if identifier is None else [identifier]
        for each in identifiers:
            verification = lamarck.verify(each)
            found.append(verification)
            if not terminal.json:
                _show_verification(terminal, verification)
    failed = sum(v.after.decision != "accepted" for v in found)
    if terminal.json:
        terminal.document({"verified": [documents.of_verification(v) for v in found], "failed": failed})
    elif every:
        terminal.note(f"{len(found) - failed} of {len(found)} are accepted as before")
    return 1 if failed else 0


def _show_verification(terminal: Terminal, verification: Verification) -> None:
    from rich.text import Text

    from lamarck.interfaces import report

    after = verification.after
    tests = [f"{e.check} {report.tests_of(e)}" for e in after.evidence if e.results]
    said = "nothing changed" if not verification.changes else ""
    terminal.show(
        Text(" · ").join(
            [report.identifier(verification.artifact_id), report.word(after.decision), *map(Text, tests)]
            + ([Text(said, style="dim")] if said else [])
        )
    )
    for change in verification.changes:
        terminal.show(Text(f"    {shortened(change, 200)}", style="yellow"))
    if after.decision != "accepted":
        for line in report.complaints(after):
            terminal.show(Text(f"    {line}", style="red"))


def _name(artifact: Artifact) -> str:
    return artifact.task.signature or artifact.candidate.entry_point or artifact.candidate.files[0].path


def _facts(artifact: Artifact) -> list[tuple[str, RenderableType | str]]:
    from lamarck.interfaces import report

    task, origin, candidate = artifact.task, artifact.candidate.origin, artifact.candidate
    rows: list[tuple[str, RenderableType | str]] = [("goal", task.goal)]
    tests = [f"{a.path} ({a.kind}, {a.trust})" for a in task.acceptance]
    rows.append(("tests", ", ".join(tests) or "none"))
    if task.constraints:
        rows.append(("constraints", "; ".join(task.constraints)))
    made = [origin.generator, origin.model or "", origin.engine or ""]
    rows.append(("made by", ", ".join(part for part in made if part)))
    rows.append(("cost", report.spent(artifact.cost)))
    if artifact.lineage or candidate.parents:
        rows.append(("lineage", " ← ".join(short_id(a) for a in (artifact.lineage or candidate.parents))))
    isolated = report.isolation(artifact.verdict)
    if isolated is not None:
        rows.append(("isolation", isolated))
    if artifact.verdict.quality is not None:
        rows.append(("quality", f"{artifact.verdict.quality:.2f}"))
    used = f"{artifact.usage.served} times" + (
        f", last {artifact.usage.last_served}" if artifact.usage.last_served else ""
    )
    rows += [("served", used), ("created", artifact.created)]
    rows += [
        ("replay", command) for command in dict.fromkeys(e.replay_command for e in artifact.verdict.evidence) if command
    ]
    return rows
