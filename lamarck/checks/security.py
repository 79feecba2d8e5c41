"""Check 'security': bandit's findings and our own rules. Medium or worse with high confidence is a veto.

A clean scan does not mean that code is secure. The sandbox, not this check, keeps candidates from doing harm while they
are judged; this check keeps what is plainly dangerous out of the library. The source is parsed, never run.
"""

from __future__ import annotations

import ast
import io
import logging
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

from lamarck.records import Candidate, CheckOutcome, Evidence, Finding, SourceFile, Task

VETO_SEVERITIES = frozenset({"medium", "high"})

# Called name → what is wrong with it. Arguments that are constants make eval and exec harmless.
_CALLS = {
    "eval": "evaluates text as code",
    "exec": "runs text as code",
    "os._exit": "ends the process without clean-up",
    "sys.settrace": "watches the code that calls it",
    "sys.setprofile": "watches the code that calls it",
    "gc.get_objects": "searches other code's objects",
    "gc.get_referrers": "searches other code's objects",
    "sys._getframe": "looks at the code that calls it",
    "sys._current_frames": "looks at other code's frames",
    "inspect.stack": "looks at the code that calls it",
    "inspect.currentframe": "looks at the code that calls it",
    "ctypes.CDLL": "calls native code past the interpreter",
    "tempfile.mktemp": "names a temporary file that somebody else may make first",
}
_MODULES = {"ctypes": "reaches native memory", "pytest": "is the judge's", "_pytest": "is the judge's"}
_FRAME_ATTRIBUTES = {"f_back", "f_locals", "f_globals", "tb_frame", "gi_frame", "cr_frame"}
_PATCHED = {"builtins", "sys", "pytest", "unittest", "importlib", "os"}


class SecurityCheck:
    """waived: rule names that the user accepts, by name and on record."""

    name = "security"
    required = True

    def __init__(self, *, waived: frozenset[str] = frozenset()) -> None:
        self._waived = waived

    @property
    def version(self) -> str:
        return f"1+bandit{_bandit_version()}" + "".join(f"-{rule}" for rule in sorted(self._waived))

    def applies(self, task: Task) -> bool:
        return True

    def run(self, task: Task, candidate: Candidate) -> Evidence:
        begin = time.perf_counter()
        findings: list[Finding] = []
        for file in candidate.files:
            try:
                tree = ast.parse(file.text)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue  # the check 'parse' says so
            try:
                findings += [*_bandit_findings(file), *_own_findings(file, tree)]
            except ScannerBroke as error:
                return self._evidence(candidate, CheckOutcome.ERRORED, tuple(findings), f"bandit broke: {error}", begin)
        vetoes = [f for f in findings if _vetoes(f) and f.rule not in self._waived]
        waived = sorted({f.rule for f in findings if _vetoes(f)} & self._waived)
        lines = [f"{f.path}:{f.line}: {f.rule} ({f.severity}, {f.confidence}): {f.message}" for f in findings]
        lines += [f"waived by name: {rule}" for rule in waived]
        outcome = CheckOutcome.FAILED if vetoes else CheckOutcome.PASSED
        return self._evidence(candidate, outcome, tuple(findings), "\n".join(lines), begin)

    def _evidence(
        self, candidate: Candidate, outcome: CheckOutcome, findings: tuple[Finding, ...], log: str, begin: float
    ) -> Evidence:
        vetoes = sum(_vetoes(f) and f.rule not in self._waived for f in findings)
        return Evidence(
            check=self.name,
            check_version=self.version,
            candidate_id=candidate.id,
            outcome=outcome,
            findings=findings,
            measurements={"findings": len(findings), "vetoes": vetoes},
            log=log,
            replay_command=f"lamarck verify {candidate.id[:12]}",
            seconds=time.perf_counter() - begin,
        )


def _vetoes(finding: Finding) -> bool:
    return finding.severity in VETO_SEVERITIES and finding.confidence == "high"


class ScannerBroke(Exception):
    """bandit failed on this source; what it then finds is no evidence."""


class _Complaints(logging.Handler):
    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage().strip().splitlines()[0])


@cache
def _bandit_version() -> str:
    from importlib.metadata import version

    return version("bandit")


@cache
def _bandit_tests() -> Any:
    from bandit.core import config, meta_ast, test_set

    loaded = config.BanditConfig()
    # B101: asserts state invariants. B404: importing subprocess harms nobody; using it is judged by its own rules.
    tests = test_set.BanditTestSet(loaded, profile={"exclude": ["B101", "B404"]})
    return tests, meta_ast


def _bandit_findings(file: SourceFile) -> Iterator[Finding]:
    """bandit's node visitor over one source text, without its command line and files.

    The empty table of `# nosec` lines is on purpose: code can't waive its own findings. Raises `ScannerBroke` where
    bandit only logs that one of its tests failed.
    """
    from bandit.core import metrics, node_visitor

    tests, meta_ast = _bandit_tests()
    complaints = _Complaints(level=logging.ERROR)
    logger = logging.getLogger("bandit")
    logger.addHandler(complaints)
    logger.propagate = False
    try:
        counted = metrics.Metrics()
        counted.begin(file.path)
        data = file.text.encode("utf-8", "surrogatepass")
        visitor = node_visitor.BanditNodeVisitor(
            file.path, io.BytesIO(data), meta_ast.BanditMetaAst(), tests, False, {}, counted
        )
        visitor.process(data)
    except RecursionError:
        yield Finding(
            rule="too-deep",
            message="nests too deeply to be scanned",
            severity="high",
            path=file.path,
            confidence="high",
        )
        return
    finally:
        logger.removeHandler(complaints)
    if complaints.lines:
        raise ScannerBroke(complaints.lines[0])
    for issue in visitor.tester.results:
        yield Finding(
            rule=issue.test_id,
            message=issue.text,
            severity=issue.severity.lower() if issue.severity != "UNDEFINED" else "low",
            confidence=issue.confidence.lower() if issue.confidence != "UNDEFINED" else "low",
            path=file.path,
            line=issue.lineno or 0,
        )


def _own_findings(file: SourceFile, tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        for rule, message in _rules(node):
            yield Finding(
                rule=rule,
                message=message,
                severity="medium",
                confidence="high",
                path=file.path,
                line=getattr(node, "lineno", 0),
            )


def _rules(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Call):
        name = _dotted(node.func)
        constant = bool(node.args) and all(isinstance(a, ast.Constant) for a in node.args)
        if name in _CALLS and not (name in {"eval", "exec"} and constant):
            yield f"L-{name}", f"{name} {_CALLS[name]}"
        if name in {"__import__", "importlib.import_module"} and not constant:
            yield "L-dynamic-import", f"{name} imports a module whose name is computed"
        if name == "setattr" and node.args and _dotted(node.args[0]) in _PATCHED:
            yield "L-patch", f"changes the module {_dotted(node.args[0])}, which other code relies on"
    elif isinstance(node, ast.Import | ast.ImportFrom):
        modules = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        for module in modules:
            top = module.partition(".")[0]
            if top in _MODULES:
                yield f"L-import-{top}", f"{top} {_MODULES[top]}"
    elif isinstance(node, ast.Attribute) and node.attr in _FRAME_ATTRIBUTES:
        yield "L-frames", f"{node.attr} looks at the code that calls it"
    elif isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if isinstance(target, ast.Attribute) and _dotted(target.value) in _PATCHED:
                yield "L-patch", f"changes the module {_dotted(target.value)}, which other code relies on"


def _dotted(node: ast.AST) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
        return ".".join(reversed(parts))
    return ""
