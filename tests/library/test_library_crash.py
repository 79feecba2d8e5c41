from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import crash_rounds
from library_parts import HashingEmbedder

from lamarck.library.sqlite import SqliteLibrary


def test_kill_9_loses_nothing_acknowledged(library_path: Path) -> None:
    report = crash_rounds.run_rounds(library_path, rounds=10, writers=2, longest=0.2)
    assert report.lost == []
    assert report.unsound == []
    assert report.rounds == 10
    assert report.killed_in_work == 20
    assert report.artifacts >= 20
    assert report.unacknowledged <= 20, "at most one for each writer that was killed"


def test_the_rounds_see_a_loss(library_path: Path) -> None:
    """A test that cannot fail would prove nothing: take away what was acknowledged and look again."""
    crash_rounds.run_rounds(library_path, rounds=1, writers=1, longest=0.05)
    with SqliteLibrary(library_path, embedder=HashingEmbedder()) as library:
        artifact = next(library.artifacts())
    word = artifact.task.goal.split()[-1]
    with closing(sqlite3.connect(library_path, isolation_level=None)) as raw:
        raw.execute("DELETE FROM words WHERE rowid = 1")
    report = crash_rounds.Report()
    crash_rounds.look(library_path, [("artifact", word), ("verdict", "never")], report)
    assert report.lost == [f"artifact of {word} is not found by word and meaning", "verdict never"]
    assert report.unsound == ["1 live artifacts that full text does not hold"]


def test_several_processes_save_and_search_at_once(library_path: Path) -> None:
    code = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from library_parts import HashingEmbedder, an_artifact
from lamarck.library.sqlite import SqliteLibrary
with SqliteLibrary(Path(sys.argv[2]), lock_seconds=30, embedder=HashingEmbedder()) as library:
    for number in range(20):
        word = f"{sys.argv[3]}{number}"
        library.save(an_artifact(f"Do {word}", f"def {word}(): ...", word))
        (hit,) = library.find(word, limit=1)
        assert word in hit.artifact.task.goal
        library.record_use(library.find("do", limit=1)[0].artifact.id)
"""
    command = [sys.executable, "-c", code, Path(__file__).parent, library_path]
    children = [subprocess.Popen([*command, name], stderr=subprocess.PIPE, text=True) for name in ("a", "b", "c", "d")]
    for child in children:
        _, err = child.communicate(timeout=60)
        assert child.returncode == 0, err
    with SqliteLibrary(library_path, embedder=HashingEmbedder()) as library:
        figures = library.stats()
        assert figures["artifacts_live"] == figures["artifacts_with_vector"] == figures["uses"] == 80
        assert library.problems() == ()


def test_the_rounds_run_by_themselves() -> None:
    done = subprocess.run(
        [sys.executable, crash_rounds.__file__, "--rounds", "1", "--writers", "1"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["killed_in_work"] == 1
