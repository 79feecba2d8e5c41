"""The form of the library file, and how an older file is brought to it.

`user_version` counts the migrations that a file has gone through; creating it is the first. A change to a record
of `lamarck.records` that old JSON does not satisfy needs a migration here too. Migrations only go forward, in one
transaction, after a backup.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from lamarck.errors import LibraryTooNew, LibraryUnavailable
from lamarck.library.backup import make_backup
from lamarck.library.columns import fill_columns, fill_parents

APPLICATION_ID = 0x4C414D4B  # "LAMK": stands in the header of every library file

_SPEND = """
    calls INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
    usd REAL NOT NULL, spend_seconds REAL NOT NULL, cpu_seconds REAL NOT NULL"""

_CREATE = (
    # What searches and figures read, and what changes with use, stands apart from the record, whose evidence can be
    # long: counting a use does not write it again.
    """CREATE TABLE artifacts (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        created TEXT NOT NULL,
        status TEXT NOT NULL,
        served INTEGER NOT NULL,
        last_served TEXT,
        arity INTEGER,              -- parameters of the entry point; NULL: a class, or unknown
        returns TEXT,               -- outline of what it returns
        meaning TEXT NOT NULL       -- the text that is embedded
    )""",
    """CREATE TABLE records (
        seq INTEGER PRIMARY KEY REFERENCES artifacts (seq),
        record TEXT NOT NULL        -- the artifact; its status and usage are those of the columns above
    )""",
    "CREATE INDEX artifacts_by_age ON artifacts (created)",
    "CREATE INDEX artifacts_by_status ON artifacts (status, served)",
    # One row for every live artifact, none for a retired one; rowid is artifacts.seq.
    """CREATE VIRTUAL TABLE words USING fts5 (
        name, goal, signature, doc, tokenize = 'porter unicode61 remove_diacritics 2'
    )""",
    # At most one vector for a live artifact: float32, little-endian, of length 1. `changed` is the value of the
    # counter 'vectors' when the row was written, so that a process can fetch only what is new.
    """CREATE TABLE vectors (
        seq INTEGER PRIMARY KEY REFERENCES artifacts (seq),
        digest TEXT NOT NULL,       -- of the embedding model
        changed INTEGER NOT NULL,
        vector BLOB NOT NULL
    )""",
    "CREATE INDEX vectors_by_change ON vectors (digest, changed)",
    "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    "INSERT INTO counters VALUES ('vectors', 0)",
    f"""CREATE TABLE runs (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        started TEXT NOT NULL,
        exit_reason TEXT,           -- NULL: still going, or killed
        seconds REAL,{_SPEND},
        record TEXT NOT NULL        -- the run without its attempts
    )""",
    "CREATE INDEX runs_by_age ON runs (started)",
    f"""CREATE TABLE attempts (
        run INTEGER NOT NULL REFERENCES runs (seq),
        number INTEGER NOT NULL,
        generator TEXT NOT NULL,
        decision TEXT,{_SPEND},
        record TEXT NOT NULL,
        PRIMARY KEY (run, number)
    )""",
    "CREATE TABLE verdicts (key TEXT PRIMARY KEY, stored TEXT NOT NULL, record TEXT NOT NULL)",
)

# Form 2: filters, versions, licences, uses; records compressed; only a hash of the text that is embedded, which the
# record tells again.
_FILTERS = (
    "ALTER TABLE artifacts ADD COLUMN kind TEXT NOT NULL DEFAULT 'function'",
    "ALTER TABLE artifacts ADD COLUMN quality REAL",  # NULL: not measured
    "ALTER TABLE artifacts ADD COLUMN licence TEXT",  # NULL: the user's own
    "ALTER TABLE artifacts ADD COLUMN free INTEGER NOT NULL DEFAULT 1",  # whether its licence lets anybody use it
    "ALTER TABLE artifacts ADD COLUMN key TEXT NOT NULL DEFAULT ''",  # of the task
    # Whether searches find it: it is live, and no better version answers for its task. `why` says which does.
    "ALTER TABLE artifacts ADD COLUMN found INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE artifacts ADD COLUMN why TEXT",
    "ALTER TABLE artifacts ADD COLUMN tried INTEGER NOT NULL DEFAULT 0",  # uses, accepted or not
    "ALTER TABLE artifacts ADD COLUMN use_seconds REAL NOT NULL DEFAULT 0",  # that they took in all
    "UPDATE artifacts SET found = status = 'live'",
    "CREATE TABLE tags (tag TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (tag, seq)) WITHOUT ROWID",
    "CREATE INDEX tags_by_artifact ON tags (seq)",
    "CREATE INDEX artifacts_by_key ON artifacts (key)",
    "CREATE INDEX artifacts_by_quality ON artifacts (quality) WHERE found",
    "CREATE INDEX artifacts_not_free ON artifacts (licence) WHERE NOT free",
    # Rows that lost their vector, by the counter 'vectors', for processes that hold a copy.
    "CREATE TABLE vector_drops (changed INTEGER PRIMARY KEY, seq INTEGER NOT NULL)",
    "CREATE TABLE properties (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    fill_columns,
)

# Form 3: who descends from what, where artifacts went and came from, what each use was; caches that may be emptied.
_SHARING = (
    "CREATE TABLE parents (parent TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (parent, seq)) WITHOUT ROWID",
    """CREATE TABLE bundles (
        bundle TEXT NOT NULL,       -- SHA-256 of its manifest
        artifact TEXT NOT NULL,
        direction TEXT NOT NULL,    -- exported | imported
        place TEXT NOT NULL,
        signer TEXT NOT NULL,       -- empty: nobody
        at TEXT NOT NULL,
        PRIMARY KEY (bundle, artifact, direction)
    ) WITHOUT ROWID""",
    "CREATE INDEX bundles_by_artifact ON bundles (artifact)",
    """CREATE TABLE uses (
        artifact INTEGER NOT NULL REFERENCES artifacts (seq),
        run TEXT NOT NULL,          -- empty: outside a run
        at TEXT NOT NULL,
        accepted INTEGER NOT NULL,
        seconds REAL NOT NULL
    )""",
    "CREATE INDEX uses_by_artifact ON uses (artifact)",
    # A request that was served before, by the artifact that served it. `checked` is a hash over the row.
    """CREATE TABLE recognised (
        key TEXT PRIMARY KEY,
        artifact TEXT NOT NULL,
        version TEXT NOT NULL,
        hits INTEGER NOT NULL,
        seconds REAL NOT NULL,      -- that one hit saves, as measured when it was made
        used TEXT NOT NULL,
        checked TEXT NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE results (
        key TEXT PRIMARY KEY,       -- of artifact, call and environment
        artifact TEXT NOT NULL,
        call TEXT NOT NULL,
        result TEXT NOT NULL,
        at TEXT NOT NULL,
        checked TEXT NOT NULL
    ) WITHOUT ROWID""",
    fill_parents,
)

Migration = Sequence[str | Callable[[sqlite3.Connection], None]]
MIGRATIONS: tuple[Migration, ...] = (_CREATE, _FILTERS, _SHARING)


def refuse_foreign(connection: sqlite3.Connection, path: Path, *, newest: int = len(MIGRATIONS)) -> int:
    """The file's version, 0 for an empty file.

    Raises `LibraryTooNew` for a later form and `LibraryUnavailable` for another application's database.
    """
    application = _pragma(connection, "application_id")
    version = _pragma(connection, "user_version")
    if application == APPLICATION_ID:
        if version > newest:
            raise LibraryTooNew(
                f"a later version of Lamarck wrote the library {path} (form {version}, known here: {newest})",
                "upgrade Lamarck, or name another file with --library",
            )
        return version
    if application != 0 or version != 0 or connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
        raise LibraryUnavailable(
            f"{path} is a database of another application", "name another file with --library; this one was not touched"
        )
    return 0


def migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> Path | None:
    """Bring the file to the newest form; returns the backup that was made, if one was needed.

    Takes the write lock first, so that of several processes that meet an old file one migrates and the others find
    it done.
    """
    newest = len(migrations)
    connection.execute("BEGIN")  # one snapshot: another process may be creating the file
    try:
        version = refuse_foreign(connection, path, newest=newest)
    finally:
        connection.execute("ROLLBACK")
    if version == newest:
        return None
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = refuse_foreign(connection, path, newest=newest)
        backup = make_backup(path, version) if 0 < version < newest else None
        for migration in migrations[version:]:
            for statement in migration:
                if callable(statement):
                    statement(connection)
                else:
                    connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {newest}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return backup


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value
