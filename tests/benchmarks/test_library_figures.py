"""The suites library, retrieval and reuse on small input: what they draw, what they count, where they go on."""

from __future__ import annotations

import ast
import random
from pathlib import Path
from typing import Any

import pytest

from lamarck.api import Settings
from lamarck.benchmarks import reuse
from lamarck.benchmarks.corpus import Corpus, distractors
from lamarck.benchmarks.library import library_text, measure_library
from lamarck.benchmarks.retrieval import GROUPS, measure_retrieval, read_functions, read_requests, retrieval_text
from lamarck.benchmarks.reuse import _same, wishes
from lamarck.benchmarks.reuse_report import Row, figures_of, reuse_svg, reuse_text
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
    by_group = {group: [r for r in requests if r.group == group] for group in GROUPS}
    pairs = by_group["opposite"]
    worded = [by_group[group] for group in ("worded", "held out", "later")]
    assert sum(map(len, worded)) >= 300
    for several in worded:  # the same functions, each asked for once in each
        assert len(several) == len({r.wanted for r in several}) >= 100
        assert {r.wanted for r in several} == {r.wanted for r in by_group["tuned"]}
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


def row(number: int, task: str, kind: str, served: str, **changes: Any) -> Row:
    made = Row(
        number=number, task=task, kind=kind, text="t", signature="def f(x)", served=served, right=True, refused=0,
        recognised=False, prompt_tokens=0, completion_tokens=0, seconds=0.5,
    )  # fmt: skip
    return made.replace(**changes)


def test_the_figures_follow_from_the_rows() -> None:
    paid = {"prompt_tokens": 80, "completion_tokens": 20}
    rows = [
        row(1, "a", "new", "model", **paid),
        row(2, "a", "repeat", "library", recognised=True),
        row(3, "b", "near miss", "library", right=False),
        row(4, "a", "paraphrase", "model", refused=3, seconds=2.0, **paid),
        row(5, "c", "new", "nobody", right=None),
        row(6, "c", "repeat", "model", **paid),
    ]
    figures = figures_of(rows, cache=(3, 1))
    # The second request of c is no repeat of a task solved before.
    assert (figures.repeats, figures.served, figures.wrong_served, figures.wrong) == (2, 1, 1, 1)
    assert figures.recognised == 1
    assert {way: cost.tokens for way, cost in figures.cost.items()} == {"without": 600, "lamarck": 300, "oracle": 300}
    assert figures.cost["oracle"].seconds < figures.cost["lamarck"].seconds < figures.cost["without"].seconds
    assert figures.lines["lamarck"][1] == figures.lines["lamarck"][0]
    told = reuse_text(figures)
    assert "1 of 2 (50.0%" in told
    assert "3 served, 1 of them wrong" in told
    assert reuse_svg(figures).count("<polyline") == 3


def test_a_longer_plan_begins_as_a_shorter_one_does_and_holds_every_kind() -> None:
    long = reuse.plan(400, 0)
    assert reuse.plan(40, 0) == long[:40]
    assert {a.kind for a in long} == {
        "new", "near miss", "opposite", "repeat", "changed signature", "paraphrase",
    }  # fmt: skip
    first: set[str] = set()
    for one in long:
        assert (one.kind in {"new", "near miss", "opposite"}) is (one.wish.key not in first)
        first.add(one.wish.key)


def test_the_workload_goes_on_where_its_rows_end(tmp_path: Path) -> None:
    kept = tmp_path / "rows.jsonl"
    short = reuse.measure_reuse(Settings(), requests=4, seed=0, say=lambda _: None, rows=kept)
    assert len(kept.read_text().splitlines()) == 4
    before = kept.read_text()
    longer = reuse.measure_reuse(Settings(), requests=6, seed=0, say=lambda _: None, rows=kept)
    assert kept.read_text().startswith(before)
    assert (short.requests, longer.requests, longer.wrong) == (4, 6, 0)
    with pytest.raises(BadInput, match="another workload"):
        reuse.measure_reuse(Settings(), requests=6, seed=1, say=lambda _: None, rows=kept)


def test_nothing_of_a_harvested_package_is_run(sources: Path) -> None:
    found = harvest.collection(str(sources / "one"))
    assert len(list(harvest.functions_of(found))) == 60, "although its modules end the process when they are imported"
    assert found.licence == "unknown"
