"""Proven code, called: in the sandbox, with plain values. What a pure function did is kept and told the next time.

The kept results stand apart from the library, in a file of the cache that can be deleted at any time. Only what proven
code did is kept, by the hash of its code, the call and the environment, so that a change of any of them asks anew.
"""

from __future__ import annotations

import ast
import hashlib
import logging
import time

import msgspec

from lamarck.assemble import Assembly
from lamarck.checks.agreement.agreement import functions_of
from lamarck.checks.agreement.behaviours import TESTS_PATH, Did, expected, read, shown, tests_of
from lamarck.checks.agreement.calls import Call
from lamarck.checks.agreement.literals import Unknown, value_of
from lamarck.checks.judge.judge import JUDGE_VERSION, Subject
from lamarck.errors import BadInput, EnvironmentProblem
from lamarck.records import Acceptance, AcceptanceKind, Artifact, ArtifactStatus, Decision, Record, Trust, content_id
from lamarck.shelf.purity import impurity

_LONGEST = 7_000  # characters of a result, as the judge tells it
_VERSION = f"1 {JUDGE_VERSION}"
_log = logging.getLogger("lamarck.shelf")


class Called(Record, frozen=True, kw_only=True):
    """What one call did. returned: an expression that equals the result; raised: the name of the exception instead.
    is_kept: told from what was kept, nothing ran. not_kept: why this result is not kept; empty when it is."""

    artifact_id: str
    call: str
    returned: str | None = None
    raised: str | None = None
    is_kept: bool = False
    not_kept: str = ""
    seconds: float = 0.0


def call(assembly: Assembly, artifact_id: str, text: str, *, fresh: bool = False) -> Called:
    """`f(1, [2])` by an artifact that is live and proven. fresh: run it, whatever is kept.

    Raises `BadInput` for a call that is none, or of code that is not proven, and `EnvironmentProblem` where it can't be
    run or its result can't be told as a value.
    """
    began = time.monotonic()
    artifact = _proven(assembly, artifact_id)
    asked = _call_of(artifact, text)
    key = content_id("result", _VERSION, artifact.id, asked.source, assembly.interpreter.environment_hash)
    found = None if fresh else _kept(assembly, key)
    if found is None:
        did = _run(assembly, artifact, asked)
        reason = impurity(artifact.candidate.files) or _unsteady(did)
        found = Called(
            artifact_id=artifact.id, call=asked.source, returned=_told(asked, did), raised=did.raised, not_kept=reason
        )
        if not reason:
            _keep(assembly, key, found)
    else:
        found = found.replace(is_kept=True)
    seconds = time.monotonic() - began
    assembly.library.note_use(artifact.id, accepted=True, seconds=seconds)
    return found.replace(seconds=seconds)


def _proven(assembly: Assembly, artifact_id: str) -> Artifact:
    artifact = assembly.library.get(artifact_id)
    if artifact.status is not ArtifactStatus.LIVE or artifact.verdict.decision is not Decision.ACCEPTED:
        raise BadInput(
            f"{artifact.id[:12]} is {artifact.status} and {artifact.verdict.decision}, and only proven code is called",
            f"see `lamarck history {artifact.id[:12]}` for what answers",
        )
    return artifact


def _call_of(artifact: Artifact, text: str) -> Call:
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        node = None
    known = functions_of(artifact.task.replace(stubs=()), artifact.candidate)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in known:
        names = ", ".join(known) or "no plain function"
        raise BadInput(f"{text}: is no call of {names}", f"write {next(iter(known), 'f')}(1, 'two', [3])")
    try:
        args = tuple(value_of(each, {}) for each in node.args)
        kwargs = tuple((each.arg, value_of(each.value, {})) for each in node.keywords if each.arg is not None)
    except Unknown:
        args, kwargs = (), None
    if kwargs is None or len(kwargs) < len(node.keywords):
        raise BadInput(f"{text}: its arguments are no plain values", "write numbers, texts, lists, tuples, sets, dicts")
    return Call(node.func.id, args, kwargs)


def _run(assembly: Assembly, artifact: Artifact, asked: Call) -> Did:
    task, files = artifact.task, artifact.candidate.files
    if len(files) == 1:
        files = (files[0].replace(path=task.main_path),)
    content = tests_of([asked], task.module, longest=_LONGEST)
    tests = Acceptance(kind=AcceptanceKind.PYTEST, content=content, path=TESTS_PATH, trust=Trust.GENERATED)
    report = assembly.judge.judge(task, (tests,), (Subject(label=artifact.id[:12], files=files),))
    (did,) = read(report.subjects[0], 1) if report.subjects else (None,)
    if did is None or did.ended is not None:
        why = report.broke or report.collect_error or (did.ended if did else "nothing came back")
        raise EnvironmentProblem(f"{asked.source} could not be called: {why}", "try it again, or `lamarck verify` it")
    return did


def _told(asked: Call, did: Did) -> str | None:
    if did.raised is not None:
        return None
    value = expected(did)
    if value is None:
        raise EnvironmentProblem(
            f"what {asked.source} returns is no plain value: {shown(did)}", "call it from a program of your own"
        )
    return value


def _unsteady(did: Did) -> str:
    if not did.again:
        return "it did not do the same twice"
    return "it changes its arguments" if did.changed else ""


# --- what is kept: the SHA-256 of a record, and the record


def _keep(assembly: Assembly, key: str, called: Called) -> None:
    told = msgspec.json.encode(called)
    assembly.results.put(key, hashlib.sha256(told).digest() + told)


def _kept(assembly: Assembly, key: str) -> Called | None:
    """A row that does not hold what was written is as good as none."""
    row = assembly.results.get(key)
    if row is None:
        return None
    if hashlib.sha256(row[32:]).digest() != row[:32]:
        _log.warning("a kept result (%s) was damaged and is left out", key[:12])
        return None
    return Called.from_json(row[32:])
