"""`lamarck export`, `import` and `refute`: artifacts for others, from others, and taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lamarck.interfaces import documents, options
from lamarck.interfaces.commands.finding import Id
from lamarck.interfaces.terminal import Terminal
from lamarck.interfaces.wording import headline, short_id, shortened


def export(
    ctx: typer.Context,
    query: Annotated[
        str | None,
        typer.Argument(
            metavar="[QUERY]", help="What to share, in words. Default: all that is found.", show_default=False
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="BUNDLE", help="The file to write.")] = Path("bundle.jsonl"),
    identifier: Annotated[
        list[str] | None, typer.Option("--id", metavar="ID", help="This artifact. May be given several times.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many a query brings at most.")] = 100,
    licence: Annotated[
        str, typer.Option("--licence", metavar="NAME", help="What your own code is under, such as MIT.")
    ] = "",
    allow_licence: options.AllowLicence = None,
    sign: Annotated[
        Path | None,
        typer.Option("--sign", metavar="KEY", help="Sign with this OpenSSH key (ssh-keygen -Y).", show_default=False),
    ] = None,
    library: options.Library = None,
    json: options.Json = False,
) -> None:
    """Write artifacts with their evidence, licences and checksums to a bundle, to share."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(library=library) as lamarck:
        bundle = lamarck.shelf.export(
            query,
            out,
            ids=tuple(identifier or ()),
            limit=limit,
            licences=tuple(allow_licence or ()),
            licence=licence,
            key=sign,
        )
    entries = bundle.manifest.entries
    if terminal.json:
        terminal.document(
            {
                "bundle": bundle.id,
                "out": str(out),
                "signer": bundle.signer,
                "entries": [documents.whole(e) for e in entries],
            }
        )
        return
    for entry in entries:
        terminal.text(f"{short_id(entry.id)}  {entry.licence:12}  {headline(entry.goal, 80)}\n")
    unknown = sum(e.licence == "unknown" for e in entries)
    if unknown:
        terminal.note(f"{unknown} of them state no licence, so others will not serve them; --licence NAME states yours")
    signed = f", signed by {bundle.signer}" if bundle.signer else ""
    terminal.note(f"{len(entries)} artifacts in {out}, bundle {short_id(bundle.id)}{signed}")


def import_bundle(
    ctx: typer.Context,
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A file that `lamarck export` wrote.")],
    signers: Annotated[
        Path | None,
        typer.Option(
            "--signers",
            metavar="FILE",
            help="Only when one of these signed it (OpenSSH's allowed signers).",
            show_default=False,
        ),
    ] = None,
    prove: Annotated[
        bool, typer.Option("--prove/--no-prove", help="Prove what comes in; else it stays in quarantine.")
    ] = True,
    allow_licence: options.AllowLicence = None,
    python: options.Python = None,
    library: options.Library = None,
    allow_degraded: options.AllowDegraded = None,
    json: options.Json = False,
) -> int:
    """Bring a bundle in; nothing of it is served before it is proven here. Exit code 1 when something is not."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(library=library, python=python, allow_degraded=allow_degraded) as lamarck:
        done = lamarck.shelf.import_(
            bundle,
            signers=signers,
            licences=tuple(allow_licence or ()),
            proving=prove,
            told=lambda outcome, at, of: terminal.note(f"{at} of {of}: {outcome}"),
        )
    failed = prove and any(a.outcome in {"quarantined", "barred"} for a in done.artifacts)
    if terminal.json:
        terminal.document(documents.whole(done))
        return 1 if failed else 0
    for each in done.artifacts:
        terminal.text(f"{short_id(each.artifact_id)}  {each.outcome:11}  {headline(each.goal, 80)}\n")
        if each.why:
            terminal.text(f"              {shortened(each.why, 160)}\n")
    if done.signer:
        terminal.note(f"signed by {done.signer}" + ("" if done.signer_known else ", whom nobody here vouches for"))
    else:
        terminal.note("nobody signed it")
    return 1 if failed else 0


def refute(
    ctx: typer.Context,
    identifier: Id,
    test: Annotated[
        list[Path] | None,
        typer.Option("--test", metavar="FILE", help="A test that it should pass and may not.", show_default=False),
    ] = None,
    example: Annotated[
        list[str] | None,
        typer.Option(
            "--example",
            "--examples",
            metavar="TEXT",
            help="`f(1) == 2` or `f(0) raises ValueError`.",
            show_default=False,
        ),
    ] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Solve the task again, with the counter-example among its tests.")
    ] = False,
    python: options.Python = None,
    library: options.Library = None,
    allow_degraded: options.AllowDegraded = None,
    json: options.Json = False,
) -> int:
    """Take an artifact back by a counter-example: it is retired, and all that it reached is named. Exit code 1 when
    it passes, so that nothing is refuted."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(library=library, python=python, allow_degraded=allow_degraded) as lamarck:
        found = lamarck.shelf.refute(identifier, tests=tuple(test or ()), examples=tuple(example or ()))
        repaired = lamarck.solve(found.task) if repair and found.refuted and found.answers is None else None
    answers = found.answers or (repaired.artifact_id if repaired else None)
    if terminal.json:
        terminal.document({**documents.whole(found), "task": found.task.id, "answers": answers})
        return 0 if found.refuted else 1
    if not found.refuted:
        terminal.text(f"{short_id(found.artifact_id)} passes: nothing is refuted\n")
        return 1
    for result in found.failures:
        said = result.failure.message if result.failure else ""
        terminal.text(f"{result.id}: {shortened(said, 160)}\n")
    for id_ in found.refuted:
        terminal.text(f"{short_id(id_)} is refuted and retired\n")
    where = found.where
    for id_ in where.dependants:
        if id_ not in found.refuted:
            terminal.text(f"{short_id(id_)} was made from it; `lamarck verify {short_id(id_)}` looks again\n")
    for entry in where.bundles:
        terminal.text(f"{entry.direction} with {entry.place} ({entry.at[:10]})\n")
    for run in where.runs:
        terminal.text(f"used by run {short_id(run)}\n")
    if answers:
        terminal.text(f"{short_id(answers)} answers now, proven by the counter-example too\n")
    else:
        terminal.note("nothing answers for its task now; --repair has it solved again")
    return 0


def harvest(
    ctx: typer.Context,
    package: Annotated[
        str,
        typer.Argument(metavar="PACKAGE|FOLDER", help="An installed package ('python': its own), a wheel or a folder."),
    ],
    limit: Annotated[
        int | None,
        typer.Option("--limit", metavar="N", min=1, help="Only the first N functions.", show_default=False),
    ] = None,
    allow_licence: options.AllowLicence = None,
    python: options.Python = None,
    library: options.Library = None,
    allow_degraded: options.AllowDegraded = None,
    json: options.Json = False,
) -> int:
    """Keep the functions of a package that its own doctests and tests prove, with origin and licence. Goes on where it
    was stopped."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj

    def tell(name: str, outcome: str, at: int, of: int) -> None:
        if outcome in {"accepted", "rejected"} or at == of:
            terminal.note(f"{at} of {of}  {outcome:9} {name}")

    with open_lamarck(library=library, python=python, allow_degraded=allow_degraded) as lamarck:
        done = lamarck.shelf.harvest(package, limit=limit, licences=tuple(allow_licence or ()), told=tell)
    if terminal.json:
        terminal.document(documents.whole(done))
        return 0
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(done.outcomes.items()))
    terminal.text(f"{done.package} ({done.licence}): {done.functions} functions: {counts or 'none'}\n")
    if not done.served:
        terminal.note(
            f"kept and not served: not everybody may use {done.licence} code freely;"
            f" `lamarck find --allow-licence '{done.licence}'` shows it"
        )
    return 0
