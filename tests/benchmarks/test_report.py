from __future__ import annotations

import pytest

from lamarck.benchmarks.machine import Machine
from lamarck.benchmarks.report import Report, as_text, summarise
from lamarck.benchmarks.results import Header, Result

HEADER = Header(suite="exercism", data="d" * 64, model="tiny", tokens=1500, lamarck="0.1.0")
MACHINE = Machine(cores=2, cpu="a CPU", memory_gb=4.0, python="3.11.0", system="Linux 6")


def row(task: int, arm: str, solved: bool, **fields: object) -> Result:
    return Result(task=f"t{task}", arm=arm, seed=0, solved=solved, **({"outcome": "scored"} | fields))  # type: ignore[arg-type]


def made() -> tuple[Result, ...]:
    """Ten tasks: `lamarck` solves 0-6, `raw` 0-2 and 9, `reference` all."""
    rows = [row(t, "lamarck", t < 7, generated_tokens=300, calls=2, shown_passed=t < 8) for t in range(10)]
    rows += [row(t, "raw", t < 3 or t == 9, generated_tokens=100, calls=1, seconds=2.0) for t in range(10)]
    return (*rows, *(row(t, "reference", True) for t in range(10)))


def report(rows: tuple[Result, ...] = made(), arms: tuple[str, ...] = ("reference", "raw", "lamarck")) -> Report:
    return summarise(HEADER, rows, arms, seed=0, machine=MACHINE)


def test_an_arm_is_counted_as_its_rows_say() -> None:
    _, raw, lamarck = report().arms
    assert (lamarck.solved, lamarck.tasks, lamarck.share.estimate) == (7, 10, 0.7)
    assert lamarck.wrongly_accepted == 1, "task 7 passed what was shown and failed what was hidden"
    assert lamarck.generated_tokens_per_solved == pytest.approx(3000 / 7)
    assert (raw.calls, raw.generated_tokens, raw.seconds) == (1, 100, 2)


def test_arms_are_compared_task_by_task_and_only_real_ones() -> None:
    (only,) = report().comparisons
    assert (only.baseline, only.arm) == ("lamarck", "raw")
    assert (only.only_baseline, only.only_arm) == (4, 1)
    assert only.p == pytest.approx(2 * (1 + 5) / 32)
    assert only.difference.estimate == pytest.approx(0.3)
    assert only.tokens_difference.estimate == 200


def test_comparisons_use_only_tasks_that_both_arms_finished() -> None:
    rows = tuple(r for r in made() if not (r.arm == "raw" and r.task in {"t0", "t9"}))
    (only,) = report(rows).comparisons
    assert (only.tasks, only.only_baseline, only.only_arm) == (8, 4, 0)
    assert report(tuple(r for r in made() if r.arm != "raw")).comparisons == ()


def test_p_values_are_adjusted_for_the_number_of_arms() -> None:
    rows = (*made(), *(row(t, "best-of-n", t < 6) for t in range(10)))
    found = report(rows, ("raw", "best-of-n", "lamarck")).comparisons
    assert [c.arm for c in found] == ["raw", "best-of-n"]
    assert found[0].p_holm == pytest.approx(2 * found[0].p)
    assert found[1].p_holm == 1.0


def test_without_the_loop_the_first_arm_is_the_baseline() -> None:
    rows = tuple(r.replace(arm="best-of-n") if r.arm == "lamarck" else r for r in made())
    (only,) = report(rows, ("best-of-n", "raw")).comparisons
    assert only.baseline == "best-of-n"


def test_rows_of_another_seed_are_left_out() -> None:
    other = tuple(r.replace(seed=1, solved=False) for r in made())
    assert report((*made(), *other)) == report()


def test_nothing_solved_has_no_cost_per_solved_task() -> None:
    found = report((row(0, "raw", False, outcome="no_candidate"),), ("raw",))
    assert found.arms[0].generated_tokens_per_solved is None
    assert found.arms[0].no_candidate == 1
    assert "0/1" in as_text(found)


def test_the_text_holds_what_a_reader_needs() -> None:
    text = as_text(report())
    assert "exercism, tiny, 1500 generated tokens a task, seed 0" in text
    assert "2 cores (a CPU), 4 GB, Python 3.11.0, Linux 6" in text
    lines = {line.split()[0]: line for line in text.splitlines() if line and line[0] != " "}
    assert "7/10" in lines["lamarck"] or "7/10" in text
    assert "+30.0%" in text and "0.3750" in text
    assert "31.6%" in text and "differs" in text, "published figures stand beside ours, with what differs"
    assert Report.from_json(report().to_json()) == report()
