"""bandit over one source text: in process, without its command line, its files, its `# nosec`, or its global traces."""

from __future__ import annotations

import io
import threading
import warnings
from functools import cache
from importlib.metadata import version
from typing import Any

from lamarck.records import Finding

_lock = threading.Lock()  # loading bandit swaps warning filters, and its tests share a configuration


class ScanBroke(Exception):
    """One of bandit's own tests failed on this source, so that finding nothing means nothing."""


@cache
def bandit_version() -> str:
    return version("bandit")


def scan(text: str, path: str) -> tuple[Finding, ...]:
    """bandit's findings in Python source that parses; the rule is bandit's test id.

    B101 (assert) is left out: asserts state invariants. Raises `ScanBroke`, and `RecursionError` for source that nests
    too deeply for it.
    """
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tests = _loaded()
        data = text.encode()
        visitor = tests.visitor(data)
        visitor.process(data)
    return tuple(
        Finding(
            rule=issue.test_id,
            message=" ".join(issue.text.split()),
            severity=_level(issue.severity),
            confidence=_level(issue.confidence),
            path=path,
            line=issue.lineno or 0,
        )
        for issue in visitor.tester.results
    )


def _level(level: str) -> str:
    return "low" if level == "UNDEFINED" else level.lower()


class _Bandit:
    """bandit's parts, loaded once. Importing them replaces `warnings.formatwarning`, which is put back."""

    def __init__(self) -> None:
        as_it_was = warnings.formatwarning
        try:
            from bandit.core import config, meta_ast, metrics, node_visitor, test_set, tester
        finally:
            warnings.formatwarning = as_it_was

        class Strict(tester.BanditTester):  # type: ignore[misc]
            @staticmethod
            def report_error(test: str, context: Any, error: Exception) -> None:
                raise ScanBroke(f"{test}: {type(error).__name__}: {error}") from error

        self._strict = Strict
        self._meta_ast = meta_ast
        self._metrics = metrics
        self._node_visitor = node_visitor
        self._tests = test_set.BanditTestSet(config.BanditConfig(), profile={"exclude": ["B101"]})

    def visitor(self, data: bytes) -> Any:
        metrics = self._metrics.Metrics()
        metrics.begin("candidate")
        # "./": a name in a folder, for which bandit need not look at the disk.
        visitor = self._node_visitor.BanditNodeVisitor(
            "./candidate.py", io.BytesIO(data), self._meta_ast.BanditMetaAst(), self._tests, False, {}, metrics
        )
        visitor.tester = self._strict(self._tests, False, {}, metrics)
        return visitor


@cache
def _loaded() -> _Bandit:
    return _Bandit()
