"""`lamarck rank`: the quality of proven code, measured after it was accepted."""

from __future__ import annotations

from typing import Annotated

import typer

from lamarck.interfaces import documents, options
from lamarck.interfaces.terminal import Terminal
from lamarck.interfaces.wording import count, seconds


def rank(
    ctx: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="Artifacts. Default: all that were never measured.", show_default=False),
    ] = None,
    python: options.Python = None,
    library: options.Library = None,
    allow_degraded: options.AllowDegraded = None,
    json: options.Json = False,
) -> None:
    """Measure the quality of proven code: tests passed, branches covered, time, and laws that it keeps."""
    import time

    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    ranked = []
    with open_lamarck(library=library, python=python, allow_degraded=allow_degraded) as lamarck:
        wanted = [lamarck.show(i).id for i in ids] if ids else lamarck.proof.unranked()
        begin = time.monotonic()
        for done, identifier in enumerate(wanted, 1):
            ranked.append(lamarck.proof.rank(identifier))
            left = (time.monotonic() - begin) / done * (len(wanted) - done)
            if left > 1:
                terminal.note(f"{done}/{len(wanted)}, about {seconds(left)} left")
    if terminal.json:
        terminal.document({"artifacts": [{"id": a.id, **documents.whole(a.verdict)} for a in ranked]})
        return
    if not ranked:
        terminal.note("everything was measured already")
        return
    from lamarck.interfaces import gate_report, report

    rows = []
    for artifact in ranked:
        verdict = artifact.verdict
        value = "absent" if verdict.quality is None else f"{verdict.quality:.2f}"
        told = (
            f"{e.check}: {gate_report.measured(e) if e.outcome == 'passed' else e.log.partition(chr(10))[0]}"
            for e in verdict.evidence
            if e.check in {"coverage", "properties", "performance"}
        )
        rows.append((report.identifier(artifact.id), value, "; ".join(told)))
    terminal.show(report.listing(("artifact", "quality", "measured"), rows))
    if missing := sum(a.verdict.quality is None for a in ranked):
        terminal.note(f"{count(missing, 'artifact')} without a quality: one of its parts cannot be measured")
