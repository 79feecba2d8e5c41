"""The judge's process: imports pytest once, then forks for each subject. What it sees goes to the host as JSON lines,
over a socket that no candidate has."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import json
import os
import sys
import time
import traceback
from collections.abc import Sequence
from typing import Any

_BROUGHT = ("pytest", "_pytest", "py", "pluggy", "iniconfig", "packaging", "pygments")
_FOR_FEATURES = ("pytest_bdd", "gherkin", "parse", "parse_type", "mako", "markupsafe", "six", "typing_extensions")
_ALWAYS_NEEDED = (
    "_pytest.assertion.rewrite _pytest.python _pytest.unittest _pytest.fixtures _pytest.monkeypatch _pytest.tmpdir "
    "_pytest.capture _pytest.logging _pytest.skipping _pytest.recwarn _pytest.warnings "
    "_pytest.setuponly _pytest.setupplan _pytest.debugging _pytest.helpconfig "
    "_pytest.legacypath _pytest.subtests _pytest.reports _pytest.python_api unittest.mock"
).split()


class OwnPytest(importlib.abc.MetaPathFinder):
    """Serves pytest and what it needs, and nothing else, from folders of Lamarck's."""

    def __init__(self, folders: list[str], names: Sequence[str] = _BROUGHT) -> None:
        self._folders = folders
        self._names = names

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> Any:
        if name.partition(".")[0] not in self._names:
            return None
        return importlib.machinery.PathFinder.find_spec(name, path or self._folders)

    def find_distributions(self, context: Any) -> Any:
        """pytest-bdd asks for pytest's version."""
        from importlib.metadata import DistributionFinder, MetadataPathFinder

        if context.name not in self._names and context.name != "pytest":
            return iter(())
        return MetadataPathFinder.find_distributions(DistributionFinder.Context(name=context.name, path=self._folders))


def load(pytest_folders: Sequence[str]) -> None:
    """Import what every subject needs. A process that was forked from a warm one has it already."""
    if pytest_folders and not any(isinstance(finder, OwnPytest) for finder in sys.meta_path):
        sys.meta_path.append(OwnPytest(list(pytest_folders)))
    import pytest  # noqa: F401

    from . import session  # noqa: F401

    for name in _ALWAYS_NEEDED:
        try:
            importlib.import_module(name)
        except ImportError:  # another version of pytest has other parts
            continue


def run(spec: dict[str, Any]) -> None:
    """spec: subjects (descriptor, results, work), hollow (see `trial.run`) or None, folder (of tests and support),
    tests (paths in it), modules (of the candidate: name → is a package), expected (those of them that the task names),
    wanted (names that it defines), shared, main_file, pytest_folders, plugins (of pytest), brought (folders that have
    what these need), test_seconds, wall_seconds."""
    deadline = time.monotonic() + spec["wall_seconds"]
    load(spec["pytest_folders"])
    if folders := [*spec["brought"], *(spec["pytest_folders"] if spec["plugins"] else ())]:
        sys.meta_path.append(OwnPytest(folders, _FOR_FEATURES))
    for plugin in spec["plugins"]:  # before any test's time runs
        importlib.import_module(plugin)
    spec["modules"] = _allowed(spec["modules"], spec["expected"])
    children = [] if spec["hollow"] is None else [_fork_trial(spec)]
    children += [_fork(spec, subject, deadline) for subject in spec["subjects"]]
    for subject in spec["subjects"]:
        os.close(subject["descriptor"])
        os.close(subject["results"])
    for child in children:
        os.waitpid(child, 0)


def _allowed(modules: dict[str, bool], expected: list[str]) -> dict[str, bool]:
    """A candidate may bring modules of its own beside those that the task asks for; none that hides one of the judge's,
    of the standard library's or of the environment's."""
    tops = {name.partition(".")[0] for name in expected}

    def is_free(top: str) -> bool:
        known = top in sys.stdlib_module_names or top in _BROUGHT or top in sys.modules
        return top in tops or not (known or importlib.machinery.PathFinder.find_spec(top, sys.path))

    return {name: package for name, package in modules.items() if is_free(name.partition(".")[0])}


def _fork_trial(spec: dict[str, Any]) -> int:
    """No subject's process has its descriptor, nor it theirs."""
    child = os.fork()
    if child:
        os.close(spec["hollow"]["results"])
        return child
    try:
        for subject in spec["subjects"]:
            os.close(subject["descriptor"])
            os.close(subject["results"])
        from . import session, trial

        plugins = [part for plugin in spec["plugins"] for part in ("-p", plugin)]
        trial.run(spec["hollow"] | {"tests": spec["tests"]}, [*session.WITHOUT_PLUGINS, "--capture=sys", *plugins])
    finally:  # what it has not told counts for nothing
        os._exit(0)


def _fork(spec: dict[str, Any], subject: dict[str, Any], deadline: float) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        for other in spec["subjects"]:
            if other is not subject:
                os.close(other["descriptor"])
                os.close(other["results"])
        _judge(spec, subject, deadline)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _judge(spec: dict[str, Any], subject: dict[str, Any], deadline: float) -> None:
    from .session import Session

    descriptor, write = subject["results"], os.write

    def tell(message: dict[str, Any]) -> None:
        data = json.dumps(message).encode() + b"\n"
        while data:
            data = data[write(descriptor, data) :]

    Session(spec, subject, tell, deadline).run()
