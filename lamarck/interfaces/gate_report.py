"""The report of `lamarck check`: for people, as JSON, SARIF 2.1.0 and JUnit XML. All of them tell the same."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from lamarck.interfaces.terminal import Terminal
from lamarck.interfaces.wording import clean, count, seconds, short_id, shortened

if TYPE_CHECKING:
    from rich.console import RenderableType

    from lamarck.checking import CheckReport
    from lamarck.records import Evidence, Finding, TestResult

_MOST_SHOWN = 20
_MOST_LINES = 5  # of one finding
_MOST_REASONS = 12
_MOST_WAIVERS = 8
_SURE = {"high": 0, "medium": 1, "low": 2}
_ORDER = {"high": 0, "medium": 1, "low": 2}
# Check → the figures that say most, first: a row has room for few.
_FIRST = {
    "mutation": ("mutation_score", "killed", "survived", "tried", "of"),
    "coverage": ("branch_coverage", "line_coverage", "branches", "lines"),
    "complexity": ("cyclomatic", "cognitive", "maintainability", "functions"),
    "security": ("findings", "vetoes"),
    "lint": ("findings", "statements"),
    "types": ("findings", "statements"),
    "impact": ("risk", "files", "functions", "dependents", "coverage_delta"),
}
_LEVELS = {"high": "error", "medium": "warning", "low": "note"}


# --- for people ---------------------------------------------------------------------------------------------------


def show(terminal: Terminal, report: CheckReport) -> None:
    from rich.text import Text

    from lamarck.interfaces import report as parts

    report = _placed(report)
    verdict = report.verdict
    quality = f"  quality {verdict.quality:.2f}" if verdict.quality is not None else ""
    what = f"  {report.path} · {count(report.files, 'file')} · {count(report.lines, 'line')} · {report.level}"
    terminal.show(Text.assemble(parts.word(str(verdict.decision)), (quality, "dim"), (clean(what), "dim")))
    rows = [
        (e.check, parts.word(e.outcome), _graded(e), shortened(measured(e), 60), _kept(report, e) or seconds(e.seconds))
        for e in verdict.evidence
    ]
    terminal.show(
        parts.indented(parts.listing(("check", "outcome", "of 10", "measured", "time"), rows, right=("of 10", "time")))
    )
    for line in _principles(report):
        terminal.show(parts.indented(Text(line, style="dim")))
    for line in _complaints(report):
        terminal.show(parts.indented(Text(line, style="red")))
    findings = list(_noted(report))
    for line, _ in findings[:_MOST_SHOWN]:
        terminal.show(parts.indented(Text(line)))
    if more := sum(places for _, places in findings[_MOST_SHOWN:]):
        terminal.show(parts.indented(Text(f"… and {more:,} more; --json has all", style="dim")))
    terminal.show(parts.indented(parts.facts(_facts(report))))


def _placed(report: CheckReport) -> CheckReport:
    """With the files of tests as the user knows them."""
    known = {name: place for name, place in report.decides.items() if name != place}
    if not known:
        return report
    pattern = re.compile(rf"(?<![\w./-])({'|'.join(map(re.escape, known))})(?=::)")

    def placed(text: str) -> str:
        return pattern.sub(lambda found: known[found[1]], text)

    verdict = report.verdict
    evidence = tuple(
        e.replace(results=tuple(r.replace(id=placed(r.id)) for r in e.results)) if e.results else e
        for e in verdict.evidence
    )
    return report.replace(verdict=verdict.replace(evidence=evidence, reasons=tuple(map(placed, verdict.reasons))))


def _facts(report: CheckReport) -> list[tuple[str, RenderableType | str]]:
    from lamarck.interfaces import report as parts

    verdict = report.verdict
    rows: list[tuple[str, RenderableType | str]] = []
    told = [reason for reason in verdict.reasons if " waived: " not in reason]
    label = "note" if verdict.decision == "accepted" else "why"
    rows += [(label, shortened(reason, 200)) for reason in told[:_MOST_REASONS]]
    rows += [("waived", line) for line in _waived(report)]
    if report.changed is not None:
        rows.append(("changed", _first_of(report.changed, 8) or "nothing"))
    if report.tests:
        rows.append(("tests", _first_of(report.tests, 4)))
    for why in dict.fromkeys(n.why for n in report.not_run):
        rows.append(("not run", f"{', '.join(n.check for n in report.not_run if n.why == why)}: {why}"))
    isolated = parts.isolation(verdict)
    if isolated is not None:
        rows.append(("isolation", isolated))
    rows.append(("took", seconds(report.seconds)))
    rows.append(("again", report.command))
    if report.run is not None:
        rows.append(("decide", f"lamarck review show {short_id(report.run)}"))
        rows.append(("then", f"lamarck review approve {short_id(report.run)} --reason TEXT, or reject"))
    for asked in report.questions:
        rows.append(("does it hold?", f"lamarck review show {short_id(asked)}"))
    return rows


def _first_of(names: Sequence[str], most: int) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _kept(report: CheckReport, evidence: Evidence) -> str:
    return "known" if evidence.check in report.served else ""


def _graded(evidence: Evidence) -> str:
    points = evidence.measurements.get("points")
    return "" if points is None else f"{points:.1f}"


def measured(evidence: Evidence) -> str:
    """The figures of one check in words: those that have a name here first, else what it calls them."""
    figures = dict(evidence.measurements)
    figures.pop("points", None)
    if evidence.results:
        passed = sum(r.outcome == "passed" for r in evidence.results)
        return f"{passed}/{len(evidence.results)}" + (
            f" {evidence.assurance}" if evidence.assurance == "claimed" else ""
        )
    if evidence.check == "principles":
        return f"{len(figures)} of 7 measured"
    first = evidence.log.strip().partition("\n")[0]
    if evidence.outcome == "skipped":
        return first or "nothing to measure"
    if evidence.outcome == "errored" and first:
        return first
    known = [name for name in _FIRST.get(evidence.check, ()) if name in figures]
    order = [*known, *sorted(figures.keys() - set(known))]  # kept answers have lost the order that they were made in
    words = [f"{name.replace('_', ' ')} {_worded(name, figures[name])}" for name in order]
    if evidence.assurance == "claimed":
        words.append("claimed")
    return " · ".join(words) or first


def _worded(name: str, value: float) -> str:
    if name == "risk" and value in range(3):
        return ("low", "medium", "high")[int(value)]
    return f"{value:,.0f}" if value == int(value) else f"{value:.2f}"


def _principles(report: CheckReport) -> Iterator[str]:
    """The section on principles, a line each; nothing where they were not measured."""
    for evidence in report.verdict.evidence:
        if evidence.check == "principles":
            yield from ("principles", *(f"  {line}" for line in evidence.log.partition("\n\n")[2].splitlines()))


def _complaints(report: CheckReport) -> Iterator[str]:
    """What rejects, a line each."""
    from lamarck.interfaces import report as parts

    if report.verdict.decision == "rejected":
        decisive = [e for e in report.verdict.evidence if e.outcome == "failed" and e.results]
        yield from parts.complaints(report.verdict.replace(evidence=tuple(decisive)))


def _noted(report: CheckReport) -> Iterator[tuple[str, int]]:
    """Findings, the worst first, and how many each line stands for: what is said alike of a file is said once. Those
    that are waived are counted elsewhere."""
    found = [(f, e.check) for e in report.verdict.evidence for f in e.findings if not _is_waived(f)]
    found.sort(key=lambda item: (_ORDER.get(item[0].severity, 0), _SURE.get(item[0].confidence, 0)))
    alike: dict[tuple[str, ...], list[int]] = {}
    for finding, check in found:
        key = (report.places.get(finding.path, finding.path) or report.path, check, finding.rule, finding.message)
        alike.setdefault(key, []).append(finding.line)
    for (path, check, rule, message), lines in alike.items():
        where = ", ".join(str(line) for line in lines[:_MOST_LINES] if line) + (", …" if lines[_MOST_LINES:] else "")
        yield shortened(f"{path}:{where}: ".replace("::", ":") + f"{check} {rule}: {message}", 200), len(lines)


def _is_waived(finding: Finding) -> bool:
    return finding.message.startswith("waived: ")


def _waived(report: CheckReport) -> Iterator[str]:
    """Which rules are waived, how often, and why."""
    found = (f for e in report.verdict.evidence for f in e.findings if _is_waived(f))
    counts = Counter((f.rule, f.message.rpartition(" (")[2].removesuffix(")")) for f in found)
    for (rule, reason), times in counts.most_common(_MOST_WAIVERS):
        yield shortened(f"{rule}{f' ({times} times)' if times > 1 else ''}: {reason}", 200)
    if (more := len(counts) - _MOST_WAIVERS) > 0:
        yield f"and {more} more; --json has all"


def _place(report: CheckReport, finding: Finding) -> str:
    path = report.places.get(finding.path, finding.path)
    return f"{path}:{finding.line}" if finding.line else path or report.path


# --- for machines -------------------------------------------------------------------------------------------------


def as_json(report: CheckReport) -> str:
    import msgspec

    document = {
        "decision": str(report.verdict.decision),
        "exit_code": report.exit_reason.exit_code,
        **msgspec.to_builtins(report),
    }
    return json.dumps(document, indent=2) + "\n"


def as_sarif(report: CheckReport) -> str:
    """One run, with findings and failed tests as results; waived findings are suppressed."""
    from lamarck import __version__

    report = _placed(report)
    results, rules = [], {}
    for evidence in report.verdict.evidence:
        for finding in evidence.findings:
            identifier = f"{evidence.check}/{finding.rule}"
            rules[identifier] = {"id": identifier, "properties": {"check": evidence.check}}
            results.append(_sarif_result(report, identifier, finding))
        for result in evidence.results:
            if result.outcome in {"failed", "errored"}:
                identifier = f"{evidence.check}/{result.outcome}"
                rules[identifier] = {"id": identifier, "properties": {"check": evidence.check}}
                why = f": {result.failure.message}" if result.failure else ""
                results.append(
                    {
                        "ruleId": identifier,
                        "level": "error",
                        "message": {"text": clean(f"{result.id}{why}")},
                        "locations": [_failed_at(result)],
                    }
                )
    notifications = _sarif_notifications(report)
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "lamarck",
                        "version": __version__,
                        "rules": [rules[name] for name in sorted(rules)],
                    }
                },
                "invocations": [
                    {
                        "commandLine": report.command,
                        "executionSuccessful": not any(n["level"] == "error" for n in notifications),
                        "exitCode": report.exit_reason.exit_code,
                        "toolExecutionNotifications": notifications,
                    }
                ],
                "results": results,
                "properties": {
                    "decision": str(report.verdict.decision),
                    "level": report.level,
                    "reasons": list(report.verdict.reasons),
                },
            }
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _sarif_notifications(report: CheckReport) -> list[dict[str, Any]]:
    """What broke, and what was not run."""
    broke = [
        {"level": "error", "message": {"text": clean(f"{e.check}: {e.log}")}, "descriptor": {"id": e.check}}
        for e in report.verdict.evidence
        if e.outcome == "errored"
    ]
    left_out = [
        {"level": "note", "message": {"text": f"{n.check} was not run: {n.why}"}, "descriptor": {"id": n.check}}
        for n in report.not_run
    ]
    return [*broke, *left_out]


def _sarif_result(report: CheckReport, identifier: str, finding: Finding) -> dict[str, Any]:
    path = report.places.get(finding.path, finding.path)
    result: dict[str, Any] = {
        "ruleId": identifier,
        "level": _LEVELS.get(finding.severity, "warning"),
        "message": {"text": clean(finding.message)},
        "locations": [_location(path, finding.line)] if path else [],
    }
    if finding.message.startswith("waived: "):
        result["suppressions"] = [{"kind": "external", "justification": clean(finding.message)}]
    return result


def _failed_at(result: TestResult) -> dict[str, Any]:
    """Lines are those of Python files: of a specification it is told which case failed, not where it stands."""
    path = result.id.partition("::")[0]
    return _location(path, result.failure.line if result.failure and path.endswith(".py") else None)


def _location(path: str, line: int | None) -> dict[str, Any]:
    from urllib.parse import quote

    place: dict[str, Any] = {"artifactLocation": {"uri": quote(path)}}
    if line:
        place["region"] = {"startLine": line}
    return {"physicalLocation": place}


def as_junit(report: CheckReport) -> str:
    """One suite for each check; a check without tests is one case."""
    report = _placed(report)
    suites = [_suite(report, evidence) for evidence in report.verdict.evidence]
    suites += [
        f'  <testsuite name={_attribute(missing.check)} tests="1" failures="0" errors="0" skipped="1" time="0">\n'
        f'    <testcase classname={_attribute(missing.check)} name="check" time="0">'
        f"<skipped message={_attribute(missing.why)}/></testcase>\n  </testsuite>"
        for missing in report.not_run
    ]
    text = "\n".join(suites)
    name = _attribute(f"lamarck check {report.path}")
    return f'<?xml version="1.0" encoding="utf-8"?>\n<testsuites name={name}>\n{text}\n</testsuites>\n'


def _suite(report: CheckReport, evidence: Evidence) -> str:
    cases = []
    for result in evidence.results:
        why = result.failure.message if result.failure else ""
        cases.append((result.id, str(result.outcome), why, result.seconds))
    own = str(evidence.outcome)
    if not cases or own not in {"passed", "failed"}:
        told = "\n".join(f"{_place(report, f)}: {f.rule}: {f.message}" for f in evidence.findings) or evidence.log
        cases.append(("check", own, told, evidence.seconds))
    lines = [_case(evidence.check, *case) for case in cases]
    counts = {kind: sum(c[1] == kind for c in cases) for kind in ("failed", "errored", "skipped", "pending")}
    return (
        f'  <testsuite name={_attribute(evidence.check)} tests="{len(cases)}" failures="{counts["failed"]}" '
        f'errors="{counts["errored"]}" skipped="{counts["skipped"] + counts["pending"]}" '
        f'time="{evidence.seconds:.3f}">\n' + "\n".join(lines) + "\n  </testsuite>"
    )


def _case(check: str, name: str, outcome: str, why: str, took: float) -> str:
    tag = {"failed": "failure", "errored": "error", "skipped": "skipped", "pending": "skipped"}.get(outcome)
    head = f'    <testcase classname={_attribute(check)} name={_attribute(name)} time="{took:.3f}"'
    if tag is None:
        return f"{head}/>"
    first = _attribute(shortened(why or outcome, 200))
    return f"{head}><{tag} message={first}>{escape(clean(why))}</{tag}></testcase>"


def _attribute(text: str) -> str:
    return quoteattr(clean(text, newlines=False))
