"""Benchmarks measure what users have: they import the public API and the records, nothing below them."""

from __future__ import annotations

import ast
from pathlib import Path

import lamarck.benchmarks

ALLOWED = ("lamarck", "lamarck.api", "lamarck.records", "lamarck.errors", "lamarck.temporary")
OF_A_ROOM = {  # what measures one room by itself sees that room
    "sandboxes.py": ("lamarck.sandbox", "lamarck.checks.judge.judge", "lamarck.settings"),
    "leftovers.py": ("lamarck.sandbox", "lamarck.checks.judge.judge"),
    "replies.py": ("lamarck.generators",),
    "corpus.py": ("lamarck.library", "lamarck.settings"),
    "library.py": ("lamarck.library", "lamarck.models.weights"),
    "retrieval.py": ("lamarck.library",),
    "security.py": ("lamarck.checks",),
    "performance.py": ("lamarck.checks", "lamarck.sandbox", "lamarck.settings"),
    "labelling.py": ("lamarck.checks", "lamarck.generators", "lamarck.models", "lamarck.sandbox", "lamarck.settings"),
    "lessons.py": ("lamarck.fixing.step",),
    "fixing.py": (
        "lamarck.checks.mutants",
        "lamarck.tasks.loading",
        "lamarck.tasks.part",
        "lamarck.sandbox.interpreter",
    ),
    "standards.py": ("lamarck.models.tokens", "lamarck.settings"),
}


def test_benchmarks_import_only_the_public_api() -> None:
    folder = Path(lamarck.benchmarks.__file__).parent
    imported = {
        (path.name, name)
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in _names(node)
        if name.split(".")[0] == "lamarck"
    }
    assert len({name for name, _ in imported}) > 10
    wrong = {
        (f, n)
        for f, n in imported
        if n not in ALLOWED and not n.startswith(("lamarck.benchmarks", *OF_A_ROOM.get(f, ())))
    }
    assert wrong == set()


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []
