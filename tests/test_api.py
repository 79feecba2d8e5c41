"""Lamarck from Python: a scripted model, a real library, the real sandbox."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import lamarck
from lamarck.errors import BadInput
from lamarck.settings import SearchSettings, Settings

STUB = '''def area(width: float, height: float) -> float:
    """Area of a rectangle.

    >>> area(2, 3)
    6
    >>> area(0, 5)
    0
    """
'''
RIGHT = "```python\ndef area(width, height):\n    return width * height\n```"
WRONG = "```python\ndef area(width, height):\n    return width + height\n```"
AGAIN = """from rooms import floor_space


def test_floor_space():
    assert floor_space(4, 5) == 20
    assert floor_space(1, 1) == 1
"""

Open = Callable[..., lamarck.Lamarck]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("LAMARCK_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def opened(home: Path) -> Iterator[Open]:
    """Opens a Lamarck whose model says the given replies, in order."""
    open_ones: list[lamarck.Lamarck] = []

    def open_with(*replies: str) -> lamarck.Lamarck:
        script = home / f"replies{len(open_ones)}.jsonl"
        script.write_text("".join(json.dumps({"text": r}) + "\n" for r in replies))
        settings = Settings(search=SearchSettings(enabled=False))
        open_ones.append(lamarck.Lamarck(settings, model=f"scripted:{script}"))
        return open_ones[-1]

    yield open_with
    for each in open_ones:
        each.close()


def stub(home: Path) -> Path:
    path = home / "area.py"
    path.write_text(STUB)
    return path


def test_solved_repaired_and_inherited(opened: Open, home: Path) -> None:
    lm = opened(WRONG, RIGHT)
    run = lm.solve(stub(home))
    assert run.exit_reason is lamarck.ExitReason.ACCEPTED
    assert [a.generator for a in run.attempts] == ["model", "repair"]
    assert "width * height" in lm.code(run)
    assert lm.saving(run) is None

    (home / "test_rooms.py").write_text(AGAIN)
    again = lm.solve(home / "test_rooms.py")
    assert again.attempts[-1].generator == "reuse"
    assert again.spend.tokens == 0
    saving = lm.saving(again)
    assert saving is not None
    assert saving.saved.tokens == run.spend.tokens
    kept = lm.show(again.artifact_id or "")
    assert kept.lineage == (run.artifact_id,)
    assert lm.verify(kept.id).changes == ()

    answered = lm.answer(again.id, call="floor_space(2, 3)", equals="6")
    assert answered.exit_reason is lamarck.ExitReason.ACCEPTED
    assert answered.artifact_id == again.artifact_id
    assert lm.answer(again.id, call="floor_space(2, 3)", equals="7").exit_reason is lamarck.ExitReason.REJECTED


def test_written_code_is_whole_or_absent(opened: Open, home: Path) -> None:
    lm = opened(RIGHT)
    run = lm.solve(stub(home))
    (path,) = lm.write(run, home / "out" / "area.py")
    assert "width * height" in path.read_text()
    assert list((home / "out").iterdir()) == [path], "no temporary file is left"
    stopped = lm.solve(stub(home), limits=lamarck.Limits(seconds=0))
    with pytest.raises(BadInput, match="no code"):
        lm.write(stopped, home / "nothing.py")
    assert not (home / "nothing.py").exists()


def test_tests_that_prove_nothing_cost_nothing(opened: Open, home: Path) -> None:
    (home / "test_rooms.py").write_text("from rooms import x\n\n\ndef test_x():\n    assert callable(x)\n")
    lm = opened(RIGHT)
    with pytest.raises(BadInput, match="prove nothing"):
        lm.solve(home / "test_rooms.py")
    (run,) = lm.log()
    assert run.exit_reason is lamarck.ExitReason.BAD_INPUT
    assert run.spend.tokens == 0


def test_pending_until_a_person_decides(opened: Open) -> None:
    tests = "```python\nfrom double import double\n\n\ndef test_it():\n    assert double(2) == 4\n```"
    lm = opened(tests, "```python\ndef double(x):\n    return 2 * x\n```")
    run = lm.solve("Write double(x), which returns twice a number")
    assert run.exit_reason is lamarck.ExitReason.PENDING
    assert list(lm.artifacts()) == []
    approved = lm.review(run.id, approve=True, reason="read it")
    assert approved.exit_reason is lamarck.ExitReason.ACCEPTED
    kept = lm.show(approved.artifact_id or "")
    assert any(e.check == "review" and "read it" in e.log for e in kept.verdict.evidence)
    assert lm.verify(kept.id).after.decision is lamarck.Decision.ACCEPTED
    with pytest.raises(BadInput, match="not pending"):
        lm.review(run.id, approve=False)


def test_a_stopped_run_goes_on(opened: Open, home: Path) -> None:
    run = opened(WRONG).solve(stub(home), limits=lamarck.Limits(tokens=1000, seconds=0))
    assert run.exit_reason is lamarck.ExitReason.SECONDS_SPENT
    resumed = opened(RIGHT).resume(run.id, limits=lamarck.Limits())
    assert resumed.id == run.id
    assert resumed.exit_reason is lamarck.ExitReason.ACCEPTED
    with pytest.raises(BadInput, match="ended accepted"):
        opened().resume(run.id)


def test_code_without_tests_is_refused(opened: Open, home: Path) -> None:
    with pytest.raises(BadInput, match="cannot be proven"):
        opened().add(stub(home), tests=[])


def test_importing_lamarck_imports_nothing_heavy() -> None:
    script = "import sys, lamarck; print([m for m in ('msgspec', 'numpy', 'rich', 'lamarck.api') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names() -> None:
    assert all(getattr(lamarck, name) is not None for name in lamarck.__all__)
    with pytest.raises(AttributeError, match="nonsense"):
        lamarck.nonsense  # noqa: B018
