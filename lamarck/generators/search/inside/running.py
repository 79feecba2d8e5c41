"""One test, without pytest's reports, which cost more than most tests."""

from __future__ import annotations

import signal
import sys
import time
from typing import Any

_LONGEST = 200


class TimeUp(BaseException):
    """Not an `Exception`: code under test that catches those does not get this one."""


def _time_up(*_: Any) -> None:
    raise TimeUp


def run_item(item: Any, nextitem: Any, cpu: float | None = None) -> dict[str, Any]:
    """outcome (passed | failed | skipped | time), said (what tells one failure from another), cpu seconds, and where
    in which files it was raised, outermost first. cpu: what it may take; None: somebody else limits it."""
    from _pytest.outcomes import Skipped

    if item.get_closest_marker("xfail") is not None:  # whatever it does, it decides nothing
        return {"outcome": "skipped", "said": "xfail", "cpu": 0.0, "frames": []}
    outcome, said, frames = "passed", "", []
    begin = time.process_time()
    if cpu is not None:
        signal.signal(signal.SIGPROF, _time_up)
        signal.setitimer(signal.ITIMER_PROF, cpu, cpu)
    try:
        try:
            item.ihook.pytest_runtest_setup(item=item)
            item.ihook.pytest_runtest_call(item=item)
            if kept := getattr(item, "_excinfo", None):  # a unittest's failure is not raised but left here
                raise kept[0].value
        finally:
            item.ihook.pytest_runtest_teardown(item=item, nextitem=nextitem)
    except Skipped:
        outcome = "skipped"
    except TimeUp:
        outcome = "time"
    except BaseException as error:  # whatever the code under test raises
        outcome, said = "failed", f"{type(error).__name__}: {_text(error)}"
        frames = _frames(error)
    finally:
        if cpu is not None:
            signal.setitimer(signal.ITIMER_PROF, 0)
    return {"outcome": outcome, "said": said, "cpu": time.process_time() - begin, "frames": frames}


def _text(error: BaseException) -> str:
    try:
        return str(error)[:_LONGEST]
    except BaseException:  # an exception of the code under test may not even be printed
        return "?"


def _frames(error: BaseException) -> list[tuple[str, int]]:
    found = []
    trace = error.__traceback__
    while trace is not None:
        found.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    return found[-50:]


def forget_last_error() -> None:
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        vars(sys).pop(name, None)
