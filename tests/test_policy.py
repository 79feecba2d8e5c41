"""The order of steps: library, then tier by tier fresh replies and their repairs; a seed of its own for each."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lamarck.policy import ROUND, TEMPERATURES, Rules, Step, next_step, seed_for
from lamarck.records import (
    Attempt,
    CheckOutcome,
    Decision,
    Evidence,
    Origin,
    SourceFile,
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
