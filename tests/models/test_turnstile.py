from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lamarck.errors import EnvironmentProblem
from lamarck.models.turnstile import Turnstile, acquire, holding

HOLD = (
    "import sys\nfrom pathlib import Path\nfrom lamarck.models.turnstile import Turnstile\n"
    "turnstile = Turnstile(Path(sys.argv[1]))\nturnstile.enter()\nprint('in', flush=True)\nsys.stdin.readline()\n"
    "turnstile.leave()\nprint('out', flush=True)\nsys.stdin.readline()\n"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "locks" / "inference.lock"


@pytest.fixture
def other(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process, in the room; a line on its input makes it leave."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "in\n"
    yield process
    process.kill()
    process.communicate()


def is_free(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def test_it_holds_the_file_from_enter_to_leave(path: Path) -> None:
    turnstile = Turnstile(path)
    turnstile.enter()
    assert not is_free(path)
    turnstile.leave()
    assert is_free(path)


def test_threads_of_one_process_are_in_together(path: Path) -> None:
    turnstile = Turnstile(path)
    inside = threading.Barrier(4, timeout=10)

    def visit(_: int) -> None:
        turnstile.enter()
        inside.wait()  # breaks unless all four are in at once
        turnstile.leave()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(visit, range(4)))
    assert is_free(path)


def test_another_process_is_waited_for_and_that_is_told_once(path: Path, other: subprocess.Popen[str]) -> None:
    told: list[str] = []

    def waiting() -> None:
        told.append("waiting")
        assert other.stdin is not None
        other.stdin.write("\n")
        other.stdin.flush()

    turnstile = Turnstile(path)
    turnstile.enter(waiting=waiting)
    assert told == ["waiting"]
    assert not is_free(path)
    turnstile.leave()


def test_nothing_is_told_when_nobody_is_in(path: Path) -> None:
    told: list[str] = []
    turnstile = Turnstile(path)
    turnstile.enter(waiting=lambda: told.append("waiting"))
    turnstile.leave()
    assert told == []


def test_a_process_that_was_killed_holds_nothing(path: Path, other: subprocess.Popen[str]) -> None:
    other.kill()
    other.wait()
    turnstile = Turnstile(path)
    turnstile.enter()
    turnstile.leave()


def test_waiting_can_be_ended_and_leaves_nothing_held(path: Path, other: subprocess.Popen[str]) -> None:
    class Enough(Exception):
        pass

    def stop() -> None:
        raise Enough

    turnstile = Turnstile(path)
    with pytest.raises(Enough):
        turnstile.enter(stop=stop)
    assert is_free(path.with_name(path.name + ".gate"))
    other.kill()
    other.wait()
    turnstile.enter()
    assert not is_free(path)
    turnstile.leave()


def test_who_comes_straight_back_queues_behind_who_waits(path: Path, other: subprocess.Popen[str]) -> None:
    """We wait; the other one leaves and comes back at once; it must not be in before us."""
    turnstile = Turnstile(path)
    entered = threading.Event()
    waiting = threading.Event()

    def enter() -> None:
        turnstile.enter(waiting=waiting.set)
        entered.set()

    thread = threading.Thread(target=enter)
    thread.start()
    assert waiting.wait(10)
    greedy = Turnstile(path)  # of this process, but with a hold of its own, as another process would have
    overtaken = threading.Event()

    def come_back() -> None:
        greedy.enter()
        if not entered.is_set():
            overtaken.set()
        greedy.leave()

    back = threading.Thread(target=come_back)
    back.start()
    assert other.stdin is not None
    other.stdin.write("\n")
    other.stdin.flush()
    assert entered.wait(10)
    turnstile.leave()
    thread.join(10)
    back.join(10)
    assert not overtaken.is_set()


def test_without_a_file_nobody_is_minded() -> None:
    turnstile = Turnstile(None)
    turnstile.enter()
    turnstile.enter()
    turnstile.leave()
    turnstile.leave()


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentProblem, match="cannot be opened") as failed:
        acquire(tmp_path / "file" / "x.lock")
    assert failed.value.mend


def test_holding_ends_with_its_block(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), holding(path):
        assert not is_free(path)
        _ = 1 / 0
    assert is_free(path)
