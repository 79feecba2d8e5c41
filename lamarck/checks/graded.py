"""Checks that give points of ten rather than a yes or no: what they have in common.

Points rank and, below a floor, fail. They keep nothing out of the library; `checks.required` makes `lamarck check`
insist on them.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from lamarck.checks.waivers import Waivers, is_waived
from lamarck.records import Assurance, Candidate, CheckOutcome, Evidence, Finding, SourceFile
from lamarck.tasks.python_source import parse_python

POINTS = "points"


def graded(
    candidate: Candidate,
    *,
    check: str,
    version: str,
    points: float | None,
    minimum: float,
    findings: Sequence[Finding],
    seconds: float,
    measurements: Mapping[str, float] | None = None,
) -> Evidence:
    """points: 0 to 10, None where there was nothing to grade, which is skipped."""
    failed = points is not None and points < minimum
    outcome = CheckOutcome.SKIPPED if points is None else CheckOutcome.FAILED if failed else CheckOutcome.PASSED
    head = [] if points is None else [f"{points:.1f} of 10" + (f", below {minimum:g}" if failed else "")]
    return Evidence(
        check=check,
        check_version=version,
        candidate_id=candidate.id,
        outcome=outcome,
        assurance=Assurance.JUDGED,
        score=None if points is None else points / 10,
        findings=tuple(findings),
        measurements={**({} if points is None else {POINTS: round(points, 3)}), **(measurements or {})},
        log="\n".join(
            [*head, *([""] if findings else []), *(f"{f.path}:{f.line}: {f.rule}: {f.message}" for f in findings)]
        ),
        replay_command=f"lamarck verify {candidate.id[:12]}",
        seconds=seconds,
    )


def broken(candidate: Candidate, *, check: str, version: str, why: str, seconds: float) -> Evidence:
    """The check itself broke, or its tool is not there."""
    return Evidence(
        check=check,
        check_version=version,
        candidate_id=candidate.id,
        outcome=CheckOutcome.ERRORED,
        log=why,
        replay_command=f"lamarck verify {candidate.id[:12]}",
        seconds=seconds,
    )


class ToolBroke(Exception):
    """A tool is not there, or did not do its work; the reason in one line."""


def by_findings(
    candidate: Candidate,
    find: Callable[[list[SourceFile]], Iterable[Finding]],
    *,
    check: str,
    version: str,
    minimum: float,
    waivers: Waivers,
) -> Evidence:
    """Points by what `find` finds in the files that parse, a share of their statements. What raises `ToolBroke` is
    errored."""
    begin = time.perf_counter()
    parsed = trees(candidate.files)
    files = [f for f in candidate.files if f.path in parsed]
    try:
        findings = marked(find(files), waivers)
    except ToolBroke as error:
        return broken(candidate, check=check, version=version, why=str(error), seconds=time.perf_counter() - begin)
    statements = sum(map(statements_in, parsed.values()))
    return graded(
        candidate,
        check=check,
        version=version,
        points=weighed(findings, statements) if files else None,
        minimum=minimum,
        findings=findings,
        measurements={"findings": len(findings), "statements": statements},
        seconds=time.perf_counter() - begin,
    )


def weighed(findings: Iterable[Finding], statements: int) -> float:
    """pylint's formula: ten less ten times the findings per statement, an error counting five times. 0 at least."""
    weight = sum(5 if f.severity != "low" else 1 for f in findings if not is_waived(f))
    return max(0.0, 10.0 - 10.0 * weight / max(statements, 1))


def trees(files: Iterable[SourceFile]) -> dict[str, ast.Module]:
    """Path → tree of every Python file that parses; 'parse' tells of the others."""
    found: dict[str, ast.Module] = {}
    for file in files:
        if file.path.endswith(".py"):
            try:
                found[file.path] = parse_python(file.text)
            except (SyntaxError, RecursionError):
                continue
    return found


def statements_in(tree: ast.AST) -> int:
    return sum(isinstance(node, ast.stmt) for node in ast.walk(tree))


def marked(findings: Iterable[Finding], waivers: Waivers) -> list[Finding]:
    return sorted((waivers.mark(f) for f in findings), key=lambda f: (f.path, f.line, f.rule))
