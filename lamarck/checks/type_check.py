"""Check 'types': what mypy says, as a process of its own on a copy. It reads code and executes nothing of it.

A project's own `[tool.mypy]` is used but for what could run or reach anything: plugins, interpreters, paths.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from lamarck.checks.check import Level
from lamarck.checks.gate import Means
from lamarck.checks.graded import ToolBroke, by_findings
from lamarck.checks.waivers import Waivers
from lamarck.records import Candidate, Evidence, Finding, SourceFile, Task
from lamarck.temporary import temporary_folder

_SECONDS = 300
_KEPT_OUT = frozenset(
    {"plugins", "python_executable", "mypy_path", "files", "packages", "modules", "exclude", "cache_dir"}
    | {"custom_typeshed_dir", "custom_typing_module", "report_dir", "junit_xml", "pdb", "overrides"}
)
_OPTIONS = (
    *("--no-color-output", "--no-error-summary", "--hide-error-context", "--show-error-codes", "--no-pretty"),
    "--explicit-package-bases",
)
_DEFAULT = {"check_untyped_defs": True, "ignore_missing_imports": True}
_LINE = re.compile(r"(?P<path>[^:\n]+\.py):(?P<line>\d+): error: (?P<message>.*?)(?:  \[(?P<rule>[\w-]+)\])?$")


class TypesCheck:
    """folder: the project, whose settings count. python: the interpreter whose packages are known."""

    name = "types"
    required = False
    level: Level = "standard"
    runs_code = False

    def __init__(self, folder: Path, waivers: Waivers, *, python: str, minimum: float = 8.0) -> None:
        self._waivers = waivers
        self._python = python
        self._minimum = minimum
        self._settings = _settings_of(folder)

    @property
    def version(self) -> str:
        settings = hashlib.sha256(self._settings.encode()).hexdigest()[:8]
        return f"1+mypy{_mypy_version() or '-'}+{settings}+{self._minimum:g}{self._waivers.key}"

    def applies(self, task: Task) -> bool:
        return task.language == "python"

    def run(self, task: Task, candidate: Candidate) -> Evidence:
        beside = [s for s in task.support if s.path.endswith((".py", ".pyi"))]
        return by_findings(
            candidate,
            lambda files: self._findings(files, beside),
            check=self.name,
            version=self.version,
            minimum=self._minimum,
            waivers=self._waivers,
        )

    def _findings(self, files: list[SourceFile], beside: list[SourceFile]) -> Iterator[Finding]:
        if _mypy_version() is None:
            raise ToolBroke("mypy is not installed: pip install 'lamarck-dse[gate]'")
        with temporary_folder("types") as name:
            root = Path(name).resolve()
            own = [path for f in files if (path := _write(root / "code", f)) is not None]
            for file in beside:
                _write(root / "code", file)
            (root / "mypy.toml").write_text(self._settings, encoding="utf-8")
            told = self._told(root, own) if own else ""
        paths = {f.path for f in files}
        for line in told.splitlines():
            found = _LINE.match(line)
            if found is not None and found["path"] in paths:
                yield Finding(
                    rule=found["rule"] or "mypy",
                    message=found["message"],
                    severity="medium",
                    confidence="medium",  # it vetoes nothing
                    path=found["path"],
                    line=int(found["line"]),
                )

    def _told(self, root: Path, own: list[str]) -> str:
        options = (f"--python-executable={self._python}", "--config-file=../mypy.toml", f"--cache-dir={os.devnull}")
        try:
            done = subprocess.run(
                [sys.executable, "-m", "mypy", *options, *_OPTIONS, *own],
                cwd=root / "code",
                env={"PATH": os.defpath, "HOME": str(root), "LANG": "C.UTF-8"},
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ToolBroke(f"mypy took longer than {_SECONDS} s") from error
        if done.returncode not in {0, 1}:
            said = " ".join((done.stderr or done.stdout).split())
            raise ToolBroke(f"mypy broke: {said[-300:]}")
        return done.stdout


def _write(root: Path, file: SourceFile) -> str | None:
    target = (root / file.path).resolve()
    if not target.is_relative_to(root):  # a path of a candidate's that leads out
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(file.text, encoding="utf-8", errors="surrogatepass")
    return file.path


@cache
def _mypy_version() -> str | None:
    return installed_version("mypy") if importlib.util.find_spec("mypy") else None


# --- settings -----------------------------------------------------------------------------------------------------


def _settings_of(folder: Path) -> str:
    """As TOML, from the project's pyproject.toml where that speaks of mypy."""
    path = folder / "pyproject.toml"
    own: dict[str, Any] = {}
    if path.is_file():
        try:
            own = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("mypy", {})
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, AttributeError):
            own = {}
    lines = ["[tool.mypy]", *_pairs(own or _DEFAULT)]
    for override in own.get("overrides", []):
        lines += ["[[tool.mypy.overrides]]", *_pairs(override, keep=frozenset({"module"}))]
    return "\n".join(lines) + "\n"


def _pairs(table: Mapping[str, Any], keep: frozenset[str] = frozenset()) -> list[str]:
    """JSON's scalars and lists of strings are TOML's as well."""
    return [
        f"{key} = {json.dumps(value, ensure_ascii=False)}"
        for key, value in table.items()
        if (key not in _KEPT_OUT or key in keep) and isinstance(value, str | int | float | bool | list)
    ]


def build(means: Means) -> TypesCheck:
    return TypesCheck(
        means.folder,
        means.waivers,
        python=means.interpreter.executable,
        minimum=means.settings.checks.minimum_score,
    )
