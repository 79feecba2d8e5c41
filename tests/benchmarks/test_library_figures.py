"""The suites library, retrieval and reuse on small input: what they draw, what they count, where they go on."""

from __future__ import annotations

import ast
import random
from pathlib import Path

import pytest

from lamarck.benchmarks import reuse
from lamarck.benchmarks.corpus import Corpus, distractors
from lamarck.benchmarks.library import library_text, measure_library
from lamarck.benchmarks.retrieval import measure_retrieval, read_functions, read_requests, retrieval_text
from lamarck.benchmarks.reuse import _same, reuse_svg, reuse_text, wishes
from lamarck.errors import BadInput
from lamarck.library import harvest


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two small packages, and nothing else to harvest."""
    monkeypatch.setattr("lamarck.benchmarks.corpus.installed", lambda: iter(()))
    monkeypatch.setattr("lamarck.benchmarks.library.weights_path", lambda name: tmp_path / "no weights")
    for package in ("one", "two"):
        (tmp_path / "sources" / package).mkdir(parents=True)
        for module in ("a", "b"):
            text = "".join(
                f'def f{n}(x):\n    """Say in several words what {package} {module} {n} is."""\n    return {n}\n\n\n'
                for n in range(30)
            )
            (tmp_path / "sources" / package / f"{module}.py").write_text(text + "raise SystemExit('never run')\n")
    return tmp_path / "sources"


def test_a_corpus_goes_on_where_it_ended_and_is_always_the_same(sources: Path, tmp_path: Path) -> None:
    assert Corpus(50, data=sources, folder=tmp_path / "kept").build(lambda _: None) == 50
    functions = tmp_path / "kept" / "functions.jsonl"
    functions.write_bytes(functions.read_bytes() + b'{"cut off')
    corpus = Corpus(120, data=sources, folder=tmp_path / "kept")
    assert corpus.build(lambda _: None) == 120
    afresh = Corpus(120, data=sources, folder=tmp_path / "afresh")
    afresh.build(lambda _: None)
    assert list(corpus.functions()) == list(afresh.functions())
    drawn = distractors(corpus, 40)
    assert [a.id for a in drawn] == [a.id for a in distractors(afresh, 40)]
    assert {a.task.tags[0] for a in drawn} == {"one", "two"}


def test_the_library_is_measured_with_words_alone_where_no_embedder_is(sources: Path, tmp_path: Path) -> None:
    figures = measure_library(100, data=sources, seed=0, embed=0, say=lambda _: None, corpus=tmp_path / "kept")
    assert (figures.artifacts, figures.vectors, figures.recall) == (100, 0, None)
    assert figures.problems == ()
    assert figures.milliseconds["search"]["p50"] > 0
    assert "100 artifacts" in library_text(figures)
    with pytest.raises(BadInput, match="not 500"):
        measure_library(500, data=sources, seed=0, embed=0, say=lambda _: None, corpus=tmp_path / "kept")


def test_the_retrieval_data_is_what_it_says() -> None:
    functions, requests = read_functions(), read_requests()
    tuned = [r for r in requests if r.group == "tuned"]
    held_out = [r for r in requests if r.group == "held out"]
    pairs = [r for r in requests if r.group == "opposite"]
    assert len({r.wanted for r in tuned}) >= 100
    assert len(tuned) + len(held_out) >= 300
    assert 3 * len(held_out) >= len(tuned) + len(held_out)
    assert len(pairs) >= 120
    assert {r.wanted for r in requests} <= functions.keys()
    assert {r.opposite for r in pairs} == {r.wanted for r in pairs}
    assert len({r.text for r in requests}) == len(requests)


def test_retrieval_counts_what_stands_among_the_first(sources: Path, tmp_path: Path) -> None:
    figures = measure_retrieval(data=sources, among=20, say=lambda _: None, corpus=tmp_path / "kept")
    assert (figures.distractors, figures.requests) == (20, len(read_requests()))
    words = {r.group: r for r in figures.ranks if r.way == "words"}
    assert words["all"].requests == figures.requests
    assert 0 < words["all"].at_1 <= words["all"].at_5 <= words["all"].at_10 <= 1
    assert len(figures.missed) == round((1 - words["all"].at_5) * figures.requests)
    assert "held out" in retrieval_text(figures)


def test_the_tasks_of_the_reuse_workload_differ_and_their_code_does_what_they_say() -> None:
    tasks = wishes(0)
    assert len({wish.key for wish in tasks}) == len(tasks) == reuse.TASKS
    dice = random.Random(1)
    for wish in tasks[:40]:
        ast.parse(wish.code("f"))
        others = [o for o in tasks if o.family is wish.family and o.key != wish.key]
        inputs = [wish.family.arguments(dice) for _ in range(60)]
        for other in others:
            assert any(wish.value(*i) != other.value(*i) for i in inputs), f"{wish.key} is {other.key}"
        assert _same(wish, wish, dice)


def test_a_figure_of_the_workload_is_told_and_drawn() -> None:
    from lamarck.benchmarks.machine import this_machine

    figures = reuse.ReuseFigures(
        machine=this_machine(), requests=4, tasks=2, new=2, repeats=2, served=2, new_served=0, wrong_served=0, wrong=0,
        prevented=1, recognised=1, tokens_without=400, tokens=200, tokens_oracle=200, seconds=8.0, seconds_a_repeat=1.5,
        cache_served=3, cache_wrong=1,
        lines={"without": (100, 200, 300, 400), "lamarck": (100, 200, 200, 200), "oracle": (100, 200, 200, 200)},
    )  # fmt: skip
    told = reuse_text(figures)
    assert "2 of 2 (100.0%)" in told
    assert "(50.0% saved)" in told
    assert "3 served, 1 of them wrong" in told
    assert reuse_svg(figures).count("<polyline") == 3


def test_nothing_of_a_harvested_package_is_run(sources: Path) -> None:
    found = harvest.collection(str(sources / "one"))
    assert len(list(harvest.functions_of(found))) == 60, "although its modules end the process when they are imported"
    assert found.licence == "unknown"
