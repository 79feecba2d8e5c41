"""Patches on disk: all or none, and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamarck.errors import BadInput, DiskFull
from lamarck.fixing.patching import Patch, apply, revert


def _two(folder: Path) -> tuple[Patch, ...]:
    for name in ("a.py", "b.py"):
        (folder / name).write_text(f"# {name}\n")
    return tuple(Patch(path=str(folder / n), before=f"# {n}\n", after=f"# new {n}\n") for n in ("a.py", "b.py"))


def test_applied_and_taken_back(tmp_path: Path) -> None:
    patches = (*_two(tmp_path), Patch(path=str(tmp_path / "test_new.py"), before=None, after="# a test\n"))
    applied = apply(patches, tmp_path / "way back")
    assert (tmp_path / "b.py").read_text() == "# new b.py\n"
    assert (tmp_path / "test_new.py").exists()
    revert(applied.id, tmp_path / "way back")
    assert (tmp_path / "a.py").read_text() == "# a.py\n"
    assert not (tmp_path / "test_new.py").exists()
    with pytest.raises(BadInput, match="no patch"):
        revert(applied.id, tmp_path / "way back")


def test_nothing_is_written_over_what_changed_meanwhile(tmp_path: Path) -> None:
    patches = _two(tmp_path)
    (tmp_path / "b.py").write_text("# mine\n")
    with pytest.raises(BadInput, match="has changed meanwhile"):
        apply(patches, tmp_path / "way back")
    assert (tmp_path / "a.py").read_text() == "# a.py\n"


def test_what_changed_since_is_not_taken_back(tmp_path: Path) -> None:
    applied = apply(_two(tmp_path), tmp_path / "way back")
    (tmp_path / "a.py").write_text("# mine\n")
    with pytest.raises(BadInput, match="has changed meanwhile"):
        revert(applied.id, tmp_path / "way back")
    assert (tmp_path / "b.py").read_text() == "# new b.py\n"


def test_all_or_none(tmp_path: Path) -> None:
    patches = _two(tmp_path)
    blocked = Patch(path=str(tmp_path / "a.py" / "c.py"), before=None, after="")
    with pytest.raises((DiskFull, BadInput)):
        apply((*patches, blocked), tmp_path / "way back")
    assert [(tmp_path / n).read_text() for n in ("a.py", "b.py")] == ["# a.py\n", "# b.py\n"]
    assert not list(tmp_path.glob(".*.py.*"))


def test_line_ends_and_modes_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"x = 1\r\ny = 2\r\n")
    path.chmod(0o755)
    apply((Patch(path=str(path), before="x = 1\ny = 2\n", after="x = 1\ny = 3\n"),), tmp_path / "way back")
    assert path.read_bytes() == b"x = 1\r\ny = 3\r\n"
    assert path.stat().st_mode & 0o777 == 0o755
