"""Checks 'lint' and 'format': what ruff says. Points of ten by pylint's formula; names of other linters are aliases."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator

from lamarck.checks.check import Level
from lamarck.checks.gate import Means
from lamarck.checks.graded import ToolBroke, broken, by_findings, graded, trees
from lamarck.checks.ruff_tool import RULES, Ruff
from lamarck.checks.waivers import Waivers
from lamarck.records import Candidate, Evidence, Finding, SourceFile, Task

_ERRORS = re.compile(r"F|E9|PLE|invalid-syntax")  # wrong rather than ugly
_HUNK = re.compile(r"^@@ -(\d+)", re.M)


class LintCheck:
    """`# noqa` of the author's counts; what bandit and Lamarck's own rules find counts in 'security' all the same."""

    name = "lint"
    required = False
    level: Level = "quick"
    runs_code = False
    per_file = True

    def __init__(self, ruff: Ruff, waivers: Waivers, *, minimum: float = 8.0) -> None:
        self._ruff = ruff
        self._waivers = waivers
        self._minimum = minimum

    @property
    def version(self) -> str:
        return f"1+{self._ruff.version}+{self._minimum:g}{self._waivers.key}"

    def applies(self, task: Task) -> bool:
        return task.language == "python"

    def run(self, task: Task, candidate: Candidate) -> Evidence:
        return by_findings(
            candidate,
            self._findings,
            check=self.name,
            version=self.version,
            minimum=self._minimum,
            waivers=self._waivers,
        )

    def _findings(self, files: list[SourceFile]) -> Iterator[Finding]:
        select = () if self._ruff.has_settings else ("--select", RULES)
        with self._ruff.copied(files) as (root, back):
            told = self._ruff.run(root, "check", "--output-format", "json", *select).stdout
            for item in json.loads(told or "[]"):
                place = item["filename"].removeprefix(f"{root}/")
                rule = item["code"] or "invalid-syntax"
                is_error = bool(_ERRORS.match(rule))
                yield Finding(
                    rule=rule,
                    message=" ".join(item["message"].split()),
                    severity="medium" if is_error else "low",
                    confidence="medium",  # a linter vetoes nothing
                    path=back.get(place, place),
                    line=item["location"]["row"],
                )


class FormatCheck:
    """Whether the files are as `ruff format` would write them; points by the share of lines that would stay."""

    name = "format"
    required = False
    level: Level = "quick"
    runs_code = False
    per_file = True

    def __init__(self, ruff: Ruff, *, minimum: float = 8.0) -> None:
        self._ruff = ruff
        self._minimum = minimum

    @property
    def version(self) -> str:
        return f"2+{self._ruff.version}+{self._minimum:g}"

    def applies(self, task: Task) -> bool:
        return task.language == "python"

    def run(self, task: Task, candidate: Candidate) -> Evidence:
        begin = time.perf_counter()
        parsed = trees(candidate.files)
        files = [f for f in candidate.files if f.path in parsed]
        try:
            with self._ruff.copied(files) as (root, back):
                diff = self._ruff.run(root, "format", "--diff").stdout
        except ToolBroke as error:
            seconds = time.perf_counter() - begin
            return broken(candidate, check=self.name, version=self.version, why=str(error), seconds=seconds)
        findings = list(_unformatted(diff, back))
        lines = sum(len(f.text.splitlines()) for f in files)
        changed = _changed_lines(diff)
        return graded(
            candidate,
            check=self.name,
            version=self.version,
            points=10.0 * (1 - min(changed / lines, 1.0)) if lines else None,
            minimum=self._minimum,
            findings=findings,
            measurements={"changed_lines": changed, "lines": lines},
            seconds=time.perf_counter() - begin,
        )


def _changed_lines(diff: str) -> int:
    """Lines that go or come; one that is replaced counts once."""
    changed = gone = come = 0
    for line in [*diff.splitlines(), "@@"]:
        if line.startswith(("@@", "--- ", "+++ ")):
            changed, gone, come = changed + max(gone, come), 0, 0
        else:
            gone, come = gone + line.startswith("-"), come + line.startswith("+")
    return changed


def _unformatted(diff: str, back: dict[str, str]) -> Iterator[Finding]:
    for part in re.split(r"^(?=--- )", diff, flags=re.M):
        if part.startswith("--- "):
            place = part.partition("\n")[0].removeprefix("--- ")
            lines = _changed_lines(part)
            first = _HUNK.search(part)
            yield Finding(
                rule="format",
                message=f"ruff format would change {lines} line{'' if lines == 1 else 's'}",
                severity="low",
                path=back.get(place, place),
                line=int(first[1]) if first else 0,
            )


def build(means: Means) -> LintCheck:
    ruff = Ruff(means.folder, means.places)
    return LintCheck(ruff, means.waivers, minimum=means.settings.checks.minimum_score)


def build_format(means: Means) -> FormatCheck:
    return FormatCheck(Ruff(means.folder, means.places), minimum=means.settings.checks.minimum_score)
