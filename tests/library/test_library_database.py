"""The file itself: opened, refused, migrated, locked, full, moved away."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
import threading
from contextlib import closing
from pathlib import Path

import pytest
from library_parts import HashingEmbedder, an_artifact, noise, numbered

from lamarck.errors import (
    DiskFull,
    LibraryCorrupt,
    LibraryLocked,
    LibraryTooNew,
    LibraryUnavailable,
)
from lamarck.library.schema import APPLICATION_ID, MIGRATIONS, migrate
from lamarck.library.sqlite import SqliteLibrary


def opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def contents(folder: Path) -> dict[str, bytes]:
    return {f.name: f.read_bytes() for f in folder.iterdir()}


def test_a_new_library_is_made_with_its_folder_and_marked_as_ours(library_path: Path) -> None:
    SqliteLibrary(library_path).close()
    with closing(sqlite3.connect(library_path)) as raw:
        assert raw.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
        assert raw.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
        assert raw.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_every_commit_is_flushed(sqlite_library: SqliteLibrary) -> None:
    with sqlite_library._database.read() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2, "2 is FULL"


def test_an_empty_file_becomes_a_library(tmp_path: Path) -> None:
    path = tmp_path / "made by mktemp"
    path.touch()
    with SqliteLibrary(path) as library:
        library.save(an_artifact())
        assert len(library.find("vowels")) == 1


def test_a_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    SqliteLibrary(Path("~/here.sqlite")).close()
    assert (tmp_path / "here.sqlite").exists()


# --- what is refused


def test_a_file_of_a_later_version_is_refused_and_not_touched(library_path: Path) -> None:
    numbered(library_path, 2).close()
    with closing(sqlite3.connect(library_path)) as raw:
        raw.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
        raw.commit()
    before = contents(library_path.parent)
    with pytest.raises(LibraryTooNew, match=f"form {len(MIGRATIONS) + 1}, known here: {len(MIGRATIONS)}") as refused:
        SqliteLibrary(library_path)
    assert refused.value.mend.startswith("upgrade Lamarck")
    assert contents(library_path.parent) == before


def test_a_database_of_another_application_is_refused_and_not_touched(tmp_path: Path) -> None:
    for number, statement in enumerate(
        ["CREATE TABLE theirs (a)", "PRAGMA application_id = 77", "PRAGMA user_version = 3"]
    ):
        path = tmp_path / f"{number}" / "theirs.sqlite"
        path.parent.mkdir()
        with closing(sqlite3.connect(path)) as raw:
            raw.execute(statement)
            raw.commit()
        before = contents(path.parent)
        with pytest.raises(LibraryUnavailable, match="another application"):
            SqliteLibrary(path)
        assert contents(path.parent) == before


def test_a_file_that_is_no_database_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("These are notes, and no database. " * 100)
    before = contents(tmp_path)
    with pytest.raises(LibraryCorrupt, match="not a database") as refused:
        SqliteLibrary(path)
    assert f"mv {path} {path}.broken" in refused.value.mend
    assert contents(tmp_path) == before


def test_damaged_pages_are_told_with_the_backup_at_hand(library_path: Path) -> None:
    numbered(library_path, 40).close()
    backup = library_path.with_name(library_path.name + f".backup-v{len(MIGRATIONS)}")
    shutil.copy(library_path, backup)
    with library_path.open("r+b") as handle:
        handle.seek(4096)
        handle.write(b"\xa5" * (library_path.stat().st_size - 4096))
    with pytest.raises(LibraryCorrupt, match="damaged") as told, SqliteLibrary(library_path) as library:
        list(library.artifacts())
    assert str(backup) in told.value.mend


def test_a_record_that_cannot_be_read_is_damage(library_path: Path) -> None:
    saved = an_artifact()
    with SqliteLibrary(library_path) as library:
        library.save(saved)
    with closing(sqlite3.connect(library_path)) as raw:
        raw.execute("""UPDATE records SET record = '{"id": 7}'""")
        raw.commit()
    with SqliteLibrary(library_path) as library, pytest.raises(LibraryCorrupt, match="cannot be read"):
        library.get(saved.id)


@pytest.mark.parametrize("place", ["/proc/nowhere/library.sqlite", "{file}/library.sqlite", "{folder}"])
def test_a_place_that_cannot_hold_a_library_is_named(tmp_path: Path, place: str) -> None:
    file = tmp_path / "file"
    file.touch()
    path = place.format(file=file, folder=tmp_path)
    with pytest.raises(LibraryUnavailable) as told:
        SqliteLibrary(Path(path))
    assert path in str(told.value)
    assert "choose another place" in told.value.mend


def test_a_closed_library_says_so(sqlite_library: SqliteLibrary) -> None:
    sqlite_library.close()
    sqlite_library.close()
    with pytest.raises(LibraryUnavailable, match="was closed"):
        sqlite_library.stats()


def test_a_file_moved_away_takes_no_more_writes(sqlite_library: SqliteLibrary) -> None:
    moved = sqlite_library.path.with_name("moved.sqlite")
    sqlite_library.path.rename(moved)
    with pytest.raises(LibraryUnavailable, match="moved or deleted"):
        sqlite_library.save(an_artifact())
    SqliteLibrary(sqlite_library.path).close()
    with pytest.raises(LibraryUnavailable, match="moved or deleted"):
        sqlite_library.save(an_artifact())


def test_an_interrupt_leaves_nothing_half_written_and_the_library_usable(sqlite_library: SqliteLibrary) -> None:
    with pytest.raises(KeyboardInterrupt), sqlite_library._database.write() as connection:
        connection.execute("INSERT INTO words (name) VALUES ('half')")
        raise KeyboardInterrupt
    assert sqlite_library.problems() == ()
    sqlite_library.save(an_artifact())
    assert len(sqlite_library.find("vowels")) == 1


# --- locks and space


def test_another_writer_is_waited_for_and_then_named(library_path: Path) -> None:
    numbered(library_path, 1).close()
    with closing(opened(library_path)) as other, SqliteLibrary(library_path, lock_seconds=0.1) as library:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LibraryLocked, match=r"longer than 0\.1 s"):
            library.save(an_artifact())
        assert len(library.find("topic0000")) == 1, "reading needs no lock"
        other.execute("ROLLBACK")
        library.save(an_artifact())
        assert len(library.find("vowels")) == 1


def test_a_writer_that_ends_in_time_is_waited_for(library_path: Path) -> None:
    with SqliteLibrary(library_path, lock_seconds=20) as library:
        other = sqlite3.connect(library_path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.2, lambda: other.execute("ROLLBACK"))
        release.start()
        library.save(an_artifact())
        release.join()
        other.close()
        assert len(library.find("vowels")) == 1


def test_a_full_file_loses_only_what_was_not_acknowledged(sqlite_library: SqliteLibrary) -> None:
    sqlite_library.save(an_artifact("Count penguins", "x = 1", None))
    with sqlite_library._database.read() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    sqlite_library._database._connection.execute(f"PRAGMA max_page_count = {pages + 5}")
    with pytest.raises(DiskFull, match="no space is left") as told:
        sqlite_library.save(an_artifact("Count albatrosses", "x = 2", None, log=noise(200_000)))
    assert "free space" in told.value.mend
    assert [hit.artifact.task.goal for hit in sqlite_library.find("count")] == ["Count penguins"]
    assert sqlite_library.problems() == ()
    sqlite_library._database._connection.execute("PRAGMA max_page_count = 100000")
    sqlite_library.save(an_artifact("Count albatrosses", "x = 2", None, log=noise(200_000)))
    assert len(sqlite_library.find("count")) == 2


IN_A_SMALL_OR_READ_ONLY_DISK = """
import subprocess, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from library_parts import an_artifact, noise
from lamarck.errors import DiskFull, LibraryUnavailable
from lamarck.library.sqlite import SqliteLibrary

disk = Path(sys.argv[2])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=True)
library = SqliteLibrary(disk / "library.sqlite")
kept = []
try:
    for number in range(200):
        artifact = an_artifact(f"Goal {number}", f"x = {number}", None, log=noise(50_000))
        library.save(artifact)
        kept.append(artifact)
except DiskFull as full:
    print("full:", full.line)
assert 5 < len(kept) < 200, len(kept)
assert list(library.artifacts()) == kept
assert library.problems() == ()
library.close()
subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
try:
    SqliteLibrary(disk / "library.sqlite").save(kept[0])
except LibraryUnavailable as refused:
    print("read-only:", type(refused).__name__, refused.line)
"""


def test_a_full_and_a_read_only_disk(tmp_path: Path) -> None:
    """A real small file system, in a mount namespace of its own where this machine allows one."""
    if not shutil.which("unshare") or subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("no user namespaces here")
    disk = tmp_path / "disk"
    disk.mkdir()
    code = textwrap.dedent(IN_A_SMALL_OR_READ_ONLY_DISK)
    done = subprocess.run(
        ["unshare", "-rm", sys.executable, "-c", code, Path(__file__).parent, disk],
        capture_output=True,
        text=True,
        timeout=60,
    )
    if "mount:" in done.stderr:
        pytest.skip("mounting is not allowed here")
    assert done.returncode == 0, done.stderr
    full, read_only = done.stdout.splitlines()
    assert full.startswith("full: no space is left for the library")
    assert read_only.startswith("read-only: LibraryUnavailable the library")


# --- migrations

ADD_A_COLUMN = ("ALTER TABLE artifacts ADD COLUMN colour TEXT", "UPDATE artifacts SET colour = 'green'")


def test_an_older_file_is_backed_up_and_brought_forward(library_path: Path) -> None:
    numbered(library_path, 3).close()
    with closing(opened(library_path)) as connection:
        backup = migrate(connection, library_path, [*MIGRATIONS, ADD_A_COLUMN])
        assert connection.execute("SELECT DISTINCT colour FROM artifacts").fetchall() == [("green",)]
        assert migrate(connection, library_path, [*MIGRATIONS, ADD_A_COLUMN]) is None, "once is enough"
    with pytest.raises(LibraryTooNew):
        SqliteLibrary(library_path)
    assert backup == library_path.with_name(f"library.sqlite.backup-v{len(MIGRATIONS)}")
    assert [f.name for f in library_path.parent.iterdir() if "backup" in f.name] == [backup.name]
    with SqliteLibrary(backup) as old:
        assert len(list(old.artifacts())) == 3
        assert old.problems() == ()


def test_a_migration_that_fails_changes_nothing(library_path: Path) -> None:
    numbered(library_path, 3).close()
    broken = (*ADD_A_COLUMN, "INSERT INTO nowhere VALUES (1)")
    with closing(opened(library_path)) as connection, pytest.raises(sqlite3.OperationalError, match="nowhere"):
        migrate(connection, library_path, [*MIGRATIONS, broken])
    with SqliteLibrary(library_path) as library:
        assert len(list(library.artifacts())) == 3
        assert library.problems() == ()


def test_writers_that_came_first_are_in_the_backup(library_path: Path) -> None:
    writer = numbered(library_path, 3)  # stays open: its commits are still in the write-ahead log
    with closing(opened(library_path)) as connection:
        backup = migrate(connection, library_path, [*MIGRATIONS, ADD_A_COLUMN])
    assert backup is not None
    writer.close()
    with SqliteLibrary(backup) as old:
        assert len(list(old.artifacts())) == 3


# --- several threads and processes


def test_threads_share_one_library(library_path: Path) -> None:
    failures: list[BaseException] = []
    with SqliteLibrary(library_path, embedder=HashingEmbedder()) as library:

        def work(name: str) -> None:
            try:
                for number in range(15):
                    library.save(an_artifact(f"Goal {name}{number}", f"x = '{name}{number}'", None))
                    assert library.find(f"{name}{number}", limit=1)
            except BaseException as failure:
                failures.append(failure)

        threads = [threading.Thread(target=work, args=(name,)) for name in ("alpha", "beta", "gamma", "delta")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert failures == []
        assert library.stats()["artifacts_with_vector"] == 60
        assert library.problems() == ()


def test_a_forked_child_opens_its_own_connection(sqlite_library: SqliteLibrary) -> None:
    sqlite_library.save(an_artifact("Count penguins", "x = 1", None))
    child = os.fork()
    if child == 0:
        code = 1
        try:
            sqlite_library.save(an_artifact("Count albatrosses", "x = 2", None))
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    sqlite_library.save(an_artifact("Count puffins", "x = 3", None))
    assert len(sqlite_library.find("count")) == 3
    assert sqlite_library.problems() == ()


def test_processes_may_create_the_same_library_at_once(library_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from lamarck.library.sqlite import SqliteLibrary\n"
        "sys.stdin.readline()\n"
        "with SqliteLibrary(Path(sys.argv[1])) as library: print(library.stats()['runs'])"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, library_path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        out, err = child.communicate(timeout=60)
        assert out == "0.0\n", err


# --- integrity


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        ("DELETE FROM words WHERE rowid = 1", "1 live artifacts that full text does not hold"),
        (
            "UPDATE words_content SET c0 = 'other' WHERE id = 1",
            "the full-text index does not match its texts (database disk image is malformed)",
        ),
        ("INSERT INTO words (rowid, name) VALUES (77, 'x')", "1 rows of full text without a live artifact"),
        ("UPDATE artifacts SET status = 'retired' WHERE seq = 1", "1 vectors without a live artifact"),
        ("DELETE FROM records WHERE seq = 1", "1 artifacts without their record"),
        ("INSERT INTO attempts VALUES (9, 1, 'm', NULL, 0, 0, 0, 0, 0, 0, '')", "1 attempts without a run"),
    ],
)
def test_parts_that_do_not_belong_together_are_told(library_path: Path, harm: str, told: str) -> None:
    numbered(library_path, 2, embedder=HashingEmbedder()).close()
    with closing(opened(library_path)) as raw:
        raw.execute(harm)
    with SqliteLibrary(library_path) as library:
        assert told in library.problems()


def test_a_library_of_the_first_form_is_brought_to_this_one(library_path: Path) -> None:
    saved = [an_artifact(f"Count {bird}", f"def {bird}(): ...", bird) for bird in ("penguins", "puffins", "terns")]
    library_path.parent.mkdir()
    with closing(opened(library_path)) as raw:
        migrate(raw, library_path, MIGRATIONS[:1])
        for seq, artifact in enumerate(saved, start=1):
            told = artifact.to_json().replace(',"provenance":null', "")  # which nobody knew then
            goal = artifact.task.goal
            raw.execute(
                "INSERT INTO artifacts VALUES (?, ?, ?, ?, 2, NULL, 0, NULL, ?)",
                (seq, artifact.id, artifact.created, "retired" if seq == 3 else "live", goal),
            )
            raw.execute("INSERT INTO records VALUES (?, ?)", (seq, told))
            if seq < 3:
                raw.execute("INSERT INTO words (rowid, name, goal) VALUES (?, ?, ?)", (seq, goal, goal))
                raw.execute("INSERT INTO vectors VALUES (?, 'h1', ?, ?)", (seq, seq, b"\0" * 1024))
        raw.execute("UPDATE counters SET value = 2")
    with SqliteLibrary(library_path, embedder=HashingEmbedder()) as library:
        assert [a.candidate for a in library.artifacts()] == [a.candidate for a in saved]
        assert [a.usage.served for a in library.artifacts()] == [2, 2, 2]
        assert [h.artifact.id for h in library.find("puffins", by="words")] == [saved[1].id]
        assert library.find("terns", by="words") == ()
        assert library.problems() == ()
        library.save(saved[0].replace(verdict=saved[1].verdict))
        assert library.versions(saved[0].id)[0].answers
    with SqliteLibrary(library_path.with_name("library.sqlite.backup-v1")) as old:
        assert len(list(old.artifacts())) == 3
