"""What people see of a run, a verdict and code: built from rich parts, printed by `Terminal.show`.

Everything that came from a model, a test or a file goes through `clean` first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from lamarck.interfaces.wording import clean, count, seconds, short_id, shortened, usd

if TYPE_CHECKING:
    from lamarck.records import Evidence, Failure, SourceFile, Spend, Verdict

STYLES = {
    "accepted": "bold green",
    "passed": "green",
    "enforced": "green",
    "rejected": "bold red",
    "failed": "bold red",
    "absent": "bold red",
    "pending": "bold yellow",
    "degraded": "yellow",
    "errored": "bold magenta",
    "interrupted": "bold yellow",
    "unfinished": "bold yellow",
    "live": "green",
    "retired": "dim",
}

_SEVERITIES = {"high": 0, "medium": 1, "low": 2}


def word(text: str) -> Text:
    """An outcome in its colour."""
    return Text(text.replace("_", " "), style=STYLES.get(text, "bold" if text.endswith("_spent") else ""))


def facts(rows: Sequence[tuple[str, RenderableType | str]]) -> Table:
    """Label and value, a line each; a value that is a string is cleaned here."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    for label, value in rows:
        table.add_row(label, Text(clean(value)) if isinstance(value, str) else value)
    return table


def listing(headings: Sequence[str], rows: Sequence[Sequence[str | Text]], *, right: Sequence[str] = ()) -> Table:
    """A plain table; nothing is cut. right: headings of columns with figures."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold", justify="right" if heading in right else "left")
    for row in rows:
        table.add_row(*(Text(clean(cell)) if isinstance(cell, str) else cell for cell in row))
    return table


def tests_of(evidence: Evidence) -> str:
    """`2/3`: how many of its tests passed; empty where it has no tests."""
    if not evidence.results:
        return ""
    return f"{sum(r.outcome == 'passed' for r in evidence.results)}/{len(evidence.results)}"


def evidence_table(verdict: Verdict) -> Table:
    """One line per check."""
    rows = [
        (e.check, word(e.outcome), e.trust or "", e.assurance or "", tests_of(e), seconds(e.seconds))
        for e in verdict.evidence
    ]
    return listing(("check", "outcome", "trust", "assurance", "tests", "time"), rows, right=("tests", "time"))


def complaints(verdict: Verdict, *, most: int = 20) -> Iterator[str]:
    """What failed, a clean line each: the test with what it expected and got, the finding with its place."""
    told = [line for evidence in verdict.evidence for line in _complaints_of(evidence)]
    yield from told[:most]
    if len(told) > most:
        yield f"… and {len(told) - most} more"


def _complaints_of(evidence: Evidence) -> Iterator[str]:
    for result in evidence.results:
        if result.outcome in {"failed", "errored"}:
            yield shortened(f"{result.id}: {_failure(result.failure)}", 240)
    if evidence.outcome != "passed":
        for finding in sorted(evidence.findings, key=lambda f: _SEVERITIES.get(f.severity, 0)):
            place = f" ({finding.path or 'line'}{':' if finding.path else ' '}{finding.line})" if finding.line else ""
            yield shortened(f"{evidence.check} {finding.rule}: {finding.message}{place}", 240)
    if evidence.outcome in {"failed", "errored"} and not evidence.results and not evidence.findings and evidence.log:
        yield shortened(f"{evidence.check}: {evidence.log}", 240)


def _failure(failure: Failure | None) -> str:
    if failure is None:
        return "no reason was told"
    what = f"{failure.inputs}: " if failure.inputs else ""
    if failure.exception:
        where = f" (line {failure.candidate_line} of the code)" if failure.candidate_line else ""
        return f"{what}raised {failure.exception}{where}"
    if failure.expected is not None and failure.got is not None:
        return f"{what}expected {failure.expected}, got {failure.got}"
    return what + failure.message


def isolation(verdict: Verdict) -> Text | None:
    """How well each requirement was enforced, the weakest over all checks; None when nothing was run."""
    order = ("enforced", "degraded", "absent")
    found: dict[str, int] = {}
    for evidence in verdict.evidence:
        for requirement, level in evidence.enforcement.items():
            rank = order.index(level) if level in order else len(order) - 1
            found[requirement] = max(found.get(requirement, 0), rank)
    if not found:
        return None
    parts: list[Text] = []
    for rank, level in enumerate(order):
        names = sorted(name for name, known in found.items() if known == rank)
        if names:
            parts.append(Text.assemble((level, STYLES[level]), clean(f" {', '.join(names)}")))
    return Text(" · ").join(parts)


def spent(spend: Spend, wall: float | None = None) -> str:
    """`2 calls · 1,204 tokens · 14.2 s · $0`: model calls, tokens, wall-clock time, money."""
    return " · ".join(
        (
            count(spend.calls, "call"),
            count(spend.tokens, "token"),
            seconds(spend.seconds if wall is None else wall),
            usd(spend.usd),
        )
    )


def code(files: Sequence[SourceFile], *, coloured: bool) -> RenderableType:
    """Files one after the other, each under its name when there are several."""
    parts: list[RenderableType] = []
    for file in files:
        if len(files) > 1:
            parts.append(Text(f"# --- {clean(file.path)}", style="dim"))
        parts.append(source(file.text, coloured=coloured))
    return Group(*parts)


def source(text: str, *, coloured: bool, language: str = "python") -> RenderableType:
    """Highlighted on a terminal and as it is elsewhere."""
    text = clean(text.rstrip("\n"))
    if coloured:
        return Syntax(text, language, theme="ansi_dark", background_color="default", word_wrap=True)
    return Text(text, no_wrap=True, overflow="ignore")


def indented(part: RenderableType) -> Padding:
    return Padding(part, (0, 0, 0, 2))


def identifier(full: str) -> Text:
    return Text(short_id(full), style="cyan")
