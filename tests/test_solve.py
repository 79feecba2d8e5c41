"""The loop with a real library; generators and a check stand in at their seams, and no code is run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from lamarck.budget import Budget
from lamarck.checks.agreement.comparison import Comparison
from lamarck.errors import BadInput, LimitSpent, ModelUnavailable
from lamarck.generators.generator import Proposal
from lamarck.library.sqlite import SqliteLibrary
from lamarck.policy import Rules, Step
from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Attempt,
    Candidate,
    CheckOutcome,
    Decision,
    Event,
    Evidence,
    ExitReason,
    Limits,
    Origin,
    SourceFile,
    Spend,
    Task,
    TestResult,
    Trust,
    make_candidate,
    make_task,
)
from lamarck.solve import Parts, add, judge_again, prove, solve
from lamarck.verifying import verify


def code(text: str, generator: str = "model") -> Candidate:
    return make_candidate(
        files=(SourceFile(path="m.py", text=text),), entry_point="f", origin=Origin(generator=generator)
    )


GOOD = "def f(x):\n    return x\n"
BAD = "def f(x):\n    return {}\n"


class Proposes:
    """A generator that offers given texts, then nothing; a text may be an exception to raise."""

    name = "model"

    def __init__(self, *texts: str | BaseException | None, tokens: int = 10) -> None:
        self.texts = list(texts)
        self.tokens = tokens
        self.steps: list[Step] = []

    def propose(self, task: Task, history: tuple[Attempt, ...], step: Step, budget: Budget) -> Proposal | None:
        self.steps.append(step)
        if not self.texts:
            return None
        budget.reserve(tokens=self.tokens)
        text = self.texts.pop(0)
        if isinstance(text, BaseException):
            raise text
        spend = Spend(calls=1, completion_tokens=self.tokens)
        if text is None:
            return Proposal(candidate=None, spend=spend, note="no code")
        return Proposal(candidate=code(text, step.generator), spend=spend)


class Returns:
    """A check that passes when the text returns x. Counts its runs."""

    name = "tests"
    version = "1"
    required = True

    def __init__(self) -> None:
        self.runs = 0

    def applies(self, task: Task) -> bool:
        return bool(task.tests(Trust.GIVEN))

    def run(self, task: Task, candidate: Candidate) -> Evidence:
        self.runs += 1
        outcome = CheckOutcome.PASSED if "return x" in candidate.files[0].text else CheckOutcome.FAILED
        return Evidence(
            check=self.name,
            check_version=self.version,
            candidate_id=candidate.id,
            outcome=outcome,
            trust=Trust.GIVEN,
            results=(TestResult(id="t::one", outcome=outcome),),
        )


@pytest.fixture
def library(tmp_path: Path) -> Iterator[SqliteLibrary]:
    with_library = SqliteLibrary(tmp_path / "library.sqlite")
    yield with_library
    with_library.close()


@pytest.fixture
def task() -> Task:
    given = Acceptance(kind=AcceptanceKind.PYTEST, content="def test(): ...", path="test_m.py")
    return make_task(goal="identity", module="m", entry_point="f", acceptance=(given,))


Make = Callable[..., Parts]


@pytest.fixture
def parts(library: SqliteLibrary) -> Make:
    def make(*texts: str | BaseException | None, **more: object) -> Parts:
        proposes = Proposes(*texts)
        fields: dict[str, object] = {
            "library": library,
            "checks": (Returns(),),
            "generators": {"reuse": Proposes(), "model": proposes, "repair": proposes},
            "rules": Rules(tiers=("t",), samples=2, repairs=1),
        }
        return Parts(**(fields | more))  # type: ignore[arg-type]

    return make


def test_accepted_at_once(parts: Make, task: Task, library: SqliteLibrary) -> None:
    run = solve(task, parts(GOOD))
    assert run.exit_reason is ExitReason.ACCEPTED
    assert run.spend.completion_tokens == 10
    assert run.artifact_id is not None
    kept = library.get(run.artifact_id)
    assert kept.candidate.files[0].text == GOOD
    assert kept.cost.completion_tokens == 10
    assert library.get_run(run.id).attempts == run.attempts


def test_a_repair_is_asked_for_after_a_failure(parts: Make, task: Task) -> None:
    made = parts(BAD.format(1), GOOD)
    run = solve(task, made)
    assert [a.generator for a in run.attempts] == ["model", "repair"]
    assert run.exit_reason is ExitReason.ACCEPTED
    steps = made.generators["model"].steps  # type: ignore[attr-defined]
    assert steps[1].repair_of == 1


def test_rejected_when_nothing_is_left(parts: Make, task: Task, library: SqliteLibrary) -> None:
    run = solve(task, parts(*(BAD.format(n) for n in range(4))))
    assert run.exit_reason is ExitReason.REJECTED
    assert [a.generator for a in run.attempts] == ["model", "repair", "model", "repair"]
    assert list(library.artifacts()) == []
    assert "tests: t::one failed" in run.message


def test_the_same_tree_is_not_run_twice(parts: Make, task: Task) -> None:
    check = Returns()
    run = solve(task, parts(BAD.format(1), BAD.format(1) + "# again\n", GOOD, checks=(check,)))
    assert run.exit_reason is ExitReason.ACCEPTED
    assert check.runs == 2
    assert "same syntax tree as attempt 1" in run.attempts[1].note


def test_a_reply_without_code_is_an_attempt(parts: Make, task: Task) -> None:
    run = solve(task, parts(None, GOOD))
    assert run.attempts[0].candidate is None
    assert run.attempts[1].generator == "model", "there is nothing to repair"
    assert run.spend.completion_tokens == 20


def test_tokens_are_reserved_first(parts: Make, task: Task) -> None:
    run = solve(task.replace(limits=Limits(tokens=25)), parts(*(BAD.format(n) for n in range(4))))
    assert run.exit_reason is ExitReason.TOKENS_SPENT
    assert run.spend.tokens == 20
    assert run.exit_reason.exit_code == 4


@pytest.mark.parametrize(
    ("limits", "reason"),
    [(Limits(tokens=0), ExitReason.TOKENS_SPENT), (Limits(seconds=0), ExitReason.SECONDS_SPENT)],
)
def test_a_budget_of_zero(parts: Make, task: Task, limits: Limits, reason: ExitReason) -> None:
    run = solve(task.replace(limits=limits), parts(GOOD))
    assert run.exit_reason is reason
    assert run.spend.tokens == 0


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ModelUnavailable("no weights", "pull them"), ExitReason.ENVIRONMENT),
        (BadInput("broken tests", "mend them"), ExitReason.BAD_INPUT),
        (KeyboardInterrupt(), ExitReason.INTERRUPTED),
        (RuntimeError("a defect"), ExitReason.INTERRUPTED),
    ],
)
def test_the_log_says_why_a_run_ended(
    parts: Make, task: Task, library: SqliteLibrary, error: BaseException, reason: ExitReason
) -> None:
    with pytest.raises(type(error)):
        solve(task, parts(BAD.format(1), error))
    (logged,) = library.runs()
    assert logged.exit_reason is reason
    assert len(library.get_run(logged.id).attempts) == 1, "what was paid for is kept"


def test_resume_goes_on_where_it_stopped(parts: Make, task: Task, library: SqliteLibrary) -> None:
    with pytest.raises(KeyboardInterrupt):
        solve(task, parts(BAD.format(1), KeyboardInterrupt()))
    (logged,) = library.runs()
    made = parts(GOOD)
    run = solve(task, made, resumed=library.get_run(logged.id))
    assert run.id == logged.id
    assert run.exit_reason is ExitReason.ACCEPTED
    assert [a.number for a in run.attempts] == [1, 2]
    assert run.spend.completion_tokens == 20
    assert made.generators["model"].steps[0].number == 2  # type: ignore[attr-defined]


def test_reuse_counts_a_use_and_costs_no_token(parts: Make, task: Task, library: SqliteLibrary) -> None:
    first = solve(task, parts(GOOD))
    assert first.artifact_id is not None

    class Serves(Proposes):
        def propose(self, task: Task, history: tuple[Attempt, ...], step: Step, budget: Budget) -> Proposal | None:
            assert first.artifact_id is not None
            served = make_candidate(
                files=(SourceFile(path="m.py", text=GOOD),),
                entry_point="f",
                origin=Origin(generator="reuse"),
                parents=(first.artifact_id,),
            )
            return Proposal(candidate=served, spend=Spend())

    run = solve(task, parts(generators={"reuse": Serves()}))
    assert run.exit_reason is ExitReason.ACCEPTED
    assert run.spend.tokens == 0
    assert library.get(first.artifact_id).usage.served == 1
    assert len(list(library.artifacts())) == 1, "the same code is not kept twice"


def test_a_verdict_of_equal_code_and_tests_stands_in(parts: Make, task: Task) -> None:
    check = Returns()
    made = parts(checks=(check,))
    prove(task, code(GOOD), made)
    prove(task, code(GOOD), made)
    assert check.runs == 1
    prove(task, code(GOOD), made, fresh=True)
    assert check.runs == 2
    prove(task.replace(acceptance=(*task.acceptance, task.acceptance[0])), code(GOOD), made)
    assert check.runs == 3


def test_nothing_given_ends_pending_with_generated_tests(parts: Make, library: SqliteLibrary) -> None:
    generated = Acceptance(kind=AcceptanceKind.PYTEST, content="x", path="test_g.py", trust=Trust.GENERATED)
    task = make_task(goal="identity", module="m", entry_point="f")
    asked: list[Step] = []

    def write_tests(task: Task, step: Step, budget: Budget) -> tuple[Acceptance | None, Spend, str]:
        asked.append(step)
        return generated, Spend(completion_tokens=5), ""

    run = solve(task, parts(GOOD, write_tests=write_tests))
    assert run.exit_reason is ExitReason.PENDING
    assert run.exit_reason.exit_code == 3
    assert run.task.acceptance == (generated,)
    assert run.spend.completion_tokens == 15
    assert len(asked) == 1
    assert "confirm" in run.message
    assert list(library.artifacts()) == []


def test_nearness_alone_is_not_put_before_a_person(parts: Make, library: SqliteLibrary) -> None:
    near = Proposes(GOOD)
    task = make_task(goal="identity", module="m", entry_point="f")
    run = solve(task, parts(BAD.format(1), generators={"reuse": near, "model": Proposes(BAD.format(1))}))
    assert [a.generator for a in run.attempts] == ["reuse", "model"]
    assert run.exit_reason is ExitReason.PENDING


def test_preflight_comes_before_the_first_token(parts: Make, task: Task) -> None:
    def refuse(task: Task) -> None:
        raise BadInput("the tests prove nothing", "assert something")

    made = parts(GOOD, preflight=refuse)
    with pytest.raises(BadInput, match="prove nothing"):
        solve(task, made)
    assert made.generators["model"].steps == []  # type: ignore[attr-defined]


def test_add_and_verify(parts: Make, task: Task, library: SqliteLibrary) -> None:
    made = parts()
    run = add(task, code(GOOD, "user"), made)
    assert run.exit_reason is ExitReason.ACCEPTED
    assert run.artifact_id is not None
    assert verify(library.get(run.artifact_id), made).changes == ()

    class Stricter(Returns):
        version = "2"

        def run(self, task: Task, candidate: Candidate) -> Evidence:
            failed = CheckOutcome.FAILED
            return (
                super().run(task, candidate).replace(outcome=failed, results=(TestResult(id="t::one", outcome=failed),))
            )

    again = verify(library.get(run.artifact_id), parts(checks=(Stricter(),)))
    assert again.after.decision is Decision.REJECTED
    assert again.changes == (
        "verdict: accepted → rejected",
        "tests: outcome passed → failed",
        "tests: check_version 1 → 2",
        "tests: t::one passed → failed",
    )


def test_rejected_code_is_not_added(parts: Make, task: Task, library: SqliteLibrary) -> None:
    run = add(task, code(BAD.format(1), "user"), parts())
    assert run.exit_reason is ExitReason.REJECTED
    assert list(library.artifacts()) == []


def test_observers_see_every_step(parts: Make, task: Task) -> None:
    seen: list[Event] = []
    solve(task, parts(GOOD, observers=(seen.append,)))
    assert [e.kind for e in seen] == ["run_started", "step", "step", "checking", "verdict", "attempt", "run_ended"]
    assert len({e.run_id for e in seen}) == 1


# --- several candidates that pass


class Votes:
    """Compares by the number that a text ends with."""

    def __init__(self, obstacle: str | None = None) -> None:
        self.why = obstacle
        self.compared: list[list[str]] = []
        self.written: list[list[int]] = []

    def obstacle(self, task: Task, candidate: Candidate) -> str | None:
        return self.why

    def compare(
        self,
        task: Task,
        candidates: Sequence[Candidate],
        *,
        written: Mapping[str, int] = {},
        replay_command: str = "",
    ) -> Comparison:
        self.written.append([written[c.id] for c in candidates])
        self.compared.append([c.files[0].text for c in candidates])
        ends = [c.files[0].text.rstrip()[-1] for c in candidates]
        chosen = max(candidates, key=lambda c: ends.count(c.files[0].text.rstrip()[-1]))
        evidence = Evidence(
            check="agreement",
            check_version="1",
            candidate_id=chosen.id,
            outcome=CheckOutcome.PENDING,
            trust=Trust.GENERATED,
            log=self.why or f"{len(candidates)} compared",
            replay_command=replay_command,
        )
        return Comparison(chosen=chosen.id, evidence=evidence)


SEVERAL = Rules(tiers=("t",), samples=9, repairs=0, agreement=3)
ONE, TWO, AGAIN_TWO = (f"def f(x):\n    return x{text}\n" for text in (" + 1", " + 2", " - 2"))


def test_the_largest_group_is_kept(parts: Make, task: Task, library: SqliteLibrary) -> None:
    votes = Votes()
    made = parts(ONE, BAD.format(1), ONE, TWO, AGAIN_TWO, GOOD, rules=SEVERAL, agreement=votes)
    run = solve(task, made)
    assert run.exit_reason is ExitReason.ACCEPTED
    assert votes.compared == [[ONE, TWO, AGAIN_TWO]]
    assert votes.written == [[2, 1, 1]], "the first was written twice"
    assert [a.generator for a in run.attempts] == ["model"] * 5 + ["agreement"]
    last = run.attempts[-1]
    assert last.candidate is not None
    assert last.verdict is not None
    assert run.artifact_id == last.candidate.id
    assert library.get(run.artifact_id).candidate.files[0].text == TWO
    evidence = {e.check: e for e in last.verdict.evidence}
    assert evidence["agreement"].replay_command == f"lamarck review compare {run.id[:12]}"
    assert "agreement: 3 compared" in run.message
    assert library.get_run(run.id).attempts == run.attempts
    # What is verified again keeps how it was chosen.
    assert verify(library.get(run.artifact_id), made).changes == ()


def test_no_search_where_nothing_can_be_compared(parts: Make, task: Task) -> None:
    run = solve(task, parts(ONE, TWO, rules=SEVERAL, agreement=Votes("a class")))
    assert run.exit_reason is ExitReason.ACCEPTED
    assert [(a.generator, a.note) for a in run.attempts] == [("model", ""), ("agreement", "a class")]


def test_what_passed_is_kept_when_a_limit_ends_the_search(parts: Make, task: Task) -> None:
    votes = Votes()
    made = parts(ONE, TWO, rules=SEVERAL, agreement=votes)
    run = solve(task.replace(limits=Limits(tokens=15)), made)
    assert run.exit_reason is ExitReason.ACCEPTED
    assert votes.compared == [[ONE]]
    assert run.spend.tokens == 10


def test_a_reply_that_was_cut_off_is_paid(parts: Make, task: Task) -> None:
    error = LimitSpent("the seconds of this run are spent", which="seconds")
    error.tokens = 7
    run = solve(task, parts(ONE, error, rules=SEVERAL, agreement=Votes()))
    assert run.exit_reason is ExitReason.ACCEPTED
    assert run.spend.tokens == 17


def test_a_killed_run_chooses_among_what_passed(parts: Make, task: Task, library: SqliteLibrary) -> None:
    with pytest.raises(KeyboardInterrupt):
        solve(task, parts(ONE, TWO, KeyboardInterrupt(), rules=SEVERAL, agreement=Votes()))
    (logged,) = library.runs()
    votes = Votes()
    run = solve(task, parts(AGAIN_TWO, rules=SEVERAL, agreement=votes), resumed=library.get_run(logged.id))
    assert run.exit_reason is ExitReason.ACCEPTED
    assert votes.compared == [[ONE, TWO, AGAIN_TWO]]


def test_pending_candidates_are_compared_too(parts: Make, library: SqliteLibrary) -> None:
    task = make_task(goal="identity", module="m", entry_point="f")
    votes = Votes()
    run = solve(task, parts(ONE, TWO, AGAIN_TWO, rules=SEVERAL, agreement=votes))
    assert run.exit_reason is ExitReason.PENDING
    assert len(votes.compared[0]) == 3
    assert list(library.artifacts()) == []


class OnlyMinus(Returns):
    """What passes once the answer is known."""

    def run(self, task: Task, candidate: Candidate) -> Evidence:
        found = super().run(task, candidate)
        if len(task.acceptance) > 1 and "- 2" not in candidate.files[0].text:
            found = found.replace(
                outcome=CheckOutcome.FAILED, results=(TestResult(id="a", outcome=CheckOutcome.FAILED),)
            )
        return found


def test_judged_again_with_another_test(parts: Make, task: Task, library: SqliteLibrary) -> None:
    made = parts(ONE, TWO, AGAIN_TWO, rules=SEVERAL, agreement=Votes(), checks=(OnlyMinus(),))
    first = solve(task, made)
    more = task.replace(acceptance=(*task.acceptance, task.acceptance[0]))
    run = judge_again(library.get_run(first.id), more, made)
    assert run.id == first.id
    assert run.exit_reason is ExitReason.ACCEPTED
    assert run.artifact_id is not None
    assert library.get(run.artifact_id).candidate.files[0].text == AGAIN_TWO
    assert [a.verdict.decision if a.verdict else None for a in run.attempts] == [
        Decision.REJECTED,
        Decision.REJECTED,
        Decision.ACCEPTED,
        None,  # what was chosen before
        Decision.ACCEPTED,
    ]
    assert run.spend.completion_tokens == 30, "nothing is paid twice"
    assert library.get_run(run.id).attempts == run.attempts
    assert library.get_run(run.id).task.acceptance == more.acceptance


def test_judged_again_and_none_is_left(parts: Make, task: Task, library: SqliteLibrary) -> None:
    made = parts(ONE, TWO, rules=SEVERAL.replace(agreement=2), agreement=Votes(), checks=(OnlyMinus(),))
    first = solve(task, made)
    more = task.replace(acceptance=(*task.acceptance, task.acceptance[0]))
    run = judge_again(library.get_run(first.id), more, made)
    assert run.exit_reason is ExitReason.REJECTED
    assert run.artifact_id is None
    again = parts(AGAIN_TWO, rules=SEVERAL.replace(agreement=2), agreement=Votes(), checks=(OnlyMinus(),))
    resumed = solve(more, again, resumed=library.get_run(run.id))
    assert resumed.exit_reason is ExitReason.ACCEPTED, "the run can go on and look for one that passes"
