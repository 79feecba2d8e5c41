"""Check 'agreement': candidates that pass everything given, run against each other on inputs that no test shows.

What most of them do is likelier to be right than what one of them does, and the smallest input on which they differ is
the question that a person answers fastest. It proves nothing: its evidence is generated, and required for nothing.
Choosing among samples by what they do on generated inputs: AlphaCode, arXiv 2203.07814, section 4.4.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lamarck.checks.agreement.behaviours import TESTS_PATH, Did, expected, read, same, shown, tests_of
from lamarck.checks.agreement.calls import Call
from lamarck.checks.agreement.comparison import Comparison
from lamarck.checks.agreement.inputs import Function, inputs, kinds_of
from lamarck.checks.agreement.shown import shown_calls
from lamarck.checks.judge.judge import JUDGE_VERSION, Judge, Subject
from lamarck.checks.verdict import AGREEMENT
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Assurance,
    Behaviour,
    Candidate,
    CheckOutcome,
    Difference,
    Evidence,
    Task,
    Trust,
    content_id,
)

VERSION = f"2 {JUDGE_VERSION}"
INPUTS = 60
_MOST_TOLD = 5  # differences in one evidence

Outcomes = dict[str, tuple[Did | None, ...]]  # candidate → what it did with each call


class Agreement:
    """`Compare` on at most `count` generated calls, each candidate in a sandbox of its own."""

    def __init__(self, judge: Judge, *, below: int = 0, count: int = INPUTS) -> None:
        """below: look for other candidates only where the tests show fewer different calls than this; 0: wherever they
        can be compared."""
        self._judge = judge
        self._below = below
        self._count = count

    def obstacle(self, task: Task, candidate: Candidate) -> str | None:
        planned = _plan(task, (candidate,), self._count)
        if isinstance(planned, str):
            return planned
        shown = len(shown_calls(task, functions_of(task, candidate)))
        if self._below and shown >= self._below:
            return f"no other candidate was looked for: the tests show {shown} different calls"
        return None

    def compare(
        self,
        task: Task,
        candidates: Sequence[Candidate],
        *,
        written: Mapping[str, int] = {},
        replay_command: str = "",
    ) -> Comparison:
        begin = time.monotonic()
        calls = _plan(task, candidates, self._count)
        if isinstance(calls, str):
            return _nothing(candidates, f"not compared: {calls}", begin)
        if len(candidates) == 1:
            return _nothing(candidates, self.obstacle(task, candidates[0]) or "no other candidate passed", begin)
        tests = Acceptance(
            kind=AcceptanceKind.PYTEST, content=tests_of(calls, task.module), path=TESTS_PATH, trust=Trust.GENERATED
        )
        subjects = tuple(Subject(label=c.id, files=c.files) for c in candidates)
        report = self._judge.judge(task, (tests,), subjects)
        if (broke := report.broke or report.collect_error) is not None:
            return _nothing(candidates, broke, begin, CheckOutcome.ERRORED)
        outcomes = {s.label: read(s, len(calls)) for s in report.subjects}
        found = _Compared(candidates, calls, outcomes, written)
        evidence = found.evidence().replace(
            enforcement=report.enforcement,
            environment=report.environment,
            replay_command=replay_command,
            seconds=time.monotonic() - begin,
        )
        return Comparison(chosen=evidence.candidate_id, evidence=evidence, groups=found.ids)


def _nothing(
    candidates: Sequence[Candidate], why: str, begin: float, outcome: CheckOutcome = CheckOutcome.SKIPPED
) -> Comparison:
    evidence = Evidence(
        check=AGREEMENT,
        check_version=VERSION,
        candidate_id=candidates[0].id,
        outcome=outcome,
        trust=Trust.GENERATED,
        measurements={"candidates": len(candidates)},
        log=why,
        seconds=time.monotonic() - begin,
    )
    return Comparison(chosen=candidates[0].id, evidence=evidence)


# --- which calls


def _plan(task: Task, candidates: Sequence[Candidate], count: int) -> tuple[Call, ...] | str:
    """The calls to compare on, or why there are none."""
    functions = functions_of(task, candidates[0])
    for other in candidates[1:]:
        functions = {name: f for name, f in functions.items() if name in functions_of(task, other)}
    if not functions:
        name = task.entry_point or task.module
        return f"{name} is no plain function, and only those are compared"
    called = {name: tuple(c for c in shown_calls(task, functions) if c.function == name) for name in functions}
    wanted = [name for name in functions if called[name] or name == task.entry_point] or list(functions)
    usable = [name for name in wanted if called[name] or kinds_of(functions[name], ()) is not None]
    if not usable:
        return f"neither tests nor annotations tell what {', '.join(wanted)} takes"
    calls: list[Call] = []
    for number, name in enumerate(usable):
        share = (count - len(calls)) // (len(usable) - number)
        seed = int(content_id("agreement", task.module, name)[:8], 16)
        calls += inputs(functions[name], called[name], count=share, seed=seed)
    return tuple(calls) or f"{', '.join(usable)} takes nothing that could be varied"


def functions_of(task: Task, candidate: Candidate) -> dict[str, Function]:
    """The plain functions that the main file defines, the entry point first; with the user's annotations where the
    stub has the same parameters."""
    stubbed = {f.name: f for s in task.stubs if s.path == task.main_path for f in _defined(s.text)}
    main = next((f for f in candidate.files if f.path == task.main_path), candidate.files[0])
    found = {f.name: f for f in _defined(main.text) if not f.name.startswith("_")}
    for name, function in found.items():
        stub = stubbed.get(name)
        if stub is not None and len(stub.args.args) == len(function.args.args):
            found[name] = stub
    return dict(sorted(found.items(), key=lambda item: item[0] != task.entry_point))


def _defined(text: str) -> list[Function]:
    try:
        return [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    except (SyntaxError, ValueError, RecursionError):
        return []


# --- who agrees


@dataclass(frozen=True)
class _Asked:
    """One call that counts, and who did what with it, groups of the same deeds together."""

    call: Call
    groups: tuple[tuple[Did, tuple[str, ...]], ...]


class _Compared:
    def __init__(
        self, candidates: Sequence[Candidate], calls: Sequence[Call], outcomes: Outcomes, written: Mapping[str, int]
    ) -> None:
        self._candidates = candidates
        self._written = {c.id: written.get(c.id, 1) for c in candidates}
        reasons = {c.id: _why_left_out(calls, outcomes[c.id]) for c in candidates}
        self._left_out = {each: why for each, why in reasons.items() if why is not None}
        self._compared = [c.id for c in candidates if c.id not in self._left_out]
        raises = {c.id: raised_on_purpose(c) for c in candidates}
        self._calls = [n for n in range(len(calls)) if not self._is_misuse(n, outcomes, raises)]
        self._without_sense = len(calls) - len(self._calls)
        self._all_calls = calls
        self._outcomes = outcomes
        # Of equally large groups the one that is nearer to the others, then the earliest: sorting keeps their order.
        self.groups = sorted(self._grouped(), key=lambda group: (-self._replies(group), -self._nearness(group[0])))

    @property
    def ids(self) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(group) for group in self.groups)

    def _is_misuse(self, number: int, outcomes: Outcomes, raises: dict[str, frozenset[str]]) -> bool:
        """Most of them crash: the call is likely not meant to be made. What they raise by a statement of their own is
        no crash."""
        dids = {each: outcomes[each][number] for each in self._compared}
        crashed = [each for each, did in dids.items() if did and did.raised and did.raised not in raises[each]]
        return 2 * len(crashed) > len(self._compared)

    def _grouped(self) -> list[list[str]]:
        """Each candidate joins the first group whose first one did the same wherever both answered."""
        groups: list[list[str]] = []
        for each in self._compared:
            for group in groups:
                pairs = ((self._outcomes[group[0]][n], self._outcomes[each][n]) for n in self._calls)
                if all(one is None or other is None or same(one, other) for one, other in pairs):
                    group.append(each)
                    break
            else:
                groups.append([each])
        return groups

    def _replies(self, group: Sequence[str]) -> int:
        return sum(self._written[each] for each in group)

    def _nearness(self, candidate: str) -> int:
        """How often it did what another one did."""
        mine = self._outcomes[candidate]
        return sum(
            one is not None and other is not None and same(one, other)
            for each in self._compared
            for one, other in ((mine[n], self._outcomes[each][n]) for n in self._calls)
        )

    def _differing(self) -> Iterator[_Asked]:
        for number in self._calls:
            deeds: list[tuple[Did, list[str]]] = []
            for each in (each for group in self.groups for each in group):
                did = self._outcomes[each][number]
                if did is None:
                    continue
                for known, who in deeds:
                    if same(known, did):
                        who.append(each)
                        break
                else:
                    deeds.append((did, [each]))
            if len(deeds) > 1:
                yield _Asked(self._all_calls[number], tuple((did, tuple(who)) for did, who in deeds))

    def evidence(self) -> Evidence:
        differing = list(self._differing())
        # A question about two values is easier to answer, and likelier to matter, than one about a crash.
        differing.sort(key=lambda asked: any(did.raised for did, _ in asked.groups))
        agreeing = len(self.groups[0]) if self.groups else 0
        return Evidence(
            check=AGREEMENT,
            check_version=VERSION,
            candidate_id=self.groups[0][0] if self.groups else self._candidates[0].id,
            outcome=self._outcome(differing),
            trust=Trust.GENERATED,
            assurance=Assurance.JUDGED,
            measurements={
                "candidates": len(self._candidates),
                "agreeing": agreeing,
                "groups": len(self.groups),
                "inputs": len(self._calls),
                "inputs_differing": len(differing),
                "inputs_without_sense": self._without_sense,
                "left_out": len(self._left_out),
                "replies": sum(self._written.values()),
                "replies_agreeing": self._replies(self.groups[0]) if self.groups else 0,
            },
            differences=tuple(map(_difference, differing[:_MOST_TOLD])),
            log=self._told(agreeing, differing),
        )

    def _outcome(self, differing: Sequence[_Asked]) -> CheckOutcome:
        if len(self._compared) < 2 or not self._calls:
            return CheckOutcome.SKIPPED
        return CheckOutcome.PENDING if differing else CheckOutcome.PASSED

    def _told(self, agreeing: int, differing: Sequence[_Asked]) -> str:
        count = len(self._candidates)
        left_out = f" (left out: {'; '.join(self._left_out.values())})" if self._left_out else ""
        if len(self._compared) < 2:
            return f"not compared: {len(self._compared)} of {count} candidates to compare{left_out}"
        if not self._calls:
            return "not compared: most candidates crash on every generated input"
        replies, mine = sum(self._written.values()), self._replies(self.groups[0])
        if agreeing > 1:
            said = f"{agreeing} of {count} candidates agree" + (
                f" ({mine} of {replies} replies)" if replies > count else ""
            )
        elif mine > 1:
            said = f"one of {count} candidates was written {mine} times in {replies} replies"
        else:
            said = f"no two of {count} candidates agree"
        told = f"{said} on {len(self._calls)} inputs{left_out}"
        if not differing:
            return told
        first = differing[0]
        does = " / ".join(shown(did) for did, _ in first.groups)
        return f"{told}; smallest input on which they differ: {first.call.source} -> {does}"


def _difference(asked: _Asked) -> Difference:
    behaviours = (
        Behaviour(shows=shown(did), candidates=who, equals=expected(did), raises=did.raised)
        for did, who in asked.groups
    )
    return Difference(call=asked.call.source, behaviours=tuple(behaviours))


def _why_left_out(calls: Sequence[Call], dids: Sequence[Did | None]) -> str | None:
    """What keeps a candidate from being compared; None for one that answers everything, and the same way twice."""
    for call, did in zip(calls, dids, strict=True):
        if did is not None and did.ended is not None:
            return f"{did.ended} on {call.source}"
        if did is not None and not did.again:
            return f"did not do the same twice on {call.source}"
    return None if any(dids) else "answered nothing"


def raised_on_purpose(candidate: Candidate) -> frozenset[str]:
    """Names of the exceptions in its `raise` statements."""
    names: set[str] = set()
    for file in candidate.files:
        try:
            tree = ast.parse(file.text)
        except (SyntaxError, ValueError, RecursionError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Raise) and node.exc is not None:
                raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
                names.add(ast.unparse(raised).rpartition(".")[2])
    return frozenset(names)
