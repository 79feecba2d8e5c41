from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from lamarck.sandbox import warden, watch


def test_children_are_found_in_both_ways() -> None:
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert child.pid in warden.children(os.getpid())
        assert child.pid in warden.children_by_asking(os.getpid())
        assert watch.descendants(os.getpid())[0] == os.getpid()
        assert child.pid in watch.descendants(os.getpid())
        child.communicate(b"\n")
    assert child.pid not in warden.children(os.getpid())
    assert warden.children(child.pid) == set()


def test_usage_counts_memory_time_and_threads() -> None:
    code = "x = b'x' * (60 << 20)\nfor _ in range(2_000_000): pass\nprint(flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        usage = watch.usage_of(child.pid, 0)
        assert 60 << 20 < usage.memory_bytes < 200 << 20
        assert 0.01 <= usage.cpu_seconds < 20
        assert usage.processes == 1
        child.communicate(b"\n")
    assert watch.usage_of(child.pid, 0).memory_bytes == 0
    assert watch.usage_of(0, 0).processes == 0


def test_a_folder_is_measured_without_following_links(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(bytes(3 << 20))
    inside = tmp_path / "inside"
    (inside / "deep").mkdir(parents=True)
    (inside / "link").symlink_to(outside)
    (inside / "loop").symlink_to(inside)
    os.mkfifo(inside / "fifo")
    assert not watch.exceeds(inside, 1 << 20)
    (inside / "deep" / "large").write_bytes(bytes(2 << 20))
    assert watch.exceeds(inside, 1 << 20)
    assert not watch.exceeds(tmp_path / "missing", 0)


@given(pid=st.integers(1, 2**22 - 1), low=st.integers(20_000 + 1_000, 2**17))
@settings(max_examples=200)
def test_ids_of_jobs_are_unprivileged_and_of_one_group(pid: int, low: int) -> None:
    user, group = warden.unprivileged_ids(pid, "0 0 4294967295\n")
    assert user == 0x70000001 + pid
    assert group == 0x70000000
    # a container that maps few users
    user, group = warden.unprivileged_ids(pid, f"0 100000 {low}\n")
    assert 20_000 == group < user < low


def test_too_few_ids_are_refused() -> None:
    try:
        warden.unprivileged_ids(1, "0 1000 1\n")
    except OSError as error:
        assert "user ids" in str(error)
    else:
        raise AssertionError("no job may run as root")
