"""Runs the tests that two processes cannot share in the candidate's own process: what passes there is `claimed`."""

from __future__ import annotations

import json
import random
import secrets
import select
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from lamarck.checks.judge.claims import Prepared, base_id, prepare, uncarried
from lamarck.checks.judge.jobs import CODE, START_SECONDS, job_for
from lamarck.checks.judge.reports import Subject, SubjectReport
from lamarck.records import Assurance, CheckOutcome, Failure, Task, TestResult
from lamarck.sandbox.interpreter import Interpreter, pytest_folders
from lamarck.sandbox.sandbox import SCRATCH_DIR, Sandbox

CLAIMED = "claimed"  # how the line begins that says why
_MOST_BYTES = 4_000_000
_GOOD = (CheckOutcome.PASSED, CheckOutcome.SKIPPED)


@dataclass(frozen=True, kw_only=True)
class Alone:
    """folders: where modules of the candidate and of the tests begin."""

    sandbox: Sandbox
    interpreter: Interpreter
    task: Task
    tests: Sequence[tuple[str, str]]
    folders: tuple[str, ...]

    def tried(self, subject: Subject, report: SubjectReport) -> SubjectReport:
        """The report with what passed there, where that makes a difference: all that failed apart has to be uncarried.

        Which tests are is read from the tests alone: a candidate that would rather be judged here has no say in it."""
        failed = {r.id for r in report.results if r.outcome not in _GOOD}
        if not failed or report.stop is not None:
            return report
        reasons = uncarried(self.tests)
        if any(base_id(test) not in reasons for test in failed):
            return report
        said = self._run(subject, {base_id(test) for test in failed})
        results = tuple(_claimed(r, said) if r.id in failed else r for r in report.results)
        passed = [r.id for r in results if r.id in failed and r.outcome is CheckOutcome.PASSED]
        why = [f"{CLAIMED}: {base_id(i)} ran in the candidate's own process: {reasons[base_id(i)]}" for i in passed]
        if said.objection is not None:
            why = [f"in the candidate's own process: {said.objection}"]
        return report.replace(
            results=results,
            assurance=Assurance.CLAIMED if passed else report.assurance,
            log="\n".join([*dict.fromkeys(why), report.log]).strip(),
        )

    def _run(self, subject: Subject, wanted: set[str]) -> Said:
        chance = random.Random(secrets.randbits(128))  # noqa: S311  seeded from the system
        prepared = [
            prepare(path, text, wanted, chance)
            for path, text in self.tests
            if any(test.partition("::")[0] == path for test in wanted)
        ]
        files = {f"code/{file.path}": file.text for file in (*subject.files, *self.task.support)}
        files |= {f"code/{p.path}": p.text for p in prepared} | {"code/pytest.ini": "[pytest]\n"}
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                spec = {
                    "results": theirs.fileno(),
                    "folders": self.folders,
                    "folder": CODE,
                    "tests": [p.path for p in prepared],
                    "work": f"{SCRATCH_DIR}/0",
                    "sites": self.interpreter.site_folders,
                    "pytest_folders": pytest_folders(self.interpreter),
                }
                limits = self.task.job_limits
                job = replace(
                    job_for("alone", self.interpreter, json.dumps(spec)),
                    files={path: text.encode("utf-8", "surrogatepass") for path, text in files.items()},
                    pass_fds=(theirs.fileno(),),
                    limits=limits.replace(wall_seconds=limits.wall_seconds + START_SECONDS),
                )
                running = self.sandbox.start(job)
            try:
                told = _read(ours, time.monotonic() + job.limits.wall_seconds)
            finally:
                running.kill()
                running.wait()
        return judged(prepared, told)


def _read(connection: socket.socket, deadline: float) -> bytes:
    """What is told, until it says that it has ended, is gone or tells too much, or until the time is up."""
    read = bytearray()
    while not read.endswith(b'["ended"]\n') and len(read) < _MOST_BYTES:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([connection], [], [], left)[0]:
            break
        try:
            part = connection.recv(1 << 16)
        except ConnectionResetError:
            break
        if not part:
            break
        read += part
    return bytes(read)


@dataclass(frozen=True, kw_only=True)
class Said:
    """outcomes: id of a test, with parameters, that passed → its seconds. failures: why not. objection: why nothing of
    it is believed."""

    outcomes: Mapping[str, float] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    objection: str | None = None


class _Heard:
    """What was told, by the id of a test there: how its body ended, each time, and what it raised."""

    def __init__(self, told: bytes) -> None:
        """Raises `ValueError`, `TypeError` or `IndexError` for what is no result."""
        self.calls: dict[str, list[tuple[str, float]]] = {}
        self.raised: dict[str, tuple[bool, str]] = {}  # whether it was an assertion, and the words
        self.broken: set[str] = set()  # before or after its body
        self.has_ended = False
        for line in told.splitlines():
            kind, *words = json.loads(line)
            if kind == "ended":
                self.has_ended = True
            elif kind == "raised":
                self.raised[str(words[0])] = (words[1] == "call" and words[2] is True, str(words[3]))
            elif words[1] == "call":
                self.calls.setdefault(str(words[0]), []).append((str(words[2]), float(words[3])))
            elif words[2] != "passed":
                self.broken.add(str(words[0]))

    def cases(self, name: str) -> list[str]:
        return [test for test in (*self.calls, *(self.broken - self.calls.keys())) if base_id(test) == name]

    def passed(self, test: str) -> bool:
        return [outcome for outcome, _ in self.calls.get(test, ())] == ["passed"] and test not in self.broken

    def failed_by_assertion(self, test: str) -> bool:
        said = [outcome for outcome, _ in self.calls.get(test, ())]
        return said == ["failed"] and test not in self.broken and self.raised.get(test, (False, ""))[0]


def judged(prepared: Sequence[Prepared], told: bytes) -> Said:
    """What can be believed: that a test passed, once, whose altered copy failed, once, by its assertion; and nothing at
    all where a copy passed or did not run, or where tests that have to fail in any case did not."""
    try:
        heard = _Heard(told)
    except (ValueError, TypeError, IndexError):
        return Said(objection="it told what is no result")
    if not heard.has_ended:
        return Said(objection="it ended before its tests did")
    must_pass = {name: own for each in prepared for name, own in each.must_pass.items()}
    outcomes: dict[str, float] = {}
    failures: dict[str, str] = {}
    bad: set[str] = set()
    for name, own in must_pass.items():
        for test in heard.cases(name):
            there = own + test.removeprefix(name)
            if heard.passed(test):
                outcomes[there] = heard.calls[test][0][1]
            else:
                bad.add(name)
                failures[there] = heard.raised.get(test, (False, "it did not pass"))[1]
    for name, original in ((n, o) for each in prepared for n, o in each.must_fail.items()):
        cases = heard.cases(name)
        if original in bad:
            continue  # with an original that fails, a copy may fail in any way
        if not cases or not all(map(heard.failed_by_assertion, cases)):
            return Said(objection="a test that has to fail there did not, or not by its assertion")
    return Said(outcomes=outcomes, failures=failures)


def _claimed(result: TestResult, said: Said) -> TestResult:
    """A test that was known by its name alone stands for all of its cases: at least one, and all passed."""
    if said.objection is not None:
        failure = Failure(message=f"in the candidate's own process: {said.objection}")
        return result.replace(failure=failure)
    cases = [test for test in (*said.outcomes, *said.failures) if test == result.id or base_id(test) == result.id]
    bad = [said.failures[test] for test in cases if test in said.failures]
    if cases and not bad:
        seconds = sum(said.outcomes[test] for test in cases)
        return result.replace(outcome=CheckOutcome.PASSED, failure=None, seconds=seconds)
    message = bad[0] if bad else "it did not run"
    return result.replace(failure=Failure(message=f"in the candidate's own process: {message}"))
