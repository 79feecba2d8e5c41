"""Real replies of both embedded models to the shipped tasks: what is read out of them, and by which mends."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

import lamarck
from lamarck.benchmarks.building import build
from lamarck.benchmarks.replies import RecordedReply, read_corpus
from lamarck.benchmarks.suites.table import load_suite
from lamarck.generators.extraction import RULES, Extraction, extract
from lamarck.generators.prompt import candidate_paths
from lamarck.records import Task

CORPUS = Path(lamarck.__file__).parents[1] / "examples" / "replies.jsonl"


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Task]:
    folder = tmp_path_factory.mktemp("corpus")
    problems, _ = load_suite("own", None)
    with lamarck.Lamarck(library=folder / "library.sqlite") as lm:
        return {p.id: build(p, lm, folder / p.id).task for p in problems}


def read(row: RecordedReply, task: Task, without: frozenset[str] = frozenset()) -> Extraction | None:
    stub = task.stubs[0].text if task.stubs else ""
    paths = candidate_paths(task)
    return extract(row.reply, paths, task.entry_point, signature=task.signature, stub=stub, without=without)


def test_every_reply_is_read_or_refused_and_what_is_read_parses(tasks: dict[str, Task]) -> None:
    rows = read_corpus(CORPUS)
    assert len(rows) >= 300
    assert len({r.model for r in rows}) == 2
    assert len({r.reply for r in rows}) > 290
    used: Counter[str] = Counter()
    unread: Counter[str] = Counter()
    for row in rows:
        found = read(row, tasks[row.task])
        if found is None:
            unread[row.model] += 1
            continue
        used.update(set(found.rules))
        for file in found.files:
            ast.parse(file.text)
    # The smallest model often writes what is no Python at all; of the other's replies all but those that lack a file.
    assert unread["qwen2.5-coder-1.5b"] <= 5
    assert unread["smollm2-135m"] <= 45
    assert set(used) <= set(RULES)
    assert {"cut the end", "dropped tests and examples", "added imports", "named as asked", "split the block"} <= set(
        used
    )


def test_a_mend_that_is_left_out_is_not_used(tasks: dict[str, Task]) -> None:
    for row in read_corpus(CORPUS)[::5]:
        for rule in RULES:
            found = read(row, tasks[row.task], frozenset({rule}))
            assert found is None or rule not in found.rules
