"""The order of steps: library, then tier by tier fresh replies and their repairs; a seed of its own for each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.policy import (
    MORE,
    ROUND,
    SEARCH,
    SEARCHES_OF_ONE,
    TEMPERATURES,
    Rules,
    Step,
    next_step,
    passing,
    seed_for,
)
from lamarck.records import (
    Attempt,
    Candidate,
    CheckOutcome,
    Decision,
    Evidence,
    Origin,
    SourceFile,
    Spend,
    TestResult,
    Verdict,
    make_candidate,
)

CODE = make_candidate(files=(SourceFile(path="m.py", text="x"),), entry_point=None, origin=Origin(generator="model"))
FAILED = Verdict(
    decision=Decision.REJECTED,
    evidence=(Evidence(check="tests", check_version="1", candidate_id="c", outcome=CheckOutcome.FAILED),),
)


def played(rules: Rules, *, code: bool = True, reuse: int = 0) -> list[Step]:
    """All steps of a run in which everything is rejected and the library has `reuse` candidates."""
    history: list[Attempt] = []
    exhausted: frozenset[str] = frozenset()
    steps: list[Step] = []
    while (step := next_step("run", tuple(history), rules, exhausted)) is not None:
        if step.generator == "reuse" and sum(s.generator == "reuse" for s in steps) == reuse:
            exhausted |= {"reuse"}
            continue
        steps.append(step)
        history.append(
            Attempt(
                number=step.number,
                generator=step.generator,
                tier=step.tier,
                candidate=CODE if code else None,
                verdict=FAILED if code else None,
            )
        )
    return steps


def test_the_whole_order() -> None:
    steps = played(Rules(tiers=("small", "large"), samples=3, repairs=1), reuse=1)
    per_tier = ["model", "repair", "model", "model", "repair"]
    assert [(s.generator, s.tier) for s in steps] == [
        ("reuse", None),
        *((generator, "small") for generator in per_tier),
        *((generator, "large") for generator in per_tier),
    ]
    assert steps[2].repair_of == steps[1].number
    assert steps[5].repair_of in {s.number for s in steps[1:5]}


def test_the_best_that_no_repair_was_tried_on_is_repaired() -> None:
    def attempt(number: int, generator: str, passed: int, parents: tuple[str, ...] = ()) -> Attempt:
        outcomes = [CheckOutcome.PASSED] * passed + [CheckOutcome.FAILED] * (4 - passed)
        evidence = Evidence(
            check="tests",
            check_version="1",
            candidate_id="c",
            outcome=CheckOutcome.FAILED,
            results=tuple(TestResult(id=str(i), outcome=o) for i, o in enumerate(outcomes)),
        )
        code = make_candidate(
            files=(SourceFile(path="m.py", text=str(number)),),
            entry_point=None,
            origin=Origin(generator=generator),
            parents=parents,
        )
        verdict = Verdict(decision=Decision.REJECTED, evidence=(evidence,))
        return Attempt(number=number, generator=generator, tier="t", candidate=code, verdict=verdict)

    first = attempt(1, "model", 3)
    assert first.candidate is not None
    history = [first, attempt(2, "repair", 1, (first.candidate.id,))]
    history += [attempt(n, "model", passed) for n, passed in ((3, 1), (4, 2), (5, 0))]
    step = next_step("run", tuple(history), Rules(reuse=False, tiers=("t",), samples=4, repairs=1))
    assert step is not None
    assert (step.generator, step.repair_of) == ("repair", 4)


def test_no_repair_without_code() -> None:
    assert {s.generator for s in played(Rules(tiers=("small",)), code=False)} == {"model"}


def test_fresh_samples_follow_the_temperatures() -> None:
    steps = played(Rules(tiers=("small",), samples=6, repairs=0))
    assert [s.temperature for s in steps] == [*TEMPERATURES, TEMPERATURES[-1], TEMPERATURES[-1]]


def test_nothing_to_do() -> None:
    assert next_step("run", (), Rules(reuse=False)) is None
    assert next_step("run", (), Rules(reuse=True), frozenset({"reuse"})) is None


@given(st.integers(1, 5), st.integers(0, 2), st.integers(0, 3))
def test_it_ends_and_no_seed_repeats(samples: int, repairs: int, reuse: int) -> None:
    steps = played(Rules(tiers=("a", "b"), samples=samples, repairs=repairs), reuse=reuse)
    fresh = sum(s.generator == "model" for s in steps)
    assert fresh == 2 * samples
    assert sum(s.generator == "repair" for s in steps) <= 4 * repairs
    assert len({s.seed for s in steps}) == len(steps)
    assert [s.number for s in steps] == list(range(1, len(steps) + 1))


@given(st.text(min_size=1), st.integers(0, 1000))
def test_seeds_are_stable_and_fit_31_bits(run: str, number: int) -> None:
    assert seed_for(run, number) == seed_for(run, number)
    assert 0 <= seed_for(run, number) < 2**31


def test_after_every_round_of_samples_the_best_is_repaired() -> None:
    steps = played(Rules(tiers=("small",), samples=2 * ROUND + 1, repairs=1))
    generators = [s.generator for s in steps]
    round_ = ["model"] * ROUND + ["repair"]
    assert generators == ["model", "repair", *round_, *round_]


# --- others to compare a passing candidate with


def attempt(number: int, decision: Decision | None, *, generator: str = "model", tier: str | None = "t") -> Attempt:
    """With a verdict, or none where its tree was seen before."""
    code = make_candidate(
        files=(SourceFile(path="m.py", text=str(number)),), entry_point=None, origin=Origin(generator=generator)
    )
    verdict = None if decision is None else Verdict(decision=decision, evidence=())
    return Attempt(number=number, generator=generator, tier=tier, candidate=code, verdict=verdict)


def followed(rules: Rules, first: Attempt, *later: Decision | None) -> list[Step]:
    """The steps after a first passing attempt when the later ones end as given, and the last of these for ever."""
    history, steps = [first], []
    while (step := next_step("run", tuple(history), rules)) is not None:
        steps.append(step)
        decision = later[min(len(steps), len(later)) - 1]
        history.append(attempt(step.number, decision, generator=step.generator, tier=step.tier))
    return steps


def test_the_first_that_passes_is_enough() -> None:
    assert next_step("run", (attempt(1, Decision.ACCEPTED),), Rules(tiers=("t",))) is None
    assert next_step("run", (attempt(1, Decision.PENDING),), Rules(tiers=("t",))) is None


def test_others_are_looked_for() -> None:
    rules = Rules(tiers=("small", "t"), samples=24, agreement=3)
    steps = followed(rules, attempt(1, Decision.ACCEPTED), Decision.REJECTED, Decision.ACCEPTED)
    assert [(s.generator, s.tier, s.temperature) for s in steps] == [
        ("model", "t", TEMPERATURES[1]),
        ("model", "t", TEMPERATURES[2]),
        ("model", "t", TEMPERATURES[3]),
    ]
    assert len({s.seed for s in steps}) == 3


def test_not_for_ever() -> None:
    rules = Rules(tiers=("t",), samples=24, agreement=3)
    for later in (None, Decision.REJECTED, Decision.PENDING):
        assert len(followed(rules, attempt(1, Decision.ACCEPTED), later)) == 2 * MORE
    few = rules.replace(samples=2)
    assert len(followed(few, attempt(1, Decision.ACCEPTED), Decision.REJECTED)) == 1
    assert len(followed(few, attempt(1, Decision.ACCEPTED, generator="repair"), Decision.REJECTED)) == 2


def test_accepted_before_pending_and_nothing_of_the_librarys() -> None:
    history = (
        attempt(1, Decision.PENDING, generator="reuse", tier=None),
        attempt(2, Decision.PENDING),
        attempt(3, Decision.REJECTED),
        attempt(4, Decision.PENDING, generator="repair"),
    )
    assert [a.number for a in passing(history)] == [2, 4]
    assert [a.number for a in passing((*history, attempt(5, Decision.ACCEPTED)))] == [5]
    assert passing(history[:1]) == ()


@given(st.integers(1, 5), st.integers(1, 12), st.lists(st.sampled_from([*Decision, None]), min_size=1, max_size=9))
def test_the_search_for_others_is_bounded(agreement: int, samples: int, later: list[Decision | None]) -> None:
    rules = Rules(tiers=("t",), samples=samples, agreement=agreement)
    steps = followed(rules, attempt(1, Decision.ACCEPTED), *later)
    assert len(steps) <= min(MORE * (agreement - 1), samples - 1)
    assert all(s.generator == "model" and s.tier == "t" for s in steps)


# --- search in between


def rejected(passed: int, failed: int) -> Verdict:
    results = [TestResult(id=f"t::{n}", outcome=CheckOutcome.PASSED) for n in range(passed)]
    results += [TestResult(id=f"f::{n}", outcome=CheckOutcome.FAILED) for n in range(failed)]
    evidence = Evidence(
        check="tests", check_version="1", candidate_id="c", outcome=CheckOutcome.FAILED, results=tuple(results)
    )
    return Verdict(decision=Decision.REJECTED, evidence=(evidence,))


def near(number: int, *, generator: str = "model", passed: int = 1) -> Attempt:
    return Attempt(number=number, generator=generator, tier="small", candidate=CODE, verdict=rejected(passed, 1))


def searched(number: int, seconds: float, *, brought: bool = False) -> Attempt:
    return Attempt(
        number=number,
        generator=SEARCH,
        candidate=CODE if brought else None,
        verdict=rejected(1, 1) if brought else None,
        spend=Spend(seconds=seconds),
    )


WITH_SEARCH = Rules(tiers=("small",), samples=5, repairs=1, reuse=False, search_seconds=30.0)


def test_what_nearly_passes_is_searched_once() -> None:
    step = next_step("run", (near(1),), WITH_SEARCH)
    assert step is not None
    assert (step.generator, step.repair_of, step.tier) == (SEARCH, 1, None)
    after = next_step("run", (near(1), searched(2, 1.0)), WITH_SEARCH)
    assert after is not None
    assert after.generator == "repair"


def test_what_fails_altogether_or_for_another_reason_is_not_searched() -> None:
    for attempt in (
        near(1, passed=0),
        Attempt(number=1, generator="model", tier="small", candidate=CODE, verdict=FAILED),
    ):
        step = next_step("run", (attempt,), WITH_SEARCH)
        assert step is not None
        assert step.generator != SEARCH


@pytest.mark.parametrize(("passed", "generator"), [(0, "templates"), (1, SEARCH), (3, SEARCH)])
def test_a_template_that_passes_more_than_a_third_is_searched(passed: int, generator: str) -> None:
    rules = WITH_SEARCH.replace(templates=3)
    step = next_step("run", (near(1, generator="templates", passed=passed),), rules)
    assert step is not None
    assert (step.generator, step.repair_of) == (generator, 1 if generator == SEARCH else None)


def test_a_search_goes_on_while_what_it_brings_is_refused_but_not_for_ever() -> None:
    history = [near(1)]
    while (step := next_step("run", tuple(history), WITH_SEARCH)) is not None and step.generator == SEARCH:
        history.append(searched(step.number, 1.0, brought=True))
    assert len(history) == 1 + SEARCHES_OF_ONE


def test_searches_end_when_their_seconds_are_spent() -> None:
    step = next_step("run", (near(1), searched(2, 31.0), near(3)), WITH_SEARCH)
    assert step is not None
    assert step.generator != SEARCH


@given(st.lists(st.booleans(), max_size=12), st.lists(st.booleans(), min_size=40, max_size=40))
def test_searching_changes_nothing_of_what_models_are_asked(nears: list[bool], brings: list[bool]) -> None:
    def steps(rules: Rules) -> list[tuple[str, str | None, int, float, int]]:
        history: list[Attempt] = []
        asked: list[tuple[str, str | None, int, float, int]] = []
        models = 0
        while (step := next_step("run", tuple(history), rules)) is not None:
            if step.generator == SEARCH:
                history.append(searched(step.number, 0.5, brought=brings[len(history)]))
                continue
            passed = int(models < len(nears) and nears[models])
            models += 1
            of = sum(a.generator != SEARCH for a in history if a.number <= (step.repair_of or 0))
            asked.append((step.generator, step.tier, step.seed, step.temperature, of))
            attempt = near(step.number, generator=step.generator, passed=passed)
            history.append(attempt.replace(candidate=_code(models)))
        return asked

    assert steps(WITH_SEARCH) == steps(WITH_SEARCH.replace(search_seconds=0.0))


def _code(number: int) -> Candidate:
    origin = Origin(generator="model")
    return make_candidate(files=(SourceFile(path="m.py", text=f"x = {number}"),), entry_point=None, origin=origin)


def test_what_a_search_mended_counts_as_passing() -> None:
    accepted = Verdict(decision=Decision.ACCEPTED, evidence=())
    history = (near(1), searched(2, 1.0, brought=True).replace(verdict=accepted))
    assert [a.number for a in passing(history)] == [2]
    assert next_step("run", history, WITH_SEARCH) is None
    another = next_step("run", history, WITH_SEARCH.replace(agreement=2))
    assert another is not None
    assert (another.generator, another.tier) == ("model", "small")


def test_templates_come_between_the_library_and_the_models_and_change_nothing_for_these() -> None:
    plain = played(Rules(tiers=("a", "b"), samples=2), reuse=1)
    steps = played(Rules(tiers=("a", "b"), samples=2, templates=3), reuse=1)
    assert [s.generator for s in steps[:4]] == ["reuse", "templates", "templates", "templates"]
    asked = [s for s in steps if s.generator in {"model", "repair"}]
    expected = [s for s in plain if s.generator in {"model", "repair"}]
    assert [(s.generator, s.tier, s.seed, s.temperature) for s in asked] == [
        (s.generator, s.tier, s.seed, s.temperature) for s in expected
    ]
