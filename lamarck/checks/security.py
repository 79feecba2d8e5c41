"""Check 'security': bandit's findings and Lamarck's own rules. Medium or worse with high confidence is a veto.

A clean scan does not mean that code is secure. The sandbox, not this check, keeps candidates from doing harm while they
are judged; this check keeps what is plainly dangerous out of the library. The source is parsed, never run.
"""

from __future__ import annotations

import re
import time

import msgspec

from lamarck.checks.bandit_scan import ScanBroke, bandit_version, scan
from lamarck.checks.check import Level
from lamarck.checks.dangers import dangers, defined_names
from lamarck.checks.gate import Means
from lamarck.checks.stages import StageCache
from lamarck.checks.verdict import vetoes
from lamarck.checks.waivers import Waivers
from lamarck.checks.weaknesses import weaknesses
from lamarck.records import Assurance, Candidate, CheckOutcome, Evidence, Finding, SourceFile, Task, content_id
from lamarck.tasks.python_source import parse_python

_LARGEST = 200_000  # characters of one file
# Own rule → bandit's tests that say the same of the same line.
_SAME = {
    "dynamic-code": {"B102", "B307"},
    "shell": {"B602", "B604", "B605", "B609"},
    "deserialise": {"B301", "B302"},
    "mktemp": {"B306"},
    "network": {"B310", "B312", "B321", "B401", "B402", "B411"},
}
_BUILTIN_OF = {"B307": "eval", "B102": "exec"}
_ABOUT_FILES = re.compile(
    r"\b(?:files?|filename|folders?|director(?:y|ies)|disk|tmp_path|tmpdir|tempfile|pathlib|open)\b|\bPath\(", re.I
)
_ORDER = {"high": 0, "medium": 1, "low": 2}


class SecurityCheck:
    """waivers: of rules (bandit's test ids or Lamarck's own) that the user accepts; each is on record.

    Lamarck's own rules: caller-inspection, test-detection, patching, introspection, dynamic-code, dynamic-import,
    shell, process, native-code, network, deserialise, mktemp, system-files, writes-files, always-equal, test-tools.
    """

    name = "security"
    required = True
    level: Level = "quick"
    runs_code = False
    per_file = True

    def __init__(self, waivers: Waivers | None = None, *, kept: StageCache | None = None) -> None:
        """kept: what is known of files that were looked at before, where there are several."""
        self._waivers = waivers or Waivers()
        self._kept = kept

    @property
    def version(self) -> str:
        """With bandit's version, and the waivers: another set of rules is another check."""
        return "+".join([_rules(), *([self._waivers.key] if self._waivers.key else [])])

    def applies(self, task: Task) -> bool:
        return task.language == "python"

    def run(self, task: Task, candidate: Candidate) -> Evidence:
        begin = time.perf_counter()
        needs_files = _is_about_files(task)
        broke = ""
        findings: list[Finding] = []
        for file in candidate.files:
            try:
                findings += self._of(file, needs_files=needs_files, keep=len(candidate.files) > 1)
            except ScanBroke as error:
                broke = f"bandit broke on {file.path}: {error}"
        marked = [self._waivers.mark(finding) for finding in findings]
        marked.sort(key=lambda f: (not vetoes(f), f.path, _ORDER[f.severity], f.line, f.rule))
        outcome = CheckOutcome.FAILED if any(map(vetoes, marked)) else CheckOutcome.PASSED
        if broke and outcome is CheckOutcome.PASSED:
            outcome = CheckOutcome.ERRORED
        return Evidence(
            check=self.name,
            check_version=self.version,
            candidate_id=candidate.id,
            outcome=outcome,
            assurance=Assurance.JUDGED,
            findings=tuple(marked),
            measurements={"findings": len(marked), "vetoes": sum(map(vetoes, marked))},
            log="\n".join([*([broke] if broke else []), *map(_described, marked)]),
            replay_command=f"lamarck verify {candidate.id[:12]}",
            seconds=time.perf_counter() - begin,
        )

    def _of(self, file: SourceFile, *, needs_files: bool, keep: bool) -> list[Finding]:
        if self._kept is None or not keep:
            return _file_findings(file, needs_files=needs_files)
        key = content_id("security", _rules(), file, needs_files)
        if (known := self._kept.get(key)) is not None:
            return msgspec.json.decode(known, type=list[Finding])
        found = _file_findings(file, needs_files=needs_files)
        self._kept.put(key, msgspec.json.encode(found))
        return found


def build(means: Means) -> SecurityCheck:
    return SecurityCheck(means.waivers, kept=means.kept)


def _rules() -> str:
    return f"3+bandit{bandit_version()}"


def _described(finding: Finding) -> str:
    level = f"{finding.severity} severity, {finding.confidence} confidence"
    return f"{finding.path}:{finding.line}: {finding.rule} ({level}): {finding.message}"


def _file_findings(file: SourceFile, *, needs_files: bool) -> list[Finding]:
    if not file.path.endswith(".py"):
        return [_unreadable(file, "is no Python source, so nothing can be said of it")]
    if len(file.text) > _LARGEST:
        return [_unreadable(file, f"has more than {_LARGEST} characters")]
    try:
        tree = parse_python(file.text)
        from_bandit = [f for f in scan(file.text, file.path) if _BUILTIN_OF.get(f.rule) not in defined_names(tree)]
    except SyntaxError as error:
        return [_unreadable(file, f"does not parse: {error.msg}")]
    except RecursionError:
        return [_unreadable(file, "nests too deeply to be scanned")]
    said = {(f.line, f.rule) for f in from_bandit if vetoes(f)}
    own = (*dangers(tree, file.path, needs_files=needs_files), *weaknesses(tree, file.path))
    return from_bandit + [f for f in own if not any((f.line, rule) in said for rule in _SAME.get(f.rule, ()))]


def _unreadable(file: SourceFile, why: str) -> Finding:
    return Finding(rule="unreadable", message=why, severity="high", confidence="high", path=file.path)


def _is_about_files(task: Task) -> bool:
    """Whether stubs or tests speak of files. The goal alone does not count: prose speaks of much."""
    texts = [*(s.text for s in task.stubs), *(a.content for a in task.acceptance)]
    return any(_ABOUT_FILES.search(text) for text in texts)
