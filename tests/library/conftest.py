from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamarck.library.sqlite import SqliteLibrary

sys.path.insert(0, str(Path(__file__).parent))  # library_parts and crash_rounds are imported by name, here and alone


@pytest.fixture
def library_path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "library.sqlite"


@pytest.fixture
def sqlite_library(library_path: Path) -> Iterator[SqliteLibrary]:
    with SqliteLibrary(library_path) as opened:
        yield opened
