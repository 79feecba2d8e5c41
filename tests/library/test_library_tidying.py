"""What `lamarck gc` drops, and what it never does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from library_parts import HashingEmbedder, a_run, a_verdict, an_artifact, an_attempt, noise
from postgres_server import PostgresServer

from lamarck.library.place import Server
from lamarck.library.postgres.library import PostgresLibrary
from lamarck.library.sqlite import SqliteLibrary
from lamarck.library.stored import StoredLibrary
from lamarck.library.tidying import Keeping
from lamarck.records import ExitReason, Spend

LONG = noise(20_000)


@pytest.fixture(params=["sqlite", "postgres"])
def library(request: pytest.FixtureRequest) -> StoredLibrary:
    if request.param == "sqlite":
        made: StoredLibrary = SqliteLibrary(request.getfixturevalue("library_path"))
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        made = PostgresLibrary(Server(server.emptied()))
    request.addfinalizer(made.close)
    return made


def ago(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


def log_run(library: StoredLibrary, id_: str, days: float, ended: ExitReason | None = ExitReason.REJECTED) -> None:
    attempts = (an_attempt(1).replace(reply=LONG), an_attempt(2).replace(reply=LONG))
    library.begin_run(a_run(id_, started=ago(days)).replace(attempts=attempts))
    if ended is not None:
        library.end_run(id_, exit_reason=ended, spend=Spend(calls=2, usd=0.5), seconds=3.0)


def test_old_texts_go_and_every_figure_stays(library: StoredLibrary) -> None:
    kept = an_artifact(log="evidence " * 2000)
    library.save(kept)
    log_run(library, "old00000", 100, ExitReason.ACCEPTED)
    log_run(library, "killed00", 100, None)
    log_run(library, "young000", 5)
    log_run(library, "waits000", 400, ExitReason.PENDING)
    before = library.stats()
    done = library.tidy()
    assert (done.attempts, done.verdicts, done.requests) == (4, 0, 0)
    assert done.characters > 4 * 19_000
    after = library.stats()
    assert after | {"bytes": 0} == before | {"bytes": 0}
    old = library.get_run("old00000")
    assert [(a.number, a.reply, a.spend.calls) for a in old.attempts] == [(1, None, 1), (2, None, 1)]
    assert old.spend.usd == 0.5
    assert all(a.reply == LONG for id_ in ("young000", "waits000") for a in library.get_run(id_).attempts)
    assert library.get(kept.id) == kept
    assert library.problems() == ()
    assert library.tidy().attempts == 0, "once is enough"


def test_old_verdicts_go_and_those_of_artifacts_stay(library: StoredLibrary) -> None:
    kept = an_artifact()
    library.save(kept)
    library.cache_verdict("old", a_verdict(kept.id, log=LONG))
    with library.transactions.write() as connection:
        connection.execute("UPDATE verdicts SET stored = ?", (ago(91),))
    library.cache_verdict("young", a_verdict(kept.id))
    assert library.tidy().verdicts == 1
    assert library.cached_verdict("old") is None
    assert library.cached_verdict("young") == a_verdict(kept.id)
    assert library.get(kept.id).verdict == kept.verdict


def test_beyond_a_size_the_oldest_go_first(library: StoredLibrary) -> None:
    for number, days in enumerate((30, 20, 10)):
        log_run(library, f"run{number:05d}", days)
    done = library.tidy(Keeping(days=90, characters=90_000))
    assert done.attempts == 2
    assert [a.reply is None for a in library.get_run("run00000").attempts] == [True, True]
    assert all(a.reply == LONG for number in (1, 2) for a in library.get_run(f"run{number:05d}").attempts)


def test_a_trial_says_the_same_and_changes_nothing(library: StoredLibrary) -> None:
    log_run(library, "old00000", 100)
    library.cache_verdict("old", a_verdict("x", log=LONG))
    trial = library.tidy(Keeping(days=0), trial=True)
    assert trial.is_trial
    assert trial.bytes_before == trial.bytes_after
    assert library.cached_verdict("old") is not None
    assert library.get_run("old00000").attempts[0].reply == LONG
    done = library.tidy(Keeping(days=0))
    assert (
        (done.attempts, done.verdicts, done.characters)
        == (trial.attempts, trial.verdicts, trial.characters)
        != (0, 0, 0)
    )


def test_space_is_given_back(library: StoredLibrary) -> None:
    for number in range(20):
        log_run(library, f"run{number:05d}", 100)
    done = library.tidy()
    if isinstance(library, SqliteLibrary):
        assert done.bytes_after < done.bytes_before / 2


def test_what_has_no_vector_gets_one(library_path: Path) -> None:

    with SqliteLibrary(library_path) as before:
        before.save(an_artifact())
    with SqliteLibrary(library_path, embedder=HashingEmbedder()) as after:
        assert after.tidy().embedded == 1
        assert "meaning" in " ".join(after.find("vowels")[0].reasons)
