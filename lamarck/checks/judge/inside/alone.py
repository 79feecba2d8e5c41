"""Tests and candidate in one process: for tests that two processes cannot share. What it tells is the candidate's to
forge, and is believed only as far as `claims` makes that hard.

spec: results (descriptor), folders (of code and tests, for the path), folder (of the tests), tests (paths in it), work
(folder to work in), sites, pytest_folders.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from .judge import load

_MOST_CHARACTERS = 300


class Recorder:
    """A pytest plugin: tells how every phase of every test ended."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._write = os.write

    def tell(self, *words: Any) -> None:
        data = json.dumps(words).encode() + b"\n"
        while data:
            data = data[self._write(self._descriptor, data) :]

    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        if call.excinfo is not None:
            error = call.excinfo.value
            said = " ".join(f"{type(error).__name__}: {error}".split())[:_MOST_CHARACTERS]
            self.tell("raised", item.nodeid, call.when, isinstance(error, AssertionError), said)

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.tell("report", report.nodeid, report.when, report.outcome, report.duration)


def run(spec: dict[str, Any]) -> None:
    load(spec["pytest_folders"])
    import pytest

    os.makedirs(spec["work"], exist_ok=True)
    os.chdir(spec["work"])
    sys.path[:0] = spec["folders"]
    sys.argv[:] = [""]
    folder = spec["folder"]
    options = ["--rootdir", folder, "-c", f"{folder}/pytest.ini", "--import-mode=prepend", "-o", "addopts=", "-q"]
    options += ["--basetemp", f"{spec['work']}/tmp", "-p", "no:cacheprovider"]
    recorder = Recorder(spec["results"])
    pytest.main([*options, *(f"{folder}/{path}" for path in spec["tests"])], plugins=[recorder])
    recorder.tell("ended")
