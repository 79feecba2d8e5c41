"""Whatever the records hold comes back as it was."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from library_parts import HashingEmbedder

from lamarck.library.figures import FIGURES
from lamarck.library.sqlite import SqliteLibrary
from lamarck.records import (
    Artifact,
    ArtifactStatus,
    Attempt,
    Candidate,
    CheckOutcome,
    Decision,
    Evidence,
    ExitReason,
    Origin,
    Run,
    SourceFile,
    Spend,
    Usage,
    Verdict,
    make_candidate,
    make_task,
)

text = st.text(max_size=40)
stamps = st.datetimes().map(lambda moment: moment.isoformat(timespec="microseconds"))
amounts = st.floats(0, 1e9, allow_nan=False)
counts = st.integers(0, 2**53)
spends = st.builds(
    Spend,
    calls=counts,
    prompt_tokens=counts,
    completion_tokens=counts,
    usd=amounts,
    seconds=amounts,
    cpu_seconds=amounts,
)
evidence = st.builds(
    Evidence,
    check=text,
    check_version=text,
    candidate_id=text,
    outcome=st.sampled_from(CheckOutcome),
    score=st.none() | amounts,
    measurements=st.dictionaries(text, amounts, max_size=3),
    log=text,
    replay_command=text,
)
verdicts = st.builds(
    Verdict,
    decision=st.sampled_from(Decision),
    evidence=st.lists(evidence, max_size=3).map(tuple),
    quality=st.none() | amounts,
    reasons=st.lists(text, max_size=3).map(tuple),
)
files = st.lists(st.builds(SourceFile, path=text, text=text), max_size=3).map(tuple)
tasks = st.builds(
    lambda goal, signature, stubs: make_task(goal=goal, module="m", signature=signature, stubs=stubs),
    text,
    st.none() | text,
    files,
)
origins = st.builds(Origin, generator=text, tier=st.none() | text)
candidates = st.builds(
    lambda files, entry_point, origin, spend: make_candidate(
        files=files, entry_point=entry_point, origin=origin, spend=spend
    ),
    files,
    st.none() | text,
    origins,
    spends,
)


def artifact_of(candidate: Candidate, **fields: object) -> Artifact:
    return Artifact(id=candidate.id, candidate=candidate, **fields)


artifacts = st.builds(
    artifact_of,
    candidates,
    kind=text,
    task=tasks,
    verdict=verdicts,
    created=stamps,
    cost=spends,
    lineage=st.lists(text, max_size=3).map(tuple),
    status=st.sampled_from(ArtifactStatus),
    usage=st.builds(Usage, served=counts, last_served=st.none() | stamps),
)
attempts = st.lists(
    st.builds(
        Attempt,
        number=st.integers(0, 1000),
        generator=text,
        candidate=st.none() | candidates,
        verdict=st.none() | verdicts,
        reply=st.none() | text,
        spend=spends,
    ),
    max_size=3,
    unique_by=lambda attempt: attempt.number,
).map(lambda found: tuple(sorted(found, key=lambda attempt: attempt.number)))
runs = st.builds(
    Run,
    id=st.uuids().map(str),
    kind=st.sampled_from(["solve", "add", "verify"]),
    task=tasks,
    started=stamps,
    attempts=attempts,
    spend=spends,
    seconds=st.none() | amounts,
    exit_reason=st.none() | st.sampled_from(ExitReason),
    artifact_id=st.none() | text,
    message=text,
)


@given(artifacts, runs, verdicts, text)
@settings(max_examples=30, deadline=None)
def test_records_come_back_as_they_were(artifact: Artifact, run: Run, verdict: Verdict, key: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "library.sqlite"
        with SqliteLibrary(path, embedder=HashingEmbedder()) as library:
            library.save(artifact)
            library.begin_run(run)
            library.cache_verdict(key, verdict)
        with SqliteLibrary(path, embedder=HashingEmbedder()) as library:
            assert list(library.artifacts()) == [artifact]
            assert library.get_run(run.id) == run
            assert library.runs() == (run.replace(attempts=()),)
            assert library.cached_verdict(key) == verdict
            assert library.problems() == ()
            assert set(library.stats()) == set(FIGURES)
