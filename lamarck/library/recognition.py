"""Requests that were served before, and by which artifact: two tiers, memory and the library file.

A request is recognised word for word, or by its words in their base form. Word order, negations, names and numbers
stay, so that "add a course to the student" never meets "add a student to the course", nor "with" meets "without". A hit
is a proposal that saves the search: like any other candidate it is proven by the tests of the task at hand.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections import OrderedDict
from collections.abc import Sequence

from lamarck.library.connection import Connection
from lamarck.library.index_entry import split_words
from lamarck.library.signature import shape_of
from lamarck.records import Task, content_id, now

VERSION = "1 align-2"  # of what a hit is made of; a row of another version is as good as none
_IN_MEMORY = 512
_log = logging.getLogger("lamarck.library")

# What says nothing of what is wanted. No "not", no "no", no "in", no "to": these say most.
_EMPTY = frozenset({"a", "an", "the", "please", "kindly", "just"})
_IRREGULAR = {
    "is": "be", "are": "be", "was": "be", "were": "be", "been": "be", "has": "have", "had": "have", "does": "do",
    "did": "do", "done": "do", "goes": "go", "went": "go", "gone": "go", "gets": "get", "got": "get", "makes": "make",
    "made": "make", "making": "make", "gives": "give", "gave": "give", "given": "give", "giving": "give",
    "takes": "take", "took": "take", "taken": "take", "taking": "take", "writes": "write", "wrote": "write",
    "written": "write", "writing": "write", "found": "find", "kept": "keep", "sent": "send", "children": "child",
    "people": "person", "men": "man", "women": "woman", "mice": "mouse", "feet": "foot", "indices": "index",
    "vertices": "vertex", "matrices": "matrix", "leaves": "leaf", "halves": "half", "using": "use", "used": "use",
    "this": "this", "less": "less", "yes": "yes", "always": "always", "news": "news", "string": "string",
    "thing": "thing", "nothing": "nothing", "something": "something", "during": "during", "bring": "bring",
    "need": "need", "speed": "speed", "seed": "seed", "feed": "feed", "bed": "bed", "red": "red", "embed": "embed",
    "hundred": "hundred", "king": "king", "ring": "ring", "ping": "ping", "sing": "sing", "morning": "morning",
}  # fmt: skip


def lemma(word: str) -> str:
    """The base form of an English word in lower case, by rule; words that no rule fits stay as they are."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or not word.isalpha():
        return word
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is", "as", "os")):
        return word[:-1]
    if word.endswith("ied") and len(word) > 4:
        return f"{word[:-3]}y"
    for ending in ("ing", "ed"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= 3 and re.search(r"[aeiouy]", stem):
            return _restored(stem)
    return word


def _restored(stem: str) -> str:
    if len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] not in "lsz":
        return stem[:-1]  # running: run
    if re.search(r"[^aeiou][aeiou][^aeiouwxy]$", stem) and len(stem) <= 4:
        return f"{stem}e"  # coding: code
    if stem.endswith(("at", "iz", "is", "v", "c", "g", "s", "u")) and not stem.endswith(("ss", "us", "ng")):
        return f"{stem}e"  # creating: create
    return stem


def normalised(text: str) -> str:
    """Words in base form and in their order; numbers and quoted names as they are."""
    return " ".join(lemma(word) for word in split_words(text) if word not in _EMPTY)


def keys_of(task: Task) -> tuple[str, str]:
    """(word for word, normalised): what a request is recognised by. Names and signature belong to the request."""
    exact = content_id("request", task.goal, task.signature, task.entry_point, task.language)
    shape = shape_of(task.signature) if task.signature else None
    arity = None if shape is None else [shape.arity, shape.returns]
    return exact, content_id("normalised request", normalised(task.goal), arity, task.language)


class Recognition:
    """The memory tier over the rows of one library. `size`: rows at most; 0: nothing is remembered."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._memory: OrderedDict[str, str] = OrderedDict()

    def artifact_for(self, connection: Connection, task: Task) -> str | None:
        """The id of what served this request before, and is still found. A row that does not hold what it held when it
        was written is dropped, with a line in the log."""
        for key in keys_of(task) if self.size else ():
            artifact = self._memory.get(key) or self._read(connection, key)
            if artifact is None:
                continue
            found = connection.execute("SELECT found FROM artifacts WHERE id = ?", (artifact,)).fetchone()
            if found is not None and found[0]:
                self._remember(key, artifact)
                return artifact
            self._memory.pop(key, None)
        return None

    def _read(self, connection: Connection, key: str) -> str | None:
        row = connection.execute(
            "SELECT artifact, version, seconds, checked FROM recognised WHERE key = ?", (key,)
        ).fetchone()
        if row is None or row[1] != VERSION:
            return None
        if _checksum(key, *row[:3]) != row[3]:
            _log.warning("a recognised request (%s) was damaged and is left out", key[:12])
            return None
        return str(row[0])

    def _remember(self, key: str, artifact: str) -> None:
        self._memory[key] = artifact
        self._memory.move_to_end(key)
        while len(self._memory) > min(self.size, _IN_MEMORY):
            self._memory.popitem(last=False)

    def hit(self, connection: Connection, task: Task) -> None:
        """It served again: the row that stands for all forms of the request is worth more."""
        _, key = keys_of(task)
        connection.execute("UPDATE recognised SET hits = hits + 1, used = ? WHERE key = ?", (now(), key))

    def served(self, connection: Connection, task: Task, artifact_id: str, seconds: float) -> None:
        """A request was served. A hit is what served it before, as it is or aligned to the name it has now; the row for
        all forms of the request then stays with what was aligned."""
        known = self.artifact_for(connection, task)
        if known is not None and (known == artifact_id or _descends(connection, artifact_id, known)):
            self.hit(connection, task)
            if known != artifact_id:
                self._learn(connection, keys_of(task)[:1], artifact_id, seconds)
        elif self.size:
            self._learn(connection, keys_of(task), artifact_id, seconds)

    def _learn(self, connection: Connection, keys: Sequence[str], artifact_id: str, seconds: float) -> None:
        """seconds: what a hit saves, as the run that served the request measured it."""
        for key in keys:
            checked = _checksum(key, artifact_id, VERSION, seconds)
            connection.execute(
                "INSERT INTO recognised VALUES (?, ?, ?, 0, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET"
                " artifact = excluded.artifact, version = excluded.version, seconds = excluded.seconds,"
                " used = excluded.used, checked = excluded.checked",
                (key, artifact_id, VERSION, seconds, now(), checked),
            )
            self._remember(key, artifact_id)
        self._evict(connection)

    def _evict(self, connection: Connection) -> None:
        """What saved least so far goes first; of equals what was not used for longest."""
        (rows,) = connection.execute("SELECT count(*) FROM recognised").fetchone()
        if rows > self.size:
            connection.execute(
                "DELETE FROM recognised WHERE key IN (SELECT key FROM recognised ORDER BY version = ?,"
                " hits * seconds, used LIMIT ?)",
                (VERSION, rows - self.size + self.size // 20),
            )
            self._memory.clear()

    def forget(self, connection: Connection, task: Task) -> None:
        for key in keys_of(task):
            connection.execute("DELETE FROM recognised WHERE key = ?", (key,))
            self._memory.pop(key, None)

    def clear(self, connection: Connection) -> int:
        self._memory.clear()
        return int(connection.execute("DELETE FROM recognised").rowcount)


def _descends(connection: Connection, artifact_id: str, parent: str) -> bool:
    of_it = "SELECT 1 FROM parents JOIN artifacts USING (seq) WHERE parents.parent = ? AND artifacts.id = ?"
    return connection.execute(of_it, (parent, artifact_id)).fetchone() is not None


def _checksum(key: str, artifact: str, version: str, seconds: float) -> str:
    return hashlib.sha256(f"{key}\0{artifact}\0{version}\0{seconds!r}".encode()).hexdigest()
