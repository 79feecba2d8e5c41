"""An artifact's evidence, completed and measured again: a scripted model, a real library, the real sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import lamarck
from lamarck.records import ArtifactStatus
from lamarck.settings import SearchSettings, Settings, load_settings

STUB = '''def area(width: int, height: int) -> int:
    """Area of a rectangle.

    >>> area(2, 3)
    6
    >>> area(3, 2)
    6
    >>> area(0, 5)
    0
    >>> area(4, 1)
    4
    """
'''
REPLY = "```python\ndef area(width, height):\n    return width * height\n```"
AREA_TESTS = "from area import area\n\n\ndef test_it():\n    assert area(2, 3) == 6\n    assert area(4, 1) == 4\n"
RISKY = '"""Counts."""\n\n\ndef count(text: str) -> int:\n    """As Python."""\n    return int(eval(text))\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ("LAMARCK_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    return project


def test_quality_is_measured_after_acceptance_and_kept(folder: Path) -> None:
    (folder / "area.py").write_text(STUB)
    script = folder / "replies.jsonl"
    script.write_text(json.dumps({"text": REPLY}) + "\n")
    with lamarck.Lamarck(Settings(search=SearchSettings(enabled=False)), model=f"scripted:{script}") as lm:
        run = lm.solve(folder / "area.py")
        kept = lm.show(run.artifact_id or "")
        assert kept.verdict.quality is None, "the loop measures what admits, and no more"
        assert lm.proof.unranked() == (kept.id,)
        ranked = lm.proof.rank_new(run)
        verdict = lm.show(kept.id).verdict
        assert ranked.attempts[-1].verdict == lm.run(run.id).attempts[-1].verdict == verdict
        assert verdict.decision is lamarck.Decision.ACCEPTED
        parts = {e.check: e for e in verdict.evidence if e.check in {"coverage", "properties", "performance"}}
        assert parts["coverage"].measurements["branch_coverage"] == 1.0
        assert "first accepted version" in parts["performance"].log
        laws = parts["properties"].measurements["properties_share"]
        assert verdict.quality == pytest.approx(0.4 + 0.3 + 0.2 + 0.1 * laws)
        assert lm.proof.unranked() == ()
        assert lm.verify(kept.id).changes == (), "what was measured for the rank is measured again"


def test_quality_stays_absent_where_a_part_cannot_be_measured(folder: Path) -> None:
    (folder / "shout.py").write_text("def shout(who):\n    return who.name.upper()\n")
    (folder / "test_shout.py").write_text(
        "from types import SimpleNamespace\nfrom shout import shout\n\n\n"
        "def test_shout():\n    assert shout(SimpleNamespace(name='a')) == 'A'\n"
    )
    with lamarck.Lamarck() as lm:
        run = lm.add(folder / "shout.py", tests=[folder / "test_shout.py"])
        assert run.exit_reason is lamarck.ExitReason.ACCEPTED, run.message
        verdict = lm.proof.rank(run.artifact_id or "").verdict
    assert {e.check: e.outcome for e in verdict.evidence}["properties"] == "skipped"
    assert verdict.quality is None


def test_no_quality_where_the_setting_says_so(folder: Path) -> None:
    (folder / "area.py").write_text(STUB + "    return width * height\n")
    (folder / "test_area.py").write_text("from area import area\n\n\ndef test_it():\n    assert area(2, 3) == 6\n")
    settings = load_settings(flags={"checks.rank": False})[0]
    with lamarck.Lamarck(settings) as lm:
        run = lm.add(folder / "area.py", tests=[folder / "test_area.py"])
        assert lm.proof.rank_new(run) == run
        assert lm.show(run.artifact_id or "").verdict.quality is None


def test_verify_heeds_the_waivers_that_the_users_own_code_was_accepted_with(folder: Path) -> None:
    (folder / "tools").mkdir()
    (folder / "tools" / "counting.py").write_text(RISKY)
    waiver = "B307 tools/*: the text is ours"
    (folder / "lamarck.toml").write_text(f'[checks]\nwaivers = ["{waiver}"]\n')
    with lamarck.Lamarck() as lm:
        report = lm.check(folder / "tools" / "counting.py", level="quick")
        assert report.verdict.decision is lamarck.Decision.PENDING, report.verdict.reasons
        kept = lm.review(report.run or "", approve=True, reason="read it").artifact_id or ""
        assert lm.verify(kept).changes == ()
    (folder / "lamarck.toml").write_text("[checks]\n")
    with lamarck.Lamarck() as lm:
        after = lm.verify(kept).after
    assert after.decision is lamarck.Decision.REJECTED, "the project has withdrawn it"
    assert any("B307" in reason for reason in after.reasons)


def age(lm: lamarck.Lamarck, kept: str) -> str:
    """As if it had been proven with another interpreter, as far as anything is measured."""
    library = lm._assembly.library
    artifact = library.get(kept)
    old = tuple(e.replace(environment="python 2" if e.environment else "") for e in artifact.verdict.evidence)
    library.save(artifact.replace(verdict=artifact.verdict.replace(evidence=old)))
    return kept


def test_what_is_renewed_keeps_its_waivers(folder: Path) -> None:
    (folder / "counting.py").write_text(RISKY)
    (folder / "lamarck.toml").write_text('[checks]\nwaivers = ["B307: the text is ours"]\n')
    with lamarck.Lamarck() as lm:
        report = lm.check(folder / "counting.py", level="quick")
        kept = lm.review(report.run or "", approve=True, reason="read it").artifact_id or ""
        (verification,) = lm.proof.renew((kept,))
        assert verification.after.decision is lamarck.Decision.ACCEPTED, verification.after.reasons
        assert lm.show(kept).status is ArtifactStatus.LIVE


def test_what_is_renewed_keeps_its_rank(folder: Path) -> None:
    (folder / "area.py").write_text(STUB + "    return width * height\n")
    (folder / "test_area.py").write_text(AREA_TESTS)
    with lamarck.Lamarck() as lm:
        kept = lm.add(folder / "area.py", tests=[folder / "test_area.py"]).artifact_id or ""
        before = lm.proof.rank(kept).verdict
        age(lm, kept)
        assert lm.proof.stale() == (kept,)
        lm.proof.renew((kept,))
        after = lm.show(kept).verdict
    assert {e.check for e in after.evidence} == {e.check for e in before.evidence} >= {"coverage", "properties"}
    assert after.quality == before.quality is not None


def test_what_holds_no_more_is_quarantined_until_the_environment_is_another(folder: Path) -> None:
    (folder / "area.py").write_text(STUB + "    return width * height\n")
    (folder / "test_area.py").write_text(AREA_TESTS)
    with lamarck.Lamarck() as lm:
        kept = age(lm, lm.add(folder / "area.py", tests=[folder / "test_area.py"]).artifact_id or "")
        artifact = lm.show(kept)
        (tests,) = (a for a in artifact.task.acceptance if a.path == "test_area.py")
        fails = tests.replace(content=AREA_TESTS.replace("== 6", "== 7"))
        broken = artifact.task.replace(acceptance=(fails,))
        lm._assembly.library.save(artifact.replace(task=broken))
        (verification,) = lm.proof.renew(lm.proof.stale())
        assert verification.after.decision is lamarck.Decision.REJECTED
        assert lm.show(kept).status is ArtifactStatus.QUARANTINED
        assert lm.find("area of a rectangle") == ()
        assert lm.proof.stale() == (), "nothing has changed since"
        age(lm, kept)
        mended = lm.show(kept).replace(task=artifact.task)
        lm._assembly.library.save(mended)
        lm.proof.renew(lm.proof.stale())
        assert lm.show(kept).status is ArtifactStatus.LIVE
        assert len(lm.find("area of a rectangle")) == 1
