"""What templates serve, on one routine request through the real loop; the others stand in a file already."""

from __future__ import annotations

from pathlib import Path

from lamarck.api import Settings
from lamarck.benchmarks.suites.routine import later_requests, near_misses, requests
from lamarck.benchmarks.suites.table import load_suite
from lamarck.benchmarks.templates import LATER, NEAR, ROUTINE, TemplateRow, measure_templates, templates_text

MEASURED = {"slug", "retry-while-none"}


def test_a_hit_counts_and_a_near_miss_is_left_alone(tmp_path: Path) -> None:
    near = near_misses(requests())
    rows = tmp_path / "rows.jsonl"
    with rows.open("w") as file:
        for problem in load_suite("routine", None)[0]:
            if problem.id not in MEASURED:
                suite = NEAR if problem.id in near else ROUTINE
                row = TemplateRow(suite=suite, task=problem.id, tried=(), hit=None, right=None, milliseconds=1.0)
                file.write(row.to_json() + "\n")
        for problem in load_suite("routine", later_requests())[0]:
            row = TemplateRow(suite=LATER, task=problem.id, tried=(), hit=None, right=None, milliseconds=1.0)
            file.write(row.to_json() + "\n")
    said: list[str] = []
    report = measure_templates(Settings(), data=None, rows=rows, say=said.append)
    found = {r.task: r for r in report.rows}
    assert len(found) == 125
    assert found["slug"].right is True
    assert str(found["slug"].hit).startswith("text/slugify@")
    assert found["retry-while-none"].tried == ()
    assert report.families >= 10
    text = templates_text(report)
    assert "near misses" in text
    assert "wrong hits" not in text
    assert "WRONG" not in "".join(said)
    wrong = report.replace(rows=(found["slug"].replace(right=False),))
    assert f"routine slug: {found['slug'].hit}" in templates_text(wrong)
