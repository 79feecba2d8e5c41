"""What checks that run code need: a judge over a warm sandbox, shared by all tests of a module."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from lamarck.checks.gate import Means
from lamarck.checks.judge.judge import Judge
from lamarck.sandbox.interpreter import find_interpreter, importable
from lamarck.sandbox.selection import choose_sandbox
from lamarck.settings import Settings


@pytest.fixture(scope="module")
def means(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Means]:
    folder = tmp_path_factory.mktemp("project")
    settings = Settings()
    sandbox = choose_sandbox(settings.sandbox)
    interpreter = find_interpreter(sys.executable, folder)
    yield Means(
        settings=settings,
        judge=Judge(sandbox, interpreter),
        sandbox=sandbox,
        interpreter=interpreter,
        importable=importable(interpreter),
        folder=folder,
    )
