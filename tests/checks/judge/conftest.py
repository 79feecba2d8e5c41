"""A real judge in a real sandbox, and short ways to ask it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lamarck.checks.judge.judge import Judge, JudgeReport, Subject
from lamarck.records import Acceptance, AcceptanceKind, JobLimits, SourceFile, Task, make_task
from lamarck.sandbox.interpreter import find_interpreter
from lamarck.sandbox.selection import choose_sandbox
from lamarck.settings import SandboxSettings


@pytest.fixture(scope="session")
def judge() -> Judge:
    """A test may take three seconds, so that what hangs is found soon."""
    return Judge(choose_sandbox(SandboxSettings()), find_interpreter(None, Path("/")), test_seconds=3.0)


@pytest.fixture(scope="session")
def patient_judge() -> Judge:
    """Nothing that it judges hangs: a test may take as long as a busy machine needs."""
    return Judge(choose_sandbox(SandboxSettings()), find_interpreter(None, Path("/")), test_seconds=30.0)


@pytest.fixture(scope="session")
def judged(judge: Judge) -> Callable[..., JudgeReport]:
    """judged(tests, *modules): what pytest tests say of each text of the module `code`."""

    def run(tests: str, *modules: str, support: dict[str, str] | None = None, **limits: float) -> JudgeReport:
        task = task_of(tests, support=support, **limits)
        subjects = tuple(
            Subject(label=str(n), files=(SourceFile(path="code_.py", text=m),)) for n, m in enumerate(modules)
        )
        return judge.judge(task, task.acceptance, subjects)

    return run


def task_of(tests: str, *, support: dict[str, str] | None = None, **limits: float) -> Task:
    return make_task(
        goal="a test of the judge",
        module="code_",
        stubs=(SourceFile(path="code_.py", text=""),),
        support=tuple(SourceFile(path=p, text=t) for p, t in (support or {}).items()),
        acceptance=(Acceptance(kind=AcceptanceKind.PYTEST, content=tests, path="test_code.py"),),
        job_limits=JobLimits(**({"wall_seconds": 20.0} | limits)),  # type: ignore[arg-type]
    )
