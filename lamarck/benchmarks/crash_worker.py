"""One of the processes that a crash round kills: solves or adds small tasks until it is killed, and says what was kept.

    python -m lamarck.benchmarks.crash_worker solve|add LIBRARY FOLDER FIRST

A line `ready` on standard output once the library is open, then one line `ID GOAL` after each artifact that Lamarck
reported as kept: what such a line acknowledges must be found after any crash. FIRST is the number of the first task;
FOLDER is for the files of the tasks.
"""

from __future__ import annotations

import re
import sys
from itertools import count
from pathlib import Path

from lamarck.api import Lamarck, Request, ScriptedModel, load_settings
from lamarck.records import ExitReason, Run

READY = "ready"


def main(kind: str, library: str, folder: str, first: str) -> None:
    model = ScriptedModel(answer)
    settings = load_settings()[0]
    settings = settings.replace(reuse=settings.reuse.replace(enabled=False))  # near misses would only slow the writing
    with Lamarck(settings, library=library, folder=Path(folder), model=model) as lamarck:
        lamarck.stats()  # opens the library
        _say(READY)
        for number in count(int(first)):
            run = _one(lamarck, kind, number, Path(folder))
            if run.exit_reason is not ExitReason.ACCEPTED:
                sys.exit(f"task {number} ended {run.exit_reason}: {run.message}")
            _say(f"{run.artifact_id} {goal(number)}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def goal(number: int) -> str:
    return f"Add the constant {number} to a whole number."


def code(number: int) -> str:
    return f'def plus_{number}(x: int) -> int:\n    """{goal(number)}"""\n    return x + {number}\n'


def tests(number: int) -> str:
    return (
        f"from plus_{number} import plus_{number}\n\n\n"
        f"def test_zero():\n    assert plus_{number}(0) == {number}\n\n\n"
        f"def test_one():\n    assert plus_{number}(1) == {number + 1}\n"
    )


def _one(lamarck: Lamarck, kind: str, number: int, folder: Path) -> Run:
    tested = folder / f"test_plus_{number}.py"
    tested.write_text(tests(number), encoding="utf-8")
    if kind == "solve":
        return lamarck.solve(goal(number), tests=[tested])
    own = folder / f"plus_{number}.py"
    own.write_text(code(number), encoding="utf-8")
    return lamarck.add(own, tests=[tested])


def answer(request: Request) -> str:
    named = re.search(r"plus_(\d+)", request.messages[-1].content)
    return f"```python\n{code(int(named[1]))}```" if named else ""


if __name__ == "__main__":
    main(*sys.argv[1:])
