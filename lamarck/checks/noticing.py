"""For mutants that no test notices, calls that would: equal inputs to the code and to each of them, until one differs.

What it gives is the test that is missing, as far as a machine can tell: the call, and what the code does with it now.
Whether that is right is for a person to say.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from lamarck.checks.agreement.agreement import functions_of
from lamarck.checks.agreement.behaviours import TESTS_PATH, Did, expected, read, same, shown, tests_of
from lamarck.checks.agreement.calls import Call, order
from lamarck.checks.agreement.inputs import Function, inputs, kinds_of
from lamarck.checks.agreement.shown import shown_calls
from lamarck.checks.judge.judge import Judge, Subject
from lamarck.checks.mutants import Mutant
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Behaviour,
    Candidate,
    Difference,
    JobLimits,
    SourceFile,
    Task,
    Trust,
    content_id,
)

INPUTS = 60
MOST = 8  # survivors that calls are looked for
_BASES = 4  # calls that values of the code are put into
_AT_CONSTANTS = 24  # calls made so, for one function
_LONGEST_TEXT = 60


def noticing(
    judge: Judge, task: Task, candidate: Candidate, mutants: Sequence[Mutant], limits: JobLimits
) -> Mapping[Mutant, Difference]:
    """For some of the mutants of the main file the smallest call found that tells them from the code: at most `MOST`
    are tried. Behaviours: the code's, then the mutant's. Nothing where the judge breaks."""
    tried = [m for m in mutants if m.path == task.main_path][:MOST]
    calls = _calls(task, candidate)
    if not tried or not calls:
        return {}
    tests = Acceptance(
        kind=AcceptanceKind.PYTEST, content=tests_of(calls, task.module), path=TESTS_PATH, trust=Trust.GENERATED
    )
    versions = [candidate.files, *(_with(candidate.files, m.file) for m in tried)]
    subjects = tuple(Subject(label=str(n), files=files) for n, files in enumerate(versions))
    report = judge.judge(task, (tests,), subjects, limits=limits)
    if report.broke is not None or report.collect_error is not None:
        return {}
    dids = [read(subject, len(calls)) for subject in report.subjects]
    found = {}
    for mutant, theirs in zip(tried, dids[1:], strict=True):
        told = (_difference(c, candidate, a, b) for c, a, b in zip(calls, dids[0], theirs, strict=True))
        if (first := next((d for d in told if d is not None), None)) is not None:
            found[mutant] = first
    return found


def _calls(task: Task, candidate: Candidate) -> tuple[Call, ...]:
    functions: dict[str, Function] = functions_of(task, candidate)
    shown_ones = shown_calls(task, functions)
    examples = {name: tuple(c for c in shown_ones if c.function == name) for name in functions}
    usable = [n for n in functions if examples[n] or kinds_of(functions[n], ()) is not None]
    found: list[Call] = []
    for place, name in enumerate(usable):
        share = (INPUTS - len(found)) // (len(usable) - place)
        seed = int(content_id("noticing", task.module, name)[:8], 16)
        made = inputs(functions[name], examples[name], count=share, seed=seed)
        found += (*made, *_at_constants(functions[name], (*examples[name], *made)))
    return tuple(sorted({c.source: c for c in found}.values(), key=order))


def _at_constants(function: Function, calls: Sequence[Call]) -> list[Call]:
    """Calls with a value of the code itself, and beside it: where most edits begin to matter."""
    told = {
        n.value for n in ast.walk(function) if isinstance(n, ast.Constant) and type(n.value) in (int, str) and n.value
    }
    numbers = sorted({v + d for v in told if isinstance(v, int) for d in (-1, 0, 1)}, key=abs)
    texts = sorted(v for v in told if isinstance(v, str) and len(v) <= _LONGEST_TEXT)
    found: dict[str, Call] = {}
    for call in sorted(calls, key=order)[:_BASES]:
        for place, value in enumerate(call.values):
            for other in numbers if type(value) is int else texts if type(value) is str else []:
                at = call.with_value(place, other)
                found[at.source] = at
    return list(found.values())[:_AT_CONSTANTS]


def _difference(call: Call, candidate: Candidate, ours: Did | None, theirs: Did | None) -> Difference | None:
    """None where the call says nothing: the code itself did not answer, or not twice the same."""
    if ours is None or theirs is None or ours.ended or not ours.again or same(ours, theirs):
        return None
    mutated = f"does not answer ({theirs.ended})" if theirs.ended else shown(theirs)
    return Difference(
        call=call.source,
        behaviours=(
            Behaviour(shows=shown(ours), candidates=(candidate.id,), equals=expected(ours), raises=ours.raised),
            Behaviour(shows=mutated, candidates=()),
        ),
    )


def _with(files: tuple[SourceFile, ...], other: SourceFile) -> tuple[SourceFile, ...]:
    return tuple(other if f.path == other.path else f for f in files)
