"""Many variants of some code against the same tests, in one warm sandbox: a few milliseconds each.

Variants run in the process that says what became of them, so what is learned here is a hint and never evidence: what
seems to pass is a candidate for the judge like any other.
"""

from __future__ import annotations

import importlib.util
import json
import os
import py_compile
import select
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from lamarck.errors import LamarckError
from lamarck.records import JobLimits, SourceFile
from lamarck.sandbox.interpreter import Interpreter, pytest_folders
from lamarck.sandbox.sandbox import JOB_DIR, SCRATCH_DIR, Job, Mount, Running, Sandbox

_INSIDE = Path(__file__).parent / "inside"
_INSIDE_TARGET = "/opt/lamarck/_lamarck_search"
_CODE = f"{JOB_DIR}/code"
_START_SECONDS = 20.0
_PROCESSES = 2  # variants at a time, where there are as many processors


class ScreeningStopped(LamarckError):
    """The sandbox of a search ended before it was told to: a variant spent its limits, or broke out of its child."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is searched: files (path → text) that may change, the tests that decide (path, text), and what else lies
    beside them. root: folder that the names of modules begin in, relative, "" for the top."""

    files: Mapping[str, str]
    tests: tuple[tuple[str, str], ...]
    support: tuple[SourceFile, ...] = ()
    root: str = ""

    def module(self, path: str) -> str:
        name = path.removeprefix(f"{self.root}/") if self.root else path
        return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@dataclass(frozen=True, kw_only=True)
class Ran:
    """One test on one version. outcome: passed | failed | skipped | time. raised: (path, line) in the subject's files,
    innermost last. lines: what it ran of them, where that was asked for."""

    test: int
    outcome: str
    said: str
    cpu: float
    raised: tuple[tuple[str, int], ...] = ()
    lines: Mapping[str, frozenset[int]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Screened:
    """What became of one question. stop: None | time | died | inapplicable."""

    id: int
    ran: tuple[Ran, ...]
    stop: str | None
    cpu: float
    said: str = ""

    def passed(self, tests: int) -> bool:
        """Whether so many tests ran and none failed."""
        return self.stop is None and len(self.ran) >= tests and all(r.outcome in _FINE for r in self.ran)

    @property
    def behaviour(self) -> tuple[Any, ...]:
        """Equal for versions between which the tests saw no difference."""
        return (self.stop, tuple((r.test, r.outcome, r.said) for r in self.ran))


_FINE = frozenset({"passed", "skipped"})


@dataclass(frozen=True)
class Change:
    """One statement of a module, replaced: what the sandbox needs to give its functions other code."""

    path: str
    line: int
    before: str
    after: str


class Screening:
    """One sandbox with the tests of a subject collected. A context manager; raises `SandboxUnavailable`.

    collect: False for a subject that cannot be imported as it is; then only `fresh` may be asked.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        interpreter: Interpreter,
        subject: Subject,
        limits: JobLimits,
        *,
        seconds: float,
        collect: bool = True,
    ) -> None:
        self._subject = subject
        self._next = 0
        self._read = bytearray()
        self._answers: list[Screened] = []
        self.pending = 0
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                job = _job(interpreter, subject, limits, theirs.fileno(), seconds=seconds, collect=collect)
                self._running: Running = sandbox.start(job)
            except BaseException:
                ours.close()
                raise
        self._socket = ours
        self._deadline = time.monotonic() + seconds + _START_SECONDS
        try:
            told = json.loads(self._line())
        except BaseException:
            self.close()
            raise
        self.tests: tuple[str, ...] = tuple(told["collected"])
        self.errors: tuple[str, ...] = tuple(told["errors"])

    def __enter__(self) -> Screening:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()
        self._running.kill()
        self._running.wait()

    # --- questions

    def base(self, tests: Sequence[int], *, trace: bool, test_cpu: float, cpu: float) -> int:
        """Run tests on the subject as it is, each to its end. Returns the answer's id."""
        return self._ask({"kind": "base", "tests": list(tests), "trace": trace, "test_cpu": test_cpu, "cpu": cpu})

    def variant(
        self, changes: Sequence[Change], tests: Sequence[int], *, cpu: float, imports: Sequence[tuple[str, str]] = ()
    ) -> int:
        """Run tests on a variant until one fails. imports: (path, line) to run in a module first."""
        told = [{"path": c.path, "line": c.line, "before": c.before, "after": c.after} for c in changes]
        return self._ask(
            {
                "kind": "variant",
                "changes": told,
                "tests": list(tests),
                "cpu": cpu,
                "imports": [list(i) for i in imports],
            }
        )

    def fresh(self, texts: Mapping[str, str], *, cpu: float, first: Sequence[str] = ()) -> int:
        """Import everything anew with other texts, and run all tests until one fails. first: names of tests that run
        before the others."""
        return self._ask({"kind": "fresh", "texts": dict(texts), "cpu": cpu, "first": list(first)})

    def answers(self, *, wait: bool) -> Iterator[Screened]:
        """Those that are there; with wait, at least one of what is pending."""
        while self.pending:
            if not wait and b"\n" not in self._read and not select.select([self._socket], [], [], 0)[0]:
                return
            answer = _screened(json.loads(self._line()), self._subject)
            self.pending -= 1
            wait = False
            yield answer

    def one(self, number: int) -> Screened:
        """The answer to the only question that is pending."""
        assert self.pending == 1, number
        return next(self.answers(wait=True))

    def _ask(self, question: dict[str, Any]) -> int:
        self._next += 1
        self.pending += 1
        try:
            self._socket.sendall(json.dumps({"id": self._next, **question}).encode() + b"\n")
        except OSError as error:
            raise self._stopped() from error
        return self._next

    def _line(self) -> bytes:
        while b"\n" not in self._read:
            left = self._deadline - time.monotonic()
            if left <= 0 or not select.select([self._socket], [], [], left)[0]:
                raise self._stopped()
            try:
                part = self._socket.recv(1 << 20)
            except OSError as error:
                raise self._stopped() from error
            if not part:
                raise self._stopped()
            self._read += part
        line, _, rest = bytes(self._read).partition(b"\n")
        self._read = bytearray(rest)
        return line

    def _stopped(self) -> ScreeningStopped:
        self._running.kill()
        outcome = self._running.wait()
        said = outcome.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        return ScreeningStopped(f"the sandbox of the search ended: {outcome.reason} {said}".rstrip(), "try again")


def _screened(answer: dict[str, Any], subject: Subject) -> Screened:
    prefix = len(_CODE) + 1
    ran: list[Ran] = []
    stop, said = answer["stop"], ""
    for told in answer["told"]:
        if "inapplicable" in told:
            stop, said = "inapplicable", str(told["inapplicable"])
        elif "ended" in told:
            said = "; ".join(str(e) for e in told["errors"])
            if told["ended"] != 0 and stop is None and all(r.outcome in _FINE for r in ran):
                stop = "died"  # nothing was collected
        else:
            ran.append(
                Ran(
                    test=int(told["test"]),
                    outcome=str(told["outcome"]),
                    said=str(told["said"]),
                    cpu=float(told["cpu"]),
                    raised=tuple((str(f)[prefix:], int(n)) for f, n in told["frames"]),
                    lines={str(p): frozenset(map(int, n)) for p, n in told.get("lines", {}).items()},
                )
            )
    return Screened(id=int(answer["id"]), ran=tuple(ran), stop=stop, cpu=float(answer["cpu"]), said=said)


def prepare(sandbox: Sandbox, interpreter: Interpreter) -> None:
    """A search is about to begin: start ahead what can be started."""
    sandbox.prepare(_bare_job(interpreter))


def _bare_job(interpreter: Interpreter, spec: str = "") -> Job:
    flags = ("-B", "-P", "-s", "-S", "-X", "utf8")
    own_pytest = pytest_folders(interpreter)
    parent, _, package = _INSIDE_TARGET.rpartition("/")
    preload = (
        f"import sys\nsys.path.insert(0, {parent!r})\nfrom {package} import start\nsys.path.remove({parent!r})\n"
        f"start.warm_up({list(interpreter.site_folders)!r}, {list(own_pytest)!r})\n"
    )
    mounts = [Mount(source=Path(m)) for m in (*interpreter.mounts, *own_pytest)]
    return Job(
        argv=(interpreter.executable, *flags, f"{_INSIDE_TARGET}/start.py", spec),
        mounts=(*mounts, Mount(source=_INSIDE, target=_INSIDE_TARGET)),
        env={"PATH": "/usr/bin:/bin", "HOME": SCRATCH_DIR, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0",
             "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "TZ": "UTC"},
        preload=preload,
    )  # fmt: skip


def _job(
    interpreter: Interpreter, subject: Subject, limits: JobLimits, descriptor: int, *, seconds: float, collect: bool
) -> Job:
    _compile_inside()
    spec = {
        "descriptor": descriptor,
        "folder": _CODE,
        "root": f"{_CODE}/{subject.root}".rstrip("/"),
        "files": list(subject.files),
        "modules": [subject.module(p) for p in subject.files if PurePosixPath(p).name != "__main__.py"],
        "tests": [path for path, _ in subject.tests],
        "sites": interpreter.site_folders,
        "pytest_folders": pytest_folders(interpreter),
        "processes": min(_PROCESSES, os.cpu_count() or 1),
        "collect": collect,
    }
    files = {"code/pytest.ini": b"[pytest]\n"}
    for path, text in (*subject.files.items(), *((s.path, s.text) for s in subject.support), *subject.tests):
        files[f"code/{path}"] = text.encode("utf-8", "surrogatepass")
    return replace(
        _bare_job(interpreter, json.dumps(spec)),
        files=files,
        pass_fds=(descriptor,),
        limits=limits.replace(wall_seconds=seconds + _START_SECONDS),
    )


def _compile_inside() -> None:
    """What runs inside is bound read-only: without byte code beside it, every process would compile it again."""
    for source in _INSIDE.glob("*.py"):
        with suppress(OSError, py_compile.PyCompileError):
            cached = Path(importlib.util.cache_from_source(str(source)))
            if not cached.exists() or cached.stat().st_mtime < source.stat().st_mtime:
                py_compile.compile(str(source), quiet=2)
