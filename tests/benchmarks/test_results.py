from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamarck.benchmarks.results import Header, Result, ResultFile
from lamarck.errors import BadInput

HEADER = Header(suite="own", data="d" * 64, model="scripted", tokens=1500, lamarck="0.1.0")


def row(task: str, arm: str = "raw", *, outcome: str = "scored", solved: bool = True, seed: int = 0) -> Result:
    return Result(task=task, arm=arm, seed=seed, outcome=outcome, solved=solved)


def test_rows_come_back_in_order_and_only_final_ones_are_done(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "results.jsonl"
    with ResultFile(path, HEADER) as results:
        results.append(row("a"))
        results.append(row("b", outcome="errored", solved=False))
    with ResultFile(path, HEADER) as results:
        assert [r.task for r in results.rows] == ["a", "b"]
        assert results.is_done(("a", "raw", 0))
        assert not results.is_done(("b", "raw", 0)), "a broken scoring says nothing, so it is tried again"
        assert not results.is_done(("a", "raw", 1)), "another seed is another measurement"
        results.append(row("b"))
        assert results.latest()[("b", "raw", 0)].outcome == "scored"
    assert len(path.read_text().splitlines()) == 4, "one header, three rows: nothing is rewritten"


@given(st.integers(min_value=1, max_value=60))
def test_a_line_cut_by_a_crash_is_dropped_and_the_rest_kept(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.mktemp("cut") / "results.jsonl"
    with ResultFile(path, HEADER) as results:
        results.append(row("a"))
        results.append(row("b"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    with ResultFile(path, HEADER) as results:
        assert [r.task for r in results.rows] == ["a"]
        results.append(row("b"))
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"model": "other"}, "model scripted, not other"),
        ({"tokens": 9}, "tokens 1500, not 9"),
        ({"data": "e" * 64}, "data"),
    ],
)
def test_another_benchmark_is_not_continued(tmp_path: Path, change: dict[str, object], told: str) -> None:
    path = tmp_path / "results.jsonl"
    ResultFile(path, HEADER).close()
    with pytest.raises(BadInput, match=told):
        ResultFile(path, HEADER.replace(**change))


@pytest.mark.parametrize(
    "content", ["hello\n", "no end of line", '{"a": 1}', '{"type":"result"}\n', row("a").to_json() + "\n"]
)
def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(content)
    with pytest.raises(BadInput) as caught:
        ResultFile(path, HEADER)
    assert "lamarck bench" in caught.value.line
    assert path.read_text() == content


def test_one_process_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with ResultFile(path, HEADER), pytest.raises(BadInput, match="another benchmark"):
        ResultFile(path, HEADER)
    ResultFile(path, HEADER).close()


def test_without_a_path_results_stay_in_memory() -> None:
    with ResultFile(None, HEADER) as results:
        results.append(row("a"))
        assert results.is_done(("a", "raw", 0))
