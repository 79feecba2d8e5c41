from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.checks.verdict import QUALITY_WEIGHTS, REVIEW, decide, quality, reasons_of, vetoes
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Assurance,
    CheckOutcome,
    Decision,
    Evidence,
    Failure,
    Finding,
    Task,
    TestResult,
    Trust,
    Verdict,
    make_task,
)

ID = "c" * 64
REQUIRED = ("parse", "security", "tests")
GIVEN = Acceptance(kind=AcceptanceKind.PYTEST, content="", path="test_x.py")
DERIVED = Acceptance(
    kind=AcceptanceKind.EXAMPLES,
    content='[{"call":"f(2)","equals":"4","raises":null},{"call":"f(-1)","equals":null,"raises":"ValueError"}]',
    path="derived_examples.json",
    trust=Trust.DERIVED,
)
TASK = make_task(goal="Square.", module="x", acceptance=(GIVEN,))
BARE = make_task(goal="Square.", module="x", acceptance=(DERIVED,))


def proof(
    check: str,
    outcome: CheckOutcome = CheckOutcome.PASSED,
    *,
    trust: Trust | None = None,
    assurance: Assurance = Assurance.JUDGED,
    log: str = "",
    message: str = "",
    findings: tuple[Finding, ...] = (),
    measurements: dict[str, float] | None = None,
    candidate_id: str = ID,
) -> Evidence:
    has_results = trust is not None and outcome in {CheckOutcome.PASSED, CheckOutcome.FAILED}
    failure = Failure(message=message) if message else None
    return Evidence(
        check=check,
        check_version="1",
        candidate_id=candidate_id,
        outcome=outcome,
        trust=trust,
        assurance=assurance,
        results=(TestResult(id=f"{check}.py::one", outcome=outcome, failure=failure),) if has_results else (),
        findings=findings,
        measurements=measurements or {},
        log=log,
    )


def good() -> tuple[Evidence, ...]:
    return proof("parse"), proof("security"), proof("tests", trust=Trust.GIVEN)


def judge(
    *evidence: Evidence,
    task: Task = TASK,
    required: tuple[str, ...] = REQUIRED,
    accept_claimed: str = "ask",
    own_code: bool = False,
) -> Verdict:
    return decide(task, ID, evidence, required=required, accept_claimed=accept_claimed, own_code=own_code)  # type: ignore[arg-type]


def without(name: str) -> tuple[Evidence, ...]:
    return tuple(e for e in good() if e.check != name)


# --- the gate -----------------------------------------------------------------------------------------------------


def test_accepted_when_every_required_check_passed() -> None:
    verdict = judge(*good())
    assert verdict.decision is Decision.ACCEPTED
    assert verdict.missing_checks == ()
    assert verdict.quality is None
    assert verdict.reasons == ("every required check passed, with 1 given tests among them",)
    assert verdict.policy_version


def test_nothing_measured_accepts_nothing() -> None:
    verdict = judge()
    assert verdict.decision is Decision.PENDING
    assert verdict.missing_checks == REQUIRED
    assert judge(required=()).decision is Decision.PENDING


@pytest.mark.parametrize("name", REQUIRED)
def test_a_failed_required_check_rejects(name: str) -> None:
    failed = proof(name, CheckOutcome.FAILED, trust=Trust.GIVEN if name == "tests" else None, log="because")
    verdict = judge(*without(name), failed)
    assert verdict.decision is Decision.REJECTED
    assert all(reason.startswith(f"{name}: ") for reason in verdict.reasons)


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_required_check_is_named_and_never_accepted(name: str) -> None:
    verdict = judge(*without(name))
    assert verdict.decision is Decision.PENDING
    assert verdict.missing_checks == (name,)
    assert any(reason == f"{name}: was not measured" for reason in verdict.reasons)


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("outcome", [CheckOutcome.ERRORED, CheckOutcome.SKIPPED, CheckOutcome.PENDING])
def test_a_check_that_decided_nothing_is_pending(name: str, outcome: CheckOutcome) -> None:
    verdict = judge(*without(name), proof(name, outcome, log="no memory left\nmore"))
    assert verdict.decision is Decision.PENDING
    assert verdict.missing_checks == (name,)
    assert any(r.startswith(f"{name}: ") and r.endswith(": no memory left") for r in verdict.reasons)


def test_a_failure_outweighs_a_check_that_broke() -> None:
    verdict = judge(proof("parse", CheckOutcome.FAILED, log="bad"), proof("security", CheckOutcome.ERRORED))
    assert verdict.decision is Decision.REJECTED
    assert verdict.missing_checks == ("security", "tests")
    assert verdict.reasons == ("parse: bad",)


def test_checks_that_are_not_required_rank_and_note() -> None:
    verdict = judge(*good(), proof("lint", CheckOutcome.FAILED, log="long lines"))
    assert verdict.decision is Decision.ACCEPTED
    assert "note: lint: long lines" in verdict.reasons


def test_a_given_test_rejects_even_where_it_is_not_required() -> None:
    failed = proof("more", CheckOutcome.FAILED, trust=Trust.GIVEN)
    assert judge(*good(), failed).decision is Decision.REJECTED


def test_evidence_on_another_candidate_counts_for_nothing() -> None:
    others = tuple(e.replace(candidate_id="d" * 64) for e in good())
    assert judge(*others).decision is Decision.PENDING
    assert judge(*others).evidence == ()
    bad = proof("tests", CheckOutcome.FAILED, trust=Trust.GIVEN, candidate_id="d" * 64)
    assert judge(*good(), bad).decision is Decision.ACCEPTED


def test_tests_that_were_all_skipped_prove_nothing() -> None:
    skipped = proof("tests", trust=Trust.GIVEN).replace(
        results=(TestResult(id="t::one", outcome=CheckOutcome.SKIPPED),)
    )
    for evidence in (skipped, skipped.replace(results=())):
        verdict = judge(*without("tests"), evidence)
        assert verdict.decision is Decision.PENDING
        assert verdict.reasons == ("no given test has passed",)


def test_evidence_that_contradicts_itself_has_failed() -> None:
    hidden = proof("tests", trust=Trust.GIVEN).replace(
        results=(
            TestResult(id="t::one", outcome=CheckOutcome.PASSED),
            TestResult(id="t::two", outcome=CheckOutcome.FAILED),
        )
    )
    assert judge(*without("tests"), hidden).decision is Decision.REJECTED
    finding = Finding(rule="B307", message="eval", severity="medium", confidence="high")
    assert judge(*without("security"), proof("security", findings=(finding,))).decision is Decision.REJECTED


# --- reasons ------------------------------------------------------------------------------------------------------


def test_reasons_name_tests_and_findings_in_one_line_each() -> None:
    findings = (
        Finding(rule="B307", message="eval\nof text", severity="medium", confidence="high", path="x.py", line=3),
        Finding(rule="B311", message="random", severity="low", confidence="high", path="x.py", line=4),
        Finding(rule="B301", message="waived: pickle", severity="medium", confidence="high", path="x.py", line=5),
    )
    verdict = judge(
        proof("parse"),
        proof("security", CheckOutcome.FAILED, findings=findings),
        proof("tests", CheckOutcome.FAILED, trust=Trust.GIVEN, message="assert 1 == 2\n  where"),
    )
    assert verdict.reasons == (
        "security: B307 x.py:3: eval of text",
        "tests: tests.py::one failed: assert 1 == 2 where",
    )


def test_many_reasons_are_counted() -> None:
    results = tuple(TestResult(id=f"t::{n}", outcome=CheckOutcome.FAILED) for n in range(50))
    lines = reasons_of(proof("tests", CheckOutcome.FAILED, trust=Trust.GIVEN).replace(results=results))
    assert len(lines) == 21
    assert lines[-1] == "tests: and 30 more"


def test_waived_findings_stay_on_record_when_accepted() -> None:
    waived = Finding(rule="B301", message="waived: pickle", severity="medium", confidence="high")
    verdict = judge(*without("security"), proof("security", findings=(waived,)))
    assert verdict.decision is Decision.ACCEPTED
    assert "security: B301 waived: pickle" in verdict.reasons


@pytest.mark.parametrize(
    ("severity", "confidence", "expected"),
    [("high", "high", True), ("medium", "high", True), ("low", "high", False), ("high", "medium", False)],
)
def test_which_findings_veto(severity: str, confidence: str, expected: bool) -> None:
    assert vetoes(Finding(rule="r", message="m", severity=severity, confidence=confidence)) is expected


# --- whose word it is ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "own_code", "decision"),
    [
        ("ask", False, Decision.PENDING),
        ("ask", True, Decision.ACCEPTED),
        ("always", False, Decision.ACCEPTED),
        ("always", True, Decision.ACCEPTED),
        ("never", False, Decision.PENDING),
        ("never", True, Decision.PENDING),
    ],
)
def test_claimed_evidence(setting: str, own_code: bool, decision: Decision) -> None:
    claimed = proof("tests", trust=Trust.GIVEN, assurance=Assurance.CLAIMED)
    verdict = judge(*without("tests"), claimed, accept_claimed=setting, own_code=own_code)
    assert verdict.decision is decision
    assert any("claimed" in reason for reason in verdict.reasons)
    assert verdict.missing_checks == ()


def test_a_claimed_failure_is_a_failure() -> None:
    claimed = proof("tests", CheckOutcome.FAILED, trust=Trust.GIVEN, assurance=Assurance.CLAIMED)
    assert judge(*without("tests"), claimed, accept_claimed="always").decision is Decision.REJECTED


def test_derived_examples_never_suffice_and_are_what_to_confirm() -> None:
    verdict = judge(
        proof("parse"),
        proof("security"),
        proof("derived-tests", trust=Trust.DERIVED),
        task=BARE,
        required=("parse", "security"),
    )
    assert verdict.decision is Decision.PENDING
    assert verdict.missing_checks == ()
    assert "confirm: f(2) == 4" in verdict.reasons
    assert "confirm: f(-1) raises ValueError" in verdict.reasons


def test_derived_evidence_in_a_required_check_does_not_suffice_either() -> None:
    evidence = (proof("parse"), proof("security"), proof("tests", trust=Trust.DERIVED))
    assert judge(*evidence, task=BARE).decision is Decision.PENDING
    assert judge(*evidence, task=BARE, accept_claimed="always", own_code=True).decision is Decision.PENDING


def test_derived_examples_reject_where_nothing_outranks_them() -> None:
    failed = proof("derived-tests", CheckOutcome.FAILED, trust=Trust.DERIVED)
    required = ("parse", "security")
    assert judge(proof("parse"), proof("security"), failed, task=BARE, required=required).decision is Decision.REJECTED
    both = make_task(goal="Square.", module="x", acceptance=(GIVEN, DERIVED))
    outranked = judge(*good(), failed, task=both)
    assert outranked.decision is Decision.ACCEPTED
    assert any(r.startswith("note: derived-tests: ") for r in outranked.reasons)
    asked = judge(*good(), failed, task=both, required=(*REQUIRED, "derived-tests"))
    assert asked.decision is Decision.PENDING
    assert any("read from the text" in r for r in asked.reasons)


def test_generated_tests_neither_accept_nor_reject_alone() -> None:
    for outcome in (CheckOutcome.PASSED, CheckOutcome.FAILED):
        generated = proof("generated-tests", outcome, trust=Trust.GENERATED)
        verdict = judge(proof("parse"), proof("security"), generated, task=BARE, required=("parse", "security"))
        assert verdict.decision is Decision.PENDING
        assert f"confirm: generated-tests.py::one ({outcome})" in verdict.reasons


# --- a person -----------------------------------------------------------------------------------------------------


def review(outcome: CheckOutcome = CheckOutcome.PASSED) -> Evidence:
    return proof(REVIEW, outcome, log="approved by ann").replace(trust=Trust.GIVEN, results=())


def test_an_approval_stands_for_what_was_to_be_confirmed() -> None:
    generated = proof("generated-tests", CheckOutcome.FAILED, trust=Trust.GENERATED)
    required = ("parse", "security", "generated-tests", REVIEW)
    evidence = (proof("parse"), proof("security"), generated)
    assert judge(*evidence, task=BARE, required=required).decision is Decision.REJECTED
    verdict = judge(*evidence, review(), task=BARE, required=required, accept_claimed="always")
    assert verdict.decision is Decision.ACCEPTED
    assert "review: approved by ann" in verdict.reasons
    claimed = proof("tests", trust=Trust.GIVEN, assurance=Assurance.CLAIMED)
    assert judge(*without("tests"), claimed, review()).decision is Decision.ACCEPTED


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("outcome", [CheckOutcome.FAILED, CheckOutcome.ERRORED])
def test_an_approval_mends_no_failure_and_no_broken_check(name: str, outcome: CheckOutcome) -> None:
    bad = proof(name, outcome, trust=Trust.GIVEN if name == "tests" else None)
    decision = Decision.REJECTED if outcome is CheckOutcome.FAILED else Decision.PENDING
    assert judge(*without(name), bad, review(), accept_claimed="always").decision is decision


def test_a_person_rejects() -> None:
    verdict = judge(*good(), review(CheckOutcome.FAILED).replace(log="rejected by ann: slow"), accept_claimed="never")
    assert verdict.decision is Decision.REJECTED
    assert verdict.reasons == ("review: rejected by ann: slow",)


# --- quality ------------------------------------------------------------------------------------------------------


def test_quality_is_absent_until_all_four_parts_are_measured() -> None:
    full = dict.fromkeys(QUALITY_WEIGHTS, 1.0)
    assert quality([proof("a", measurements=full)]) == pytest.approx(1.0)
    for part in full:
        assert quality([proof("a", measurements={k: v for k, v in full.items() if k != part})]) is None


def test_quality_weighs_its_parts() -> None:
    parts = {"pass_share": 1.0, "branch_coverage": 0.5, "performance": 2.0, "properties_share": 0.0}
    spread = [proof(name, measurements={name: value}) for name, value in parts.items()]
    assert quality(spread) == pytest.approx(0.4 + 0.15 + 0.2 + 0.0)
    assert judge(*good(), *spread).quality == pytest.approx(0.75)


@pytest.mark.parametrize("figure", [float("nan"), -0.1, 1.1])
def test_a_figure_that_cannot_be_is_no_measurement(figure: float) -> None:
    parts = dict.fromkeys(QUALITY_WEIGHTS, 1.0) | {"pass_share": figure}
    assert quality([proof("a", measurements=parts)]) is None


def test_quality_never_admits() -> None:
    perfect = proof("rank", measurements=dict.fromkeys(QUALITY_WEIGHTS, 1.0))
    assert judge(*without("tests"), perfect).decision is Decision.PENDING


# --- laws ---------------------------------------------------------------------------------------------------------

findings = st.builds(
    Finding,
    rule=st.sampled_from(["B307", "x"]),
    message=st.sampled_from(["m", "waived: m"]),
    severity=st.sampled_from(["low", "medium", "high"]),
    confidence=st.sampled_from(["medium", "high"]),
)
results = st.builds(TestResult, id=st.sampled_from(["a", "b"]), outcome=st.sampled_from(CheckOutcome))
pieces = st.builds(
    Evidence,
    check=st.sampled_from([*REQUIRED, "derived-tests", "generated-tests", "lint", REVIEW]),
    check_version=st.just("1"),
    candidate_id=st.sampled_from([ID, "d" * 64]),
    outcome=st.sampled_from([CheckOutcome.PASSED, *CheckOutcome]),
    trust=st.sampled_from([None, *Trust]),
    assurance=st.sampled_from([None, *Assurance]),
    results=st.lists(results, max_size=2).map(tuple),
    findings=st.lists(findings, max_size=1).map(tuple),
    log=st.text(max_size=5),
)
bodies = st.lists(pieces, max_size=6) | st.lists(pieces, max_size=3).map(lambda more: [*good(), *more])
tasks = st.sampled_from([TASK, BARE, make_task(goal="x", module="x")])
settings_of = st.sampled_from(["ask", "always", "never"])


@given(bodies, tasks, settings_of, st.booleans(), st.randoms(use_true_random=False))
def test_order_does_not_matter(body: list[Evidence], task: Task, setting: str, own: bool, random: object) -> None:
    shuffled = list(body)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one = judge(*body, task=task, accept_claimed=setting, own_code=own)
    assert judge(*shuffled, task=task, accept_claimed=setting, own_code=own) == one


@given(bodies, tasks, settings_of, st.booleans(), st.sampled_from(REQUIRED), st.sampled_from([None, *Trust]))
def test_a_failed_required_check_never_helps(
    body: list[Evidence], task: Task, setting: str, own: bool, name: str, trust: Trust | None
) -> None:
    before = judge(*body, task=task, accept_claimed=setting, own_code=own)
    failed = proof(name, CheckOutcome.FAILED, trust=trust)
    after = judge(*body, failed, task=task, accept_claimed=setting, own_code=own)
    if before.decision is not Decision.ACCEPTED:
        assert after.decision is not Decision.ACCEPTED
    if trust in {None, Trust.GIVEN}:
        assert after.decision is Decision.REJECTED


@given(bodies, tasks, settings_of, st.booleans())
def test_what_an_acceptance_means(body: list[Evidence], task: Task, setting: str, own: bool) -> None:
    verdict = judge(*body, task=task, accept_claimed=setting, own_code=own)
    mine = [e for e in body if e.candidate_id == ID]
    if verdict.decision is Decision.ACCEPTED:
        approved = any(e.check == REVIEW and e.outcome is CheckOutcome.PASSED for e in mine)
        assert verdict.missing_checks == ()
        assert {e.check for e in mine if e.outcome is CheckOutcome.PASSED or approved} >= set(REQUIRED)
        assert approved or any(
            e.trust is Trust.GIVEN and any(r.outcome is CheckOutcome.PASSED for r in e.results) for e in mine
        )
        assert not any(e.trust is Trust.GIVEN and e.outcome is CheckOutcome.FAILED for e in mine)
    else:
        assert verdict.reasons
    assert verdict.from_json(verdict.to_json()) == verdict


@given(bodies, settings_of, st.booleans())
def test_own_code_and_always_are_never_stricter(body: list[Evidence], setting: str, own: bool) -> None:
    rank = {Decision.REJECTED: 0, Decision.PENDING: 1, Decision.ACCEPTED: 2}
    verdict = rank[judge(*body, accept_claimed=setting, own_code=own).decision]
    assert rank[judge(*body, accept_claimed="always", own_code=own).decision] >= verdict
    assert rank[judge(*body, accept_claimed=setting, own_code=True).decision] >= verdict
