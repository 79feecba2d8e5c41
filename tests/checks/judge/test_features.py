"""What ordinary test files do with the code that they test, across two sandboxes.

Each folder below `features` holds right code and its tests. A line that ends in `# WRONG: <other line> | <tests>` says
what a wrong candidate has instead, and which tests have to find out. All of those are wrong at once.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lamarck.checks.judge.judge import Judge, Subject
from lamarck.records import Acceptance, AcceptanceKind, CheckOutcome, JobLimits, SourceFile, make_task

FEATURES = Path(__file__).parent / "features"
_WRONG = re.compile(r"^([ \t]*).*  # WRONG: (.*) \| (.*)$", re.M)
_SKIPPED = {"TestKinds::test_skipped"}


def files_below(folder: Path) -> tuple[SourceFile, ...]:
    found = sorted(p for p in folder.rglob("*.py") if "__pycache__" not in p.parts)
    return tuple(SourceFile(path=p.relative_to(folder).as_posix(), text=p.read_text()) for p in found)


@pytest.mark.parametrize("feature", sorted(p.name for p in FEATURES.iterdir() if p.is_dir()))
def test_right_code_passes_and_wrong_code_is_found_out(judge: Judge, feature: str) -> None:
    right = files_below(FEATURES / feature / "right")
    wrong = tuple(f.replace(text=_WRONG.sub(r"\1\2", f.text)) for f in right)
    found_by = {test for f in right for _, _, tests in _WRONG.findall(f.text) for test in tests.split()}
    task = make_task(
        goal=feature,
        module=feature,
        support=files_below(FEATURES / feature / "support"),
        acceptance=(
            Acceptance(
                kind=AcceptanceKind.PYTEST,
                content=(FEATURES / feature / "tests.py").read_text(),
                path=f"test_{feature}.py",
            ),
        ),
        job_limits=JobLimits(wall_seconds=60.0),
    )
    report = judge.judge(
        task, task.acceptance, (Subject(label="right", files=right), Subject(label="wrong", files=wrong))
    )
    assert (report.collect_error, report.broke) == (None, None)
    of_right, of_wrong = report.subjects
    assert [r for r in of_right.results if r.outcome is CheckOutcome.FAILED] == []
    assert of_right.passed
    assert found_by
    assert {name(r.id) for r in of_wrong.results if r.outcome is CheckOutcome.FAILED} == found_by
    assert not of_wrong.passed
    assert {r.id for r in of_right.results} == {r.id for r in of_wrong.results}
    assert {name(r.id) for r in of_right.results if r.outcome is CheckOutcome.SKIPPED} <= _SKIPPED


def name(test: str) -> str:
    return test.split("::", 1)[1].partition("[")[0]
