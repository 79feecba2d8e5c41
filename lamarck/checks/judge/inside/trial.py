"""Whether the tests decide anything, tried on hollow code in the judge's own sandbox: nobody distrusts what is empty.

The tests are collected once and run until one fails because of what hollow functions do: first when they return None,
then when they raise NotImplementedError. What fails for another reason, or does not fail, says nothing here.
"""

from __future__ import annotations

import builtins
import json
import os
import signal
import sys
from typing import Any

_SECONDS = 3.0  # of the wall clock; what takes longer is found out in the usual way
HOLLOW = "_lamarck_hollow"  # what each hollow function returns a call of


class Trial:
    """A pytest plugin: runs the tests itself. decided: body → whether a test fails because of it."""

    def __init__(self) -> None:
        self.decided = {"none": False, "raise": False}
        self._body = "none"

    def answer(self) -> None:
        """What hollow functions do."""
        if self._body == "raise":
            raise NotImplementedError

    def pytest_runtestloop(self, session: Any) -> bool:
        if not session.testsfailed:  # while it was collected
            for body in self.decided:
                self._body = body
                for item in session.items:
                    item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
                    if self.decided[body]:
                        break
        return True

    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        if call.when == "call" and call.excinfo is not None:
            self.decided[self._body] |= self._is_telling(call.excinfo.value)

    def _is_telling(self, error: BaseException) -> bool:
        from _pytest.outcomes import Failed

        if isinstance(error, AssertionError | Failed):
            return True
        if self._body == "raise":
            return isinstance(error, NotImplementedError)
        return isinstance(error, TypeError | AttributeError) and "NoneType" in str(error)


def run(spec: dict[str, Any], options: list[str]) -> None:
    """spec: results (descriptor), folder (of tests, support and hollow code), root (where their modules begin), work.
    options: of pytest, without folders and tests."""
    import pytest

    signal.setitimer(signal.ITIMER_REAL, _SECONDS)  # nobody handles it: it ends this process
    os.makedirs(spec["work"], exist_ok=True)
    os.chdir(spec["work"])
    sys.path[:0] = list(dict.fromkeys((spec["root"], spec["folder"])))
    trial = Trial()
    setattr(builtins, HOLLOW, trial.answer)
    folder = spec["folder"]
    options = [*options, "--rootdir", folder, "-c", f"{folder}/pytest.ini", "--import-mode=prepend"]
    options += ["--basetemp", f"{spec['work']}/tests", "-o", "addopts="]
    pytest.main([*options, *(f"{folder}/{path}" for path in spec["tests"])], plugins=[trial])
    os.write(spec["results"], json.dumps(trial.decided).encode() + b"\n")
