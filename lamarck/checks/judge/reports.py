"""What the judge told, as reports. Everything is validated: the judge ran next to nobody, but on values that a
candidate chose."""

from __future__ import annotations

import ast
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from lamarck.records import Assurance, CheckOutcome, Failure, Record, SourceFile, TestResult
from lamarck.sandbox.sandbox import Outcome, StopReason

_LOG_CHARACTERS = 4_000
_MOST_HITS = 1 << 24  # bytes of a probes' buffer
_USAGE, _NO_TESTS = 4, 5  # pytest.ExitCode


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One thing to judge: a candidate, or a hollow version of one. one_failure_is_enough: what comes after the first
    test that fails is not run, and counts as failed."""

    label: str
    files: tuple[SourceFile, ...]
    one_failure_is_enough: bool = False


class SubjectReport(Record, frozen=True, kw_only=True):
    """What the tests saw of one subject.

    results: one for every test, ids as pytest gives them, relative to the job's folder. import_error: why it could not
    be imported at all. stop: why its process could not be asked any more before the tests ended: died, hung,
    bad_reply, flood, or the limit that its sandbox hit (a `StopReason`), with what was seen of it.
    """

    label: str
    results: tuple[TestResult, ...]
    assurance: Assurance = Assurance.JUDGED
    import_error: str | None = None
    stop: str | None = None
    log: str = ""
    covered: dict[str, bytes] = {}  # test (empty: before the first) → what its probes wrote; see `judge.Probes`

    @property
    def passed(self) -> bool:
        """At least one test passed, and the only ones that did not are those that their author marked as skipped."""
        outcomes = {r.outcome for r in self.results}
        return CheckOutcome.PASSED in outcomes and outcomes <= {CheckOutcome.PASSED, CheckOutcome.SKIPPED}


class JudgeReport(Record, frozen=True, kw_only=True):
    """One judging. collect_error: what is wrong with the tests themselves. broke: what is wrong with the judge.
    decides: whether hollow code fails the tests, by what it returns and by what it raises; False: not known so."""

    subjects: tuple[SubjectReport, ...]
    collect_error: str | None = None
    broke: str | None = None
    decides: bool = False
    seconds: float = 0.0
    enforcement: dict[str, str] = {}
    environment: str = ""


class Collected(msgspec.Struct, tag_field="kind", tag="collected", frozen=True):
    ids: list[str]


class Failed(msgspec.Struct, tag_field="kind", tag="failure", frozen=True):
    id: str
    parts: Failure


class Result(msgspec.Struct, tag_field="kind", tag="result", frozen=True):
    """by_author: the candidate was not used before, so that a skip can't be its doing."""

    id: str
    outcome: CheckOutcome
    seconds: float
    by_author: bool


class Ended(msgspec.Struct, tag_field="kind", tag="ended", frozen=True):
    """errors: of collecting. blamed: why the candidate is to blame for those. stop: reason and text."""

    code: int
    errors: list[str]
    blamed: str | None
    stop: tuple[str, str] | None
    refused: list[str]


class Covered(msgspec.Struct, tag_field="kind", tag="covered", frozen=True):
    """hits: the probes' buffer, zlib and base64."""

    id: str
    hits: bytes


Message = Collected | Failed | Result | Covered | Ended
_decoder = msgspec.json.Decoder(Message)
_trial_decoder = msgspec.json.Decoder(dict[str, bool])


def messages(data: bytes) -> list[Message]:
    """The JSON lines of one subject, up to the first that is none: there the judge was cut off."""
    found: list[Message] = []
    for line in data.splitlines():
        try:
            found.append(_decoder.decode(line))
        except msgspec.MsgspecError:
            break
    return found


def decides(data: bytes) -> bool:
    """What the trial on hollow code told (see `inside.trial`), which is nothing when it did not end."""
    try:
        return _trial_decoder.decode(data) == {"none": True, "raise": True}
    except msgspec.MsgspecError:
        return False


def subject_report(
    subject: Subject, told: list[Message], outcome: Outcome, tests: list[tuple[str, str]]
) -> SubjectReport:
    """outcome: how the candidate's sandbox ended. tests: path and text of each test file."""
    ended = next((m for m in told if isinstance(m, Ended)), None)
    stop = _stop(ended, outcome)
    collected = [test for m in told if isinstance(m, Collected) for test in m.ids]
    import_error = ended.blamed if ended is not None else None
    log = [outcome.stderr.decode(errors="replace")[-_LOG_CHARACTERS:]]
    if ended is not None:
        log += [f"not possible across two processes: {what}" for what in ended.refused]
    if not collected or import_error is not None:
        why = import_error or stop or "; ".join(ended.errors if ended else ()) or "no test ran"
        collected += [test for test in _static_ids(tests) if test not in collected and not _covers(collected, test)]
        missing = Failure(message=f"the candidate can't be imported: {why}" if import_error else why)
    else:
        missing = Failure(message=f"did not finish: {stop or 'the time for all tests was up'}")
    return SubjectReport(
        label=subject.label,
        results=_results(told, collected or [subject.label], missing),
        import_error=import_error,
        stop=stop,
        log="\n".join(line for line in log if line.strip()),
        covered={m.id: _unpacked(m.hits) for m in told if isinstance(m, Covered)},
    )


def _unpacked(hits: bytes) -> bytes:
    """Nothing for what is no buffer."""
    try:
        return zlib.decompressobj().decompress(hits, _MOST_HITS)
    except zlib.error:
        return b""


def _stop(ended: Ended | None, outcome: Outcome) -> str | None:
    seen = None if ended is None or ended.stop is None else f"{ended.stop[0]}: {ended.stop[1]}"
    if outcome.reason not in {StopReason.EXITED, StopReason.SIGNALLED, StopReason.KILLED}:
        return f"{outcome.reason}" + (f" ({seen})" if seen else "")
    return seen


def _results(told: list[Message], collected: list[str], missing: Failure) -> tuple[TestResult, ...]:
    """One result per test, the worst of its phases; a test without any did not finish, and failed."""
    outcomes: dict[str, tuple[CheckOutcome, float]] = {}
    failures: dict[str, Failure] = {}
    for message in told:
        if isinstance(message, Failed):
            failures[message.id] = message.parts
        elif isinstance(message, Result):
            outcome = message.outcome
            if outcome is CheckOutcome.SKIPPED and not message.by_author:
                outcome = CheckOutcome.FAILED
                failures.setdefault(message.id, Failure(message="was skipped, or expected to fail, while it ran"))
            before, seconds = outcomes.get(message.id, (CheckOutcome.PASSED, 0.0))
            outcomes[message.id] = (_worse(before, outcome), seconds + message.seconds)
    results: list[TestResult] = []
    for test in dict.fromkeys(collected):
        outcome, seconds = outcomes.get(test, (CheckOutcome.FAILED, 0.0))
        failure = None if outcome is CheckOutcome.PASSED else failures.get(test, missing)
        if outcome is CheckOutcome.SKIPPED:
            failure = Failure(message="skipped by its author")
        results.append(TestResult(id=test, outcome=outcome, seconds=seconds, failure=failure))
    return tuple(results)


_ORDER = (CheckOutcome.PASSED, CheckOutcome.SKIPPED)


def _worse(one: CheckOutcome, other: CheckOutcome) -> CheckOutcome:
    for outcome in (one, other):
        if outcome not in _ORDER:
            return CheckOutcome.FAILED
    return max(one, other, key=_ORDER.index)


def collect_error(told: list[list[Message]], outcome: Outcome) -> str | None:
    """What is wrong with the tests themselves: no candidate is to blame, and it is the same for all of them.

    outcome: of the judge's job, whose standard error says what pytest does not report (a broken conftest.py)."""
    ends = [next((m for m in lines if isinstance(m, Ended)), None) for lines in told]
    known = [e for e in ends if e is not None]
    if not known or len(known) < len(ends):
        return None
    if all(e.errors and e.blamed is None for e in known):
        return known[0].errors[0]
    if all(e.code == _NO_TESTS and not e.errors for e in known):
        return "no test was collected"
    if all(e.code == _USAGE and not e.errors for e in known):
        return outcome.stderr.decode(errors="replace").strip()[-_LOG_CHARACTERS:] or "pytest refused the test files"
    return None


def broke(told: list[list[Message]], outcome: Outcome) -> str | None:
    """The judge itself failed: it told nothing, though its time was not up."""
    if any(told) or outcome.reason in {StopReason.WALL_TIME, StopReason.CPU_TIME}:
        return None
    stderr = outcome.stderr.decode(errors="replace").strip()
    return f"the judge ended ({outcome.reason}, code {outcome.exit_code}): {stderr[-_LOG_CHARACTERS:]}"


# --- tests that could not even be collected


def _covers(collected: list[str], test: str) -> bool:
    return any(each.startswith(f"{test}[") for each in collected)


def _static_ids(tests: list[tuple[str, str]]) -> Iterator[str]:
    """Ids of the tests that the files define by name, for when no candidate lets them be collected."""
    for path, text in tests:
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            continue
        for node in tree.body:
            if _is_test(node):
                yield f"{path}::{node.name}"  # type: ignore[attr-defined]
            elif isinstance(node, ast.ClassDef):
                yield from (f"{path}::{node.name}::{n.name}" for n in node.body if _is_test(n))  # type: ignore[attr-defined]


def _is_test(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")
