"""What goes wrong on a server, told in one line, with nothing lost; who may read; a library moved there and back."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from library_parts import HashingEmbedder, a_run, a_verdict, an_artifact, an_attempt
from postgres_server import PostgresServer, missing, running_server

from lamarck.benchmarks.library import LibraryFigures, library_text, measure_library
from lamarck.errors import BadInput, LibraryLocked, LibraryTooNew, LibraryUnavailable
from lamarck.library.filters import Filter
from lamarck.library.moving import move
from lamarck.library.place import Server, place_of
from lamarck.library.postgres import held
from lamarck.library.postgres.dialect import PostgresConnection, translated
from lamarck.library.postgres.index import as_bytes, as_text, index_name
from lamarck.library.postgres.library import PostgresLibrary
from lamarck.library.postgres.schema import MIGRATIONS, migrate
from lamarck.library.sqlite import SqliteLibrary
from lamarck.records import Artifact, ExitReason, Spend


@pytest.fixture
def url(postgres_server: PostgresServer) -> str:
    return postgres_server.emptied()


@pytest.fixture
def library(url: str) -> Iterator[PostgresLibrary]:
    with PostgresLibrary(Server(url), embedder=HashingEmbedder(), lock_seconds=1) as opened:
        yield opened


def killed(server: PostgresServer) -> int:
    """How many connections to the database of the tests the server has cut."""
    rows = server.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = 'emptied' AND application_name = 'lamarck'"
    )
    return len(rows)


# --- places


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:secret@db/code",
        "postgres://ada:secret@db:5432/code",
        "postgresql:///code?password=secret",
        "POSTGRESQL://ada:secret@db/code",
    ],
)
def test_a_password_is_refused_and_never_repeated(url: str) -> None:
    with pytest.raises(BadInput) as refused:
        place_of(url)
    assert "secret" not in refused.value.line
    assert "PGPASSWORD" in refused.value.line


def test_a_place_is_a_server_or_a_file(tmp_path: Path) -> None:
    server = place_of("postgresql://ada@db.example:5433/code")
    assert isinstance(server, Server)
    assert server.name == "ada@db.example:5433/code"
    assert place_of(tmp_path / "library.sqlite") == tmp_path / "library.sqlite"
    assert place_of("postgresql.sqlite") == Path("postgresql.sqlite")
    with pytest.raises(BadInput, match="cannot be read"):
        place_of("postgresql://[half/code")


def test_question_marks_in_quotes_are_text() -> None:
    assert translated("SELECT '?', ? WHERE a = 100 % ?") == "SELECT '?', %s WHERE a = 100 %% %s"


def test_a_vector_comes_back_to_the_last_bit() -> None:
    vector = struct.pack("<5f", 0.1, -1 / 3, 1e-30, 1.0, 16777217.0)
    assert as_bytes(as_text(vector)) == vector


# --- the server


def test_no_server_is_told_in_one_line(tmp_path: Path) -> None:
    if why := missing():
        pytest.skip(why)
    with pytest.raises(LibraryUnavailable, match="cannot be reached") as error:
        PostgresLibrary(Server(f"postgresql://ada@localhost/code?host={tmp_path}"))
    assert "\n" not in error.value.line
    assert "start the server" in error.value.mend


def test_a_database_that_is_not_there_is_told(postgres_server: PostgresServer) -> None:
    with pytest.raises(LibraryUnavailable, match='"nowhere" does not exist') as error:
        PostgresLibrary(Server(postgres_server.url("nowhere")))
    assert "library.path" in error.value.mend


def test_a_wrong_password_is_told_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    if why := missing():
        pytest.skip(why)
    with running_server() as server:
        server.execute("CREATE ROLE ada LOGIN PASSWORD 'right'")
        rules = server.folder / "data" / "pg_hba.conf"
        rules.write_text("local all ada scram-sha-256\nlocal all all trust\n")
        server.execute("SELECT pg_reload_conf()")
        server.stop()
        server.start()
        monkeypatch.setenv("PGPASSWORD", "wrong-secret")
        with pytest.raises(LibraryUnavailable, match="refuses the password") as error:
            PostgresLibrary(Server(server.url(user="ada")))
        assert "wrong-secret" not in error.value.line


def test_an_extension_that_is_missing_is_named(postgres_server: PostgresServer) -> None:
    postgres_server.execute("DROP ROLE IF EXISTS guest", "CREATE ROLE guest LOGIN")
    server = Server(postgres_server.database().replace("user=postgres", "user=guest"))
    with pytest.raises(LibraryUnavailable, match="lacks the extension pgvector") as error:
        PostgresLibrary(server)
    assert "CREATE EXTENSION vector" in error.value.mend


def test_an_old_extension_is_refused_and_nothing_made(postgres_server: PostgresServer) -> None:
    url = postgres_server.database()
    name = url.split("/")[3].split("?")[0]
    postgres_server.execute(
        "CREATE EXTENSION vector",
        "UPDATE pg_extension SET extversion = '0.7.4' WHERE extname = 'vector'",
        database=name,
    )
    with pytest.raises(LibraryUnavailable, match=r"pgvector 0\.7\.4.*0\.8") as error:
        PostgresLibrary(Server(url))
    assert "ALTER EXTENSION vector UPDATE" in error.value.mend
    assert postgres_server.execute("SELECT to_regnamespace('lamarck')", database=name) == [(None,)]


def test_a_later_form_is_refused_and_not_touched(url: str, postgres_server: PostgresServer) -> None:
    PostgresLibrary(Server(url)).close()
    postgres_server.execute("UPDATE lamarck.properties SET value = '99' WHERE name = 'form'", database="emptied")
    with pytest.raises(LibraryTooNew, match="form 99"):
        PostgresLibrary(Server(url))


def test_what_belongs_to_something_else_is_refused(url: str, postgres_server: PostgresServer) -> None:
    postgres_server.execute("CREATE SCHEMA lamarck", "CREATE TABLE lamarck.pets (name TEXT)", database="emptied")
    with pytest.raises(LibraryUnavailable, match="belongs to something else"):
        PostgresLibrary(Server(url))
    assert postgres_server.execute("SELECT count(*) FROM lamarck.pets", database="emptied") == [(0,)]


# --- in the midst


def test_a_connection_lost_between_two_calls_is_made_again(
    library: PostgresLibrary, postgres_server: PostgresServer
) -> None:
    library.save(an_artifact())
    assert killed(postgres_server) == 1
    assert [hit.artifact for hit in library.find("vowels")] == [library.get(an_artifact().id)]


def test_a_connection_lost_in_a_write_stores_nothing_of_it_and_says_so(
    library: PostgresLibrary, postgres_server: PostgresServer
) -> None:
    first, second = an_artifact(), an_artifact("Count penguins", "x = 2\n", None)
    library.save(first)
    with (
        pytest.raises(LibraryUnavailable, match="was lost") as error,
        library.transactions.write() as connection,
    ):
        connection.execute("DELETE FROM words")
        killed(postgres_server)
        connection.execute("DELETE FROM vectors")
    assert "\n" not in error.value.line
    library.save(second)
    assert library.problems() == ()
    assert {a.id for a in library.artifacts()} == {first.id, second.id}


def test_noted_uses_wait_for_the_server_to_come_back(library: PostgresLibrary, postgres_server: PostgresServer) -> None:
    saved = an_artifact()
    library.save(saved)
    library.note_use(saved.id, accepted=True, seconds=0.5)
    postgres_server.stop()
    try:
        with pytest.raises(LibraryUnavailable):
            library.write_uses()
    finally:
        postgres_server.start()
    library.write_uses()
    assert library.get(saved.id).usage.served == 1


def test_a_statement_that_takes_too_long_is_stopped(url: str) -> None:
    with PostgresLibrary(Server(url), statement_seconds=0.05) as library:
        with (
            pytest.raises(LibraryUnavailable, match=r"took longer than 0\.05 s") as error,
            library.transactions.read() as connection,
        ):
            connection.execute("SELECT pg_sleep(5)")
        assert "library.statement_seconds" in error.value.mend
        library.save(an_artifact())


def test_writers_wait_for_each_other_and_no_longer_than_they_may(url: str, library: PostgresLibrary) -> None:
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        with PostgresLibrary(Server(url)) as other, other.transactions.write():
            holding.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert holding.wait(30)
        with pytest.raises(LibraryLocked, match="longer than 1 s"):
            library.save(an_artifact())
        assert library.find("vowels") == ()
    finally:
        done.set()
        thread.join()
    library.save(an_artifact())
    assert len(library.find("vowels")) == 1


# --- search


def test_vectors_of_two_models_stand_beside_each_other(url: str, postgres_server: PostgresServer) -> None:
    with PostgresLibrary(Server(url), embedder=HashingEmbedder("h1")) as first:
        first.save(an_artifact())
        with PostgresLibrary(Server(url), embedder=HashingEmbedder("h2")) as second:
            assert "meaning" not in " ".join(second.find("vowels")[0].reasons)
            assert second.embed_missing() == 1
            assert "meaning" in " ".join(second.find("vowels")[0].reasons)
    for digest in ("h1", "h2"):
        made = postgres_server.execute(f"SELECT to_regclass('lamarck.{index_name(digest)}')", database="emptied")
        assert made != [(None,)]


def test_filters_are_exact_by_words_and_by_meaning(library: PostgresLibrary) -> None:
    for number in range(40):
        artifact = an_artifact(f"Count the penguins of colony {number}", f"x = {number}\n", None)
        tags = ("tenth",) if number % 10 == 0 else ()
        library.save(artifact.replace(task=artifact.task.replace(tags=tags)))
    hits = library.find("penguins of a colony", filter=Filter(tags=("tenth",)), limit=40)
    assert len(hits) == 4
    assert all("tenth" in hit.artifact.task.tags for hit in hits)


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 40 rows, a tenth is compared one by one, a half is held by the session, and more is asked of the graph."""
    monkeypatch.setattr(held, "FEW", 5)
    monkeypatch.setattr(held, "MANY", 25)


def penguins(count: int = 40) -> list[tuple[Artifact, bytes | None]]:
    several = []
    for number in range(count):
        artifact = an_artifact(f"Count the penguins of colony {number}", f"x = {number}\n", None)
        tags = [tag for tag, one_in in (("tenth", 10), ("half", 2)) if number % one_in == 0]
        tags += ["most"] if number % 10 else []
        several.append((artifact.replace(task=artifact.task.replace(tags=tuple(tags))), None))
    return several


def is_holding(library: PostgresLibrary) -> bool:
    with library.transactions.read() as connection:
        if connection.execute("SELECT to_regclass(?)", (held.HELD,)).fetchone() == (None,):
            return False
        return bool(connection.execute(f"SELECT count(*) FROM {held.HELD}").fetchone()[0])


@pytest.mark.parametrize(("tag", "wanted", "holds"), [("tenth", 4, False), ("half", 21, True), ("most", 36, False)])
@pytest.mark.parametrize("by", [None, "words"])
def test_a_filter_is_exact_however_much_it_lets_through(
    library: PostgresLibrary, small_limits: None, tag: str, wanted: int, holds: bool, by: str | None
) -> None:
    library.save_many(penguins())
    assert library.embed_missing() == 40
    bare = an_artifact("Count the penguins of a colony without a vector", "x = 1.5\n", None)
    bare = bare.replace(task=bare.task.replace(tags=("half",)))
    library.save_many([(bare, None), (an_artifact("Count the penguins of no colony", "x = 2.5\n", None), None)])
    found = [
        [hit.artifact.id for hit in library.find("penguins of colony 8", filter=Filter(tags=(tag,)), limit=40, by=by)]
        for _ in range(4)
    ]
    assert is_holding(library) == holds
    assert len(found[0]) == wanted
    assert found == [found[0]] * 4
    assert all(tag in library.get(id).task.tags for id in found[0])


def test_what_a_session_holds_is_forgotten_when_anybody_changes_what_may_be_found(
    library: PostgresLibrary, small_limits: None, url: str
) -> None:
    library.save_many(penguins())

    def found() -> set[str]:
        hits = library.find("penguins of a colony", filter=Filter(tags=("half",)), limit=40)
        return {hit.artifact.id for hit in hits}

    first, _, _ = (found() for _ in range(3))
    assert is_holding(library)
    late = an_artifact("Count the penguins of colony 99", "x = 99\n", None)
    late = late.replace(task=late.task.replace(tags=("half",)))
    with PostgresLibrary(Server(url), embedder=HashingEmbedder()) as other:
        other.save(late)
        assert [found() for _ in range(3)] == [first | {late.id}] * 3
        other.retire(late.id)
        assert [found() for _ in range(3)] == [first] * 3


def test_who_may_not_make_temporary_tables_searches_as_exactly(
    library: PostgresLibrary, small_limits: None, postgres_server: PostgresServer, url: str
) -> None:
    library.save_many(penguins())
    postgres_server.execute("DROP ROLE IF EXISTS reader", "CREATE ROLE reader LOGIN")
    library.let_read("reader")
    postgres_server.execute("REVOKE TEMPORARY ON DATABASE emptied FROM PUBLIC")
    with PostgresLibrary(Server(url.replace("user=postgres", "user=reader")), embedder=HashingEmbedder()) as reading:
        for _ in range(4):
            assert len(reading.find("penguins of a colony", filter=Filter(tags=("half",)), limit=40)) == 20
        assert not is_holding(reading)
    postgres_server.execute("GRANT TEMPORARY ON DATABASE emptied TO PUBLIC")
    postgres_server.execute("DROP OWNED BY reader", database="emptied")


def test_a_library_of_the_first_form_is_brought_to_the_present_one(url: str) -> None:
    with psycopg.connect(url) as raw:
        raw.execute("CREATE EXTENSION IF NOT EXISTS vector")
        raw.execute("SET search_path = lamarck, public")
        migrate(PostgresConnection(raw), "here", MIGRATIONS[:1])
        raw.execute("CREATE INDEX vectors_near_other ON vectors USING hnsw ((vector::vector(8)) vector_ip_ops)")
    with PostgresLibrary(Server(url), embedder=HashingEmbedder()) as library:
        with library.transactions.read() as connection:
            graphs = connection.execute("SELECT indexname FROM pg_indexes WHERE indexname LIKE 'vectors_near_%'")
            assert graphs.fetchall() == [(index_name("h1"),)], "those of other parameters are not kept"
        library.save(an_artifact())
        assert len(library.find("vowels", filter=Filter(kind="function"))) == 1
        assert library.problems() == ()


def test_accents_and_endings_do_not_matter(library: PostgresLibrary) -> None:
    library.save(an_artifact("Sort the cafés of a city"))
    (hit,) = library.find("sorting a cafe", by="words")
    assert "words: 1.0 of the request" in hit.reasons


# --- who may read


def test_a_reader_finds_and_stores_nothing(library: PostgresLibrary, postgres_server: PostgresServer, url: str) -> None:
    saved = an_artifact()
    library.save(saved)
    postgres_server.execute("DROP ROLE IF EXISTS reader", "CREATE ROLE reader LOGIN")
    with pytest.raises(BadInput, match="no role 'nobody here'"):
        library.let_read("nobody here")
    library.let_read("reader")
    as_reader = Server(url.replace("user=postgres", "user=reader"))
    with PostgresLibrary(as_reader, embedder=HashingEmbedder()) as reading:
        assert reading.reads_only
        assert [hit.artifact for hit in reading.find("vowels")] == [saved]
        assert reading.get(saved.id[:12]) == saved
        assert reading.problems() == ()
        reading.note_use(saved.id, accepted=True, seconds=1.0)
        with pytest.raises(LibraryUnavailable, match="may only read"):
            reading.save(saved)
        with (
            pytest.raises(LibraryUnavailable, match="may only read"),
            reading.transactions.read() as connection,
        ):
            connection.execute("DELETE FROM artifacts")
    assert library.get(saved.id) == saved
    postgres_server.execute("DROP OWNED BY reader", database="emptied")


def test_a_role_without_rights_is_told_so(postgres_server: PostgresServer, url: str) -> None:
    PostgresLibrary(Server(url)).close()
    postgres_server.execute("DROP ROLE IF EXISTS stranger", "CREATE ROLE stranger LOGIN")
    with pytest.raises(LibraryUnavailable, match="may only read"):
        PostgresLibrary(Server(url.replace("user=postgres", "user=stranger"))).stats()


# --- measured


def test_the_library_is_measured_on_a_server_that_holds_nothing_else(
    url: str, library: PostgresLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lamarck.benchmarks.corpus.installed", lambda: iter(()))
    monkeypatch.setattr("lamarck.benchmarks.library.weights_path", lambda name: tmp_path / "no weights")
    text = "".join(
        f'def f{n}(x):\n    """Say in several words what {n} is."""\n    return {n}\n\n\n' for n in range(60)
    )
    (tmp_path / "sources" / "one").mkdir(parents=True)
    (tmp_path / "sources" / "one" / "a.py").write_text(text)

    def measured(count: int, server: str) -> LibraryFigures:
        sources, kept = tmp_path / "sources", tmp_path / "kept"
        return measure_library(count, data=sources, seed=0, embed=0, say=lambda _: None, corpus=kept, server=server)

    figures = measured(50, url)
    assert figures.server is not None
    assert figures.server.problems == ()
    assert figures.server.moved_a_second > 0
    assert {"search", "search with a filter to 10%"} <= figures.server.milliseconds.keys()
    assert "on the server" in library_text(figures)
    assert len(library.find("say several words", filter=Filter(tags=("a tenth",), licences=None))) == 5
    with pytest.raises(BadInput, match="holds 50 artifacts already"):
        measured(60, url)
    with pytest.raises(BadInput, match="is no server"):
        measured(50, str(tmp_path / "library.sqlite"))


# --- moved


def filled(library: SqliteLibrary, count: int) -> None:
    for number in range(count):
        artifact = an_artifact(f"Topic{number} of things", f"def f{number}(x):\n    return {number}\n", f"f{number}")
        library.save(artifact)
        library.record_use(artifact.id, run_id=f"run{number:05d}", seconds=0.25)
        library.learn(artifact.task, artifact.id, seconds=1.0)
        library.begin_run(a_run(f"run{number:05d}").replace(attempts=(an_attempt(1),)))
        library.end_run(f"run{number:05d}", exit_reason=ExitReason.ACCEPTED, spend=Spend(calls=1), seconds=1.0)
        library.cache_verdict(f"key{number}", a_verdict(artifact.id))
        library.record_bundle("bundle", [artifact.id], direction="exported", place="b.jsonl", signer="")


def test_a_library_is_moved_there_and_back(tmp_path: Path, library: PostgresLibrary) -> None:
    with SqliteLibrary(tmp_path / "here.sqlite", embedder=HashingEmbedder()) as here:
        filled(here, 5)
        here.retire(next(here.artifacts()).id)
        moved = move(here, library)
        assert (moved.artifacts, moved.fresh, moved.vectors, moved.runs) == (5, 5, 4, 5)
        assert (moved.kept, moved.missing) == ((), ())
        with SqliteLibrary(tmp_path / "back.sqlite", embedder=HashingEmbedder()) as back:
            assert move(library, back).missing == ()
            assert list(back.artifacts()) == list(here.artifacts())
            assert [back.where(a.id) for a in back.artifacts()] == [here.where(a.id) for a in here.artifacts()]
            assert back.runs() == here.runs()
            figures, before = back.stats(), here.stats()
            assert {k: v for k, v in figures.items() if k != "bytes"} == {
                k: v for k, v in before.items() if k != "bytes"
            }
            task = here.get(next(back.artifacts()).id).task
            assert back.recognise(task) == here.recognise(task)
            assert back.problems() == ()
    assert library.problems() == ()


def test_the_graph_is_made_after_a_move_into_what_held_no_vector(
    tmp_path: Path, library: PostgresLibrary, postgres_server: PostgresServer
) -> None:
    asked = f"SELECT to_regclass('lamarck.{index_name('h1')}') IS NOT NULL"

    def is_made() -> bool:
        return postgres_server.execute(asked, database="emptied") == [(True,)]

    assert is_made()
    with SqliteLibrary(tmp_path / "library.sqlite", embedder=HashingEmbedder()) as here:
        filled(here, 3)
        seen: list[bool] = []
        move(here, library, lambda what, done, of: seen.append(is_made()))
        assert (seen[0], seen[-1]) == (False, True)
        assert len(library.find("topic1 of things")) == 3
        with library.filling():
            assert is_made(), "what is searched already stays"


def test_a_move_that_broke_off_is_gone_on_with(
    tmp_path: Path, library: PostgresLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lamarck.library.moving._BATCH", 2)
    with SqliteLibrary(tmp_path / "here.sqlite", embedder=HashingEmbedder()) as here:
        filled(here, 5)

        def broken(what: str, done: int, of: int) -> None:
            if done == 4:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            move(here, library, broken)
        assert len(list(library.artifacts())) == 4
        moved = move(here, library)
        assert (moved.fresh, moved.artifacts, moved.missing) == (1, 5, ())
        assert library.stats()["uses"] == 5


def test_what_the_target_knows_otherwise_stays_and_is_named(tmp_path: Path, library: PostgresLibrary) -> None:
    with SqliteLibrary(tmp_path / "here.sqlite") as here:
        mine, theirs = (
            an_artifact(log="measured here"),
            an_artifact(log="measured there", created="2026-01-01T00:00:00"),
        )
        here.save(mine)
        library.save(theirs)
        moved = move(here, library)
    assert (moved.fresh, moved.kept, moved.missing) == (0, (mine.id,), ())
    assert library.get(mine.id) == theirs
