from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from hypothesis import given
from hypothesis import strategies as st

from lamarck.benchmarks.plot import plot_svg, round_ticks, steps
from lamarck.benchmarks.results import Result


def row(task: str, arm: str, solved: bool, tokens: int) -> Result:
    return Result(
        task=task, arm=arm, seed=0, outcome="scored", solved=solved, generated_tokens=tokens, cpu_seconds=tokens / 10
    )


ROWS = [row("a", "raw", True, 100), row("b", "raw", False, 900), row("a", "a<b", True, 50), row("b", "a<b", True, 300)]


def test_a_line_climbs_once_for_every_solved_task_and_ends_at_the_largest_spend() -> None:
    mine = [r for r in ROWS if r.arm == "raw"]
    assert steps(mine, lambda r: float(r.generated_tokens)) == [(0.0, 0.0), (100.0, 0.5), (900.0, 0.5)]


def test_the_plot_is_well_formed_and_names_every_arm_once_in_its_legend() -> None:
    root = ElementTree.fromstring(plot_svg(ROWS, ["raw", "a<b", "absent"], title="own & others"))
    texts = [t.text for t in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("raw") == texts.count("a<b") == 1
    assert "absent" not in texts
    assert "own & others" in texts
    lines = [p.get("d") for p in root.iter("{http://www.w3.org/2000/svg}path") if list(p)]
    assert len(lines) == 4, "two arms in two panels"


def test_the_plot_of_nothing_is_still_a_plot() -> None:
    ElementTree.fromstring(plot_svg([], ["raw"], title=""))
    ElementTree.fromstring(plot_svg([row("a", "reference", True, 0)], ["reference"], title=""))


@given(st.floats(min_value=1e-3, max_value=1e7))
def test_ticks_reach_the_largest_value_in_a_few_even_steps(largest: float) -> None:
    ticks = round_ticks(largest)
    assert ticks[0] == 0
    assert ticks[-1] >= largest * 0.998
    assert 4 <= len(ticks) <= 7
