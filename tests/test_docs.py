"""The documentation is executed: its files are written, its commands run, and what they print is compared.

`<!-- file: NAME -->` before a fenced block makes the block that file; a `console` block is a session in which
`$ lamarck …` lines run in order, their output compared with `...` standing for anything; `(exit N)` as the last line of
an output states the exit code; a `python` block without a file name is run. All blocks of a page share a folder.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"(?:<!-- file: (?P<file>\S+) -->\n+)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.M | re.S)
_SAME = doctest.OutputChecker()


def blocks(page: Path) -> Iterator[tuple[str, str, str]]:
    for match in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        yield match["file"] or "", match["kind"], match["text"]


def commands(session: str) -> Iterator[tuple[str, str, int]]:
    """(command, expected output, expected exit code) of a console block."""
    for part in re.split(r"^\$ ", session, flags=re.M)[1:]:
        command, _, output = part.partition("\n")
        code = re.search(r"^\(exit (\d+)\)\n?\Z", output, re.M)
        yield command, output[: code.start()] if code else output, int(code[1]) if code else 0


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_the_page_is_true(page: Path, tmp_path: Path) -> None:
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path / "home"),
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")),
        "LANG": "C.UTF-8",
        "COLUMNS": "100",
    }
    work = tmp_path / "work"
    work.mkdir()
    shutil.copytree(ROOT / "examples", work / "examples")
    for file, kind, text in blocks(page):
        if file:
            (work / file).parent.mkdir(parents=True, exist_ok=True)
            (work / file).write_text(text, encoding="utf-8")
        elif kind == "console":
            for command, expected, code in commands(text):
                words = shlex.split(command)
                done = subprocess.run(
                    words,
                    cwd=work,
                    env=environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    timeout=120,
                    check=False,
                )
                told = f"$ {command}\n{done.stdout}"
                assert done.returncode == code, told
                flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
                assert _SAME.check_output(expected, done.stdout, flags), told
        elif kind == "python":
            done = subprocess.run(
                [sys.executable, "-c", text],
                cwd=work,
                env=environment,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr


def test_some_pages_have_sessions() -> None:
    kinds = [kind for page in PAGES for _, kind, _ in blocks(page)]
    assert kinds.count("console") >= 5
    assert kinds.count("python") >= 2


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_check_that_the_page_writes_runs(tmp_path: Path) -> None:
    """The file as it stands there, in a copy of the package, with the line that the page adds to its table."""
    page = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"here `long_lines\.py`:\n\n```\n(.*?)^```$", page, re.M | re.S)
    (line,) = re.findall(r'`("long-lines":\s+"lamarck\.checks\.long_lines:build",)`', page)
    shutil.copytree(ROOT / "lamarck", tmp_path / "lamarck", ignore=shutil.ignore_patterns("__pycache__"))
    checks = tmp_path / "lamarck" / "checks"
    (checks / "long_lines.py").write_text(text, encoding="utf-8")
    gate = checks / "gate.py"
    before = '    "parse": '
    table = gate.read_text(encoding="utf-8")
    assert table.count(before) == 1
    gate.write_text(table.replace(before, f"    {line}\n{before}"), encoding="utf-8")
    (tmp_path / "wide.py").write_text(f'"""Wide."""\n\nTEXT = "{"x" * 100}"\n', encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "HOME": str(tmp_path), "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, "-m", "lamarck", "check", "wide.py", "--no-tests", "--level", "quick"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert re.search(r"long-lines +failed +6\.7", done.stdout), done.stdout + done.stderr
    assert "wide.py:3: long-lines long-line: 109 characters" in done.stdout
