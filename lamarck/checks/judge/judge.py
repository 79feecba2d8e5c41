"""Tests against candidates, apart from them: the judge in one sandbox, every candidate in another.

The candidate answers over a socket that only its judge holds; results leave the judge over another that no candidate
has. What a candidate prints, how it exits and what it writes to files decides nothing.
"""

from __future__ import annotations

import importlib.util
import json
import os
import py_compile
import selectors
import shutil
import socket
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from lamarck.checks.judge.alone import Alone
from lamarck.checks.judge.claims import uncarried
from lamarck.checks.judge.jobs import CODE, HOLLOW, INSIDE, START_SECONDS, job_for
from lamarck.checks.judge.rendering import rendered, wanted_names
from lamarck.checks.judge.reports import (
    JudgeReport,
    Subject,
    SubjectReport,
    broke,
    collect_error,
    decides,
    messages,
    subject_report,
)
from lamarck.checks.judge.specified import PLUGIN, features
from lamarck.records import Acceptance, JobLimits, SourceFile, Task
from lamarck.sandbox.interpreter import Interpreter, pytest_folders
from lamarck.sandbox.sandbox import SCRATCH_DIR, Job, Mount, Outcome, Running, Sandbox

__all__ = ["JUDGE_VERSION", "Judge", "JudgeReport", "Probes", "Subject", "SubjectReport", "job_for"]

JUDGE_VERSION = "8"

_RESULT_BYTES = 8_000_000
_GRACE_SECONDS = 0.5  # for both sides to end by themselves, when all is told: to kill one costs its warm sandbox


@dataclass(frozen=True, kw_only=True)
class Probes:
    """slots: path of a file → where in a buffer of `size` bytes each of its probes writes (see `inside.probes`)."""

    size: int
    slots: Mapping[str, Sequence[int]]


class Judge:
    """Judges with the packages of one interpreter. Raises `SandboxUnavailable` when isolation can't be enforced."""

    def __init__(self, sandbox: Sandbox, interpreter: Interpreter, *, test_seconds: float = 10.0) -> None:
        """test_seconds: what one test may take, wall clock; all tests of a subject share the task's job limits."""
        self._sandbox = sandbox
        self._interpreter = interpreter
        self._test_seconds = test_seconds
        self._preparing = threading.Lock()
        _compile_inside()

    @property
    def environment(self) -> str:
        return self._interpreter.environment_hash

    def prepare(self, subjects: int = 1) -> None:
        """So many subjects are about to be judged: start ahead what can be started. Returns at once."""
        with self._preparing:  # what another thread is about to start is not started twice
            self._sandbox.prepare(job_for("judge", self._interpreter))
            self._sandbox.prepare(job_for("candidate", self._interpreter), subjects)

    def judge(
        self,
        task: Task,
        acceptance: tuple[Acceptance, ...],
        subjects: tuple[Subject, ...],
        *,
        probes: Probes | None = None,
        limits: JobLimits | None = None,
        hollow: tuple[SourceFile, ...] = (),
        seed: int = 0,
    ) -> JudgeReport:
        """Run all tests of `acceptance` against every subject, each in a process of its own.

        probes: what in the subjects' files tells that it ran. limits: lower ones for each subject than the task's.
        hollow: `hollow_for(task, "either")`, for the report to say whether the tests decide anything. seed: of the
        subjects' `random`, the same in every judging, or what one accepts another might refuse.
        """
        begin = time.monotonic()
        tests = rendered(acceptance, task)
        with ExitStack() as stack:
            self.prepare(len(subjects))
            session = _Session(self._sandbox, self._interpreter, task, tests, subjects, stack, self._test_seconds)
            session.features = features(acceptance)
            session.probes = probes
            session.hollow = hollow
            session.seed = seed
            session.subject_limits = session.limits.lowered(limits or session.limits)
            report = session.run(begin)
        if report.broke is not None or report.collect_error is not None or probes is not None:
            return report
        alone = Alone(
            sandbox=self._sandbox,
            interpreter=self._interpreter,
            task=task,
            tests=tests,
            folders=tuple(dict.fromkeys((session.root(), CODE))),
        )
        tried = tuple(alone.tried(s, r) for s, r in zip(subjects, report.subjects, strict=True))
        return report.replace(subjects=tried, seconds=time.monotonic() - begin)


def _compile_inside() -> None:
    """What runs inside is bound read-only: without byte code beside it, every process would compile it again."""
    for source in INSIDE.glob("*.py"):
        try:
            cached = Path(importlib.util.cache_from_source(str(source)))
            if not cached.exists() or cached.stat().st_mtime < source.stat().st_mtime:
                py_compile.compile(str(source), quiet=2)
        except OSError:
            return  # installed where nobody may write: slower, and as right


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
        test_seconds: float,
    ) -> None:
        self.sandbox = sandbox
        self.interpreter = interpreter
        self.task = task
        self.tests = tests
        self.subjects = subjects
        self.stack = stack
        self.features: dict[str, str] = {}
        self.probes: Probes | None = None
        self.hollow: tuple[SourceFile, ...] = ()
        self.seed = 0
        self.trial, self.told_trial = socket.socketpair()
        stack.callback(self.trial.close)
        stack.callback(self.told_trial.close)
        self.for_features = any("pytest_bdd" in text for _, text in tests)
        self.brought = _features_folders(interpreter) if self.for_features else ()
        self.limits = task.job_limits
        self.subject_limits = self.limits
        self.test_seconds = min(test_seconds, self.limits.wall_seconds)

    def run(self, begin: float) -> JudgeReport:
        places = [self._place(number) for number in range(len(self.subjects))]
        judge = self._start_judge(places)  # it takes longest to be ready
        candidates = [self._start_candidate(s, p) for s, p in zip(self.subjects, places, strict=True)]
        for place in places:
            place.close_passed()
        self.told_trial.close()
        deadline = time.monotonic() + self.limits.wall_seconds + START_SECONDS
        *read, trial = _read_all([*(p.results.fileno() for p in places), self.trial.fileno()], deadline)
        told = [messages(data) for data in read]
        grace = time.monotonic() + _GRACE_SECONDS
        judged, *outcomes = [_finish(running, grace) for running in (judge, *candidates)]
        return JudgeReport(
            subjects=tuple(
                subject_report(subject, lines, outcome, self.tests)
                for subject, lines, outcome in zip(self.subjects, told, outcomes, strict=True)
            ),
            collect_error=collect_error(told, judged),
            broke=broke(told, judged),
            decides=decides(trial),
            seconds=time.monotonic() - begin,
            enforcement=dict(judged.enforcement),
            environment=self.interpreter.environment_hash,
        )

    def _place(self, number: int) -> _Place:
        folder = self.sandbox.make_shared_folder()
        self.stack.callback(shutil.rmtree, folder, ignore_errors=True)
        place = _Place(str(number), folder, 0 if self.probes is None else self.probes.size)
        self.stack.callback(place.close)
        return place

    def _start(self, job: Job) -> Running:
        running = self.sandbox.start(job)
        self.stack.callback(running.wait)
        self.stack.callback(running.kill)
        return running

    def _start_candidate(self, subject: Subject, place: _Place) -> Running:
        descriptor = place.candidate.fileno()
        spec = {
            "descriptor": descriptor,
            "folder": self.root(),
            "sites": self.interpreter.site_folders,
            "shared": self._shared_modules(),
            "work": f"{SCRATCH_DIR}/{place.name}",
            "first": [self.task.module],
            "seed": self.seed,
        }
        files = {}
        for file in (*subject.files, *self._shared_files()):  # what the user gave is never the candidate's to replace
            files[f"code/{file.path}"] = file.text.encode("utf-8", "surrogatepass")
        if self.probes is not None:
            slots = {f"{CODE}/{path}": list(s) for path, s in self.probes.slots.items()}
            spec["probes"] = {"descriptor": place.probes, "size": self.probes.size, "files": slots}
        # It has its own folder alone: no candidate finds what another one writes.
        descriptors = (descriptor, *place.extra)
        return self._start(self._job("candidate", spec, files, descriptors, [place], self.subject_limits))

    def _start_judge(self, places: list[_Place]) -> Running:
        spec = {
            "subjects": [
                {"descriptor": p.judge.fileno(), "results": p.told.fileno(), "work": f"{SCRATCH_DIR}/{p.name}"}
                | ({"probes": {"descriptor": p.probes, "size": self.probes.size}} if self.probes else {})
                | {"one_failure": s.one_failure_is_enough and not uncarried(self.tests)}  # those may pass elsewhere
                for s, p in zip(self.subjects, places, strict=True)
            ],
            "hollow": {
                "results": self.told_trial.fileno(),
                "folder": HOLLOW,
                "root": self.root().replace(CODE, HOLLOW, 1),
                "work": f"{SCRATCH_DIR}/hollow",
            }
            if self.hollow
            else None,
            "folder": CODE,
            "tests": [path for path, _ in self.tests],
            "modules": self._candidate_modules(),
            "expected": [self.task.module, *(name for name, _ in self._names(self.task.stubs))],
            "wanted": sorted(wanted_names(self.task)),
            "shared": self._shared_modules(),
            "main_file": f"{CODE}/{self.task.main_path}",
            "sites": self.interpreter.site_folders,
            "pytest_folders": pytest_folders(self.interpreter),
            "plugins": [PLUGIN] if self.for_features else [],
            "brought": list(self.brought),
            "test_seconds": self.test_seconds,
            "wall_seconds": self.limits.wall_seconds,
        }
        given = {"pytest.ini": "[pytest]\n"} | {f.path: f.text for f in self.task.support}
        given |= self.features | dict(self.tests)
        files = {f"code/{path}": text.encode("utf-8", "surrogatepass") for path, text in given.items()}
        descriptors = tuple(n for p in places for n in (p.judge.fileno(), p.told.fileno(), *p.extra))
        if self.hollow:
            tried = {f.path: f.text for f in self.hollow} | given
            files |= {f"hollow/{path}": text.encode("utf-8", "surrogatepass") for path, text in tried.items()}
            descriptors += (self.told_trial.fileno(),)
        job = self._job("judge", spec, files, descriptors, places, self.limits)
        return self._start(replace(job, mounts=(*job.mounts, *(Mount(source=Path(b)) for b in self.brought))))

    def _shared_files(self) -> tuple[SourceFile, ...]:
        """Support that both sides have; what only pytest reads stays with the judge."""
        return tuple(s for s in self.task.support if PurePosixPath(s.path).name != "conftest.py")

    def root(self) -> str:
        """Where the names of the task's modules begin: `src/shop/cart.py` as `shop.cart` begins in src."""
        path = self.task.main_path.removesuffix(".py").removesuffix("/__init__")
        name = self.task.module.replace(".", "/")
        prefix = path.removesuffix(name).rstrip("/") if path.endswith(name) else ""
        return f"{CODE}/{prefix}".rstrip("/")

    def _names(self, files: Iterable[SourceFile]) -> list[tuple[str, SourceFile]]:
        """Dotted name and file of every module."""
        prefix = self.root().removeprefix(CODE).strip("/")
        found = []
        for file in files:
            if file.path.endswith(".py"):
                path = file.path.removeprefix(f"{prefix}/") if prefix else file.path
                found.append((path.removesuffix(".py").removesuffix("/__init__").replace("/", "."), file))
        return found

    def _shared_modules(self) -> list[str]:
        return [name for name, _ in self._names(self._shared_files())]

    def _candidate_modules(self) -> dict[str, bool]:
        """Dotted name of every module that is a stand-in in the judge → whether it is a package."""
        modules: dict[str, bool] = {}
        shared = set(self._shared_modules())
        for subject in self.subjects:
            for name, file in self._names(subject.files):
                if name in shared or file.path in {path for path, _ in self.tests}:
                    continue
                modules[name] = modules.get(name, False) or file.path.endswith("/__init__.py")
                parts = name.split(".")
                modules.update((".".join(parts[:end]), True) for end in range(1, len(parts)))
        for name in shared:  # a package that also holds support is a real one
            modules.pop(name, None)
        return modules

    def _job(
        self,
        role: str,
        spec: dict[str, Any],
        files: dict[str, bytes],
        descriptors: tuple[int, ...],
        places: list[_Place],
        limits: JobLimits,
    ) -> Job:
        return replace(
            job_for(role, self.interpreter, json.dumps(spec)),
            files=files,
            shared={place.name: place.folder for place in places},
            pass_fds=descriptors,
            limits=limits.replace(wall_seconds=limits.wall_seconds + START_SECONDS),
        )


def _features_folders(interpreter: Interpreter) -> tuple[str, ...]:
    """Where Lamarck's own pytest-bdd stands, for environments that have none."""
    spec = importlib.util.find_spec("pytest_bdd")
    known = any(d.partition("==")[0].replace("_", "-").lower() == "pytest-bdd" for d in interpreter.distributions)
    if known or spec is None or spec.origin is None:
        return ()
    folder = str(Path(spec.origin).parent.parent)
    return () if folder in pytest_folders(interpreter) else (folder,)


class _Place:
    """What one candidate and the judge have in common: a folder, and a socket; and the socket on which the judge tells
    the host."""

    def __init__(self, name: str, folder: Path, probes: int) -> None:
        """probes: bytes of the buffer that the candidate's probes write into; 0: there are none."""
        self.name = name  # of the folder, on both sides
        self.probes: int | None = None
        if probes:
            self.probes = os.memfd_create("probes", os.MFD_CLOEXEC)
            os.ftruncate(self.probes, probes)
        self.folder = folder
        self.judge, self.candidate = socket.socketpair()
        self.results, self.told = socket.socketpair()  # not a pipe: those can be opened again through /proc

    @property
    def extra(self) -> tuple[int, ...]:
        return () if self.probes is None else (self.probes,)

    def close_passed(self) -> None:
        """What the jobs have now and the host must not hold, or an end would never be seen."""
        for passed in (self.judge, self.candidate, self.told):
            passed.close()
        if self.probes is not None:
            os.close(self.probes)
            self.probes = None

    def close(self) -> None:
        self.close_passed()
        self.results.close()


def _finish(running: Running, grace: float) -> Outcome:
    """Who ends by itself leaves its sandbox fit for another job."""
    if not running.is_over(max(0.0, grace - time.monotonic())):
        running.kill()
    return running.wait()


def _read_all(descriptors: list[int], deadline: float) -> list[bytes]:
    """What comes over each socket, until all are closed or the time is up."""
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
    return [bytes(read[d]) for d in descriptors]
