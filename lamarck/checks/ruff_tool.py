"""ruff as a process of its own on a copy: it reads code and executes nothing.

A project's own ruff settings are used where it has some (they can't run anything), else Lamarck's choice of rules.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from lamarck.checks.graded import ToolBroke
from lamarck.records import SourceFile
from lamarck.temporary import temporary_folder

RULES = "E,F,B,S,C90,PL,PERF,UP,SIM"
_DEFAULT = ("--config", "line-length = 120", "--config", "lint.ignore = ['S101', 'PLR2004']")
_SECONDS = 120
_NAMES = (".ruff.toml", "ruff.toml", "pyproject.toml")


class Ruff:
    """folder: the project, whose settings count. places: candidate path → path below that folder."""

    def __init__(self, folder: Path, places: Mapping[str, str]) -> None:
        self._places = places
        self._settings = _settings_of(folder)

    @property
    def version(self) -> str:
        """With the settings, by which equal code gets other findings."""
        own = self._settings
        settings = "own" if own is None else hashlib.sha256(own.read_bytes()).hexdigest()[:8]
        return f"ruff{ruff_version() or '-'}+{settings}"

    @property
    def has_settings(self) -> bool:
        return self._settings is not None

    @contextmanager
    def copied(self, files: Sequence[SourceFile]) -> Iterator[tuple[Path, dict[str, str]]]:
        """A folder with the files at their places, and place → candidate path."""
        with temporary_folder("ruff") as name:
            root = Path(name).resolve()
            back: dict[str, str] = {}
            for file in files:
                place = self._places.get(file.path, file.path)
                target = (root / place).resolve()
                if not target.is_relative_to(root):  # a path of a candidate's that leads out
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(file.text, encoding="utf-8", errors="surrogatepass")
                back[place] = file.path
            if self._settings is not None:
                shutil.copyfile(self._settings, root / self._settings.name)
            yield root, back

    def run(self, root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Raises `ToolBroke`; exit codes 0 and 1 are answers."""
        program = ruff_program()
        if program is None:
            raise ToolBroke("ruff is not installed: pip install 'lamarck-dse[gate]'")
        own = () if self._settings is not None else ("--isolated", *_DEFAULT)
        try:
            done = subprocess.run(
                [program, *arguments, *own, "--no-cache", "."],
                cwd=root,
                env={"PATH": os.defpath, "HOME": str(root), "LANG": "C.UTF-8"},
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ToolBroke(f"ruff took longer than {_SECONDS} s") from error
        if done.returncode not in {0, 1}:
            raise ToolBroke(f"ruff broke: {' '.join(done.stderr.split())[-300:]}")
        return done


def _settings_of(folder: Path) -> Path | None:
    for name in _NAMES:
        path = folder / name
        if path.is_file() and (name != "pyproject.toml" or "[tool.ruff" in path.read_text(encoding="utf-8")):
            return path
    return None


@cache
def ruff_program() -> str | None:
    beside = Path(sys.executable).parent / "ruff"
    return str(beside) if beside.is_file() else shutil.which("ruff")


@cache
def ruff_version() -> str | None:
    program = ruff_program()
    if program is None:
        return None
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=_SECONDS, check=False)
    return done.stdout.strip().removeprefix("ruff ")
