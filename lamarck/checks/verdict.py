"""From evidence to a verdict. Pure: equal evidence gives an equal verdict, in whatever order it comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lamarck.records import Assurance, CheckOutcome, Decision, Evidence, Task, Trust, Verdict
from lamarck.settings import AcceptClaimed

VERDICT_VERSION = "1"

REVIEW = "review"  # a person's decision; it stands in for given tests and for judged evidence, never for a failure

# Measurement name → weight. The quality of a verdict is absent until all four are measured; it ranks, never admits.
QUALITY_WEIGHTS: Mapping[str, float] = {
    "pass_share": 0.4,
    "branch_coverage": 0.3,
    "performance": 0.2,
    "properties_share": 0.1,
}


def decide(
    task: Task,
    candidate_id: str,
    evidence: tuple[Evidence, ...],
    *,
    required: tuple[str, ...],
    accept_claimed: AcceptClaimed,
    own_code: bool,
) -> Verdict:
    """Accepted, rejected or pending.

    required: names of the checks that admission needs for this task. A failed required check rejects; an errored,
    pending, skipped or missing one leaves the verdict pending and is named. Without a given test that passed (or a
    person's approval) nothing is accepted. own_code: the user wrote it, so evidence measured in its own process passes
    with its label under accept_claimed='ask'.
    """
    own = tuple(sorted((e for e in evidence if e.candidate_id == candidate_id), key=lambda e: (e.check, e.to_json())))
    review = next((e for e in own if e.check == REVIEW), None)
    missing = tuple(n for n in sorted(set(required)) if not any(e.check == n and _is_decided(e) for e in own))
    failures = [line for e in own if _rejects(e, required) for line in _why_failed(e)]
    if failures:
        decision, reasons = Decision.REJECTED, failures
    else:
        approved = review is not None and review.outcome is CheckOutcome.PASSED
        doubts = list(_doubts(task, own, missing, accept_claimed, own_code=own_code, approved=approved))
        decision = Decision.PENDING if doubts else Decision.ACCEPTED
        reasons = doubts or [_why_accepted(own)]
    return Verdict(
        decision=decision,
        evidence=own,
        quality=quality(own),
        missing_checks=missing,
        reasons=tuple(reasons),
        policy_version=VERDICT_VERSION,
    )


def quality(evidence: tuple[Evidence, ...]) -> float | None:
    """The weighted sum of the four measured parts, 0 to 1; None while one of them is not measured."""
    measured: dict[str, float] = {}
    for item in evidence:
        measured.update({k: v for k, v in item.measurements.items() if k in QUALITY_WEIGHTS})
    if measured.keys() != QUALITY_WEIGHTS.keys():
        return None
    return sum(weight * measured[name] for name, weight in QUALITY_WEIGHTS.items())


def _is_decided(evidence: Evidence) -> bool:
    return evidence.outcome in {CheckOutcome.PASSED, CheckOutcome.FAILED}


def _rejects(evidence: Evidence, required: tuple[str, ...]) -> bool:
    """Required checks reject; so do derived examples and generated tests, which never accept but may well refute."""
    decides = evidence.check in required or evidence.check == REVIEW
    decides = decides or evidence.trust in {Trust.DERIVED, Trust.GENERATED}
    return decides and evidence.outcome is CheckOutcome.FAILED


def _why_failed(evidence: Evidence) -> Iterator[str]:
    failed = [r for r in evidence.results if r.outcome is not CheckOutcome.PASSED]
    shown = 3
    for result in failed[:shown]:
        message = result.failure.message.strip().splitlines()[0] if result.failure and result.failure.message else ""
        yield f"{evidence.check}: {result.id} {result.outcome}" + (f": {message[:160]}" if message else "")
    if len(failed) > shown:
        yield f"{evidence.check}: {len(failed) - shown} more tests did not pass"
    vetoes = [f for f in evidence.findings if f.severity in {"medium", "high"} and f.confidence == "high"]
    for finding in vetoes[:shown]:
        yield f"{evidence.check}: {finding.rule} at {finding.path}:{finding.line}: {finding.message}"
    if not failed and not vetoes:
        first = evidence.log.strip().splitlines()
        yield f"{evidence.check} failed" + (f": {first[0][:200]}" if first else "")


def _doubts(
    task: Task,
    evidence: tuple[Evidence, ...],
    missing: tuple[str, ...],
    accept_claimed: AcceptClaimed,
    *,
    own_code: bool,
    approved: bool,
) -> Iterator[str]:
    for name in missing:
        broken = next((e for e in evidence if e.check == name), None)
        told = f": {broken.log.strip().splitlines()[0][:160]}" if broken and broken.log.strip() else ""
        yield f"{name} was not decided ({broken.outcome if broken else 'missing'}){told}"
    given = [e for e in evidence if e.trust is Trust.GIVEN and e.check != REVIEW and e.results]
    if not given and not approved:
        yield _nothing_given(task)
    if approved or accept_claimed == "always":
        return
    for item in evidence:
        if item.assurance is Assurance.CLAIMED and (accept_claimed == "never" or not own_code):
            yield (
                f"{item.check} was measured in the candidate's own process (claimed), "
                f"and accept_claimed is '{accept_claimed}': look at the code and confirm it"
            )


def _nothing_given(task: Task) -> str:
    weaker = [t for t in (Trust.DERIVED, Trust.GENERATED) if task.tests(t)]
    if not weaker:
        return "the task brings no test: confirm that the code does what you want, or give tests with --tests"
    kinds = " and ".join(
        {"derived": "examples read from the text", "generated": "tests that a model wrote"}[t] for t in weaker
    )
    return f"the task brings no test of its own, only {kinds} passed: confirm them, or give tests with --tests"


def _why_accepted(evidence: tuple[Evidence, ...]) -> str:
    total = sum(len(e.results) for e in evidence if e.trust is Trust.GIVEN)
    claimed = (
        " (claimed: measured in its own process)" if any(e.assurance is Assurance.CLAIMED for e in evidence) else ""
    )
    review = next((e for e in evidence if e.check == REVIEW), None)
    by_hand = f"; {review.log}" if review else ""
    return f"every required check passed, {total} given tests among them{claimed}{by_hand}"
