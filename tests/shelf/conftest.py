from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lamarck.api import Lamarck
from lamarck.records import Run
from lamarck.settings import load_settings

Keep = Callable[..., Run]


@pytest.fixture
def lamarck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lamarck]:
    """On an empty library below `tmp_path`, with words alone and no model."""
    for name in [k for k in os.environ if k.startswith("LAMARCK_")]:
        monkeypatch.delenv(name)
    for name in ("CONFIG", "CACHE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    settings = load_settings(folder=tmp_path)[0]
    with Lamarck(settings, library=tmp_path / "library.sqlite", folder=tmp_path, model="scripted:none") as opened:
        yield opened


@pytest.fixture
def keep(lamarck: Lamarck, tmp_path: Path) -> Keep:
    """Prove code with tests in the library: `keep(name, code, tests)`."""

    def one(name: str, code: str, tests: str, *, into: Lamarck | None = None) -> Run:
        folder = tmp_path / f"code_{name}"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.py").write_text(code)
        (folder / f"test_{name}.py").write_text(tests)
        run = (into or lamarck).add(folder / f"{name}.py", tests=[folder / f"test_{name}.py"])
        assert run.exit_reason == "accepted", run.message
        return run

    return one
