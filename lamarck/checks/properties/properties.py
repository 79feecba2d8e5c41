"""Check 'properties': laws that the code's own examples propose, tried on inputs that no test shows.

A law is proposed where an annotation states it, or where it holds for every call that the tests show; it is dropped
where the earlier version of the code (the reference) breaks it too, or where so many inputs break it that the law
rather than the code is wrong. What is left of the counter-examples is shrunk, and told as a question with a test that
the user may accept: a law is generated, so it accepts and rejects nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lamarck.checks.agreement.agreement import functions_of, raised_on_purpose
from lamarck.checks.agreement.behaviours import TESTS_PATH, Did, expected, read, shown, tests_of
from lamarck.checks.agreement.calls import Call, order
from lamarck.checks.agreement.inputs import Function, inputs, kinds_of
from lamarck.checks.agreement.shown import shown_calls
from lamarck.checks.check import Level
from lamarck.checks.judge.judge import JUDGE_VERSION, Judge, JudgeReport, Subject
from lamarck.checks.properties.laws import Law, laws_for
from lamarck.checks.properties.shrinking import smaller
from lamarck.checks.properties.stated import apart, file_of, name_of, stated
from lamarck.checks.verdict import PROPERTIES
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Assurance,
    Behaviour,
    Candidate,
    CheckOutcome,
    Difference,
    Evidence,
    Finding,
    SourceFile,
    Task,
    TestResult,
    Trust,
    content_id,
)

if TYPE_CHECKING:
    from lamarck.checks.gate import Means

VERSION = f"3 {JUDGE_VERSION}"
INPUTS = 80
_LEAST_SHOWN = 3  # calls that a law has to hold for before it is proposed
_LEAST_NEW = 8  # and inputs that it has to say something of
_MOST_BROKEN = 0.25  # share of the inputs; beyond that the law is taken to be wrong
_ROUNDS = 4  # of shrinking
_MOST_TOLD = 5


@dataclass(frozen=True)
class _Tried:
    """One law, and the calls that break it, smallest first. dropped: why it says nothing about the code."""

    law: Law
    said: int
    broken: tuple[Call, ...] = ()
    dropped: str = ""


class Properties:
    """reference: path → text of an earlier version, by which laws are judged before the code is."""

    name = "properties"
    version = VERSION
    required = False
    level: Level = "standard"

    def __init__(self, judge: Judge, *, reference: Mapping[str, str | None] | None = None, count: int = INPUTS) -> None:
        self._judge = judge
        self._reference = {path: text for path, text in (reference or {}).items() if text is not None}
        self._count = count

    def applies(self, task: Task) -> bool:
        return task.language == "python"

    def run(self, task: Task, candidate: Candidate) -> Evidence:
        begin = time.monotonic()
        functions = functions_of(task, candidate)
        if not functions:
            return self._nothing(candidate, "no plain function to try laws on", begin)
        examples = {name: tuple(c for c in shown_calls(task, functions) if c.function == name) for name in functions}
        calls = self._calls(task, functions, examples)
        if not calls:
            return self._nothing(candidate, "neither tests nor annotations tell what its functions take", begin)
        versions = [candidate.files, *([self._earlier(candidate)] if self._reference else [])]
        trying = _Trying(self._judge, task, versions)
        tried = trying.laws(laws_for(functions, raised_on_purpose(candidate)), examples, calls)
        if trying.broke:
            return self._nothing(candidate, trying.broke, begin, CheckOutcome.ERRORED)
        return self._evidence(task, candidate, functions, trying, tried, time.monotonic() - begin)

    def _earlier(self, candidate: Candidate) -> tuple[SourceFile, ...]:
        return tuple(f.replace(text=self._reference.get(f.path, f.text)) for f in candidate.files)

    def _calls(
        self, task: Task, functions: dict[str, Function], examples: dict[str, tuple[Call, ...]]
    ) -> tuple[Call, ...]:
        usable = [n for n in functions if examples[n] or kinds_of(functions[n], ()) is not None]
        found: list[Call] = []
        for place, name in enumerate(usable):
            share = (self._count - len(found)) // (len(usable) - place)
            seed = int(content_id("properties", task.module, name)[:8], 16)
            found += inputs(functions[name], examples[name], count=share, seed=seed)
        return tuple(found)

    def _nothing(
        self, candidate: Candidate, why: str, begin: float, outcome: CheckOutcome = CheckOutcome.SKIPPED
    ) -> Evidence:
        return Evidence(
            check=self.name,
            check_version=self.version,
            candidate_id=candidate.id,
            outcome=outcome,
            trust=Trust.GENERATED,
            log=why,
            seconds=time.monotonic() - begin,
        )

    def _evidence(
        self,
        task: Task,
        candidate: Candidate,
        functions: Mapping[str, Function],
        trying: _Trying,
        tried: Sequence[_Tried],
        seconds: float,
    ) -> Evidence:
        kept = [t for t in tried if not t.dropped]
        broken = [t for t in kept if t.broken]
        results = tuple(
            TestResult(
                id=f"{t.law.name}::{t.law.function}", outcome=CheckOutcome.FAILED if t.broken else CheckOutcome.PASSED
            )
            for t in kept
        )
        asked = broken[:_MOST_TOLD]
        tests = trying.offered(asked, functions)
        told = [_told(t, trying, test) for t, test in zip(asked, tests, strict=True)]
        held = len(kept) - len(broken)
        if not kept:
            outcome, log = CheckOutcome.SKIPPED, "no law is proposed by the examples and annotations that there are"
        else:
            outcome = CheckOutcome.FAILED if broken else CheckOutcome.PASSED
            log = "\n".join([f"{held} of {len(kept)} laws held", *told])
        return Evidence(
            check=self.name,
            check_version=self.version,
            candidate_id=candidate.id,
            outcome=outcome,
            trust=Trust.GENERATED,
            assurance=Assurance.JUDGED,
            score=held / len(kept) if kept else None,
            measurements={
                **({PROPERTIES: held / len(kept)} if kept else {}),
                "laws": len(kept),
                "held": held,
                "dropped": len(tried) - len(kept),
                "inputs": trying.asked,
            },
            results=results,
            findings=tuple(
                Finding(
                    rule=t.law.name,
                    message=line,
                    severity="medium",
                    confidence="low",
                    path=task.main_path,
                    line=functions[t.law.function].lineno,
                )
                for t, line in zip(asked, told, strict=True)
            ),
            differences=tuple(_difference(t, trying, candidate, test) for t, test in zip(asked, tests, strict=True)),
            enforcement=trying.report.enforcement if trying.report else {},
            log=log,
            environment=trying.report.environment if trying.report else "",
            seconds=seconds,
        )


def _told(tried: _Tried, trying: _Trying, test: str) -> str:
    call = tried.broken[0]
    word = "; a test of it waits for a review" if test else ""
    return f"{tried.law.statement}: not for {call.source}, which gave {_said(trying.did(call))}{word}"


def _said(did: Did) -> str:
    return f"no answer ({did.ended})" if did.ended else shown(did)


def _difference(tried: _Tried, trying: _Trying, candidate: Candidate, test: str) -> Difference:
    """A question to the user: what the code does, and what the law says where it says that."""
    call = tried.broken[0]
    did = trying.did(call)
    found = [Behaviour(shows=_said(did), candidates=(candidate.id,), equals=expected(did), raises=did.raised)]
    if (wanted := tried.law.should(call, did, trying.more(tried.law, call, did))) is not None:
        found.append(Behaviour(shows=f"{wanted}, by the law: {tried.law.statement}", candidates=(), equals=wanted))
    else:
        found.append(Behaviour(shows=f"something else, by the law: {tried.law.statement}", candidates=()))
    return Difference(call=call.source, behaviours=tuple(found), test=test)


class _Trying:
    """The calls that were made, of the candidate and of its earlier version, and what they did."""

    def __init__(self, judge: Judge, task: Task, versions: Sequence[tuple[SourceFile, ...]]) -> None:
        self._judge = judge
        self._task = task
        self._versions = versions
        self._subjects = tuple(Subject(label=str(n), files=files) for n, files in enumerate(versions))
        self._done: list[dict[str, Did]] = [{} for _ in versions]
        self.asked = 0
        self.broke = ""
        self.report: JudgeReport | None = None

    def did(self, call: Call, version: int = 0) -> Did:
        return self._done[version].get(call.source, Did(ended="not asked"))

    def more(self, law: Law, call: Call, did: Did, version: int = 0) -> list[Did]:
        found = self._known(law.follow(call, did), version)
        return found and [*found, *self._known(law.then(call, found), version)]

    def _known(self, calls: Sequence[Call], version: int) -> list[Did]:
        """What all of them did; nothing where one was not made."""
        found = [self._done[version].get(c.source) for c in calls]
        return [f for f in found if f is not None] if None not in found else []

    def laws(
        self, laws: Sequence[Law], examples: dict[str, tuple[Call, ...]], calls: Sequence[Call]
    ) -> tuple[_Tried, ...]:
        every = [*(c for e in examples.values() for c in e), *calls]
        self._ask(every)
        if self.broke:
            return ()
        self._ask_further(laws, every)
        tried = tuple(t for law in laws if (t := self._tried(law, examples[law.function], calls)) is not None)
        return tuple(self._shrunk(t) if t.broken and not t.dropped else t for t in tried)

    def _ask(self, calls: Sequence[Call]) -> None:
        wanted = [c for c in {c.source: c for c in calls}.values() if c.source not in self._done[0]]
        if not wanted or self.broke:
            return
        tests = Acceptance(
            kind=AcceptanceKind.PYTEST, content=tests_of(wanted, self._task.module), path=TESTS_PATH,
            trust=Trust.GENERATED,
        )  # fmt: skip
        report = self._judge.judge(self._task, (tests,), self._subjects)
        self.broke = report.broke or report.collect_error or ""
        self.report = report
        self.asked += len(wanted)
        for subject in report.subjects:
            dids = read(subject, len(wanted))
            known = self._done[int(subject.label)]
            known.update({c.source: d for c, d in zip(wanted, dids, strict=True) if d is not None})

    def _ask_further(self, laws: Sequence[Law], calls: Sequence[Call]) -> None:
        made = [
            (law, call, version)
            for law in laws
            for call in calls
            if call.function == law.function
            for version in range(len(self._versions))
        ]
        first = {place: law.follow(call, self.did(call, version)) for place, (law, call, version) in enumerate(made)}
        self._ask([c for further in first.values() for c in further])
        self._ask(
            [
                c
                for place, (law, call, version) in enumerate(made)
                for c in law.then(call, self._known(first[place], version))
            ]
        )

    def _says(self, law: Law, call: Call, version: int = 0) -> bool | None:
        did = self._done[version].get(call.source)
        if did is None or (did.ended is not None and law.name != "no-crash"):
            return None
        if law.name not in {"no-crash", "deterministic"} and did.raised is not None:
            return None
        return law.holds(call, did, self.more(law, call, did, version))

    def _tried(self, law: Law, examples: Sequence[Call], calls: Sequence[Call]) -> _Tried | None:
        """None for a law that is not even proposed."""
        of_examples = [says for c in examples if (says := self._says(law, c)) is not None]
        if not all(of_examples) or (not law.derived and len(of_examples) < _LEAST_SHOWN):
            return None
        mine = [c for c in calls if c.function == law.function and self._says(law, c) is not None]
        broken = [c for c in mine if self._says(law, c) is False]
        if len(mine) < _LEAST_NEW and not broken:
            return None
        if len(self._versions) > 1:
            wrong = [c for c in (*examples, *mine) if self._says(law, c, 1) is False]
            if wrong:
                return _Tried(law, len(mine), dropped=f"the earlier version breaks it too: {wrong[0].source}")
        elif len(broken) > _MOST_BROKEN * len(mine) and not law.derived:
            return _Tried(law, len(mine), dropped=f"{len(broken)} of {len(mine)} inputs break it")
        return _Tried(law, len(mine), broken=tuple(sorted(broken, key=order)))

    def _shrunk(self, tried: _Tried) -> _Tried:
        """With the smallest counter-example that was found; calls that end the candidate are left as they are."""
        best = tried.broken[0]
        if self.did(best).ended:
            return tried
        for _ in range(_ROUNDS):
            less = smaller(best)
            self._ask(less)
            self._ask_further((tried.law,), less)
            if self.broke:  # the counter-example stands as it is
                self.broke = ""
                break
            found = [c for c in less if self._says(tried.law, c) is False and not self.did(c).ended]
            if len(self._versions) > 1:
                found = [c for c in found if self._says(tried.law, c, 1) is True]
            if not found:
                break
            best = min(found, key=order)
        return _Tried(tried.law, tried.said, broken=(best, *tried.broken))

    def offered(self, broken: Sequence[_Tried], functions: Mapping[str, Function]) -> list[str]:
        """For each law that is broken a test that says so, empty where none can. Each was run: it fails on the
        candidate, and passes on the earlier version where there is one."""
        drafts = [self._draft(t, functions[t.law.function]) for t in broken]
        named = iter(apart([d for d in drafts if d is not None]))
        tests = [next(named) if d is not None else "" for d in drafts]
        if not any(tests):
            return tests
        file = file_of([t for t in tests if t], self._task.module)
        acceptance = Acceptance(kind=AcceptanceKind.PYTEST, content=file, path=TESTS_PATH, trust=Trust.GENERATED)
        report = self._judge.judge(self._task, (acceptance,), self._subjects)
        ran = [{r.id.rpartition("::")[2]: r.outcome for r in s.results} for s in report.subjects]
        wanted = (CheckOutcome.FAILED, CheckOutcome.PASSED)
        return [
            t if t and all(o.get(name_of(t)) is w for o, w in zip(ran, wanted, strict=False)) and ran else ""
            for t in tests
        ]

    def _draft(self, tried: _Tried, function: Function) -> str | None:
        call = tried.broken[0]
        did = self.did(call)
        return stated(tried.law, call, tried.law.follow(call, did), function, raised=did.raised)


def build(means: Means) -> Properties:
    earlier = means.earlier.files if means.earlier else means.changed.before if means.changed else None
    return Properties(means.judge, reference=earlier)
