"""Records: frozen, a JSON round trip, ids that depend on content alone."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.records import (
    Acceptance,
    AcceptanceKind,
    Attempt,
    Candidate,
    CheckOutcome,
    Decision,
    Evidence,
    ExitReason,
    Failure,
    JobLimits,
    Limits,
    Origin,
    Run,
    Sampling,
    SourceFile,
    Spend,
    Task,
    TestResult,
    Trust,
    Verdict,
    make_candidate,
    make_task,
    tree_hash,
)

texts = st.text(max_size=30)
spends = st.builds(
    Spend,
    calls=st.integers(0, 9),
    prompt_tokens=st.integers(0, 10**6),
    completion_tokens=st.integers(0, 10**6),
    usd=st.floats(0, 100),
    seconds=st.floats(0, 1e4),
)
files = st.lists(st.builds(SourceFile, path=texts, text=texts), min_size=1, max_size=3).map(tuple)
origins = st.builds(Origin, generator=texts, tier=st.none() | texts, sampling=st.none() | st.builds(Sampling))
candidates = st.builds(
    lambda files, entry, origin, spend: make_candidate(files=files, entry_point=entry, origin=origin, spend=spend),
    files,
    st.none() | texts,
    origins,
    spends,
)
failures = st.builds(Failure, message=texts, expected=st.none() | texts, line=st.none() | st.integers(1, 99))
results = st.builds(
    TestResult, id=texts, outcome=st.sampled_from(CheckOutcome), failure=st.none() | failures, seconds=st.floats(0, 9)
)
evidence = st.builds(
    Evidence,
    check=texts,
    check_version=texts,
    candidate_id=texts,
    outcome=st.sampled_from(CheckOutcome),
    trust=st.none() | st.sampled_from(Trust),
    measurements=st.dictionaries(texts, st.floats(-1e6, 1e6), max_size=3),
    results=st.lists(results, max_size=3).map(tuple),
)
verdicts = st.builds(
    Verdict, decision=st.sampled_from(Decision), evidence=st.lists(evidence, max_size=2).map(tuple), quality=st.none()
)
tasks = st.builds(
    lambda goal, module, stubs, content: make_task(
        goal=goal,
        module=module,
        stubs=stubs,
        acceptance=(Acceptance(kind=AcceptanceKind.PYTEST, content=content, path="test_x.py"),),
    ),
    texts,
    texts,
    files,
    texts,
)
attempts = st.builds(
    Attempt, number=st.integers(1, 99), generator=texts, candidate=st.none() | candidates, verdict=st.none() | verdicts
)
runs = st.builds(
    Run,
    id=texts,
    kind=texts,
    task=tasks,
    started=texts,
    attempts=st.lists(attempts, max_size=2).map(tuple),
    exit_reason=st.none() | st.sampled_from(ExitReason),
)


@given(runs)
def test_round_trip(run: Run) -> None:
    assert Run.from_json(run.to_json()) == run


@given(candidates)
def test_equal_records_have_equal_text(candidate: Candidate) -> None:
    assert Candidate.from_json(candidate.to_json()).to_json() == candidate.to_json()


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="nonsense"):
        Spend.from_json('{"nonsense": 1}')


def test_records_are_frozen() -> None:
    with pytest.raises(AttributeError):
        Spend().calls = 2  # type: ignore[misc]


def test_task_id_is_what_is_wanted() -> None:
    task = make_task(goal="add", module="m")
    assert task.id == make_task(goal="add", module="m", limits=Limits(tokens=1), tags=("x",)).id
    assert task.id != make_task(goal="add two", module="m").id
    assert len(task.id) == 64


def test_candidate_id_is_code_and_entry_point() -> None:
    def made(text: str, entry: str, generator: str = "user") -> str:
        return make_candidate(
            files=(SourceFile(path="m.py", text=text),), entry_point=entry, origin=Origin(generator=generator)
        ).id

    assert made("a", "f") == made("a", "f", "model")
    assert made("a", "f") != made("b", "f")
    assert made("a", "f") != made("a", "g")


@given(spends, spends)
def test_spends_add_and_subtract(a: Spend, b: Spend) -> None:
    assert (a + b).tokens == a.tokens + b.tokens
    assert ((a + b) - b).calls == a.calls


@given(st.integers(1, 4096), st.integers(1, 4096))
def test_job_limits_only_go_down(a: int, b: int) -> None:
    lowered = JobLimits(memory_mb=a, processes=b).lowered(JobLimits(memory_mb=b, processes=a))
    assert lowered.memory_mb == lowered.processes == min(a, b)


def test_tree_hash_sees_behaviour_only() -> None:
    plain = tree_hash("def f(a):\n    return a + 1\n")
    assert plain == tree_hash('def f( a ):\n    """Doc."""\n    # comment\n    return (a + 1)\n')
    assert plain != tree_hash("def f(a):\n    return a + 2\n")
    assert tree_hash("def f(:") is None


@pytest.mark.parametrize("reason", ExitReason)
def test_every_exit_reason_has_its_code(reason: ExitReason) -> None:
    assert reason.exit_code in {0, 1, 2, 3, 4, 5, 130}


def test_exit_codes() -> None:
    assert ExitReason.ACCEPTED.exit_code == 0
    assert ExitReason.PENDING.exit_code == 3
    assert ExitReason.INTERRUPTED.exit_code == 130


def test_main_path() -> None:
    task: Task = make_task(goal="", module="pkg.mod")
    assert task.main_path == "pkg/mod.py"
    assert make_task(goal="", module="m", stubs=(SourceFile(path="src/m.py", text=""),)).main_path == "src/m.py"
