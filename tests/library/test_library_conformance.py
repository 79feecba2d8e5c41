"""What every `Library` must do. A new implementation is one line in `IMPLEMENTATIONS`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from library_parts import HashingEmbedder, a_run, a_verdict, an_artifact, an_attempt
from postgres_server import PostgresServer

from lamarck.errors import BadInput
from lamarck.library.library import Library
from lamarck.library.place import Server
from lamarck.library.postgres.library import PostgresLibrary
from lamarck.library.sqlite import SqliteLibrary
from lamarck.records import ArtifactStatus, Decision, ExitReason, Spend, Usage

Opening = Callable[[Path, Callable[[], Server]], Library]
IMPLEMENTATIONS: dict[str, Opening] = {
    "sqlite": lambda folder, _: SqliteLibrary(folder / "library.sqlite"),
    "sqlite with embedder": lambda folder, _: SqliteLibrary(folder / "library.sqlite", embedder=HashingEmbedder()),
    "postgres": lambda _, server: PostgresLibrary(server()),
    "postgres with embedder": lambda _, server: PostgresLibrary(server(), embedder=HashingEmbedder()),
}


@pytest.fixture(params=IMPLEMENTATIONS)
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Library]]:
    """Opens the same library again and again."""
    opened: list[Library] = []
    servers: list[Server] = []

    def server() -> Server:
        if not servers:
            running: PostgresServer = request.getfixturevalue("postgres_server")
            servers.append(Server(running.emptied()))
        return servers[0]

    def once() -> Library:
        opened.append(IMPLEMENTATIONS[request.param](tmp_path, server))
        return opened[-1]

    if request.param.startswith("postgres"):
        server()  # skips before the test begins
    yield once
    for library in opened:
        library.close()


@pytest.fixture
def library(reopen: Callable[[], Library]) -> Library:
    return reopen()


# --- artifacts


def test_an_artifact_comes_back_whole_after_reopening(library: Library, reopen: Callable[[], Library]) -> None:
    saved = an_artifact(log="a long log\n" * 10_000, lineage=("aa" * 32, "bb" * 32))
    library.save(saved)
    library.close()
    assert reopen().get(saved.id) == saved


def test_saving_again_updates_the_verdict_and_never_the_code(library: Library) -> None:
    saved = an_artifact()
    library.save(saved)
    library.record_use(saved.id)
    other_code = saved.candidate.replace(files=(), parents=("x",))
    again = an_artifact("Say how many vowels there are", log="measured again", lineage=("cc" * 32,))
    library.save(again.replace(candidate=other_code, created="2001-01-01T00:00:00+00:00", usage=Usage(served=99)))
    kept = library.get(saved.id)
    assert kept.verdict == again.verdict
    assert kept.task == again.task
    assert kept.lineage == again.lineage
    assert kept.candidate == saved.candidate
    assert kept.created == saved.created
    assert kept.usage.served == 1


def test_an_artifact_is_found_by_what_it_is_now_about(library: Library) -> None:
    library.save(an_artifact("Count penguins"))
    library.save(an_artifact("Count albatrosses"))
    (hit,) = library.find("albatrosses")
    assert hit.artifact.task.goal == "Count albatrosses"
    assert "words: 1.0 of the request" in hit.reasons
    assert not any("words" in reason for hit in library.find("penguins") for reason in hit.reasons)


def test_an_artifact_whose_id_is_not_its_candidates_is_refused(library: Library) -> None:
    with pytest.raises(BadInput, match="holds candidate"):
        library.save(an_artifact().replace(id="00" * 32))
    assert list(library.artifacts()) == []


def test_artifacts_come_oldest_first_and_retired_ones_too(library: Library) -> None:
    for year in (2026, 2024, 2025):
        library.save(an_artifact(f"Goal of {year}", f"x = {year}\n", None, created=f"{year}-01-01T00:00:00+00:00"))
    library.retire(next(library.artifacts()).id)
    assert [a.created[:4] for a in library.artifacts()] == ["2024", "2025", "2026"]


def test_the_library_can_be_used_while_its_artifacts_are_walked(library: Library) -> None:
    for number in range(3):
        library.save(an_artifact(f"Goal {number}", f"x = {number}\n", None))
    seen = []
    for artifact in library.artifacts():
        library.record_use(artifact.id)
        seen.append(artifact.id)
    assert len(set(seen)) == 3
    assert [a.usage.served for a in library.artifacts()] == [1, 1, 1]


def test_uses_are_counted_with_the_time_of_the_last(library: Library) -> None:
    saved = an_artifact()
    library.save(saved)
    library.record_use(saved.id)
    first = library.get(saved.id).usage
    library.record_use(saved.id)
    second = library.get(saved.id).usage
    assert (first.served, second.served) == (1, 2)
    assert first.last_served is not None
    assert second.last_served is not None
    assert second.last_served >= first.last_served


def test_a_retired_artifact_is_kept_and_not_found_until_it_is_saved_live(library: Library) -> None:
    saved = an_artifact("Count penguins")
    library.save(saved)
    library.retire(saved.id)
    assert library.find("penguins") == ()
    assert library.get(saved.id) == saved.replace(status=ArtifactStatus.RETIRED)
    library.save(saved.replace(status=ArtifactStatus.RETIRED))
    assert library.find("penguins") == ()
    library.save(saved)
    assert [hit.artifact for hit in library.find("penguins")] == [saved]


def test_the_limit_of_a_search_is_kept(library: Library) -> None:
    for number in range(5):
        library.save(an_artifact("Count penguins", f"x = {number}\n", None))
    assert len(library.find("penguins", limit=3)) == 3
    assert len(library.find("penguins")) == 5
    assert library.find("penguins", limit=0) == ()


def test_hits_come_best_first_with_reasons(library: Library) -> None:
    library.save(an_artifact("Sort penguins by their height", "x = 1\n", None))
    library.save(an_artifact("Count penguins", "x = 2\n", None))
    hits = library.find("penguins, sorted by height")
    assert [hit.artifact.task.goal for hit in hits] == ["Sort penguins by their height", "Count penguins"]
    assert hits[0].score > hits[1].score
    assert "words: 1.0 of the request" in hits[0].reasons
    assert "words: 0.3 of the request" in hits[1].reasons


def test_what_needs_an_object_stands_behind_what_can_be_called_by_itself(library: Library) -> None:
    library.save(an_artifact("Count penguins", "def count_penguins(self, flock):\n    return 1\n", "count_penguins"))
    library.save(an_artifact("Count penguins", "def count_penguins(flock):\n    return 2\n", "count_penguins"))
    hits = library.find("count penguins")
    assert ["needs an object" in hit.reasons for hit in hits] == [False, True]
    assert hits[0].score > hits[1].score


@pytest.mark.parametrize(
    "text",
    ["", "  ", '"', "a AND", "NOT", "goal:x", "penguins*", "(((", "^x", "NEAR(a b)", "x\x00y", "\udcff", "'; DROP"],
)
def test_a_request_is_text_and_never_a_query(library: Library, text: str) -> None:
    library.save(an_artifact("Count penguins"))
    assert isinstance(library.find(text), tuple)
    assert [hit.artifact.task.goal for hit in library.find(f"penguins {text}")] == ["Count penguins"]


# --- ids


def test_four_characters_of_an_id_are_enough(library: Library) -> None:
    saved = an_artifact()
    library.save(saved)
    library.begin_run(a_run("beef0001"))
    assert library.get(saved.id[:4]) == saved
    assert library.get(f" {saved.id[:12]}\n") == saved
    assert library.get_run("beef").id == "beef0001"
    with pytest.raises(BadInput, match="not known"):
        library.get(saved.id[:3])


def test_unknown_ids_say_where_to_look(library: Library) -> None:
    with pytest.raises(BadInput) as unknown:
        library.get("feedbeef")
    assert unknown.value.line == "no artifact starts with feedbeef; `lamarck find` lists them"
    with pytest.raises(BadInput) as unknown_run:
        library.get_run("feedbeef")
    assert unknown_run.value.line == "no run starts with feedbeef; `lamarck log` lists them"
    for call in (library.record_use, library.retire, library.get, library.get_run):
        for id_ in ("feedbeef", "", "%", "abcd\udcff"):
            with pytest.raises(BadInput):
                call(id_)
    with pytest.raises(BadInput):
        library.record_attempt("feedbeef", an_attempt(1))
    with pytest.raises(BadInput):
        library.end_run("feedbeef", exit_reason=ExitReason.ACCEPTED, spend=Spend(), seconds=1.0)


def test_an_ambiguous_prefix_names_the_candidates(library: Library) -> None:
    for id_ in ("cafe0001aaaa", "cafe0002bbbb", "cafe"):
        library.begin_run(a_run(id_))
    with pytest.raises(BadInput, match=r"several runs start with cafe0: cafe0001aaaa, cafe0002bbbb$"):
        library.get_run("cafe0")
    assert library.get_run("cafe").id == "cafe", "an exact id is never ambiguous"


# --- runs


def test_a_run_is_logged_from_beginning_to_end(library: Library, reopen: Callable[[], Library]) -> None:
    run = a_run("run00001")
    library.begin_run(run)
    assert library.get_run(run.id) == run, "a run that was killed here can be read"
    library.record_attempt(run.id, an_attempt(2))
    library.record_attempt(run.id, an_attempt(1, decision=Decision.REJECTED))
    spend = Spend(calls=2, prompt_tokens=20, completion_tokens=10, seconds=1.0)
    library.end_run(
        run.id, exit_reason=ExitReason.ACCEPTED, spend=spend, seconds=1.25, artifact_id="aa", message="one line"
    )
    library.close()
    assert reopen().get_run(run.id) == run.replace(
        attempts=(an_attempt(1, decision=Decision.REJECTED), an_attempt(2)),
        spend=spend,
        seconds=1.25,
        exit_reason=ExitReason.ACCEPTED,
        artifact_id="aa",
        message="one line",
    )


def test_an_attempt_with_the_same_number_is_replaced(library: Library) -> None:
    library.begin_run(a_run("run00001"))
    library.record_attempt("run00001", an_attempt(1, decision=Decision.PENDING))
    library.record_attempt("run00001", an_attempt(1))
    assert library.get_run("run00001").attempts == (an_attempt(1),)


def test_a_run_that_is_begun_again_keeps_its_attempts(library: Library) -> None:
    run = a_run("run00001")
    library.begin_run(run.replace(attempts=(an_attempt(1),)))
    library.end_run(run.id, exit_reason=ExitReason.INTERRUPTED, spend=Spend(calls=1), seconds=2.0)
    library.begin_run(run)
    library.record_attempt(run.id, an_attempt(2))
    assert library.get_run(run.id) == run.replace(attempts=(an_attempt(1), an_attempt(2)))


def test_runs_come_newest_first_without_attempts(library: Library) -> None:
    for year in (2025, 2026, 2024):
        run = a_run(f"run-{year}", started=f"{year}-01-01T00:00:00+00:00")
        library.begin_run(run.replace(attempts=(an_attempt(1),)))
    runs = library.runs(limit=2)
    assert [run.id for run in runs] == ["run-2026", "run-2025"]
    assert all(run.attempts == () for run in runs)
    assert len(library.runs()) == 3


# --- cached verdicts and figures


def test_a_verdict_is_cached_under_its_key_alone(library: Library, reopen: Callable[[], Library]) -> None:
    assert library.cached_verdict("k1") is None
    library.cache_verdict("k1", a_verdict("a"))
    library.cache_verdict("k2", a_verdict("b"))
    library.cache_verdict("k1", a_verdict("c"))
    library.close()
    again = reopen()
    assert again.cached_verdict("k1") == a_verdict("c")
    assert again.cached_verdict("k2") == a_verdict("b")
    assert again.cached_verdict("k") is None


def test_figures_are_counts_and_sums_of_what_happened(library: Library) -> None:
    first, second = an_artifact("A", "x = 1\n", None), an_artifact("B", "x = 2\n", None)
    library.save(first)
    library.save(second)
    library.retire(second.id)
    library.record_use(first.id)
    library.cache_verdict("k", first.verdict)
    library.begin_run(a_run("reused-1").replace(attempts=(an_attempt(1, generator="reuse"),)))
    library.begin_run(
        a_run("solved-1").replace(attempts=(an_attempt(1, generator="reuse", decision=Decision.REJECTED),))
    )
    library.record_attempt("solved-1", an_attempt(2))
    for run in ("reused-1", "solved-1"):
        library.end_run(run, exit_reason=ExitReason.ACCEPTED, spend=Spend(calls=3, usd=0.25), seconds=2.0)
    library.begin_run(a_run("killed-1").replace(attempts=(an_attempt(1),)))
    figures = library.stats()
    expected = {
        "artifacts_live": 1,
        "artifacts_retired": 1,
        "uses": 1,
        "verdicts_cached": 1,
        "runs": 3,
        "runs_accepted": 2,
        "runs_rejected": 0,
        "runs_unfinished": 1,
        "served_by_reuse": 1,
        "attempts": 4,
        "model_calls": 7,
        "usd": 0.5,
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "run_seconds": 4.0,
    }
    assert {name: figures[name] for name in expected} == expected
