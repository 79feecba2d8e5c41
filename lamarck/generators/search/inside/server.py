"""The conversation with the host: JSON lines over one socket.

First comes `collected` (ids of the tests, or an error). Then the host asks, and every question has one answer with its
`id`: `base` runs tests one by one, traced or not; `variant` changes functions and runs tests until one fails; `fresh`
gives modules other text and runs all tests from the start.
"""

from __future__ import annotations

import gc
import importlib
import importlib.abc
import importlib.util
import json
import os
import select
import socket
import sys
import types
from typing import Any

import pytest

from .forking import Children, Say
from .functions import Functions, NotApplicable
from .running import forget_last_error, run_item
from .tracing import Tracer

_UNUSED_PLUGINS = ("cacheprovider", "faulthandler", "terminal", "junitxml", "pastebin", "stepwise", "doctest",
                   "unraisableexception", "threadexception")  # fmt: skip


class Host:
    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.set_inheritable(False)
        self._read = bytearray()
        self.is_gone = False

    def fileno(self) -> int:
        return self._socket.fileno()

    def tell(self, message: dict[str, Any]) -> None:
        self._socket.sendall(json.dumps(message).encode() + b"\n")

    def asked(self) -> list[dict[str, Any]]:
        """What can be read now; waits for something."""
        part = self._socket.recv(1 << 20)
        self.is_gone = not part
        self._read += part
        *lines, rest = self._read.split(b"\n")
        self._read = bytearray(rest)
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        self._socket.close()


class Server:
    """A pytest plugin: when all is collected, the host asks and children run."""

    def __init__(self, spec: dict[str, Any], host: Host) -> None:
        self.spec = spec
        self.host = host
        self.items: list[Any] = []
        self.errors: list[str] = []
        self.files = {f"{spec['folder']}/{path}" for path in spec["files"]}
        self.functions: Functions | None = None

    def pytest_configure(self, config: Any) -> None:
        config.option.tbstyle = "line"

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.errors.append(str(report.longrepr)[-2000:])

    def pytest_runtestloop(self, session: Any) -> bool:
        self.items = list(session.items)
        for name in self.spec["modules"]:
            try:
                importlib.import_module(name)
            except BaseException as error:  # the code under test; its tests will say so, too
                self.errors.append(f"{name}: {type(error).__name__}: {error}"[:2000])
        self.functions = Functions(self.files)
        self.host.tell({"collected": [item.nodeid for item in self.items], "errors": self.errors[:5]})
        self.serve()
        return True

    def serve(self) -> None:
        gc.collect()
        gc.freeze()  # a collection in a child would write to every object, and so copy all that it shares
        children = Children(self.spec["processes"])
        waiting: list[dict[str, Any]] = []
        while not self.host.is_gone:
            while waiting and not children.is_full:
                question = waiting.pop(0)
                children.start(question["id"], lambda say, q=question: self.answer(q, say), question["cpu"])  # type: ignore[misc]
            for answer in children.finished(self.host.fileno()):
                self.host.tell(answer)
            if select.select([self.host], [], [], 0)[0]:
                waiting += self.host.asked()

    # --- in a child

    def answer(self, question: dict[str, Any], say: Say) -> None:
        self.host.close()
        if question["kind"] == "fresh":
            self._fresh(question, say)
            return
        if question["kind"] == "variant":
            assert self.functions is not None
            try:
                for change in question["changes"]:
                    place = f"{self.spec['folder']}/{change['path']}"
                    self.functions.change(place, change["line"], change["before"], change["after"])
                for path, line in question["imports"]:
                    self._import(path, line)
            except (NotApplicable, SyntaxError, ValueError, RecursionError) as error:
                say({"inapplicable": str(error)})
                return
        self._run(question, say)

    def _run(self, question: dict[str, Any], say: Say) -> None:
        order: list[int] = question["tests"]
        for place, number in enumerate(order):
            item = self.items[number]
            nextitem = self.items[order[place + 1]] if place + 1 < len(order) else None
            limit = question.get("test_cpu")
            if question.get("trace"):
                with Tracer(self.files) as tracer:
                    result = run_item(item, nextitem, limit)
                prefix = len(self.spec["folder"]) + 1
                result["lines"] = {file[prefix:]: sorted(lines) for file, lines in tracer.lines.items()}
            else:
                result = run_item(item, nextitem, limit)
            result["frames"] = [f for f in result["frames"] if f[0] in self.files]
            forget_last_error()
            say({"test": number, **result})
            if question["kind"] == "variant" and result["outcome"] not in ("passed", "skipped"):
                return

    def _import(self, path: str, line: str) -> None:
        place = f"{self.spec['folder']}/{path}"
        for module in list(sys.modules.values()):
            if getattr(module, "__file__", None) == place:
                exec(line, module.__dict__)  # noqa: S102  in a sandbox, and one of a table of imports

    def _fresh(self, question: dict[str, Any], say: Say) -> None:
        """Everything from the start, with other text in some files."""
        texts = {f"{self.spec['folder']}/{path}": text for path, text in question["texts"].items()}
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None)).startswith(f"{self.spec['folder']}/"):
                del sys.modules[name]  # what was imported for the version before
        sys.meta_path.insert(0, _Replaced(texts))
        fresh = Fresh(say, frozenset(question.get("first", ())))
        code = pytest.main(options(self.spec), plugins=[fresh])
        say({"ended": int(code), "errors": fresh.errors[:3]})


class Fresh:
    """A pytest plugin: tells outcomes, and stops at the first failure. first: ids of tests that run first."""

    def __init__(self, say: Say, first: frozenset[str] = frozenset()) -> None:
        self._say = say
        self._first = first
        self._session: Any = None
        self.errors: list[str] = []

    def pytest_configure(self, config: Any) -> None:
        config.option.tbstyle = "line"

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.errors.append(str(report.longrepr)[-500:])

    def pytest_collection_finish(self, session: Any) -> None:
        self._ids = {item.nodeid: number for number, item in enumerate(session.items)}
        self._session = session
        session.items.sort(key=lambda item: item.nodeid not in self._first)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or report.outcome != "passed":
            said = str(report.longrepr)[-200:] if report.failed else ""
            result = {"outcome": str(report.outcome), "said": said, "cpu": report.duration, "frames": []}
            self._say({"test": self._ids.get(report.nodeid, -1), "name": report.nodeid, **result})
            if report.failed and self._first:
                self._session.shouldstop = "a test failed"


class _Replaced(importlib.abc.MetaPathFinder):
    """Imports some files with other text than they hold."""

    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if spec.origin in self._texts:
                    spec.loader = _Text(spec.name, spec.origin, self._texts[spec.origin])
                    spec.cached = None
                return spec
        return None


class _Text(importlib.abc.SourceLoader):
    def __init__(self, name: str, path: str, text: str) -> None:
        self._path = path
        self._text = text

    def get_filename(self, fullname: str) -> str:
        return self._path

    def get_data(self, path: str | bytes) -> bytes:
        return self._text.encode()


def options(spec: dict[str, Any]) -> list[str]:
    folder = spec["folder"]
    chosen = ["--capture=no", "--rootdir", folder, "-c", f"{folder}/pytest.ini", "--import-mode=prepend"]
    chosen += ["--basetemp", "/scratch/tmp", "-o", "addopts=", "--continue-on-collection-errors", "-W", "ignore"]
    for plugin in _UNUSED_PLUGINS:
        chosen += ["-p", f"no:{plugin}"]
    return [*chosen, *(f"{folder}/{path}" for path in spec["tests"])]


def _stand_for_the_judge() -> None:
    """What the test files that Lamarck writes import from the judge."""
    failure = types.ModuleType("_lamarck_inside.failure")

    class Told(AssertionError):
        def __init__(self, message: str, **parts: Any) -> None:
            super().__init__(message)

    failure.Told = Told  # type: ignore[attr-defined]
    sys.modules["_lamarck_inside"] = types.ModuleType("_lamarck_inside")
    sys.modules["_lamarck_inside.failure"] = failure


def run(spec: dict[str, Any]) -> None:
    """spec: descriptor, folder, root (where the modules' names begin), files (that may change), modules (their names),
    tests (paths), processes, collect (False: only `fresh` will be asked)."""
    host = Host(spec["descriptor"])
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    _stand_for_the_judge()
    sys.path.insert(0, spec["folder"])
    if spec["root"] != spec["folder"]:
        sys.path.insert(0, spec["root"])
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = "/tmp/hypothesis"  # noqa: S108  of the sandbox
    server = Server(spec, host)
    if not spec["collect"]:
        host.tell({"collected": [], "errors": []})
        server.serve()
        return
    code = pytest.main(options(spec), plugins=[server])
    if server.functions is None:
        host.tell({"collected": [], "errors": [*server.errors[:5], f"pytest ended with {int(code)}"]})
