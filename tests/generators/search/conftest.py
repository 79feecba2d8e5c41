"""A warm sandbox, and a search over texts."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from lamarck.generators.search.screening import Subject
from lamarck.generators.search.search import Search, SearchLimits
from lamarck.records import JobLimits
from lamarck.sandbox.interpreter import Interpreter, find_interpreter
from lamarck.sandbox.sandbox import Sandbox
from lamarck.sandbox.selection import choose_sandbox
from lamarck.settings import Settings


class Begin(Protocol):
    def __call__(self, files: Mapping[str, str], tests: Mapping[str, str], **limits: float) -> Search: ...


@pytest.fixture(scope="package")
def interpreter() -> Interpreter:
    return find_interpreter(sys.executable, Path("/"))


@pytest.fixture(scope="package")
def sandbox() -> Iterator[Sandbox]:
    yield choose_sandbox(Settings().sandbox)


@pytest.fixture
def begin(sandbox: Sandbox, interpreter: Interpreter) -> Begin:
    def search(files: Mapping[str, str], tests: Mapping[str, str], **limits: float) -> Search:
        chosen = SearchLimits(**{"seconds": 60.0, **limits})  # type: ignore[arg-type]
        subject = Subject(files=files, tests=tuple(tests.items()))
        return Search(sandbox, interpreter, subject, JobLimits(wall_seconds=60.0), chosen)

    return search
