"""What standards cost in prompts, counted on the shipped tasks."""

from __future__ import annotations

from lamarck.benchmarks.standards import measure_standards, standards_text
from lamarck.settings import Settings


def test_compressed_costs_less_than_full_and_more_than_none() -> None:
    report = measure_standards(Settings(), data=None, say=lambda text: None)
    for suite in ("own", "routine"):
        none, short, full = (r for r in report.rows if r.suite == suite)
        assert none.lines == 0
        assert 0 < short.most_lines <= 30 < full.lines
        assert none.tokens < short.tokens < full.tokens
    assert "compressed" in standards_text(report)
