"""The verdict cache, stage by stage: what a check said of equal code, tests, environment and settings.

One SQLite file that can be thrown away at any time. A check that broke is never kept: it may do better next time.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from lamarck.checks.check import Check, Level
from lamarck.records import Candidate, CheckOutcome, Evidence, Task, content_id, make_candidate, now

_MOST_ROWS = 20_000
_KEPT = frozenset({CheckOutcome.PASSED, CheckOutcome.FAILED, CheckOutcome.SKIPPED})
_SCHEMA = "CREATE TABLE IF NOT EXISTS stages (key TEXT PRIMARY KEY, at TEXT NOT NULL, value BLOB NOT NULL)"


class StageCache:
    """Key → bytes, on disk. A file that cannot be used is as good as an empty one."""

    def __init__(self, path: Path | None) -> None:
        """path: None keeps everything in memory."""
        self._lock = threading.Lock()
        self._connection = _opened(path)

    def get(self, key: str) -> bytes | None:
        try:
            with self._lock:
                row = self._connection.execute("SELECT value FROM stages WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error:
            return None
        return bytes(row[0]) if row else None

    def put(self, key: str, value: bytes) -> None:
        try:
            with self._lock, self._connection as connection:
                connection.execute("INSERT OR REPLACE INTO stages VALUES (?, ?, ?)", (key, now(), value))
                (count,) = connection.execute("SELECT count(*) FROM stages").fetchone()
                if count > _MOST_ROWS:
                    connection.execute(
                        "DELETE FROM stages WHERE key IN (SELECT key FROM stages ORDER BY at LIMIT ?)", (count // 4,)
                    )
        except sqlite3.Error:
            return  # locked or full: measured again next time

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _opened(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, timeout=1.0, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(_SCHEMA)
            return connection
        except (sqlite3.Error, OSError):
            pass
    memory = sqlite3.connect(":memory:", check_same_thread=False)
    memory.execute(_SCHEMA)
    return memory


class Noted:
    """A set of keys, in the cache where there is one."""

    def __init__(self, cache: StageCache | None, name: str) -> None:
        self._cache = cache
        self._name = name
        self._own: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._own or (self._cache is not None and self._cache.get(self._full(key)) is not None)

    def add(self, key: str) -> None:
        self._own.add(key)
        if self._cache is not None:
            self._cache.put(self._full(key), b"1")

    def _full(self, key: str) -> str:
        return content_id(self._name, key)


class Staged:
    """A check whose answers are kept.

    scope: what else its answer depends on. required: None as the check says. only: files (of the candidate's) to show
    to a check that looks at each by itself. fresh: measure again. begin: called before a check runs.
    """

    def __init__(
        self,
        check: Check,
        cache: StageCache,
        *,
        scope: str,
        required: bool | None = None,
        only: frozenset[str] | None = None,
        fresh: bool = False,
        begin: Callable[[str], None] | None = None,
    ) -> None:
        self._only = only if getattr(check, "per_file", False) else None
        self._begin = begin
        self._check = check
        self._cache = cache
        self._scope = scope
        self._fresh = fresh
        self.required = check.required if required is None else required
        self.served = False  # whether the last answer was a kept one

    @property
    def name(self) -> str:
        return self._check.name

    @property
    def version(self) -> str:
        return self._check.version

    @property
    def level(self) -> Level:
        return self._check.level

    @property
    def runs_code(self) -> bool:
        return bool(getattr(self._check, "runs_code", True))

    def applies(self, task: Task) -> bool:
        return self._check.applies(task)

    def run(self, task: Task, candidate: Candidate) -> Evidence:
        only = None if self._only is None else sorted(self._only)  # no file is another thing than all files
        key = content_id("stage", self.name, self.version, self._scope, candidate.id, only)
        if not self._fresh and (kept := self._cache.get(key)) is not None:
            try:
                evidence = Evidence.from_json(kept)
            except msgspec.MsgspecError:
                evidence = None
            if evidence is not None:
                self.served = True
                return evidence
        self.served = False
        if self._begin is not None:
            self._begin(self.name)
        evidence = self._measured(task, candidate)
        if evidence.outcome in _KEPT:
            self._cache.put(key, evidence.to_json().encode())
        return evidence

    def _measured(self, task: Task, candidate: Candidate) -> Evidence:
        if self._only is None:
            return self._check.run(task, candidate)
        files = tuple(f for f in candidate.files if f.path in self._only)
        part = make_candidate(files=files, entry_point=candidate.entry_point, origin=candidate.origin)
        return self._check.run(task, part).replace(candidate_id=candidate.id)


def scope_of(task: Task, environment: str, *more: object) -> str:
    """Everything about a task that a check may look at."""
    asked = [task.module, task.entry_point, task.stubs, task.support, task.acceptance, task.job_limits, task.goal]
    return content_id("scope", asked, environment, more)
