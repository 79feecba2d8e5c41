"""The verdict: a pure function of a task and the evidence on one candidate. Nothing else accepts or rejects.

Gate: every required check passed, among them at least one given test that ran. Rank: `quality`, which is absent until
all of its four parts were measured and decides nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from lamarck.records import (
    AcceptanceKind,
    Assurance,
    CheckOutcome,
    Decision,
    Evidence,
    Example,
    Finding,
    Task,
    Trust,
    Verdict,
)
from lamarck.settings import AcceptClaimed

POLICY_VERSION = "gate-1"
REVIEW = "review"  # the check that a person is
AGREEMENT = "agreement"  # candidates against each other: it chooses among them and decides on none

# Keys of `Evidence.measurements`, each from 0 (worst) to 1 (best), with their weights.
PASS_SHARE = "pass_share"  # noqa: S105 - given tests passed / given tests
BRANCH_COVERAGE = "branch_coverage"  # branches that the given tests took / branches
PERFORMANCE = "performance"  # against the task's first accepted version; faster than it counts as 1
PROPERTIES = "properties_share"  # properties held / properties tried
QUALITY_WEIGHTS: Mapping[str, float] = {PASS_SHARE: 0.4, BRANCH_COVERAGE: 0.3, PERFORMANCE: 0.2, PROPERTIES: 0.1}

WAIVED = "waived: "  # how the message of a finding begins that somebody waived by name
_MOST_REASONS = 20  # of one check
_LONGEST_REASON = 300


def vetoes(finding: Finding) -> bool:
    """Whether a finding keeps code out: medium or higher severity, high confidence, and not waived."""
    return (
        finding.severity in {"medium", "high"}
        and finding.confidence == "high"
        and not finding.message.startswith(WAIVED)
    )


def decide(
    task: Task,
    candidate_id: str,
    evidence: tuple[Evidence, ...],
    *,
    required: tuple[str, ...],
    accept_claimed: AcceptClaimed,
    own_code: bool,
    tested: bool = True,
) -> Verdict:
    """Accepted iff every required check passed and a given test is among what passed. Pure; the order of `evidence`
    does not matter, and evidence on other candidates counts for nothing.

    required: names of the required checks that apply to the task. own_code: the user wrote the candidate. tested: False
    when nobody asks what the code does, and then no test has to pass.

    - Rejected: a required check failed, or a given test did, whether required or not; a person rejected; derived
      examples failed where nothing given outranks them.
    - Pending, when nothing rejects: a required check broke, was skipped, is missing or waits for a person (all of
      them are named in `missing_checks`); nothing given passed; required examples read from the text fail although the
      given tests pass; claimed evidence, where `accept_claimed` is 'never', or is 'ask' and the user did not write it.
      Generated tests that fail are shown and reject nothing: they may be wrong themselves.
    - A person's approval (a passed check called 'review') stands for what was to be confirmed: given tests, derived
      and generated ones. It mends no check that broke, and no given test that failed.
    """
    own = tuple(sorted((e for e in evidence if e.candidate_id == candidate_id), key=lambda e: (e.check, e.to_json())))
    judging = _Judging(task, own, frozenset(required), accept_claimed=accept_claimed, own_code=own_code, tested=tested)
    against = tuple(judging.against())
    missing = tuple(sorted(judging.missing()))
    open_points = () if against else tuple(judging.open_points())
    if against:
        decision, reasons = Decision.REJECTED, against
    elif missing or open_points:
        decision, reasons = Decision.PENDING, open_points
    else:
        decision, reasons = Decision.ACCEPTED, tuple(judging.labels())
    return Verdict(
        decision=decision,
        evidence=own,
        quality=quality(own),
        missing_checks=missing,
        reasons=tuple(dict.fromkeys(reasons)),
        policy_version=POLICY_VERSION,
    )


def quality(evidence: Sequence[Evidence], weights: Mapping[str, float] = QUALITY_WEIGHTS) -> float | None:
    """The weighted mean of the four parts, 0 to 1; None until all of them are measured. Two measures: the lower counts.

    A figure outside of 0 to 1, or no number, is no measurement; only performance may exceed 1, which counts as 1.
    """
    total = 0.0
    for part, weight in weights.items():
        measured = [e.measurements[part] for e in evidence if part in e.measurements]
        if part == PASS_SHARE:
            measured += [s for e in evidence if e.trust is Trust.GIVEN and (s := _passed_share(e)) is not None]
        if part == PERFORMANCE:
            measured = [min(value, 1.0) for value in measured]
        if not measured or any(math.isnan(value) or not 0.0 <= value <= 1.0 for value in measured):
            return None
        total += weight * min(measured)
    return total / sum(weights.values())


def _passed_share(item: Evidence) -> float | None:
    ran = [r.outcome is CheckOutcome.PASSED for r in item.results if r.outcome is not CheckOutcome.SKIPPED]
    return sum(ran) / len(ran) if ran else None


class _Judging:
    """One decision under way. Each method yields one line per point, in a fixed order."""

    def __init__(
        self,
        task: Task,
        evidence: tuple[Evidence, ...],
        required: frozenset[str],
        *,
        accept_claimed: AcceptClaimed,
        own_code: bool,
        tested: bool,
    ) -> None:
        self.tested = tested
        self.task = task
        self.evidence = evidence
        self.required = required
        self.accept_claimed = accept_claimed
        self.own_code = own_code
        self.approved = any(e.check == REVIEW and _passed(e) for e in evidence)
        self.given_passed = any(e.check != REVIEW and e.trust is Trust.GIVEN and _proves(e) for e in evidence)
        self.claimed = tuple(e for e in evidence if e.check in required and _passed(e) and _is_claimed(e))

    def against(self) -> Iterator[str]:
        """Why the candidate is bad."""
        for item in self.evidence:
            if _failed(item) and self._is_decisive(item):
                yield from reasons_of(item)

    def _is_decisive(self, item: Evidence) -> bool:
        if item.trust is Trust.GIVEN or item.check == REVIEW:
            return True
        if item.trust is None:
            return item.check in self.required
        if self.approved or self.given_passed:
            return False  # given outranks derived and generated
        return item.trust is Trust.DERIVED or item.check in self.required

    def missing(self) -> Iterator[str]:
        """Required checks that neither passed nor failed."""
        for name in self.required:
            found = [e for e in self.evidence if e.check == name]
            if not found or any(not (_passed(e) or _failed(e)) for e in found):
                yield name

    def open_points(self) -> Iterator[str]:
        """What keeps a candidate that nothing speaks against from being accepted."""
        for item in self.evidence:
            if item.check in self.required and not (_passed(item) or _failed(item)):
                yield f"{item.check}: {_undecided(item)}"
        present = {e.check for e in self.evidence}
        yield from (f"{name}: was not measured" for name in sorted(self.required - present))
        if self.approved:
            return
        for item in self.evidence:
            if _failed(item) and item.check in self.required:
                yield from (f"{line} (read from the text; the given tests pass)" for line in reasons_of(item))
        if not self.given_passed and self.tested:
            yield from self._to_confirm()
        if self.accept_claimed == "never" or (self.accept_claimed == "ask" and not self.own_code):
            for item in self.claimed:
                yield _line(
                    f"{item.check}: {_claimed_words(item)}, and accept_claimed is '{self.accept_claimed}': "
                    "look at the code and confirm it"
                )

    def _to_confirm(self) -> Iterator[str]:
        if self.task.tests(Trust.GIVEN):
            yield "no given test has passed"
            return
        yield "nothing given decides: confirm what follows, or give tests"
        for acceptance in self.task.tests(Trust.DERIVED):
            if acceptance.kind is AcceptanceKind.EXAMPLES:
                examples = msgspec.json.decode(acceptance.content, type=list[Example])
                yield from (f"confirm: {_stated(example)}" for example in examples[:_MOST_REASONS])
        for item in self.evidence:
            if item.trust is Trust.GENERATED:
                yield from (f"confirm: {r.id} ({r.outcome})" for r in item.results[:_MOST_REASONS])

    def labels(self) -> Iterator[str]:
        """What to know about code that is accepted."""
        ran = sum(r.outcome is CheckOutcome.PASSED for e in self.evidence if e.trust is Trust.GIVEN for r in e.results)
        with_tests = f"with {ran} given tests among them" if self.tested else "and no test was asked for"
        yield f"every required check passed, {with_tests}"
        for item in self.claimed:
            yield _line(f"{item.check}: {_claimed_words(item)}")
        for item in self.evidence:
            if _failed(item):
                yield from (f"note: {line}" for line in reasons_of(item))
            yield from (f"{item.check}: {f.rule} {f.message}" for f in item.findings if f.message.startswith(WAIVED))
        for item in self.evidence:
            if item.check == AGREEMENT and item.log:
                yield _line(f"{AGREEMENT}: {item.log}")
            if item.check == REVIEW:
                yield _line(f"{REVIEW}: {item.log}")


def reasons_of(item: Evidence) -> tuple[str, ...]:
    """Why one piece of evidence speaks against the candidate: one line per test or finding, else how its log begins."""
    lines = [f"{f.rule} {f.path}:{f.line}: {f.message}" if f.path else f"{f.rule}: {f.message}" for f in _vetoing(item)]
    lines += [
        f"{result.id} {result.outcome}{f': {result.failure.message}' if result.failure else ''}"
        for result in item.results
        if result.outcome not in {CheckOutcome.PASSED, CheckOutcome.SKIPPED}
    ]
    if not lines:
        lines = [item.log.strip().split("\n\n", 1)[0] or str(item.outcome)]
    more = len(lines) - _MOST_REASONS
    shown = [_line(f"{item.check}: {line}") for line in lines[:_MOST_REASONS]]
    return (*shown, *([f"{item.check}: and {more} more"] if more > 0 else []))


def _vetoing(item: Evidence) -> list[Finding]:
    return [f for f in item.findings if vetoes(f)]


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 1] + "…"


def _undecided(item: Evidence) -> str:
    what = {
        CheckOutcome.ERRORED: "the check itself broke",
        CheckOutcome.SKIPPED: "was skipped",
        CheckOutcome.PENDING: "waits for a person",
    }[item.outcome]
    return _line(f"{what}: {item.log.splitlines()[0]}" if item.log.strip() else what)


def _stated(example: Example) -> str:
    outcome = f"raises {example.raises}" if example.raises is not None else f"== {example.equals}"
    return _line(f"{example.call} {outcome}")


def _passed(item: Evidence) -> bool:
    return item.outcome is CheckOutcome.PASSED and not _contradicts(item)


def _failed(item: Evidence) -> bool:
    return item.outcome is CheckOutcome.FAILED or (item.outcome is CheckOutcome.PASSED and _contradicts(item))


def _contradicts(item: Evidence) -> bool:
    """Whether evidence that says it passed holds a test that did not, or a finding that vetoes."""
    bad = {CheckOutcome.FAILED, CheckOutcome.ERRORED}
    return any(r.outcome in bad for r in item.results) or any(map(vetoes, item.findings))


def _proves(item: Evidence) -> bool:
    """Whether at least one test ran and passed: evidence without any proves nothing."""
    return _passed(item) and any(r.outcome is CheckOutcome.PASSED for r in item.results)


def _claimed_words(item: Evidence) -> str:
    """With the reason that the check gives, and for how many tests."""
    said = [line.removeprefix("claimed: ") for line in item.log.splitlines() if line.startswith("claimed: ")]
    if not said:
        return "claimed (measured in the candidate's own process)"
    more = f"; {len(said) - 1} more like it" if len(said) > 1 else ""
    return f"claimed ({said[0]}{more})"


def _is_claimed(item: Evidence) -> bool:
    return item.assurance is Assurance.CLAIMED


def changes(before: Verdict, after: Verdict) -> tuple[str, ...]:
    """What a second verdict on the same code says otherwise, one line each: decision, checks, tests."""
    found: list[str] = []
    if before.decision is not after.decision:
        found.append(f"verdict: {before.decision} → {after.decision}")
    old, new = ({e.check: e for e in v.evidence} for v in (before, after))
    for name in sorted(old.keys() | new.keys()):
        if name not in new or name not in old:
            found.append(f"{name}: {'no longer measured' if name not in new else 'measured for the first time'}")
            continue
        for label in ("outcome", "check_version", "environment"):
            was, now_is = getattr(old[name], label), getattr(new[name], label)
            if was != now_is:
                found.append(f"{name}: {label} {str(was)[:12]} → {str(now_is)[:12]}")
        tests_old, tests_new = ({r.id: r.outcome for r in e[name].results} for e in (old, new))
        found += [
            f"{name}: {test} {tests_old.get(test, 'absent')} → {tests_new.get(test, 'absent')}"
            for test in sorted(tests_old.keys() | tests_new.keys())
            if tests_old.get(test) != tests_new.get(test)
        ]
    return tuple(found)
