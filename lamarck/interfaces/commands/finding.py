"""`lamarck find`, `show` and `verify`: what the library holds, and whether it still holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lamarck.interfaces import documents, options
from lamarck.interfaces.terminal import Terminal
from lamarck.interfaces.wording import headline, short_id, shortened

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType
    from rich.padding import Padding

    from lamarck.api import Hit, Lamarck, Verification
    from lamarck.library.filters import Filter
    from lamarck.library.uses import Whereabouts
    from lamarck.library.versions import Version
    from lamarck.records import Artifact, Task
    from lamarck.shelf.behaviour import Behaviours

Id = Annotated[str, typer.Argument(metavar="ID", help="An artifact's id, or the first digits of it.")]


Examples = Annotated[
    list[str] | None,
    typer.Option(
        "--example",
        "--examples",
        metavar="TEXT",
        help="`f(1) == 2` or `f(0) raises ValueError`: find what does that. May be given several times.",
        show_default=False,
    ),
]
MinQuality = Annotated[
    float | None,
    typer.Option("--min-quality", metavar="Q", min=0, max=1, help="Leave out what is worse or was not measured."),
]
Tags = Annotated[
    list[str] | None, typer.Option("--tag", metavar="TAG", help="Only with this tag; several: with all of them.")
]
Signature = Annotated[
    str | None,
    typer.Option("--signature", metavar="TEXT", help="Only of this shape, such as '(a, b) -> str' or 'class C'."),
]


def find(
    ctx: typer.Context,
    text: Annotated[
        str | None,
        typer.Argument(metavar="[TEXT]", help="What the code should do, in words.", show_default=False),
    ] = None,
    tests: options.Tests = None,
    example: Examples = None,
    min_quality: MinQuality = None,
    tag: Tags = None,
    signature: Signature = None,
    kind: Annotated[str | None, typer.Option("--kind", metavar="KIND", help="Only of this kind.")] = None,
    allow_licence: options.AllowLicence = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1000, help="How many at most.")] = 10,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="N", min=0, help="How long to try artifacts on tests or examples.")
    ] = 60.0,
    python: options.Python = None,
    library: options.Library = None,
    allow_degraded: options.AllowDegraded = None,
    json: options.Json = False,
) -> int:
    """Find proven code in the library, best first: by words and meaning, or by what it does."""
    from lamarck.errors import BadInput
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    wanted = _filter(min_quality, tag, signature, kind, allow_licence)
    if tests and example:
        raise BadInput("--tests and --example are two searches", "give one of them")
    if tests or example:
        with open_lamarck(library=library, python=python, allow_degraded=allow_degraded) as lamarck:
            task = _task_of(lamarck, text, tests or [], example or [])
            found = lamarck.shelf.find_behaving(
                task,
                filter=wanted,
                limit=limit,
                seconds=seconds,
                on_progress=lambda tried, passing: terminal.note(f"{tried} tried, {passing} pass"),
            )
        _tell_behaving(terminal, found)
        return 0
    if text is None:
        raise BadInput("nothing to look for", "say in words what it should do, or give --tests or --example")
    with open_lamarck(library=library) as lamarck:
        hits = lamarck.find(text, limit=limit, filter=wanted)
    _tell_hits(terminal, hits)
    return 0


def _task_of(lamarck: Lamarck, text: str | None, tests: list[Path], examples: list[str]) -> Task:
    """What the code should do, shown by tests or by examples."""
    if examples:
        return lamarck.shelf.task_of_examples(examples, goal=text or "")
    return lamarck.task(text, tests=tests) if text else lamarck.task(tests[0], tests=tests[1:])


def _filter(
    min_quality: float | None,
    tags: list[str] | None,
    signature: str | None,
    kind: str | None,
    licences: list[str] | None,
) -> Filter:
    from lamarck.errors import BadInput
    from lamarck.library.filters import KINDS, Filter
    from lamarck.library.signature import shape_of

    shape = shape_of(signature) if signature else None
    if signature and shape is None:
        raise BadInput(f"--signature {signature}: is no signature", "write '(a, b) -> str', 'f(a)' or 'class C'")
    if kind is not None and kind not in KINDS:
        raise BadInput(f"--kind {kind}: is no kind", f"it is one of {', '.join(KINDS)}")
    return Filter(
        min_quality=min_quality, tags=tuple(tags or ()), kind=kind, shape=shape, licences=tuple(licences or ())
    )


def _tell_hits(terminal: Terminal, hits: tuple[Hit, ...]) -> None:
    if terminal.json:
        terminal.document({"hits": [documents.of_hit(hit) for hit in hits]})
        return
    if not hits:
        terminal.note("nothing in the library fits; `lamarck solve` writes it")
        return
    for hit in hits:
        _tell_artifact(terminal, hit.artifact, ", ".join(hit.reasons))


def _tell_artifact(terminal: Terminal, artifact: Artifact, why: str) -> None:
    from rich.text import Text

    from lamarck.interfaces import report

    terminal.show(
        Text.assemble(
            report.identifier(artifact.id),
            "  ",
            (shortened(_name(artifact), 100), "bold"),
            (f"  served {artifact.usage.served} times" if artifact.usage.served else "", "dim"),
        ),
        _indented(headline(artifact.task.goal, 160)),
        _indented(shortened(why, 160), style="dim"),
    )


def _indented(text: str, *, style: str = "") -> Padding:
    """Below the name, on as many lines as it takes."""
    from rich.padding import Padding
    from rich.text import Text

    return Padding(Text(text, style=style), (0, 0, 0, 14))


def _tell_behaving(terminal: Terminal, found: Behaviours) -> None:
    left = f"; {found.not_tried} were not tried, which --seconds and --limit allow" if found.not_tried else ""
    passing = sum(len(cluster) for cluster in found.clusters)
    if terminal.json:
        terminal.document(
            {
                "clusters": [
                    [{**documents.of_artifact(b.artifact), "adapted": b.adapted, "tests": b.tests} for b in cluster]
                    for cluster in found.clusters
                ],
                "tried": found.tried,
                "not_tried": found.not_tried,
                "seconds": found.seconds,
                "compared": found.told,
            }
        )
        return
    for number, cluster in enumerate(found.clusters, start=1):
        if len(found.clusters) > 1:
            terminal.text(f"behaviour {number}: {len(cluster)} of {passing}\n")
        for each in cluster:
            how = f"passes all {each.tests} tests" if each.tests > 1 else "passes the test"
            _tell_artifact(terminal, each.artifact, how + (", under another name or signature" if each.adapted else ""))
    if found.told and len(found.clusters) > 1:
        terminal.note(found.told)
    terminal.note(f"{passing} of {found.tried} artifacts pass, {found.seconds:.1f} s{left}")


def show(
    ctx: typer.Context,
    identifier: Id,
    diff: Annotated[
        str | None,
        typer.Option("--diff", metavar="ID", help="Show how its code differs from this one's.", show_default=False),
    ] = None,
    library: options.Library = None,
    json: options.Json = False,
) -> None:
    """Show an artifact: its code, evidence, task, lineage, versions, use and cost."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(library=library) as lamarck:
        artifact = lamarck.show(identifier)
        other = lamarck.show(diff) if diff else None
        versions = lamarck.shelf.versions(artifact.id)
        where = lamarck.shelf.where(artifact.id)
    if terminal.json:
        document = documents.whole(artifact)
        document["versions"] = [documents.of_version(v) for v in versions]
        document["where"] = documents.whole(where)
        if other is not None:
            document["diff"] = difference(other, artifact)
        terminal.document(document)
        return
    from rich.text import Text

    from lamarck.interfaces import report

    if other is not None:
        terminal.text(difference(other, artifact) or "the code is the same\n")
        return
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
        report.facts(_facts(artifact, where)),
    )
    if len(versions) > 1:
        terminal.show(Text())
        tell_versions(terminal, versions)


def tell_versions(terminal: Terminal, versions: tuple[Version, ...]) -> None:
    from rich.text import Text

    from lamarck.interfaces import report

    for version in versions:
        artifact = version.artifact
        quality = "" if artifact.verdict.quality is None else f"quality {artifact.verdict.quality:.2f}"
        parts = [artifact.created[:16].replace("T", " "), artifact.candidate.origin.generator, quality]
        terminal.show(
            Text.assemble(
                f"version {version.number}  ",
                report.identifier(artifact.id),
                "  ",
                ("answers" if version.answers else "kept", "green" if version.answers else "dim"),
                "  ",
                (", ".join(part for part in parts if part), "dim"),
            )
        )
        if version.why:
            terminal.show(_indented(shortened(version.why, 160), style="dim"))


def difference(before: Artifact, after: Artifact) -> str:
    """Of their code, as a unified diff; files are matched by their order where the paths differ."""
    import difflib

    from lamarck.interfaces.wording import clean

    lines: list[str] = []
    old = {f.path: f.text for f in before.candidate.files}
    new = {f.path: f.text for f in after.candidate.files}
    if not old.keys() & new.keys():
        new = dict(zip([*old, *new], new.values(), strict=False))
    for path in dict.fromkeys([*old, *new]):
        lines += difflib.unified_diff(
            old.get(path, "").splitlines(),
            new.get(path, "").splitlines(),
            f"{path} of {short_id(before.id)}",
            f"{path} of {short_id(after.id)}",
            lineterm="",
        )
    return "".join(f"{clean(line)}\n" for line in lines)


def verify(
    ctx: typer.Context,
    identifier: Annotated[
        str | None,
        typer.Argument(metavar="ID", help="An artifact's id, or the first digits of it.", show_default=False),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Everything in the library.")] = False,
    stale: Annotated[
        bool,
        typer.Option("--stale", help="What was proven with another Python or other packages; keeps the new evidence."),
    ] = False,
    python: options.Python = None,
    library: options.Library = None,
    allow_degraded: options.AllowDegraded = None,
    json: options.Json = False,
) -> int:
    """Prove artifacts again and say what changed. Exit code 1 when one is no longer accepted."""
    from lamarck.errors import BadInput
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    if (identifier is not None) + every + stale != 1:
        raise BadInput("what to verify is not clear", "give one artifact's id, --all or --stale")
    found: list[Verification] = []
    with open_lamarck(library=library, python=python, allow_degraded=allow_degraded) as lamarck:

        def tell(verification: Verification, at: int = 0, of: int = 0) -> None:
            found.append(verification)
            if not terminal.json:
                _show_verification(terminal, verification)

        if stale:
            lamarck.proof.renew(lamarck.proof.stale(), tell)
        else:
            live = (a.id for a in lamarck.artifacts() if a.status == "live")
            for each in list(live) if identifier is None else [identifier]:
                tell(lamarck.verify(each))
    failed = sum(v.after.decision != "accepted" for v in found)
    if terminal.json:
        terminal.document({"verified": [documents.of_verification(v) for v in found], "failed": failed})
    elif every or stale:
        left = "; the others are in quarantine until another environment mends them" if stale and failed else ""
        terminal.note(f"{len(found) - failed} of {len(found)} are accepted as before{left}")
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


def _facts(artifact: Artifact, where: Whereabouts) -> list[tuple[str, RenderableType | str]]:
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
        rows.append(("lineage", ", ".join(short_id(a) for a in (artifact.lineage or candidate.parents))))
    isolated = report.isolation(artifact.verdict)
    if isolated is not None:
        rows.append(("isolation", isolated))
    if artifact.verdict.quality is not None:
        rows.append(("quality", f"{artifact.verdict.quality:.2f}"))
    used = f"{artifact.usage.served} times" + (
        f", last {artifact.usage.last_served}" if artifact.usage.last_served else ""
    )
    if where.tried > artifact.usage.served:
        used += f", of {where.tried} tries"
    if artifact.provenance is not None:
        rows.append(("from", f"{artifact.provenance.source} {artifact.provenance.place}".strip()))
        rows.append(("licence", artifact.provenance.licence))
    if artifact.task.tags:
        rows.append(("tags", ", ".join(artifact.task.tags)))
    rows += [("served", used), ("created", artifact.created)]
    if where.dependants:
        rows.append(("dependants", ", ".join(short_id(d) for d in where.dependants)))
    rows += [
        ("replay", command) for command in dict.fromkeys(e.replay_command for e in artifact.verdict.evidence) if command
    ]
    return rows
