"""Whole benchmarks on small tasks, with a scripted model and the real sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamarck.api import Request, ScriptedModel, Settings
from lamarck.benchmarks.benchmark import Benchmark, Options
from lamarck.benchmarks.harness import Progress
from lamarck.benchmarks.results import Result

RIGHT = {
    "double": "```python\ndef double(x):\n    return 2 * x\n```",
    "first": "```python\ndef first(items):\n    return items[0]\n```",
    "agree": "```python\ndef agree():\n    return 'yes'\n```",
    "mute": "```python\ndef mute():\n    return None\n```",
}
WRONG_DOUBLE = "```python\ndef double(x):\n    return x + 1\n```"
LUCKY_DOUBLE = "```python\ndef double(x):\n    return x * x\n```"  # passes what is shown alone


def wanted(request: Request) -> str:
    text = " ".join(m.content for m in request.messages)
    return next(name for name in RIGHT if f"import {name}" in text or f"def {name}" in text)


def right(request: Request) -> str:
    return RIGHT[wanted(request)]


def silent(request: Request) -> str:
    raise AssertionError("no model should have been asked")


def run(
    data: Path,
    *arms: str,
    model: ScriptedModel | None = None,
    results: Path | None = None,
    **options: object,
) -> dict[tuple[str, str], Result]:
    chosen = Options(suite="mbpp", data=data, arms=arms, results=results, **options)  # type: ignore[arg-type]
    with Benchmark(chosen, Settings(), model=model or ScriptedModel(right)) as benchmark:
        benchmark.run()
        return {(r.task, r.arm): r for r in benchmark.rows()}


def solved(rows: dict[tuple[str, str], Result], arm: str) -> set[str]:
    return {task for (task, a), r in rows.items() if a == arm and r.solved}


def test_reference_and_empty_are_exact_and_the_canary_stays_unsolved_for_every_arm(rows: Path) -> None:
    found = run(rows, "reference", "empty", "raw", "best-of-n", "lamarck")
    assert solved(found, "empty") == set()
    for arm in ("reference", "raw", "best-of-n", "lamarck"):
        assert solved(found, arm) == {"double", "first"}
    for arm in ("best-of-n", "lamarck"):
        canary = found["canary", arm]
        assert (canary.outcome, canary.shown_passed, canary.solved) == ("scored", True, False)
    for arm in ("raw", "best-of-n", "lamarck"):
        assert found["double", arm].calls == 1
        assert 0 < found["double", arm].generated_tokens < 100
        assert found["double", arm].prompt_tokens > 0
    assert found["double", "reference"].calls == 0


def test_raw_takes_the_first_block_as_it_is_and_the_loop_repairs(rows: Path) -> None:
    def slow_learner(request: Request) -> str:
        if wanted(request) == "double" and "wrong" not in request.messages[-1].content:
            return WRONG_DOUBLE
        return right(request)

    arms = ("raw", "lamarck", "lamarck-no-repair")
    found = run(rows, *arms, model=ScriptedModel(slow_learner), limit=None, tokens=400)
    assert "double" not in solved(found, "raw")
    assert "double" in solved(found, "lamarck")
    assert found["double", "lamarck"].calls == 2
    assert "double" not in solved(found, "lamarck-no-repair")
    assert found["double", "lamarck-no-repair"].calls > 2, "the budget ends it, not the number of samples"
    assert found["double", "lamarck-no-repair"].generated_tokens <= 400


def test_best_of_n_samples_until_the_shown_test_passes(rows: Path) -> None:
    replies = iter(["no code at all", WRONG_DOUBLE, LUCKY_DOUBLE, RIGHT["double"]])

    def learner(request: Request) -> str:
        return next(replies) if wanted(request) == "double" else right(request)

    found = run(rows, "best-of-n", model=ScriptedModel(learner))["double", "best-of-n"]
    assert (found.calls, found.shown_passed, found.solved) == (3, True, False)


def test_a_reply_without_code_is_told_apart_from_a_wrong_one(rows: Path) -> None:
    found = run(rows, "raw", "lamarck", model=ScriptedModel(lambda _: "I cannot."), tokens=200)
    assert {r.outcome for r in found.values()} == {"no_candidate"}


def test_tests_that_prove_nothing_are_refused_by_the_loop_and_said(vain_row: Path) -> None:
    found = run(vain_row, "reference", "lamarck")
    assert found["vain", "reference"].solved
    refused = found["vain", "lamarck"]
    assert (refused.outcome, refused.solved, refused.calls) == ("refused", False, 0)
    assert refused.note


def test_an_interrupted_benchmark_goes_on_where_it_stopped(rows: Path, tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    options = Options(suite="mbpp", data=rows, arms=("reference", "raw"), results=results)
    seen: list[Progress] = []

    def interrupt(progress: Progress) -> None:
        seen.append(progress)
        if len(seen) == 3:
            raise KeyboardInterrupt

    model = ScriptedModel(right)
    with Benchmark(options, Settings(), model=model) as benchmark, pytest.raises(KeyboardInterrupt):
        benchmark.run(interrupt)
    lines = results.read_text().splitlines()
    assert len(lines) == 4, "a header and three rows"
    assert seen[-1].total == 6 and seen[-1].seconds_left is not None

    more = run(rows, "reference", "raw", results=results)
    assert len(more) == 6
    assert results.read_text().splitlines()[:4] == lines
    run(rows, "reference", "raw", results=results, model=ScriptedModel(silent))


def test_a_bank_answers_in_place_of_the_model_at_the_same_cost(rows: Path, tmp_path: Path) -> None:
    bank = tmp_path / "replies.sqlite"
    arms = ("raw", "best-of-n", "lamarck")
    made = run(rows, *arms, replies=bank)
    replay = Settings().models.replace(tiers=(f"replay:{bank}",))
    options = Options(suite="mbpp", data=rows, arms=arms)
    with Benchmark(options, Settings().replace(models=replay)) as benchmark:
        benchmark.run()
        again = {(r.task, r.arm): r for r in benchmark.rows()}
    assert again.keys() == made.keys()
    for key, row in again.items():
        assert row.replayed_calls == row.calls > 0
        assert (row.solved, row.candidate) == (made[key].solved, made[key].candidate)
        assert (row.generated_tokens, row.prompt_tokens) == (made[key].generated_tokens, made[key].prompt_tokens)
