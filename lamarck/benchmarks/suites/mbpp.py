"""MBPP: one sentence and one visible assert are shown; the other asserts score."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lamarck.benchmarks.problem import Problem, hidden_tests
from lamarck.benchmarks.suites.rows import MODULE, json_lines, names_defined, names_read
from lamarck.errors import BadInput
from lamarck.records import SourceFile

_KEYS = ("id", "prompt", "visible_test", "hidden_tests", "imports", "reference")


def mbpp(path: Path) -> Iterator[Problem]:
    """One problem a row. Raises `BadInput` for a file of another form."""
    for row in json_lines(path, _KEYS):
        wanted = sorted(names_read(row["visible_test"]) & names_defined(row["reference"]))
        if not wanted:
            raise BadInput(
                f"{path}: the visible test of {row['id']} calls no function of the reference", "leave it out"
            )
        imports = f"from {MODULE} import {', '.join(wanted)}"
        yield Problem(
            id=row["id"],
            files=(SourceFile(path="test_shown.py", text=_file(row, imports, [row["visible_test"]])),),
            source=row["prompt"].strip(),
            tests=("test_shown.py",),
            hidden=(hidden_tests("test_hidden.py", _file(row, imports, row["hidden_tests"])),),
            reference=(SourceFile(path=f"{MODULE}.py", text=row["reference"].strip() + "\n"),),
        )


def _file(row: dict[str, Any], imports: str, asserts: list[str]) -> str:
    """One test function an assert."""
    top, inside = imports + "\n", ""
    if " test" in imports:  # pytest would take the function itself for a test where it stands at module level
        top, inside = "", f"    {imports}\n"
    # Some asserts use a module that the reference imports: in the suite both are run in one namespace.
    used = sorted(names_read("\n".join(asserts)) & sys.stdlib_module_names)
    modules = [line for line in (f"import {name}" for name in used) if line not in row["imports"]]
    head = "\n".join([*row["imports"], *modules, top])
    tests = [f"def test_{number}():\n{inside}    {text.strip()}\n" for number, text in enumerate(asserts, 1)]
    return "\n\n".join([*([head] if head else []), *tests])
