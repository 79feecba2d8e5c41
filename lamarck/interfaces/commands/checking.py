"""`lamarck check`: the whole gate over a file or folder, in one report."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from lamarck.errors import BadInput, DiskFull
from lamarck.interfaces import options
from lamarck.interfaces.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from lamarck.api import CheckReport


class Command(TyperCommand):
    """`--changed` may stand alone, which means since HEAD."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        given = list(args)
        if "--changed" in given:
            after = given.index("--changed") + 1
            if after == len(given) or given[after].startswith("-"):
                given.insert(after, "HEAD")
        return super().parse_args(ctx, given)


class Depth(StrEnum):
    """`settings.Level`, as typer wants it."""

    QUICK = "quick"
    STANDARD = "standard"
    DEEP = "deep"


Level = Annotated[
    Depth | None,
    typer.Option("--level", help="Which checks run. Default: checks.level.", show_default=False),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--changed",
        metavar="[REV]",
        help="Only what differs from a git revision, HEAD when none is named.",
        show_default=False,
    ),
]
Specifications = Annotated[
    list[Path] | None,
    typer.Option("--spec", metavar="FILE", help="A specification, in YAML or Gherkin.", show_default=False),
]
Against = Annotated[
    str | None,
    typer.Option(
        "--against",
        metavar="OLD",
        help="An earlier version (file, folder or artifact): what differs, and whether it is faster.",
        show_default=False,
    ),
]
NoTests = Annotated[
    bool, typer.Option("--no-tests", help="Leave out all that runs the code; nothing is said of what it does.")
]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the report there.", show_default=False)]


def check(
    ctx: typer.Context,
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A Python file, or a folder of them. Default: the working folder.")
    ] = Path(),
    tests: options.Tests = None,
    level: Level = None,
    changed: Since = None,
    spec: Specifications = None,
    against: Against = None,
    no_tests: NoTests = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure everything again, whatever is known.")] = False,
    sarif: Annotated[bool, typer.Option("--sarif", help="The report as SARIF 2.1.0.")] = False,
    junit: Annotated[bool, typer.Option("--junit", help="The report as JUnit XML.")] = False,
    out: Out = None,
    python: options.Python = None,
    library: options.Library = None,
    allow_degraded: options.AllowDegraded = None,
    json: options.Json = False,
) -> int:
    """Check code that is there already: every check of a level, in one report."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    _refuse_forms(out, sarif=sarif, junit=junit, json=terminal.json)
    if not path.exists():
        raise BadInput(f"{path}: no such file or folder", "check the path")
    with open_lamarck(library=library, python=python, allow_degraded=allow_degraded) as lamarck:
        report = lamarck.check(
            path,
            tests=tests or None,
            specifications=spec or (),
            level=None if level is None else level.value,
            changed=changed,
            against=against,
            tested=not no_tests,
            fresh=fresh,
            say=_progress(terminal),
        )
    _tell(terminal, report, out, sarif=sarif, junit=junit)
    return report.exit_reason.exit_code


def _refuse_forms(out: Path | None, *, sarif: bool, junit: bool, json: bool) -> None:
    """Whatever makes the report impossible, before anything is measured."""
    if sum((sarif, junit, json)) > 1:
        raise BadInput("the report has one form", "give one of --json, --sarif and --junit")
    if out is None:
        return
    if not (sarif or junit or json):
        raise BadInput("the report for people is not written to a file", "add --json, --sarif or --junit to --out")
    if out.is_dir():
        raise BadInput(f"{out}: is a folder", "name the file that --out writes")
    if not out.parent.is_dir():
        raise BadInput(f"{out.parent}: no such folder", "make it, or name another file")


def _tell(terminal: Terminal, report: CheckReport, out: Path | None, *, sarif: bool, junit: bool) -> None:
    from lamarck.interfaces import gate_report

    if not (sarif or junit or terminal.json):
        gate_report.show(terminal, report)
        return
    form = gate_report.as_sarif if sarif else gate_report.as_junit if junit else gate_report.as_json
    text = form(report)
    if out is None:
        terminal.text(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DiskFull(f"{out}: cannot be written: {error.strerror}", "check the folder and its space") from error


def _progress(terminal: Terminal) -> Callable[[str, int, int], None] | None:
    """What is under way, on one line of a terminal that is written over. Nothing where nobody looks."""
    import sys
    import time

    if terminal.json or not sys.stderr.isatty():
        return None
    begun = time.monotonic()
    first: dict[str, float] = {}

    def say(name: str, done: int, of: int) -> None:
        started = first.setdefault(name, time.monotonic())
        line = f"{name} …"
        if of:
            line = f"{name} {done}/{of}"
            if done and done < of:
                line += f", about {(time.monotonic() - started) / done * (of - done):.0f} s left"
        sys.stderr.write(f"\r\x1b[2K{time.monotonic() - begun:5.1f} s  {line}")
        sys.stderr.flush()

    return say
