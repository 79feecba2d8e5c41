"""Whole benchmarks on small tasks, with a scripted model and the real sandbox."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lamarck.api import Request, ScriptedModel, Settings
from lamarck.benchmarks.benchmark import Benchmark, Options
from lamarck.benchmarks.harness import Progress
from lamarck.benchmarks.results import Result

# bandit's plug-in loader still calls stevedore in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:The verify_requirements argument:DeprecationWarning")

RIGHT = {
    "double": "```python\ndef double(x):\n    return 2 * x\n```",
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
    suite: str = "mbpp",
    search_seconds: float = 30.0,
    **options: object,
) -> dict[tuple[str, str], Result]:
    chosen = Options(suite=suite, data=data, arms=arms, results=results, **options)  # type: ignore[arg-type]
    settings = Settings().replace(search=Settings().search.replace(seconds=search_seconds))
    with Benchmark(chosen, settings, model=model or ScriptedModel(right)) as benchmark:
        benchmark.run()
        return {(r.task, r.arm): r for r in benchmark.rows()}


def solved(rows: dict[tuple[str, str], Result], arm: str) -> set[str]:
    return {task for (task, a), r in rows.items() if a == arm and r.solved}


def test_reference_and_empty_are_exact_and_the_canary_stays_unsolved_for_every_arm(rows: Path) -> None:
    found = run(rows, "reference", "empty", "raw", "best-of-n", "lamarck")
    assert solved(found, "empty") == set()
    for arm in ("reference", "raw", "best-of-n", "lamarck"):
        assert solved(found, arm) == {"double"}
    for arm in ("best-of-n", "lamarck"):
        canary = found["canary", arm]
        assert (canary.outcome, canary.shown_passed, canary.solved) == ("scored", True, False)
    for arm in ("raw", "best-of-n", "lamarck"):
        assert found["double", arm].calls == 1
        assert 0 < found["double", arm].generated_tokens < 100
        assert found["double", arm].prompt_tokens > 0
    assert found["double", "reference"].calls == 0


def broken(path: Path, before: str, body: str, reference: str) -> Path:
    row = {
        "id": "f",
        "entry_point": "f",
        "prompt": 'def f(x):\n    """A number from a number."""\n',
        "visible_test": f"def check(candidate):\n    {before}",
        "hidden_test": "def check(candidate):\n    assert candidate(7) == 14\n    assert candidate(0) == 0",
        "reference": reference,
        "buggy": body,
    }
    path.write_text(json.dumps(row) + "\n")
    return path


def test_fix_asks_the_model_only_where_the_search_finds_nothing(tmp_path: Path) -> None:
    shown = "assert [candidate(1), candidate(2), candidate(5)] == [2, 4, 10]"
    near = broken(tmp_path / "near.jsonl", shown, "    return 3 * x\n", "    return 2 * x\n")
    found = run(near, "fix", model=ScriptedModel(silent), suite="humanevalfix")["f", "fix"]
    assert found.solved and found.calls == 0 and "3" in found.note
    far = broken(tmp_path / "far.jsonl", shown, "    return\n", "    return 2 * x\n")
    model = ScriptedModel(lambda _: "```python\ndef f(x):\n    return 2 * x\n```")
    found = run(far, "fix", model=model, suite="humanevalfix", search_seconds=2.0)["f", "fix"]
    assert found.solved and found.calls == 1 and "; then " in found.note


def test_raw_takes_the_first_block_as_it_is_and_the_loop_repairs(double_row: Path) -> None:
    def slow_learner(request: Request) -> str:
        if wanted(request) == "double" and "wrong" not in request.messages[-1].content:
            return WRONG_DOUBLE
        return right(request)

    arms = ("raw", "best-of-n", "lamarck", "lamarck-no-repair")
    found = run(double_row, *arms, model=ScriptedModel(slow_learner), tokens=200)
    assert "double" in solved(found, "lamarck")
    assert found["double", "lamarck"].calls == 2
    for arm in ("raw", "best-of-n", "lamarck-no-repair"):
        assert "double" not in solved(found, arm)
    assert found["double", "raw"].calls == 1
    assert found["double", "best-of-n"].calls > 4, "the budget ends it, not the number of samples"
    assert 136 < found["double", "best-of-n"].generated_tokens <= 200
    assert found["double", "lamarck-no-repair"].calls > 4
    assert found["double", "lamarck-no-repair"].generated_tokens <= 200


def test_best_of_n_samples_until_the_shown_test_passes(double_row: Path) -> None:
    replies = iter(["no code at all", WRONG_DOUBLE, LUCKY_DOUBLE, RIGHT["double"]])

    def learner(request: Request) -> str:
        return next(replies) if wanted(request) == "double" else right(request)

    found = run(double_row, "best-of-n", model=ScriptedModel(learner))["double", "best-of-n"]
    assert (found.calls, found.shown_passed, found.solved) == (3, True, False)


def test_a_reply_without_code_is_told_apart_from_a_wrong_one(double_row: Path) -> None:
    found = run(double_row, "raw", "lamarck", model=ScriptedModel(lambda _: "I cannot."), tokens=200)
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
    assert seen[-1].total == 4 and seen[-1].seconds_left is not None

    more = run(rows, "reference", "raw", results=results)
    assert len(more) == 4
    assert results.read_text().splitlines()[:4] == lines
    run(rows, "reference", "raw", results=results, model=ScriptedModel(silent))


def test_a_bank_answers_in_place_of_the_model_at_the_same_cost(double_row: Path, tmp_path: Path) -> None:
    script, bank = tmp_path / "script.jsonl", tmp_path / "replies.sqlite"
    script.write_text(json.dumps({"match": "double", "text": RIGHT["double"]}) + "\n")
    options = Options(suite="mbpp", data=double_row, arms=("raw", "best-of-n", "lamarck"), replies=bank)

    def by(model: str) -> dict[str, Result]:
        settings = Settings().replace(models=Settings().models.replace(tiers=(model,)))
        with Benchmark(options, settings) as benchmark:
            benchmark.run()
            return {r.arm: r for r in benchmark.rows()}

    made, again = by(f"scripted:{script}"), by(f"replay:{bank}")
    assert again.keys() == made.keys()
    for arm, row in again.items():
        assert row.replayed_calls == row.calls == made[arm].calls == 1
        assert (row.solved, row.candidate) == (made[arm].solved, made[arm].candidate)
        assert (row.generated_tokens, row.prompt_tokens) == (made[arm].generated_tokens, made[arm].prompt_tokens)
    assert made["raw"].replayed_calls == 0
    assert made["best-of-n"].replayed_calls == 1, "its first sample is the raw arm's call"
