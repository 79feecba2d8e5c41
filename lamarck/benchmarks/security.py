"""How many insecure samples the gate's security check flags, and how many harmless ones, beside ruff and bandit alone.

Samples are Python files that a label calls insecure or harmless. Own ones come with Lamarck, in pairs: the same job,
done badly and well. Public ones are read from files that `--data` names; none is copied into the repository.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

from lamarck.benchmarks.suites.rows import read
from lamarck.checks.bandit_scan import ScanBroke, scan
from lamarck.checks.confident.rules import wilson_low
from lamarck.checks.security import SecurityCheck
from lamarck.checks.verdict import vetoes
from lamarck.errors import BadInput, EnvironmentProblem
from lamarck.records import Origin, Record, SourceFile, content_id, make_candidate, make_task
from lamarck.temporary import temporary_folder

_MARK = "#### "
_SECONDS = 120
TOOLS = ("gate", "gate vetoes", "ruff S", "bandit", "ruff S and bandit")
_FLAGGING = {"medium", "high"}


class Sample(Record, frozen=True, kw_only=True):
    """half: 'written' for those that rules were improved by, 'held' for those that nobody looked at while doing so."""

    id: str
    source: str
    insecure: bool
    text: str
    half: str


class Flagged(Record, frozen=True, kw_only=True):
    """What one tool flagged of one group of samples: of the insecure ones recall, of the harmless ones false alarms."""

    tool: str
    group: str
    insecure: int
    insecure_flagged: int
    harmless: int
    harmless_flagged: int


class SecurityReport(Record, frozen=True, kw_only=True):
    """missed: insecure samples that the gate did not flag, harmless ones that it did; of the written half alone."""

    flagged: tuple[Flagged, ...]
    missed: tuple[str, ...]
    false_alarms: tuple[str, ...]
    unreadable: int


def measure_security(data: Path | None, *, say: Callable[[str], None] = lambda line: None) -> SecurityReport:
    """data: a file of public samples: `Insecure_code` a row (SecurityEval), else `reference` (harmless solutions of
    HumanEval and MBPP, as the suites of those names read them); or a folder of such files."""
    samples = list(own_samples())
    if data is not None:
        files = sorted(data.glob("*.jsonl")) if data.is_dir() else [data]
        for file in files:
            samples += public_samples(file)
    readable = [s for s in samples if _parses(s.text)]
    say(f"{len(readable)} samples, {sum(s.insecure for s in readable)} of them insecure")
    by_tool = _flags(readable)
    groups = sorted({(s.source, s.half) for s in readable})
    rows: list[Flagged] = []
    for group in (None, *groups):
        chosen = [s for s in readable if group is None or (s.source, s.half) == group]
        name = "all" if group is None else f"{group[0]}, {group[1]} half"
        rows += (_row(tool, name, chosen, by_tool[tool]) for tool in TOOLS)
    held = [s for s in readable if s.half == "held"]
    rows += (_row(tool, "held half of all", held, by_tool[tool]) for tool in TOOLS)
    written = [s for s in readable if s.half == "written"]
    return SecurityReport(
        flagged=tuple(rows),
        missed=tuple(s.id for s in written if s.insecure and s.id not in by_tool["gate"]),
        false_alarms=tuple(s.id for s in written if not s.insecure and s.id in by_tool["gate"]),
        unreadable=len(samples) - len(readable),
    )


def security_text(report: SecurityReport) -> str:
    lines = [f"{'samples':<34}{'tool':<20}{'recall':>16}{'false alarms':>16}"]
    for row in report.flagged:
        recall = f"{row.insecure_flagged}/{row.insecure}" + (
            f" {row.insecure_flagged / row.insecure:4.0%}" if row.insecure else ""
        )
        alarms = f"{row.harmless_flagged}/{row.harmless}" + (
            f" {row.harmless_flagged / row.harmless:4.0%}" if row.harmless else ""
        )
        lines.append(f"{row.group:<34}{row.tool:<20}{recall:>16}{alarms:>16}")
    every = next(r for r in report.flagged if r.group == "all" and r.tool == "gate")
    lines.append(f"recall of the gate: at least {wilson_low(every.insecure_flagged, every.insecure):.0%} (95%)")
    if report.unreadable:
        lines.append(f"{report.unreadable} samples do not parse and were left out")
    return "\n".join(lines)


def own_samples() -> Iterator[Sample]:
    """Pairs: `#### name bad` and `#### name good` before each text."""
    text = resources.files("lamarck.benchmarks").joinpath("security_samples.txt").read_text(encoding="utf-8")
    for part in text.split(f"\n{_MARK}")[1:]:
        head, _, body = part.partition("\n")
        name, _, label = head.strip().rpartition(" ")
        yield Sample(
            id=f"own/{name}/{label}", source="own pairs", insecure=label == "bad", text=body, half=_half(f"own/{name}")
        )


def public_samples(path: Path) -> Iterator[Sample]:
    for number, line in enumerate(read(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadInput(f"{path}:{number}: is no JSON", "name a file with one object a line") from error
        name = str(row.get("ID") or row.get("id") or number)
        if "Insecure_code" in row:
            code, insecure = str(row["Insecure_code"]), True
        elif "entry_point" in row and "reference" in row:
            code, insecure = str(row.get("prompt", "")) + str(row["reference"]), False
        elif "reference" in row:
            code, insecure = str(row["reference"]), False
        else:
            raise BadInput(f"{path}:{number}: holds no code", "give SecurityEval, HumanEval or MBPP")
        key = f"{path.stem}/{name}"
        yield Sample(id=key, source=path.stem, insecure=insecure, text=code, half=_half(key))


def _half(key: str) -> str:
    return "held" if int(content_id("security", key)[:8], 16) % 2 else "written"


def _parses(text: str) -> bool:
    try:
        compile(text, "sample", "exec", dont_inherit=True, flags=0x400)  # the syntax tree alone: nothing is run
    except (SyntaxError, ValueError):
        return False
    return True


def _flags(samples: list[Sample]) -> dict[str, set[str]]:
    """Tool → ids of what it flags with medium severity or more (ruff has none: any finding of its S rules)."""
    found: dict[str, set[str]] = {tool: set() for tool in TOOLS}
    check = SecurityCheck()
    for sample in samples:
        task = make_task(goal="x", module="sample", stubs=(SourceFile(path="sample.py", text="open"),))
        candidate = make_candidate(
            files=(SourceFile(path="sample.py", text=sample.text),), entry_point=None, origin=Origin(generator="user")
        )
        findings = check.run(task, candidate).findings
        if any(f.severity in _FLAGGING for f in findings):
            found["gate"].add(sample.id)
        if any(map(vetoes, findings)):
            found["gate vetoes"].add(sample.id)
        try:
            if any(f.severity in _FLAGGING for f in scan(sample.text, "sample.py")):
                found["bandit"].add(sample.id)
        except (ScanBroke, RecursionError):
            continue
    found["ruff S"] = _ruff(samples)
    found["ruff S and bandit"] = found["ruff S"] | found["bandit"]
    return found


def _ruff(samples: list[Sample]) -> set[str]:
    with temporary_folder("bench") as folder:
        for number, sample in enumerate(samples):
            Path(folder, f"s{number}.py").write_text(sample.text, encoding="utf-8")
        words = [str(Path(sys.executable).with_name("ruff")), "check", "--isolated", "--no-cache", "--select", "S",
                 "--ignore", "S101", "--output-format", "json", str(folder)]  # fmt: skip
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS, check=False)
            rows = json.loads(done.stdout)
        except (OSError, subprocess.TimeoutExpired, json.JSONDecodeError) as error:
            raise EnvironmentProblem("ruff could not be run", "install it beside Lamarck") from error
    return {samples[int(Path(row["filename"]).stem[1:])].id for row in rows if row.get("code")}


def _row(tool: str, group: str, samples: list[Sample], flagged: set[str]) -> Flagged:
    bad = [s for s in samples if s.insecure]
    good = [s for s in samples if not s.insecure]
    return Flagged(
        tool=tool,
        group=group,
        insecure=len(bad),
        insecure_flagged=sum(s.id in flagged for s in bad),
        harmless=len(good),
        harmless_flagged=sum(s.id in flagged for s in good),
    )
