"""Replies by their exact key, in one SQLite file that several processes share."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import msgspec

from lamarck.errors import BadInput, DiskFull
from lamarck.models.model import Message, Reply, Request, prompt_key, reply_key
from lamarck.models.sqlite_file import SqliteFile
from lamarck.records import Record, content_id, now

_VERSION = 1
_SCHEMA = (
    "CREATE TABLE replies (key TEXT PRIMARY KEY, model TEXT NOT NULL, digest TEXT NOT NULL, at TEXT NOT NULL,"
    " request TEXT NOT NULL, reply TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE counts (key TEXT PRIMARY KEY, tokens INTEGER NOT NULL) STRICT, WITHOUT ROWID",
)


CountTokens = Callable[[tuple[Message, ...]], int]


class Entry(Record, frozen=True, kw_only=True):
    """One recorded reply with what was asked; one line of an exported bank."""

    key: str
    at: str
    request: Request
    reply: Reply
    counted: int | None = None  # what `count_tokens` had said of the request's messages


class Bank:
    """What models answered. A key is `request_key`: equal messages, weights, sampling, seed and template.

    What `put` returned from is on disk. Raises what `SqliteFile` raises.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = SqliteFile(path, schema=_SCHEMA, version=_VERSION)

    @classmethod
    def of_lines(cls, path: Path) -> Bank:
        """An exported bank in memory, for replaying it as it is. Raises `BadInput`."""
        entries = tuple(read_lines(path))
        bank = cls(Path(":memory:"))
        bank.path = path
        bank._insert(entries)
        return bank

    def get(self, key: str) -> Reply | None:
        """The reply as it was recorded, with `from_cache` set."""
        with self._file.reading() as db:
            row = db.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
        return None if row is None else Reply.from_json(row[0]).replace(from_cache=True)

    def put(self, key: str, request: Request, reply: Reply) -> None:
        """Keep a reply. The first one of a key stays: a second would make a replay answer otherwise."""
        self._insert((Entry(key=key, at=now(), request=request, reply=reply.replace(from_cache=False)),))

    def count(self, digest: str, messages: tuple[Message, ...], count_tokens: CountTokens) -> int:
        """What `count_tokens` says of `messages` for the model with `digest`, asked once and remembered.

        A reply's key depends on how many tokens were left for it, so a resumed run must count as the first one did,
        whether or not the tokenizer is loaded by now.
        """
        key = _count_key(digest, messages)
        with self._file.reading() as db:
            row = db.execute("SELECT tokens FROM counts WHERE key = ?", (key,)).fetchone()
        if row is not None:
            return int(row[0])
        tokens = count_tokens(messages)
        with self._file.writing() as db:
            db.execute("INSERT OR IGNORE INTO counts VALUES (?, ?)", (key, tokens))
            return int(db.execute("SELECT tokens FROM counts WHERE key = ?", (key,)).fetchone()[0])

    def holds_continued(self) -> bool:
        """Whether a reply is in it that had been begun for the model."""
        sql = "SELECT 1 FROM replies WHERE json_extract(request, '$.messages[#-1].role') = 'assistant' LIMIT 1"
        with self._file.reading() as db:
            return db.execute(sql).fetchone() is not None

    def entries(self) -> Iterator[Entry]:
        """All of them, by key: equal banks are listed equally."""
        with self._file.reading() as db:
            rows = db.execute("SELECT key, at, request, reply FROM replies ORDER BY key").fetchall()
            counts = dict(db.execute("SELECT key, tokens FROM counts").fetchall())
        for key, at, request_text, reply_text in rows:
            request, reply = Request.from_json(request_text), Reply.from_json(reply_text)
            counted = counts.get(_count_key(reply.model_digest, request.messages))
            yield Entry(key=key, at=at, request=request, reply=reply, counted=counted)

    def models(self) -> tuple[tuple[str, str], ...]:
        """(name, digest) of every model that has replies here."""
        with self._file.reading() as db:
            return tuple(db.execute("SELECT DISTINCT model, digest FROM replies ORDER BY model, digest").fetchall())

    def __len__(self) -> int:
        with self._file.reading() as db:
            return int(db.execute("SELECT count(*) FROM replies").fetchone()[0])

    def export_lines(self, path: Path) -> int:
        """Write every entry as one JSON line, sorted by key, whole or not at all, packed where the name ends in `.gz`;
        how many. Raises `DiskFull`."""
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        count = 0
        try:
            with temporary.open("wb") as file:
                # No name and time of packing: equal banks make equal files.
                packed = gzip.GzipFile("", "wb", fileobj=file, mtime=0) if path.suffix == ".gz" else None
                with packed or nullcontext(file) as out:
                    for entry in self.entries():
                        out.write(entry.to_json().encode() + b"\n")
                        count += 1
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            raise DiskFull(f"{path}: cannot be written: {error.strerror}", "check the folder and its space") from error
        finally:
            temporary.unlink(missing_ok=True)
        return count

    def import_lines(self, path: Path) -> int:
        """Take over the entries of an exported bank, all or none. Returns how many were new. Raises `BadInput`."""
        return self._insert(tuple(read_lines(path)))

    def close(self) -> None:
        self._file.close()

    def _insert(self, entries: tuple[Entry, ...]) -> int:
        replies = [
            (e.key, e.reply.model, e.reply.model_digest, e.at, e.request.to_json(), e.reply.to_json()) for e in entries
        ]
        counts = [
            (_count_key(e.reply.model_digest, e.request.messages), e.counted) for e in entries if e.counted is not None
        ]
        with self._file.writing() as db:
            before = db.total_changes
            db.executemany("INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?, ?, ?)", replies)
            new = db.total_changes - before
            db.executemany("INSERT OR IGNORE INTO counts VALUES (?, ?)", counts)
        return new


def read_lines(path: Path) -> Iterator[Entry]:
    """The entries of an exported bank. Raises `BadInput` naming the line that is none or whose key is not its own."""
    try:
        content = path.read_bytes()
        lines = (gzip.decompress(content) if path.suffix == ".gz" else content).decode().splitlines()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read: {error}", "name an exported bank of replies") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            entry = Entry.from_json(line)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise BadInput(f"{path}, line {number}: no recorded reply: {error}", "export the bank again") from error
        if entry.key != reply_key(entry.reply.model_digest, entry.request):
            raise BadInput(f"{path}, line {number}: the key is not that of its request", "export the bank again")
        yield entry


def _count_key(digest: str, messages: tuple[Message, ...]) -> str:
    return content_id("count", digest, prompt_key(messages))
