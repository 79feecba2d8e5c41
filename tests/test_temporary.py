"""Temporary folders go with their process, however it ends, and nobody else's folder goes with them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lamarck.temporary import TemporaryFolder, sweep, temporary_folder, temporary_name

_HOLD = """
import sys
from lamarck.temporary import TemporaryFolder, temporary_name
folder = TemporaryFolder(temporary_name("bench", sys.argv[1]))
(folder.path / "left").write_text("x")
print(folder.path.name, flush=True)
sys.stdin.read()
"""


def _holder(parent: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(parent)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_a_folder_goes_with_its_context(tmp_path: Path) -> None:
    with temporary_folder("bench", tmp_path) as folder:
        (folder / "a" / "b").mkdir(parents=True)
        assert folder.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_holds_is_not(tmp_path: Path) -> None:
    process, name = _holder(tmp_path)
    with process:
        assert sweep(tmp_path) == ()
        assert (tmp_path / name / "left").exists()
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert sweep(tmp_path) == (name,)
    assert list(tmp_path.iterdir()) == []


def test_the_first_folder_of_a_process_sweeps_what_others_left(tmp_path: Path) -> None:
    process, name = _holder(tmp_path)
    process.kill()
    with process:
        process.wait()
    other, fresh = _holder(tmp_path)
    with other:
        assert [p.name for p in tmp_path.iterdir()] == [fresh] != [name]
        other.kill()


def test_only_folders_of_that_name_of_this_user_that_nobody_else_enters_are_swept(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("x")
    place = tmp_path / "place"
    place.mkdir()
    linked, shared, file, named = (temporary_name("bench", place) for _ in range(4))
    linked.symlink_to(elsewhere)
    shared.mkdir(0o755)
    file.write_text("x")
    named = named.with_name("lamarck-notes")
    named.mkdir(0o700)
    inner = temporary_name("bench", place)
    inner.mkdir(0o700)
    (inner / "out").symlink_to(elsewhere)
    assert sweep(place) == (inner.name,)
    assert {p.name for p in place.iterdir()} == {linked.name, shared.name, file.name, named.name}
    assert (elsewhere / "kept").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes somebody else's folder")
def test_somebody_elses_folder_stays(tmp_path: Path) -> None:
    place = temporary_name("bench", tmp_path)
    place.mkdir(0o700)
    os.chown(place, 12345, 12345)
    assert sweep(tmp_path) == ()


def test_a_forked_process_leaves_the_folder_to_its_maker(tmp_path: Path) -> None:
    folder = TemporaryFolder(temporary_name("bench", tmp_path))
    pid = os.fork()
    if pid == 0:
        folder.remove()
        os._exit(0)
    os.waitpid(pid, 0)
    assert folder.path.exists()
    folder.remove()
    folder.remove()
    assert not folder.path.exists()


def test_who_sweeps_all_the_time_takes_nobodys_new_folder(tmp_path: Path) -> None:
    done = threading.Event()
    sweeper = threading.Thread(target=lambda: [sweep(tmp_path) for _ in iter(done.is_set, True)])
    sweeper.start()
    try:
        for _ in range(300):
            with temporary_folder("bench", tmp_path) as folder:
                (folder / "x").write_text("x")
                assert (folder / "x").exists()
    finally:
        done.set()
        sweeper.join()


def test_other_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a name"):
        TemporaryFolder(tmp_path / "mine")
