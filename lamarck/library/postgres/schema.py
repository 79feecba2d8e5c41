"""The form of a library in Postgres: the same tables as in a file, in a schema of their own.

`properties` holds the form's number. Migrations go forward only, each in one transaction. The extension pgvector
holds the vectors; full text is Postgres's own, over porter stems without stop words, as in a file.
"""

from __future__ import annotations

from collections.abc import Sequence

from lamarck.errors import LibraryTooNew, LibraryUnavailable
from lamarck.library.connection import Connection

SCHEMA = "lamarck"
_OLDEST_SERVER = 150000
_OLDEST_VECTOR = (0, 8)  # the first that goes on searching where a filter leaves out what it found
_LOCK = 0x4C414D4B

_SPEND = """
    calls BIGINT NOT NULL, prompt_tokens BIGINT NOT NULL, completion_tokens BIGINT NOT NULL,
    usd DOUBLE PRECISION NOT NULL, spend_seconds DOUBLE PRECISION NOT NULL, cpu_seconds DOUBLE PRECISION NOT NULL"""

# Ids and times are compared by their bytes, as in a file, whatever the language of the database.
_CREATE = (
    """CREATE TABLE artifacts (
        seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id TEXT COLLATE "C" NOT NULL UNIQUE,
        created TEXT COLLATE "C" NOT NULL,
        status TEXT NOT NULL,
        served BIGINT NOT NULL,
        last_served TEXT COLLATE "C",
        arity BIGINT,
        returns TEXT,
        meaning TEXT NOT NULL,
        kind TEXT NOT NULL,
        quality DOUBLE PRECISION,
        licence TEXT,
        free BOOLEAN NOT NULL,
        key TEXT NOT NULL,
        found BOOLEAN NOT NULL,
        why TEXT,
        tried BIGINT NOT NULL DEFAULT 0,
        use_seconds DOUBLE PRECISION NOT NULL DEFAULT 0
    )""",
    "CREATE TABLE records (seq BIGINT PRIMARY KEY REFERENCES artifacts, record BYTEA NOT NULL)",
    "CREATE INDEX artifacts_by_age ON artifacts (created, seq)",
    "CREATE INDEX artifacts_by_key ON artifacts (key)",
    "CREATE INDEX artifacts_by_quality ON artifacts (quality) WHERE found",
    "CREATE INDEX artifacts_not_free ON artifacts (licence) WHERE NOT free",
    f"""CREATE TEXT SEARCH DICTIONARY {SCHEMA}.stem (TEMPLATE = pg_catalog.snowball, LANGUAGE = porter)""",
    f"CREATE TEXT SEARCH CONFIGURATION {SCHEMA}.words (PARSER = pg_catalog.default)",
    f"""ALTER TEXT SEARCH CONFIGURATION {SCHEMA}.words
        ADD MAPPING FOR asciiword, word, numword, int, uint, float, sfloat, version WITH {SCHEMA}.stem""",
    "CREATE TABLE words (rowid BIGINT PRIMARY KEY REFERENCES artifacts, lexemes TSVECTOR NOT NULL)",
    "CREATE INDEX words_by_lexeme ON words USING gin (lexemes) WITH (fastupdate = off)",
    # Of any model; an index for each, over the vectors of its dimension.
    "CREATE TABLE vectors (seq BIGINT PRIMARY KEY REFERENCES artifacts, digest TEXT NOT NULL, vector VECTOR NOT NULL)",
    "ALTER TABLE vectors ALTER COLUMN vector SET STORAGE PLAIN",
    "CREATE INDEX vectors_by_model ON vectors (digest)",
    f"""CREATE TABLE runs (
        seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id TEXT COLLATE "C" NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        started TEXT COLLATE "C" NOT NULL,
        exit_reason TEXT,
        seconds DOUBLE PRECISION,{_SPEND},
        record TEXT NOT NULL
    )""",
    "CREATE INDEX runs_by_age ON runs (started)",
    f"""CREATE TABLE attempts (
        run BIGINT NOT NULL REFERENCES runs,
        number BIGINT NOT NULL,
        generator TEXT NOT NULL,
        decision TEXT,{_SPEND},
        record TEXT NOT NULL,
        PRIMARY KEY (run, number)
    )""",
    'CREATE TABLE verdicts (key TEXT PRIMARY KEY, stored TEXT COLLATE "C" NOT NULL, record TEXT NOT NULL)',
    "CREATE INDEX verdicts_by_age ON verdicts (stored)",
    "CREATE TABLE tags (tag TEXT NOT NULL, seq BIGINT NOT NULL REFERENCES artifacts, PRIMARY KEY (tag, seq))",
    "CREATE INDEX tags_by_artifact ON tags (seq)",
    "CREATE TABLE parents (parent TEXT NOT NULL, seq BIGINT NOT NULL REFERENCES artifacts, PRIMARY KEY (parent, seq))",
    """CREATE TABLE bundles (
        bundle TEXT NOT NULL, artifact TEXT NOT NULL, direction TEXT NOT NULL, place TEXT NOT NULL,
        signer TEXT NOT NULL, at TEXT COLLATE "C" NOT NULL, PRIMARY KEY (bundle, artifact, direction)
    )""",
    "CREATE INDEX bundles_by_artifact ON bundles (artifact)",
    """CREATE TABLE uses (
        artifact BIGINT NOT NULL REFERENCES artifacts, run TEXT NOT NULL, at TEXT COLLATE "C" NOT NULL,
        accepted BOOLEAN NOT NULL, seconds DOUBLE PRECISION NOT NULL
    )""",
    "CREATE INDEX uses_by_artifact ON uses (artifact)",
    """CREATE TABLE recognised (
        key TEXT PRIMARY KEY, artifact TEXT NOT NULL, version TEXT NOT NULL, hits BIGINT NOT NULL,
        seconds DOUBLE PRECISION NOT NULL, used TEXT COLLATE "C" NOT NULL, checked TEXT NOT NULL
    )""",
)
# What may be found was last changed by the transaction of this number: readers keep what they know of it until then.
_CHANGED = f"UPDATE {SCHEMA}.properties SET value = pg_current_xact_id()::text"  # noqa: S608 - our own name
_DROP_OLDER_GRAPHS = f"""DO $$ DECLARE one record; BEGIN
        FOR one IN SELECT indexname FROM pg_indexes
            WHERE schemaname = '{SCHEMA}' AND starts_with(indexname, 'vectors_near_')
        LOOP EXECUTE format('DROP INDEX {SCHEMA}.%I', one.indexname); END LOOP; END $$"""  # noqa: S608 - our own name
_TELL_CHANGES = (
    _DROP_OLDER_GRAPHS,
    f"INSERT INTO {SCHEMA}.properties VALUES ('changed', '0')",  # noqa: S608 - our own name
    f"""CREATE FUNCTION {SCHEMA}.tell_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            {_CHANGED} WHERE name = 'changed' AND value != pg_current_xact_id()::text;
            RETURN NULL;
        END $$""",
    f"""CREATE TRIGGER artifacts_change
        AFTER INSERT OR DELETE OR UPDATE OF found, kind, quality, licence, free, arity, returns ON artifacts
        FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.tell_change()""",
    *(
        f"""CREATE TRIGGER {table}_change AFTER INSERT OR DELETE OR UPDATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.tell_change()"""
        for table in ("tags", "vectors")
    ),
)
MIGRATIONS: tuple[Sequence[str], ...] = (_CREATE, _TELL_CHANGES)


def form_of(connection: Connection) -> int:
    """The form that is there, 0 for none at all."""
    if connection.execute("SELECT to_regclass(?)", (f"{SCHEMA}.properties",)).fetchone()[0] is None:
        return 0
    row = connection.execute(f"SELECT value FROM {SCHEMA}.properties WHERE name = 'form'").fetchone()  # noqa: S608
    return int(row[0]) if row else 0


def migrate(connection: Connection, name: str, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> None:
    """Bring the schema to the newest form. Runs inside the caller's transaction; raises `LibraryTooNew` and
    `LibraryUnavailable`, and changes nothing then."""
    connection.execute("SELECT pg_advisory_xact_lock(?)", (_LOCK,))
    form = known_form(connection, name, len(migrations))
    if form == len(migrations):
        return
    if form == 0:
        if connection.execute("SELECT to_regnamespace(?)", (SCHEMA,)).fetchone()[0] is not None:
            tables = "SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace(?)"
            if connection.execute(tables, (SCHEMA,)).fetchone()[0]:
                raise LibraryUnavailable(
                    f"the schema {SCHEMA} of {name} belongs to something else", "name another database in library.path"
                )
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        connection.execute(f"CREATE TABLE {SCHEMA}.properties (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
    for migration in migrations[form:]:
        for statement in migration:
            connection.execute(statement)
    connection.execute(
        f"INSERT INTO {SCHEMA}.properties VALUES ('form', ?)"  # noqa: S608 - our own name
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (str(len(migrations)),),
    )


def known_form(connection: Connection, name: str, newest: int = len(MIGRATIONS)) -> int:
    form = form_of(connection)
    if form > newest:
        raise LibraryTooNew(
            f"a later version of Lamarck wrote the library {name} (form {form}, known here: {newest})",
            "upgrade Lamarck, or name another library with --library",
        )
    return form


def refuse_old_server(version: int, name: str) -> None:
    if version < _OLDEST_SERVER:
        raise LibraryUnavailable(
            f"{name} runs Postgres {version // 10000}, and a library needs {_OLDEST_SERVER // 10000} or newer",
            "upgrade the server",
        )


def vector_version(connection: Connection) -> str | None:
    row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
    return row[0] if row else None


def refuse_old_vector(version: str, name: str) -> None:
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < _OLDEST_VECTOR:
        wanted = ".".join(map(str, _OLDEST_VECTOR))
        raise LibraryUnavailable(
            f"{name} has pgvector {version}, and a library needs {wanted} or newer",
            "install it on the server and run: ALTER EXTENSION vector UPDATE",
        )
