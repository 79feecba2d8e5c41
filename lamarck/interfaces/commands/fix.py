"""`lamarck fix`: a patch for code that fails its tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lamarck.interfaces import options
from lamarck.interfaces.terminal import Terminal

if TYPE_CHECKING:
    from lamarck.fixing.fixing import FixReport
    from lamarck.fixing.patching import Patch


Files = Annotated[
    list[Path] | None,
    typer.Argument(metavar="FILE...", help="The code; only functions that failing tests run are touched."),
]
Fails = Annotated[
    list[str] | None,
    typer.Option(
        "--fails",
        metavar="TEXT",
        help="What should hold and does not: 'f(3) == 4', or 'f(0) raises ValueError'. May be given several times.",
        show_default=False,
    ),
]
Revert = Annotated[
    str | None,
    typer.Option("--revert", metavar="PATCH", help="Take back a patch that --apply wrote.", show_default=False),
]
SearchSeconds = Annotated[
    float | None,
    typer.Option(
        "--search-seconds",
        metavar="N",
        min=0.1,
        max=250,
        help="What the search may take. Default: search.seconds.",
        show_default=False,
    ),
]


def fix(
    ctx: typer.Context,
    files: Files = None,
    tests: options.Tests = None,
    fails: Fails = None,
    no_model: Annotated[bool, typer.Option("--no-model", help="Search only, and ask no model.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Write the patch; --revert takes it back.")] = False,
    revert: Revert = None,
    search_seconds: SearchSeconds = None,
    tokens: options.Tokens = None,
    seconds: options.Seconds = None,
    usd: options.Usd = None,
    python: options.Python = None,
    library: options.Library = None,
    model: options.Model = None,
    allow_degraded: options.AllowDegraded = None,
    json: options.Json = False,
) -> int:
    """Mend code that fails its tests: by search, then by a model. Shows a patch and its evidence."""
    from lamarck.errors import BadInput
    from lamarck.fixing.patching import Patch
    from lamarck.fixing.patching import apply as write
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    if revert is not None:
        return _revert(terminal, revert)
    if not files:
        raise BadInput("no file is named", "name the Python file to mend")
    with open_lamarck(
        library=library,
        python=python,
        model=model,
        tokens=tokens,
        seconds=seconds,
        usd=usd,
        allow_degraded=allow_degraded,
    ) as lamarck:
        report = lamarck.fix(
            files,
            tests=tests or (),
            fails=fails or (),
            use_model=not no_model,
            seconds=search_seconds,
            say=lambda text: None if terminal.json else terminal.note(f"{text} …"),
        )
    written: str | None = None
    if apply and report.patches:
        new = tuple(Patch(path=str(files[0].parent / f.path), before=None, after=f.text) for f in report.reproduction)
        written = write((*report.patches, *_absent(new)), _folder()).id
    if terminal.json:
        terminal.document(_document(report, written))
    else:
        _show(terminal, report, written)
    return report.exit_reason.exit_code


def _absent(patches: tuple[Patch, ...]) -> tuple[Patch, ...]:
    """Those that would overwrite nothing."""
    return tuple(p for p in patches if not Path(p.path).exists())


def _folder() -> Path:
    from lamarck.settings import home

    return home() / "patches"


def _revert(terminal: Terminal, identifier: str) -> int:
    from lamarck.fixing.patching import revert

    undone = revert(identifier, _folder())
    if terminal.json:
        terminal.document({"reverted": undone.id, "files": [p.path for p in undone.patches]})
    else:
        terminal.text(f"taken back: {', '.join(p.path for p in undone.patches)}\n")
    return 0


def _document(report: FixReport, written: str | None) -> dict[str, Any]:
    import json

    document: dict[str, Any] = json.loads(report.to_json())
    each = report.search.milliseconds_a_variant if report.search else None
    return {
        **document,
        "diff": report.diff,
        "held": report.held,
        "milliseconds_a_variant": each,
        "exit_code": report.exit_reason.exit_code,
        "applied": written,
    }


def _show(terminal: Terminal, report: FixReport, written: str | None) -> None:
    from rich.text import Text

    from lamarck.interfaces import report as parts
    from lamarck.interfaces.wording import clean, count

    if report.diff:
        terminal.text(clean(report.diff))
        terminal.text("\n")
    terminal.show(parts.word(str(report.exit_reason)))
    if report.verdict is not None:
        terminal.show(parts.indented(parts.evidence_table(report.verdict)))
    else:
        failing = [r.id for r in report.before.results if r.outcome == "failed"]
        terminal.show(parts.indented(Text(clean(f"fails still: {', '.join(failing[:5])}"), style="red")))
    rows: list[tuple[str, Any]] = []
    if report.edits:
        rows.append(("mended by", "; ".join(report.edits)))
    elif report.by:
        rows.append(("mended by", report.by))
    if report.patches:
        rows.append(("holds", _held(report, count)))
    if report.search is not None and report.search.suspects:
        first = [f"{s.path}:{s.line} ({s.score:.2f})" for s in report.search.suspects[:5]]
        rows.append(("suspected", ", ".join(first)))
    rows += [("tried", text) for text in report.tried]
    rows += [("reproduced by", f"{file.path}\n{file.text}") for file in report.reproduction]
    rows.append(("spent", parts.spent(report.spend, report.seconds)))
    if written is not None:
        rows.append(("written", f"take it back: lamarck fix --revert {written}"))
    elif report.patches:
        rows.append(("write it", "the same command with --apply"))
    terminal.show(parts.indented(parts.facts(rows)))


def _held(report: FixReport, count: Any) -> str:
    """Whether the patch was held against something that the search did not see."""
    if report.held != "withheld":
        return "passes the given tests; too few cases to withhold any, so read the patch"
    known = f"passes the given tests, {count(len(report.withheld), 'case')} of which the search did not see"
    if report.refuted:
        return f"{known}; {report.refuted} before it passed what they were shown and were refused"
    return f"{known}; it is the first patch that passed what it was shown"
