from __future__ import annotations

import pytest

from lamarck.api import Message, Request, ScriptedModel
from lamarck.benchmarks.arm import passed_share
from lamarck.benchmarks.arms import ARMS, best_attempt, choose_arms, hollow
from lamarck.benchmarks.metering import SHORTEST_REPLY, MeteredModel
from lamarck.errors import BadInput, LimitSpent
from lamarck.records import (
    Attempt,
    CheckOutcome,
    Decision,
    Evidence,
    Origin,
    Run,
    Sampling,
    SourceFile,
    TestResult,
    Trust,
    Verdict,
    make_candidate,
    make_task,
)

WORDS_150 = " ".join(["word"] * 150)
TASK = make_task(goal="anything", module="m")


def attempt(number: int, decision: Decision, passed: int, failed: int) -> Attempt:
    candidate = make_candidate(
        files=(SourceFile(path="m.py", text=f"x = {number}"),), entry_point=None, origin=Origin(generator="model")
    )
    results = [TestResult(id=f"p{i}", outcome=CheckOutcome.PASSED) for i in range(passed)]
    results += [TestResult(id=f"f{i}", outcome=CheckOutcome.FAILED) for i in range(failed)]
    evidence = Evidence(
        check="given tests",
        check_version="1",
        candidate_id=candidate.id,
        outcome=CheckOutcome.FAILED if failed else CheckOutcome.PASSED,
        trust=Trust.GIVEN,
        results=tuple(results),
    )
    verdict = Verdict(decision=decision, evidence=(evidence,))
    return Attempt(number=number, generator="model", candidate=candidate, verdict=verdict)


def best(*attempts: Attempt) -> int | None:
    found = best_attempt(Run(id="r", kind="solve", task=TASK, started="", attempts=attempts))
    return found.number if found else None


def test_the_best_attempt_is_the_verdict_first_then_the_tests_then_the_earliest() -> None:
    rejected, better, equal = (attempt(n, Decision.REJECTED, n if n < 3 else 2, 3) for n in (1, 2, 3))
    assert best(rejected, better, equal) == 2
    assert best(better, attempt(5, Decision.PENDING, 0, 0)) == 5
    assert best(attempt(4, Decision.PENDING, 9, 0), attempt(5, Decision.ACCEPTED, 1, 0)) == 5
    chosen = attempt(6, Decision.ACCEPTED, 1, 0).replace(generator="agreement")
    assert best(attempt(5, Decision.ACCEPTED, 1, 0), chosen) == 6
    assert best() is None
    assert best(Attempt(number=1, generator="model", candidate=None, verdict=None)) is None


def test_share_of_passed_tests() -> None:
    verdict = attempt(1, Decision.REJECTED, 1, 3).verdict
    assert verdict is not None and passed_share(verdict.evidence[0]) == 0.25
    nothing = Evidence(check="c", check_version="1", candidate_id="x", outcome=CheckOutcome.ERRORED)
    assert passed_share(nothing) == 0


def test_hollow_keeps_names_and_signatures_and_no_body() -> None:
    text = hollow('class A:\n    def f(self, x=1):\n        """Doc."""\n        return x\n\n\ndef g():\n    yield 2\n')
    assert "def f(self, x=1):\n        return None" in text
    assert "def g():\n    return None" in text
    assert "yield" not in text and "Doc" not in text
    assert hollow("") == hollow("def broken(:\n") == hollow("X = 1\n") == ""


def test_arms_are_chosen_by_name_once_each() -> None:
    assert choose_arms("raw, lamarck,raw") == ("raw", "lamarck")
    for bad in ("nonsense", "", "raw,LAMARCK"):
        with pytest.raises(BadInput) as caught:
            choose_arms(bad)
        assert "best-of-n" in caught.value.line
    assert {"reference", "empty", "raw", "best-of-n", "lamarck"} <= set(ARMS)


def request(max_tokens: int = 200, seed: int = 5) -> Request:
    return Request(
        messages=(Message(role="user", content="write"),), sampling=Sampling(max_tokens=max_tokens, seed=seed)
    )


def metered(text: str, tokens: int, seed: int = 0) -> tuple[MeteredModel, list[Request]]:
    asked: list[Request] = []

    def answer(asked_for: Request) -> str:
        asked.append(asked_for)
        return text

    return MeteredModel(ScriptedModel(answer), tokens=tokens, seed=seed, task="t"), asked


def test_a_budget_is_never_exceeded_and_its_end_is_typed() -> None:
    model, asked = metered(WORDS_150, tokens=400)
    for _ in range(2):
        model.complete(request())
    third = model.complete(request())
    assert asked[2].sampling.max_tokens == 400 - 2 * 150
    assert third.finish == "length"
    assert model.generated_tokens == 400
    with pytest.raises(LimitSpent) as caught:
        model.complete(request())
    assert caught.value.which == "tokens"
    assert len(asked) == 3, "what is not left is not asked for"


def test_a_reply_too_short_to_be_one_is_not_begun() -> None:
    model, asked = metered(WORDS_150, tokens=150 + SHORTEST_REPLY - 1)
    model.complete(request())
    with pytest.raises(LimitSpent):
        model.complete(request())
    assert len(asked) == 1


def test_seeds_follow_from_task_seed_and_number_of_the_call_alone() -> None:
    one, first = metered("x", tokens=1000)
    two, second = metered("x", tokens=1000)
    other, third = metered("x", tokens=1000, seed=1)
    for model in (one, two, other):
        model.complete(request(seed=5))
        model.complete(request(seed=6))
    assert [r.sampling.seed for r in first] == [r.sampling.seed for r in second]
    assert len({r.sampling.seed for r in [*first, *third]}) == 4


def test_a_replayed_reply_costs_what_it_cost_when_it_was_made() -> None:
    class Replayed(ScriptedModel):
        def complete(self, request: Request, on_token: object = None):  # type: ignore[no-untyped-def]
            return super().complete(request).replace(from_cache=True, seconds=7.0, cpu_seconds=9.0)

    model = MeteredModel(Replayed([" ".join(["word"] * 10)]), tokens=100, seed=0, task="t")
    reply = model.complete(request())
    assert not reply.from_cache, "the loop counts it"
    assert (model.seconds, model.cpu_seconds, model.generated_tokens) == (7.0, 9.0, 10)
    assert [r.from_cache for r in model.replies] == [True]
    assert model.inside_seconds < 7
