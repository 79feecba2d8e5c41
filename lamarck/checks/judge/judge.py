"""Tests against candidates, apart from them: the judge in one sandbox, every candidate in another.

The candidate answers over a socket that only its judge holds; results leave the judge over a pipe that no candidate
has. What a candidate prints, how it exits and what it writes to files decides nothing.
"""

from __future__ import annotations

import importlib.util
import json
import os
import selectors
import shutil
import socket
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from lamarck.checks.judge.rendering import as_pytest
from lamarck.records import (
    Acceptance,
    Assurance,
    CheckOutcome,
    Failure,
    JobLimits,
    Record,
    SourceFile,
    Task,
    TestResult,
)
from lamarck.sandbox.interpreter import Interpreter
from lamarck.sandbox.sandbox import JOB_DIR, SCRATCH_DIR, Job, Mount, Outcome, Running, Sandbox, StopReason

JUDGE_VERSION = "1"

_INSIDE = Path(__file__).parent / "inside"
_RESULT_BYTES = 8_000_000
_LOG_CHARACTERS = 4_000
_START_SECONDS = 20.0  # what starting both sides may take on a busy machine, on top of the tests' own time


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One thing to judge: a candidate, or a hollow version of one."""

    label: str
    files: tuple[SourceFile, ...]


class SubjectReport(Record, frozen=True, kw_only=True):
    """What the tests saw of one subject. import_error: why it could not be imported at all. stop: why its process
    ended before the tests did (a `StopReason`, or what the judge saw of it)."""

    label: str
    results: tuple[TestResult, ...]
    assurance: Assurance = Assurance.JUDGED
    import_error: str | None = None
    stop: str | None = None
    log: str = ""

    @property
    def passed(self) -> bool:
        """At least one test passed, and the only ones that did not are those that their author marked as skipped."""
        outcomes = {r.outcome for r in self.results}
        return CheckOutcome.PASSED in outcomes and outcomes <= {CheckOutcome.PASSED, CheckOutcome.SKIPPED}


class JudgeReport(Record, frozen=True, kw_only=True):
    """One judging. collect_error: what is wrong with the tests themselves. broke: what is wrong with the judge."""

    subjects: tuple[SubjectReport, ...]
    collect_error: str | None = None
    broke: str | None = None
    seconds: float = 0.0
    enforcement: dict[str, str] = {}
    environment: str = ""


class Judge:
    """Judges with the packages of one interpreter. Raises `SandboxUnavailable` when isolation can't be enforced."""

    def __init__(self, sandbox: Sandbox, interpreter: Interpreter) -> None:
        self._sandbox = sandbox
        self._interpreter = interpreter

    @property
    def environment(self) -> str:
        return self._interpreter.environment_hash

    def judge(self, task: Task, acceptance: tuple[Acceptance, ...], subjects: tuple[Subject, ...]) -> JudgeReport:
        """Run all tests of `acceptance` against every subject, each in a process of its own."""
        begin = time.monotonic()
        rendered = [as_pytest(a, task) for a in acceptance]
        with ExitStack() as stack:
            session = _Session(self._sandbox, self._interpreter, task, rendered, subjects, stack)
            return session.run(begin)


class _Session:
    """One judging: its sockets, pipes, folders and jobs, all gone when the stack closes."""

    def __init__(
        self,
        sandbox: Sandbox,
        interpreter: Interpreter,
        task: Task,
        tests: list[tuple[str, str]],
        subjects: tuple[Subject, ...],
        stack: ExitStack,
    ) -> None:
        self.sandbox = sandbox
        self.interpreter = interpreter
        self.task = task
        self.tests = tests
        self.subjects = subjects
        self.stack = stack
        self.limits = task.job_limits
        self.scratch = Path(tempfile.mkdtemp(prefix="lamarck-judge-"))
        stack.callback(shutil.rmtree, self.scratch, ignore_errors=True)
        self.scratch.chmod(0o777)

    def run(self, begin: float) -> JudgeReport:
        places = [self._place(number) for number in range(len(self.subjects))]
        candidates = [self._start_candidate(s, p) for s, p in zip(self.subjects, places, strict=True)]
        judge = self._start_judge(places)
        for place in places:
            place.close_passed()
        deadline = time.monotonic() + self.limits.wall_seconds + _START_SECONDS
        told = _read_all([p.results for p in places], deadline)
        judge_outcome = self._finish(judge)
        outcomes = [self._finish(c) for c in candidates]
        reports = tuple(
            _report(subject, lines, outcome)
            for subject, lines, outcome in zip(self.subjects, told, outcomes, strict=True)
        )
        return JudgeReport(
            subjects=reports,
            collect_error=_collect_error(told),
            broke=_broke(told, judge_outcome),
            seconds=time.monotonic() - begin,
            enforcement=dict(judge_outcome.enforcement),
            environment=self.interpreter.environment_hash,
        )

    def _place(self, number: int) -> _Place:
        folder = self.scratch / str(number)
        folder.mkdir()
        folder.chmod(0o777)
        place = _Place(number)
        self.stack.callback(place.close)
        return place

    def _finish(self, running: Running) -> Outcome:
        running.kill()
        return running.wait()

    def _start(self, job: Job) -> Running:
        running = self.sandbox.start(job)
        self.stack.callback(running.wait)
        self.stack.callback(running.kill)
        return running

    def _start_candidate(self, subject: Subject, place: _Place) -> Running:
        spec = {
            "sites": self.interpreter.site_folders,
            "shared": _modules(s.path for s in self._shared_files()),
            "folder": f"{SCRATCH_DIR}/{place.number}",
            "seed": 0,
            "output": self.limits.output_bytes,
        }
        files = {f"inside/{n}": (_INSIDE / n).read_bytes() for n in ("wire.py", "peer.py", "candidate_side.py")}
        for file in (*self._shared_files(), *subject.files):
            files[f"code/{file.path}"] = file.text.encode("utf-8", "surrogatepass")
        argv = (
            f"{JOB_DIR}/inside/candidate_side.py",
            str(place.candidate.fileno()),
            f"{JOB_DIR}/code",
            json.dumps(spec),
        )
        return self._start(self._job(argv, files, (place.candidate.fileno(),), self._candidate_limits()))

    def _candidate_limits(self) -> JobLimits:
        return self.limits.lowered(JobLimits(wall_seconds=self.limits.wall_seconds)).replace(
            wall_seconds=self.limits.wall_seconds + _START_SECONDS
        )

    def _start_judge(self, places: list[_Place]) -> Running:
        modules, packages = _module_names(self.subjects)
        pytest_folders = () if _has_pytest(self.interpreter) else _pytest_folders()
        spec = {
            "subjects": [
                {"fd": p.judge.fileno(), "result": p.told, "folder": f"{SCRATCH_DIR}/{p.number}"} for p in places
            ],
            "tests_folder": f"{JOB_DIR}/tests",
            "tests": [path for path, _ in self.tests],
            "modules": modules,
            "packages": packages,
            "shared": _modules(s.path for s in self._shared_files()),
            "main_file": f"{JOB_DIR}/code/{self.task.main_path}",
            "sites": self.interpreter.site_folders,
            "pytest_folders": pytest_folders,
            "test_seconds": self.limits.wall_seconds,
            "wall_seconds": self.limits.wall_seconds,
        }
        files = {f"inside/{n}": (_INSIDE / n).read_bytes() for n in ("wire.py", "peer.py", "judge_side.py")}
        files["spec.json"] = json.dumps(spec).encode()
        files["tests/pytest.ini"] = b"[pytest]\n"
        for file in self.task.support:
            files[f"tests/{file.path}"] = file.text.encode("utf-8", "surrogatepass")
        for path, text in self.tests:
            files[f"tests/{path}"] = text.encode("utf-8", "surrogatepass")
        descriptors = tuple(n for p in places for n in (p.judge.fileno(), p.told))
        argv = (f"{JOB_DIR}/inside/judge_side.py", f"{JOB_DIR}/spec.json")
        return self._start(self._job(argv, files, descriptors, self._candidate_limits(), pytest_folders))

    def _shared_files(self) -> tuple[SourceFile, ...]:
        """Support that both sides have; what only pytest reads stays with the judge."""
        return tuple(s for s in self.task.support if PurePosixPath(s.path).name != "conftest.py")

    def _job(
        self,
        argv: tuple[str, ...],
        files: dict[str, bytes],
        descriptors: tuple[int, ...],
        limits: JobLimits,
        more: tuple[str, ...] = (),
    ) -> Job:
        # -S and -s: no site customisation of the environment runs; its folders are put on the path by the scripts.
        flags = ("-B", "-P", "-s", "-S", "-X", "utf8")
        return Job(
            argv=(self.interpreter.executable, *flags, *argv),
            files=files,
            mounts=tuple(Mount(source=Path(m)) for m in (*self.interpreter.mounts, *more)),
            env={"PATH": "/usr/bin:/bin", "HOME": SCRATCH_DIR, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0",
                 "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "TZ": "UTC"},
            scratch=self.scratch,
            pass_fds=descriptors,
            limits=limits,
        )  # fmt: skip


class _Place:
    """The socket pair between one candidate and the judge, and the pipe on which the judge tells the host."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.judge, self.candidate = socket.socketpair()
        self.results, self.told = os.pipe()
        self._open = {self.results, self.told}

    def close_passed(self) -> None:
        """What the jobs have now and the host must not hold, or an end would never be seen."""
        self.judge.close()
        self.candidate.close()
        self._close(self.told)

    def close(self) -> None:
        self.close_passed()
        self._close(self.results)

    def _close(self, descriptor: int) -> None:
        if descriptor in self._open:
            self._open.discard(descriptor)
            os.close(descriptor)


def _read_all(descriptors: list[int], deadline: float) -> list[list[dict[str, Any]]]:
    """The JSON lines of each pipe, until all are closed or the time is up."""
    read: dict[int, bytearray] = {d: bytearray() for d in descriptors}
    with selectors.DefaultSelector() as selector:
        for descriptor in descriptors:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                part = os.read(key.fd, 1 << 16)
                read[key.fd] += part
                if not part or len(read[key.fd]) > _RESULT_BYTES:
                    selector.unregister(key.fd)
    return [_lines(bytes(read[d])) for d in descriptors]


def _lines(data: bytes) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for line in data.splitlines():
        try:
            message = json.loads(line)
        except ValueError:
            break  # cut off where the judge was
        if isinstance(message, dict):
            lines.append(message)
    return lines


def _report(subject: Subject, lines: list[dict[str, Any]], outcome: Outcome) -> SubjectReport:
    ended = next((m for m in lines if "ended" in m), None)
    import_error = ended.get("import_error") if ended else None
    stop = (ended or {}).get("closed")
    if outcome.reason not in {StopReason.EXITED, StopReason.KILLED}:
        stop = f"{outcome.reason}" + (f" ({stop})" if stop else "")
    collected = [i for m in lines if "collected" in m for i in m["collected"]]
    results = _results(lines, collected, stop)
    if not results:
        why = import_error or stop or "; ".join((ended or {}).get("errors", ())) or "no test ran"
        failure = Failure(message=f"the candidate cannot be imported: {why}" if import_error else why)
        results = (TestResult(id=subject.label, outcome=CheckOutcome.FAILED, failure=failure),)
    log = outcome.stderr.decode(errors="replace")[-_LOG_CHARACTERS:]
    return SubjectReport(label=subject.label, results=results, import_error=import_error, stop=stop, log=log)


def _results(lines: list[dict[str, Any]], collected: list[str], stop: str | None) -> tuple[TestResult, ...]:
    """One result per collected test, the worst of its phases; a test without any did not finish and failed."""
    outcomes: dict[str, tuple[CheckOutcome, float]] = {}
    failures: dict[str, Failure] = {}
    for message in lines:
        if "result" in message:
            outcome = CheckOutcome(message["outcome"])
            if outcome is CheckOutcome.SKIPPED and not message["by_author"]:
                outcome = CheckOutcome.FAILED
                failures.setdefault(message["result"], Failure(message="was skipped while it ran"))
            before = outcomes.get(message["result"])
            worst = before[0] if before and before[0] is not CheckOutcome.PASSED else outcome
            outcomes[message["result"]] = (worst, message["seconds"] + (before[1] if before else 0.0))
        elif "failure" in message:
            failures[message["failure"]] = msgspec.convert(
                {f: message[f] for f in Failure.__struct_fields__ if message.get(f) is not None}, Failure, strict=False
            )
    results: list[TestResult] = []
    for test in collected:
        outcome, seconds = outcomes.get(test, (CheckOutcome.FAILED, 0.0))
        failure = failures.get(test)
        if failure is None and outcome is not CheckOutcome.PASSED:
            unfinished = f"did not finish: {stop or 'the time for all tests was up'}"
            failure = Failure(message="skipped by its author" if outcome is CheckOutcome.SKIPPED else unfinished)
        results.append(TestResult(id=test, outcome=outcome, seconds=seconds, failure=failure))
    return tuple(results)


def _collect_error(told: list[list[dict[str, Any]]]) -> str | None:
    """What no candidate is to blame for: the same for all of them, or for the one there is."""
    ends = [next((m for m in lines if "ended" in m), None) for lines in told]
    known = [e for e in ends if e is not None]
    if not known or len(known) < len(ends):
        return None
    if all(e["errors"] and not e["import_error"] for e in known):
        return str(known[0]["errors"][0])
    if all(e["ended"] == _NO_TESTS for e in known):
        return "no test was collected"
    if all(e["ended"] == _USAGE for e in known):
        return "pytest refused the test files"
    return None


_USAGE, _NO_TESTS = 4, 5  # pytest.ExitCode


def _broke(told: list[list[dict[str, Any]]], outcome: Outcome) -> str | None:
    """The judge itself failed: it told nothing, though its time was not up."""
    if any(lines for lines in told) or outcome.reason in {StopReason.WALL_TIME, StopReason.CPU_TIME}:
        return None
    stderr = outcome.stderr.decode(errors="replace").strip()
    return f"the judge ended ({outcome.reason}, code {outcome.exit_code}): {stderr[-_LOG_CHARACTERS:]}"


def _module_names(subjects: tuple[Subject, ...]) -> tuple[list[str], list[str]]:
    """Dotted names of the modules that are proxied, and which of them are packages."""
    modules: set[str] = set()
    packages: set[str] = set()
    for subject in subjects:
        for file in subject.files:
            if not file.path.endswith(".py"):
                continue
            name = _module(file.path)
            modules.add(name)
            if file.path.endswith("/__init__.py"):
                packages.add(name)
            parts = name.split(".")
            for end in range(1, len(parts)):
                packages.add(".".join(parts[:end]))
    return sorted(modules | packages), sorted(packages)


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _modules(paths: Any) -> list[str]:
    return [_module(p) for p in paths if p.endswith(".py")]


def _has_pytest(interpreter: Interpreter) -> bool:
    return any(d.partition("==")[0] == "pytest" for d in interpreter.distributions)


def _pytest_folders() -> tuple[str, ...]:
    """Where Lamarck's own pytest stands, for environments that have none."""
    spec = importlib.util.find_spec("pytest")
    assert spec is not None, "pytest is a dependency"
    assert spec.origin is not None
    return (str(Path(spec.origin).parent.parent),)
