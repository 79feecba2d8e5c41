from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamarck.library.sqlite import SqliteLibrary

sys.path.insert(0, str(Path(__file__).parent))  # library_parts and crash_rounds are imported by name, here and alone

from postgres_server import PostgresServer, missing, running_server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for all tests; each takes a database that holds nothing."""
    if why := missing():
        pytest.skip(f"no Postgres server for this test: {why}")
    with running_server() as server:
        yield server


@pytest.fixture
def library_path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "library.sqlite"


@pytest.fixture
def sqlite_library(library_path: Path) -> Iterator[SqliteLibrary]:
    with SqliteLibrary(library_path) as opened:
        yield opened
