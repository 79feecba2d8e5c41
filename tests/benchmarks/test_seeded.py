"""Seeded bugs in a package on disk, mended by search in the real sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamarck.api import Settings
from lamarck.benchmarks.fixing import measure_seeded, seeded_text
from lamarck.errors import BadInput


def test_bugs_are_put_in_and_mended(packages: Path) -> None:
    module = packages / "clamp" / "clamp.py"
    code = module.read_text()
    said: list[str] = []
    report = measure_seeded(Settings(), data=packages, bugs=2, say=said.append)
    assert len(report.bugs) == len(said) == 2
    assert all(b.variants > 0 and b.rank is not None for b in report.bugs)
    assert report.right >= 1
    assert "clamp  2" in seeded_text(report)
    assert module.read_text() == code


def test_a_folder_without_packages_is_refused(tmp_path: Path) -> None:
    for data in (None, tmp_path / "none", tmp_path):
        with pytest.raises(BadInput, match="package"):
            measure_seeded(Settings(), data=data, say=lambda text: None)


PARTS = {
    "__init__.py": "from .size import size\n",
    "size.py": "from .base import ZERO\n\n\n"
    "def size(things):\n    if not things:\n        return ZERO\n    return len(things)\n",
    "base.py": "ZERO = 0\n",
}
PART_TESTS = """\
from parts.base import ZERO
from parts.size import size


def test_none():
    assert size([]) == ZERO


def test_some():
    assert size([1, 2]) == 2


def test_withheld():
    assert size("abc") == 3


def test_that_never_passes():
    assert size([1]) == 7
"""


def test_a_part_of_a_package_with_the_tests_that_pass(tmp_path: Path) -> None:
    package = tmp_path / "packages" / "it" / "src" / "parts"
    package.mkdir(parents=True)
    for name, text in PARTS.items():
        (package / name).write_text(text)
    tests = tmp_path / "packages" / "it" / "tests"
    tests.mkdir()
    (tests / "test_size.py").write_text(PART_TESTS)
    said: list[str] = []
    report = measure_seeded(Settings(), data=tmp_path / "packages", bugs=1, say=said.append)
    assert said[0] == "it parts/size.py: 1 of 4 test functions do not pass as they are and are left out"
    assert report.bugs[0].module == "parts/size.py"
    assert report.bugs[0].mended
