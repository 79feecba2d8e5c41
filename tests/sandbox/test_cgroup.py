from __future__ import annotations

import os
from pathlib import Path

import pytest

from lamarck.sandbox import cgroup
from lamarck.sandbox.cgroup import JobCgroup, find_places, make_cgroup

usable = pytest.mark.skipif(find_places() is None, reason="no cgroup can be made here")


@usable
def test_made_limited_and_removed() -> None:
    group = make_cgroup(memory_bytes=64 << 20, processes=7)
    assert group is not None
    folders = list(group.folders.values())
    try:
        names = ("memory.max", "memory.limit_in_bytes")
        limit = next(f / n for f in folders for n in names if (f / n).exists())
        assert int(limit.read_text()) == 64 << 20
        if group.limits_processes:
            assert next(f / "pids.max" for f in folders if (f / "pids.max").exists()).read_text() == "7\n"
        assert group.memory_kills() == 0
        assert (group.cpu_seconds() or 0.0) == 0.0
    finally:
        group.remove()
    assert not any(folder.exists() for folder in folders)
    group.remove()


@usable
def test_what_a_killed_process_left_is_swept() -> None:
    places = find_places()
    assert places is not None
    gone = 2**22 + 12345  # above every process id
    left = [folder / f"{cgroup.PREFIX}{gone}-0" for _, folder in places.folders]
    alive = [folder / f"{cgroup.PREFIX}{os.getpid()}-sweep" for _, folder in places.folders]
    for folder in (*left, *alive):
        folder.mkdir()
    find_places.cache_clear()
    try:
        assert find_places() == places
        assert not any(folder.exists() for folder in left)
        assert all(folder.exists() for folder in alive)
    finally:
        for folder in (*left, *alive):
            if folder.exists():
                folder.rmdir()


def test_version_two(tmp_path: Path) -> None:
    """Files stand in for the kernel's: what is written where, and how its counters are read."""
    for name in ("memory.max", "memory.swap.max", "memory.oom.group", "pids.max"):
        (tmp_path / name).write_text("max")
    (tmp_path / "memory.events").write_text("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 1\n")
    (tmp_path / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\nsystem_usec 2\n")
    group = JobCgroup({"unified": tmp_path})
    group.limit(memory_bytes=123 << 20, processes=9)
    assert (tmp_path / "memory.max").read_text() == str(123 << 20)
    assert (tmp_path / "memory.swap.max").read_text() == "0"
    assert (tmp_path / "memory.oom.group").read_text() == "1"
    assert (tmp_path / "pids.max").read_text() == "9"
    assert group.memory_kills() == 2
    assert group.cpu_seconds() == 1.5
    assert group.limits_processes
    assert group.paths == [str(tmp_path)]


def test_own_cgroup_and_those_above(tmp_path: Path) -> None:
    (tmp_path / "user" / "session").mkdir(parents=True)
    found = cgroup._candidates((tmp_path, "/"), "/user/session")
    assert found == [tmp_path / "user" / "session", tmp_path / "user", tmp_path]
    # a container sees a part of the tree as its root
    assert cgroup._candidates((tmp_path, "/docker/abc"), "/docker/abc/user")[0] == tmp_path / "user"
    assert cgroup._candidates((tmp_path, "/"), "/hidden/from/here") == [tmp_path]
    assert cgroup._candidates(None, "/x") == []


def test_an_unusable_folder_is_passed_over_and_left_clean(tmp_path: Path) -> None:
    """Plain folders have no controllers."""
    assert cgroup._first_usable([tmp_path / "missing", tmp_path], "unified") is None
    assert list(tmp_path.iterdir()) == []
