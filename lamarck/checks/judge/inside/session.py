"""pytest on one subject: the tests run here, the candidate answers. What happens is told test by test."""

from __future__ import annotations

import ast
import base64
import os
import signal
import sys
import zlib
from collections.abc import Callable
from time import monotonic
from typing import Any

from .awaiting import awaited
from .examination import Examination
from .failure import Calls, clip, parts_of, shown
from .faults import TimeUp
from .frames import Stream
from .guards import Guards
from .modules import CandidateModules, RemoteModule
from .operations import for_both_sides
from .patches import Patches, both_sides_have
from .conversation import Peer
from .permission import Permission
from .presented import Presented
from .probes import Buffer
from .handles import Ask
from .mirrored import Proxy, ProxyMeta
from .routines import RemoteFunction
from .standins import Standins
from .subclasses import install as install_subclasses
from .subclasses import perform_override
from .surroundings import JudgeSurroundings, read_stdin
from .temporary import share_temporary_files

Tell = Callable[[dict[str, Any]], None]

_WRITABLE = ("/scratch/", "/tmp/", "/dev/shm/", "/var/tmp/")  # noqa: S108  where a candidate can write
_GRACE_SECONDS = 1.0  # a candidate that hangs is found at the pipe; what hangs here, by the alarm
# The last two collect garbage five times over at the end, for warnings that nobody reads here.
_UNUSED_PLUGINS = ("cacheprovider", "faulthandler", "terminal", "junitxml", "pastebin", "stepwise", "doctest",
                   "unraisableexception", "threadexception")  # fmt: skip
WITHOUT_PLUGINS = tuple(part for plugin in _UNUSED_PLUGINS for part in ("-p", f"no:{plugin}"))
_MOST_NESTED = 4_000  # Python frames: calls between the two sides take several each


class Session:
    """spec: what the host says (see judge.judge). subject: descriptor, work (folder), one_failure (whether to end with
    it). deadline: monotonic seconds."""

    def __init__(self, spec: dict[str, Any], subject: dict[str, Any], tell: Tell, deadline: float) -> None:
        self.spec = spec
        self.subject = subject
        self.tell = tell
        self.deadline = deadline
        self.tests: str = spec["folder"] + "/"
        self.calls = Calls()
        presented = Presented(lambda: self.peer.asked, lambda: self.peer.values.links.changes)
        self.examination = Examination(presented)
        self.permission = Permission(self.tests, lambda: presented.is_closed)
        self.stream = Stream(subject["descriptor"])
        self.surroundings = JudgeSurroundings(self.stream.end)
        self.shared = frozenset(spec["shared"])
        self.peer = Peer(
            self.stream,
            self.surroundings,
            leads=True,
            shared=self.shared,
            permit=self.permission.check,
            standins=self._standins,
            function_named=self._function_named,
        )
        self.peer.operations = for_both_sides() | {"stdin": read_stdin, "override": perform_override}
        files = [f"{spec['folder']}/{path}" for path in spec["tests"]]
        probes = subject.get("probes")
        self.probes = None if probes is None else Buffer(probes["descriptor"], probes["size"])
        self.guards = Guards(self.tests, files, (*_WRITABLE, subject["work"]), self.shared)
        self.modules = CandidateModules(self._ask, _own_modules(spec), spec["folder"], frozenset(spec["wanted"]))

    def _ask(self, operation: str, /, *args: Any, **kwargs: Any) -> Any:
        self.calls.note(operation, args, kwargs)
        return self.peer.request(operation, *args, **kwargs)

    def _standins(self, ask: Ask, decode: Callable[[Any], Any]) -> Standins:
        return Standins(
            self._ask,
            decode,
            examiner=self.examination,
            awaited=awaited,
            module=lambda name: self.modules.module(name),
        )

    def _function_named(self, module: str, name: str) -> Any:
        return self.peer.described.named[module, name]  # only what was told under that name

    # --- time

    def begin(self, seconds: float) -> None:
        """From now on candidate and test have so many seconds."""
        until = min(monotonic() + seconds, self.deadline)
        self.stream.deadline = until
        signal.setitimer(signal.ITIMER_REAL, max(until - monotonic(), 0.001) + _GRACE_SECONDS, _GRACE_SECONDS)

    def _time_up(self, *_: Any) -> None:
        if self.peer.is_asking:
            raise self.stream.end("hung", "it did not answer in time")
        raise TimeUp("the test took too long")

    def tell_covered(self, test: str) -> None:
        """What the candidate ran since this was last told; test: empty for what ran before the first one."""
        if self.probes is not None:
            packed = base64.b64encode(zlib.compress(self.probes.take(), 1)).decode("ascii")
            self.tell({"kind": "covered", "id": test, "hits": packed})

    def objections(self) -> list[str]:
        """What speaks against the candidate in the running test, whatever the test makes of it."""
        return [*self.examination.objections, *self.guards.refused]

    # --- the run

    def run(self) -> None:
        import pytest

        signal.signal(signal.SIGALRM, self._time_up)
        sys.setrecursionlimit(_MOST_NESTED)
        self._prepare_folder()
        self.modules.install()
        install_subclasses(self.peer.standins, self._ask)
        Patches(self._ask, both_sides_have(self.shared, self.tests)).install()
        sys.path.insert(0, self.spec["folder"])
        self.guards.install()
        _interrupts_fail()
        recorder = Recorder(self)
        _watch_conftests(recorder.broken)
        self.begin(self.spec["test_seconds"])
        code = int(pytest.main(self._options(), plugins=[recorder]))
        signal.setitimer(signal.ITIMER_REAL, 0)
        ended = self.stream.ended
        self.tell(
            {
                "kind": "ended",
                "code": code,
                "errors": [clip(text) for text in recorder.errors],
                "blamed": recorder.blamed,
                "stop": None if ended is None else [ended.reason, clip(str(ended))],
                "refused": [clip(text) for text in self.permission.refused[:10]],
            }
        )

    def _prepare_folder(self) -> None:
        """The folder that both sides can write. They are different users: what either makes is for both."""
        os.umask(0)
        make = os.mkdir

        def open_folder(path: Any, mode: int = 0o777, **more: Any) -> None:
            make(path, 0o777, **more)

        os.mkdir = open_folder
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = "/tmp/hypothesis"  # noqa: S108  no candidate sees this /tmp
        os.makedirs(self.subject["work"], exist_ok=True)
        os.chdir(self.subject["work"])
        share_temporary_files(self.subject["work"])

    def _options(self) -> list[str]:
        options = [*WITHOUT_PLUGINS, "--capture=sys"]
        options += ["--rootdir", self.spec["folder"], "-c", self.spec["folder"] + "/pytest.ini"]
        options += ["--import-mode=prepend", "--basetemp", self.subject["work"] + "/tmp/tests", "-o", "addopts="]
        if self.subject["one_failure"]:
            options.append("-x")
        for plugin in self.spec["plugins"]:
            options += ["-p", plugin]
        return options + [f"{self.spec['folder']}/{path}" for path in self.spec["tests"]]


def _own_modules(spec: dict[str, Any]) -> dict[str, bool]:
    """Modules of the candidate's, without those that the tests import from elsewhere: what is missing there is not the
    candidate's to bring."""
    imported: set[str] = set()
    for path in spec["tests"]:
        try:
            with open(f"{spec['folder']}/{path}", encoding="utf-8") as file:
                tree = ast.parse(file.read())
        except (OSError, SyntaxError, ValueError, RecursionError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.partition(".")[0])
    foreign = imported - {name.partition(".")[0] for name in spec["expected"]}
    return {name: package for name, package in spec["modules"].items() if name.partition(".")[0] not in foreign}


class Recorder:
    """A pytest plugin: tells what every test did, keeps time, and finds out who is to blame when none runs."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._compared: tuple[str, str, str] | None = None
        self._collected_alone = False  # without any answer of the candidate's
        self._used_before = 0
        self.errors: list[str] = []
        self.blamed: str | None = None

    def pytest_configure(self, config: Any) -> None:
        """Nobody reads pytest's own tracebacks; with source they take longer than all else of a failing test."""
        config.option.tbstyle = "line"

    # --- collecting

    def pytest_pycollect_makeitem(self, collector: Any, name: str, obj: Any) -> Any:
        """What a test file imports from the candidate is no test, whatever it is called."""
        if isinstance(obj, RemoteModule | RemoteFunction | Proxy) or isinstance(type(obj), ProxyMeta):
            return []
        return [] if isinstance(obj, ProxyMeta) and "_lamarck_made_here" not in obj.__dict__ else None

    def pytest_exception_interact(self, node: Any, call: Any, report: Any) -> None:
        if getattr(report, "when", "collect") != "collect":
            return
        error = call.excinfo.value
        if type(error).__name__ == "CollectError" and error.__cause__ is not None:
            error = error.__cause__  # pytest's text about what it stands for
        self.broken(error, node.nodeid)

    def broken(self, error: BaseException, node: str) -> None:
        """Something of the tests can't be imported or collected."""
        self.errors.append(self._told(error, node))
        if self.blamed is None:
            self.blamed = self._blame(error)

    def _told(self, error: BaseException, node: str) -> str:
        """file:line: what, in one line; the line of the last frame in a test file."""
        from _pytest.config.exceptions import UsageError
        from _pytest.outcomes import OutcomeException

        place, tests = node, self._session.tests
        if isinstance(error, SyntaxError) and error.filename:
            place = f"{error.filename.removeprefix(tests)}:{error.lineno}"
        else:
            trace = error.__traceback__
            while trace is not None:
                if trace.tb_frame.f_code.co_filename.startswith(tests):
                    place = f"{trace.tb_frame.f_code.co_filename.removeprefix(tests)}:{trace.tb_lineno}"
                trace = trace.tb_next
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        kind = "" if isinstance(error, OutcomeException | UsageError) else f"{type(error).__name__}: "
        return " ".join(f"{place}: {kind}{said}".split())

    def _blame(self, error: BaseException) -> str | None:
        """Why the candidate is to blame for tests that do not collect, or None when the tests are."""
        session = self._session
        if session.stream.ended is not None:
            return str(session.stream.ended)
        if session.modules.failed is not None:
            failed = session.modules.failed
            return f"importing it raised {type(failed).__name__}: {clip(str(failed))}"
        seen: set[int] = set()
        each: BaseException | None = error
        while each is not None and id(each) not in seen:
            seen.add(id(each))
            if hasattr(each, "_lamarck_frames"):
                return f"{type(each).__name__}: {clip(str(each))}"
            if isinstance(each, ImportError) and each.name is not None and session.modules.is_of(each.name):
                return clip(str(each).partition(" (")[0])
            each = each.__cause__ or each.__context__
        if isinstance(error, SyntaxError | NameError) or isinstance(error, ImportError):
            return None
        if session.peer.asked > session.modules.asked:  # it was used, and what it said did not fit
            return f"with its answers the tests do not collect: {type(error).__name__}: {clip(str(error))}"
        return None

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        self._session.tell({"kind": "collected", "ids": [item.nodeid for item in items]})
        self._session.tell_covered("")
        self._collected_alone = self._used() == 0
        self._session.guards.close_tests()
        self._session.guards.arm()

    def _used(self) -> int:
        """How often the candidate was asked for more than what it has."""
        return self._session.peer.asked - self._session.modules.asked

    # --- running

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        session = self._session
        self._compared = None
        self._used_before = self._used()
        session.calls.last = None
        session.permission.refused.clear()
        session.examination.begin_test()
        session.guards.refused.clear()
        session.surroundings.begin_test()
        session.peer.rest()
        session.begin(session.spec["test_seconds"])

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._session.tell_covered(nodeid)

    def pytest_assertrepr_compare(self, op: str, left: Any, right: Any) -> None:
        self._compared = (op, shown(left), shown(right))

    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        import unittest

        from _pytest.fixtures import FixtureLookupError
        from _pytest.outcomes import Skipped

        if call.excinfo is None or isinstance(call.excinfo.value, Skipped | unittest.SkipTest):
            return
        session = self._session
        if isinstance(call.excinfo.value, FixtureLookupError):  # no candidate can mend that
            missing = call.excinfo.value.argname
            self.errors.append(f"{item.nodeid}: there is no fixture '{missing}'")
        parts = parts_of(call.excinfo, session.tests, session.spec["main_file"], self._compared, session.calls)
        if session.permission.refused:
            parts["message"] = clip(
                f"{parts['message']} (not possible across two processes: {session.permission.refused[0]})"
            )
        session.tell({"kind": "failure", "id": item.nodeid, "parts": parts})

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when != "call" and report.outcome == "passed":
            return
        outcome = "skipped" if report.skipped else str(report.outcome)
        against = self._session.objections()
        if outcome == "passed" and against:  # a test that catches everything caught that too
            outcome = "failed"
            self._session.tell({"kind": "failure", "id": report.nodeid, "parts": {"message": clip(against[0])}})
        self._session.tell(
            {
                "kind": "result",
                "id": report.nodeid,
                "outcome": outcome,
                "seconds": report.duration,
                "by_author": self._collected_alone and self._used() == self._used_before,
            }
        )


def _watch_conftests(broken: Callable[[BaseException, str], None]) -> None:
    """pytest ends with a text about a broken conftest.py; what broke it tells who is to blame."""
    from _pytest.config import ConftestImportFailure

    init = ConftestImportFailure.__init__

    def watched(failure: Any, path: Any, *, cause: Exception) -> None:
        broken(cause, str(path))
        init(failure, path, cause=cause)

    ConftestImportFailure.__init__ = watched  # type: ignore[method-assign]


def _interrupts_fail() -> None:
    """A candidate that raises KeyboardInterrupt fails its test; pytest would end the run."""
    from _pytest import runner

    from_call = runner.CallInfo.from_call.__func__  # type: ignore[attr-defined]

    def guarded(cls: Any, func: Any, when: Any, reraise: Any = None) -> Any:
        return from_call(cls, func, when, None)

    runner.CallInfo.from_call = classmethod(guarded)  # type: ignore[assignment]
