"""Runs in the judge's sandbox: the user's tests, with proxies where they import the candidate. argv: spec file.

pytest is imported once; then one forked child per subject runs the tests and sends what it saw to the host, as JSON
lines over a descriptor of its own that no candidate has.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import json
import os
import random
import re
import sys
import time
import traceback

sys.path[:0] = [os.path.dirname(sys.argv[0])]
sys.dont_write_bytecode = True
with open(sys.argv[1], encoding="utf-8") as file:
    SPEC = json.load(file)
sys.path += SPEC["sites"]

from peer import Lying, Peer, RemoteModule  # noqa: E402
from wire import Pipe  # noqa: E402

TESTS = SPEC["tests_folder"]
TEXT = 2000  # characters of any one text about a failure


class OnlyPytest(importlib.abc.MetaPathFinder):
    """Serves pytest, and nothing else, from a folder of Lamarck's, when the task's environment has none."""

    names = frozenset({"pytest", "_pytest", "pluggy", "iniconfig", "packaging", "pygments", "py"})

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in self.names:
            return None
        return importlib.machinery.PathFinder.find_spec(name, path or SPEC["pytest_folders"])


class Candidates(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports of the candidate's modules bring proxies."""

    def __init__(self, peer):
        self.peer = peer
        self.failed = None  # what importing the candidate raised

    def find_spec(self, name, path=None, target=None):
        if name not in SPEC["modules"]:
            return None
        return importlib.util.spec_from_loader(name, self, is_package=name in SPEC["packages"])

    def create_module(self, spec):
        try:
            module = self.peer.ask("import", spec.name)
        except (Exception, SystemExit) as error:
            self.failed = f"{type(error).__name__}: {error}"
            raise
        if not isinstance(module, RemoteModule):
            self.failed = "the import brought no module"
            raise ImportError(self.failed)
        return module

    def exec_module(self, module):
        pass


class Recorder:
    """A pytest plugin that tells the host what every test did."""

    def __init__(self, tell, peer, finder):
        self.tell, self.peer, self.finder = tell, peer, finder
        self.compared = None
        self.collect_errors = []
        self.skipped_by_author = set()

    def pytest_collectreport(self, report):
        if report.failed:
            self.collect_errors.append((report.nodeid, str(report.longrepr)))

    def pytest_collection_modifyitems(self, items):
        self.tell({"collected": [item.nodeid for item in items]})
        self.skipped_by_author = {item.nodeid for item in items if _is_skipped_by_author(item)}

    def pytest_runtest_logstart(self, nodeid, location):
        self.compared = None
        self.peer.pipe.deadline = min(time.monotonic() + SPEC["test_seconds"], SPEC["deadline"])

    def pytest_assertrepr_compare(self, config, op, left, right):
        self.compared = (op, _repr(left), _repr(right))

    def pytest_runtest_makereport(self, item, call):
        if call.excinfo is not None and not call.excinfo.errisinstance(_skips()):
            self.tell({"failure": item.nodeid, **self.describe(call.excinfo)})

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.outcome != "passed":
            outcome = "skipped" if report.skipped or hasattr(report, "wasxfail") else report.outcome
            told = {"result": report.nodeid, "outcome": outcome, "seconds": report.duration}
            self.tell(told | {"by_author": report.nodeid in self.skipped_by_author})

    def describe(self, info):
        error = info.value
        told = {"message": _clip(info.exconly(tryshort=True))}
        line, statement = _place(info.traceback)
        if line:
            told |= {"line": line, "expression": statement}
        given = getattr(error, "lamarck_failure", None)
        if type(given) is dict:
            return told | given
        if isinstance(error, AssertionError) and not isinstance(error, Lying):
            told |= _compared(self.compared, str(error))
        else:
            told["exception"] = _clip(f"{type(error).__name__}: {error}")
        frames = getattr(error, "__dict__", {}).get("_told")
        if frames:
            told["candidate_line"] = next((n for f, n in reversed(frames[1]) if f == SPEC["main_file"]), None)
        return told


def _is_skipped_by_author(item):
    """Marked to be skipped whatever the candidate does; any other skip counts as a failure."""
    marks = [getattr(x, "__dict__", {}).get("__unittest_skip__") for x in (getattr(item, "obj", None), item.cls) if x]
    return item.get_closest_marker("skip") is not None or True in marks


def _skips():
    import _pytest.outcomes
    import unittest

    return (_pytest.outcomes.Skipped, unittest.SkipTest)


def _clip(text):
    return text if len(text) <= TEXT else text[: TEXT - 1] + "…"


def _repr(value):
    try:
        return _clip(repr(value))
    except Exception as error:  # the candidate answers this one
        return f"<{type(value).__name__}, whose repr raised {type(error).__name__}>"


def _place(entries):
    """Line and statement of the test that failed: the last frame in a test file."""
    for entry in reversed(entries):
        if str(entry.path).startswith(TESTS):
            return entry.lineno + 1, _clip(str(entry.statement).strip())
    return None, None


_UNITTEST = re.compile(r"(?s)\A(?P<got>.+?) != (?P<expected>.+?)(?: : .*|\n.*)?\Z")
_WHERE = re.compile(r"^\s*\+\s+where .+? = (.+)$", re.M)


def _compared(compared, text):
    found = {}
    if compared and compared[0] in ("==", "is"):
        found = {"got": compared[1], "expected": compared[2]}
    elif match := _UNITTEST.match(text):
        found = {"got": _clip(match["got"]), "expected": _clip(match["expected"])}
    if where := _WHERE.search(text):
        found["inputs"] = _clip(where[1])
    return found


def run(subject, fd):
    """All tests against one candidate, in this process."""
    out = os.fdopen(fd, "w", encoding="utf-8", errors="backslashreplace")

    def tell(message):
        out.write(json.dumps(message, ensure_ascii=True) + "\n")
        out.flush()

    import pytest

    def heard(stream, text):
        (sys.stderr if stream == "err" else sys.stdout).write(text)

    pipe = Pipe(subject["fd"])
    pipe.deadline = min(time.monotonic() + SPEC["test_seconds"], SPEC["deadline"])
    peer = Peer(pipe, examines=True, shared=SPEC["shared"], on_output=heard)
    finder = Candidates(peer)
    sys.meta_path.insert(0, finder)
    _follow_seed(peer)
    folder = subject["folder"]
    _open_to_both(folder)
    recorder = Recorder(tell, peer, finder)
    sys.path.insert(0, TESTS)
    files = [os.path.join(TESTS, f) for f in SPEC["tests"]]
    options = [
        "-p",
        "no:cacheprovider",
        "-p",
        "no:faulthandler",
        "-p",
        "no:terminal",
        "-o",
        "addopts=",
        "--import-mode=prepend",
    ]
    options += ["--rootdir", TESTS, "-c", os.path.join(TESTS, "pytest.ini"), "--basetemp", os.path.join(folder, "tmp")]
    code = int(pytest.main([*options, *files], plugins=[recorder]))
    errors = [f"{node}: {text}" for node, text in recorder.collect_errors]
    blamed = finder.failed or pipe.closed or _lacks(errors)
    tell({"ended": code, "errors": [_clip(e) for e in errors], "import_error": blamed, "closed": pipe.closed})


def _open_to_both(folder):
    """Judge and candidate are different users; what either makes in the scratch folder is for both."""
    os.umask(0)
    mkdir = os.mkdir
    os.mkdir = lambda path, mode=0o777, **more: mkdir(path, 0o777, **more)
    os.makedirs(folder, exist_ok=True)
    os.chdir(folder)


def _lacks(errors):
    """A name that the tests import and the candidate does not have is the candidate's failure, not the tests'."""
    for error in errors:
        match = re.search(r"ImportError: cannot import name '(\w+)' from '([\w.]+)'", error)
        if match and match[2] in SPEC["modules"]:
            return f"it does not define {match[1]}"
        match = re.search(r"AttributeError: module '([\w.]+)' has no attribute '(\w+)'", error)
        if match and match[1] in SPEC["modules"]:
            return f"it does not define {match[2]}"
    return None


def _follow_seed(peer):
    """A test that seeds `random` seeds the candidate's as well."""
    seed = random.seed

    def both(*args, **kwargs):
        seed(*args, **kwargs)
        if args:
            peer.ask("seed", *args)

    random.seed = both


def main():
    if SPEC["pytest_folders"]:
        sys.meta_path.append(OnlyPytest())
    SPEC["deadline"] = time.monotonic() + SPEC["wall_seconds"]
    import pytest  # noqa: F401  once, for all children

    children = []
    for subject in SPEC["subjects"]:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                for other in SPEC["subjects"][len(children) + 1 :]:  # the earlier ones' are closed already
                    os.close(other["fd"])
                    os.close(other["result"])
                run(subject, subject["result"])
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(status)
        children.append(child)
        os.close(subject["fd"])
        os.close(subject["result"])
    for child in children:
        os.waitpid(child, 0)


main()
