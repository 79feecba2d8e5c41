"""Scores of lines."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from lamarck.generators.search.edits.source import Source
from lamarck.generators.search.localisation import line_scores, spectrum, suspects
from lamarck.generators.search.screening import Ran


def _ran(test: int, outcome: str, *lines: int, raised: int | None = None) -> Ran:
    places = (("m.py", raised),) if raised else ()
    return Ran(test=test, outcome=outcome, said="", cpu=0.0, lines={"m.py": frozenset(lines)}, raised=places)


CODE = "def f(x):\n    if x:\n        y = x + 1\n    else:\n        y = x - 1\n    return y\n"


def test_the_line_that_only_failing_tests_run_comes_first() -> None:
    found = spectrum([_ran(0, "failed", 2, 3, 6), _ran(1, "passed", 2, 5, 6)])
    first = suspects({"m.py": Source(CODE)}, found)[0]
    assert (first.line, first.score) == (3, 1.0)
    assert math.isclose(found.score(("m.py", 2)), 1 / math.sqrt(2))


def test_where_it_was_raised_is_more_suspicious() -> None:
    found = spectrum([_ran(0, "failed", 2, 5, 6, raised=6), _ran(1, "passed", 2, 5, 6)])
    assert suspects({"m.py": Source(CODE)}, found)[0].line == 6


def test_lines_that_nothing_ran_are_not_quite_excluded() -> None:
    scores = line_scores("m.py", Source(CODE), spectrum([_ran(0, "failed", 2, 3, 6)]))
    assert 0 < scores[5] < scores[3] == 1.0


@given(st.lists(st.tuples(st.sampled_from(["passed", "failed", "skipped", "time"]), st.sets(st.integers(2, 6)))))
def test_scores_are_shares(rows: list[tuple[str, set[int]]]) -> None:
    found = spectrum([_ran(n, outcome, *lines) for n, (outcome, lines) in enumerate(rows)])
    assert all(0.0 <= found.score(("m.py", line)) <= 1.0 for line in range(1, 8))
    assert found.failed + found.passed == sum(outcome != "skipped" for outcome, _ in rows)
