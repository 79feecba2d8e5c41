"""`lamarck templates`: the programs that are tried before any model."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lamarck.interfaces import options
from lamarck.interfaces.terminal import Terminal
from lamarck.interfaces.wording import clean, count, shortened

if TYPE_CHECKING:
    from lamarck.generators.templates.template import Case, Template
    from lamarck.templating import CaseResult

Name = Annotated[str, typer.Argument(metavar="TEMPLATE", help="Its name, or family/name.")]


def list_templates(ctx: typer.Context, json: options.Json = False) -> None:
    """All templates, by family: a project's own and those that come with Lamarck."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck() as lamarck:
        found = sorted(lamarck.templates.list(), key=lambda t: t.id)
    if terminal.json:
        terminal.document({"templates": [_document(t) for t in found]})
        return
    from rich.text import Text

    for family, each in groupby(found, key=lambda t: t.family):
        terminal.show(Text(family, style="bold"))
        for template in each:
            name = template.id.partition("/")[2]
            own = "" if template.source == "shipped" else "  (this project's)"
            terminal.show(Text.assemble(f"  {name:<24}", (shortened(template.summary + own, 72), "dim")))
    terminal.note(f"{count(len(found), 'template')} in {len({t.family for t in found})} families")


def show(ctx: typer.Context, name: Name, json: options.Json = False) -> None:
    """One template: what it serves and leaves alone, and its program."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck() as lamarck:
        template = lamarck.templates.show(name)
    if terminal.json:
        terminal.document({**_document(template), "program": template.program})
        return
    from lamarck.interfaces import report

    terminal.show(
        report.facts(
            [
                ("template", f"{template.id}, version {template.version}, {template.source}"),
                ("is", template.summary),
                ("for words", "; ".join(template.asks)),
                ("never for", "; ".join(template.never) or "nothing is ruled out by a word"),
                ("choices", "; ".join(f"{n}: {' or '.join(c)}" for n, c in template.options.items()) or "none"),
                ("serves", "; ".join(_named(c) for c in template.serves)),
                ("leaves", "; ".join(_named(c) for c in template.refuses)),
            ]
        )
    )
    terminal.text("\n" + clean(template.text(template.choices)))


def test(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[TEMPLATE]...", help="Which; default all.", show_default=False)
    ] = None,
    python: options.Python = None,
    allow_degraded: options.AllowDegraded = None,
    json: options.Json = False,
) -> int:
    """Prove templates by their own tests, in the sandbox. Exit code 1 when one fails."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj

    def told(result: CaseResult, at: int, of: int) -> None:
        if not terminal.json and (result.fault or at == of or at % 25 == 0):
            terminal.note(f"{at} of {of}")
        if result.fault and not terminal.json:
            _tell_fault(terminal, result)

    with open_lamarck(python=python, allow_degraded=allow_degraded) as lamarck:
        results = lamarck.templates.test(tuple(names or ()), told)
    return _end(terminal, results)


def add(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="FILE", help="family/name.toml: the folder's name is the family.")],
    python: options.Python = None,
    allow_degraded: options.AllowDegraded = None,
    json: options.Json = False,
) -> int:
    """Prove a template of yours by its own tests, and keep it in this project's folder (templates.folder)."""
    from lamarck.interfaces.opening import open_lamarck

    terminal: Terminal = ctx.obj
    with open_lamarck(python=python, allow_degraded=allow_degraded) as lamarck:
        place, results = lamarck.templates.add(path)
    if terminal.json:
        terminal.document({"kept": str(place), "requests": len(results)})
    else:
        terminal.note(f"all {count(len(results), 'request')} hold; kept as {place}")
    return 0


def _end(terminal: Terminal, results: tuple[CaseResult, ...]) -> int:
    failed = [r for r in results if r.fault]
    if terminal.json:
        rows = [{name: getattr(r, name) for name in r.__struct_fields__} for r in results]
        terminal.document({"requests": rows, "failed": len(failed)})
    else:
        served = sum(r.serves for r in results)
        terminal.note(
            f"{len(results) - len(failed)} of {len(results)} requests hold: "
            f"{count(served, 'request')} to serve, {len(results) - served} to leave alone"
        )
    return 1 if failed else 0


def _tell_fault(terminal: Terminal, result: CaseResult) -> None:
    wanted = "is to serve" if result.serves else "is to leave alone"
    terminal.note(f"{result.template} {wanted}: {shortened(result.request, 100)}")
    terminal.note_detail(shortened(result.fault, 200))


def _document(template: Template) -> dict[str, Any]:
    return {
        "id": template.id,
        "version": template.version,
        "summary": template.summary,
        "source": template.source,
        "asks": list(template.asks),
        "never": list(template.never),
        "options": {name: list(choices) for name, choices in template.options.items()},
        "serves": [_named(c) for c in template.serves],
        "refuses": [_named(c) for c in template.refuses],
    }


def _named(case: Case) -> str:
    from lamarck.templating import named

    return named(case)
