from __future__ import annotations

from pathlib import Path

import pytest
from models_parts import HubServer, sha256, some_weights

from lamarck.errors import DiskFull, ModelCorrupt, ModelUnavailable
from lamarck.models.weights import pull_weights
from lamarck.models.weights_table import Weights

CONTENT = bytes(range(256)) * 400


@pytest.fixture
def weights(hub_server: HubServer) -> Weights:
    hub_server.content = CONTENT
    return some_weights((CONTENT,))


def pull(weights: Weights, folder: Path, server: HubServer, **more: object) -> Path:
    return pull_weights(weights, folder, source="hub", hub=server.address, **more)


def left_behind(folder: Path) -> set[str]:
    return {p.name for p in folder.rglob("*") if p.is_file()} - {".fake.gguf.lock", "fake.gguf.verified.json"}


def test_it_fetches_the_published_file(weights: Weights, tmp_path: Path, hub_server: HubServer) -> None:
    path = pull(weights, tmp_path / "new" / "folder", hub_server)
    assert path == tmp_path / "new" / "folder" / "fake.gguf"
    assert path.read_bytes() == CONTENT
    assert hub_server.asked == [("/someone/fake-weights/resolve/main/fake.gguf", "bytes=0-")]
    assert left_behind(path.parent) == {"fake.gguf"}


def test_what_is_here_is_not_fetched_again(weights: Weights, tmp_path: Path, hub_server: HubServer) -> None:
    pull(weights, tmp_path, hub_server)
    hub_server.asked.clear()
    seen: list[tuple[int, int]] = []
    pull(weights, tmp_path, hub_server, on_progress=lambda *p: seen.append(p))
    assert hub_server.asked == []
    assert seen == [(len(CONTENT), len(CONTENT))]


def test_progress_runs_from_what_is_here_to_the_end(weights: Weights, tmp_path: Path, hub_server: HubServer) -> None:
    seen: list[tuple[int, int]] = []
    pull(weights, tmp_path, hub_server, on_progress=lambda *p: seen.append(p))
    assert seen == sorted(seen)
    assert seen[0] == (0, len(CONTENT))
    assert seen[-1] == (len(CONTENT), len(CONTENT))


def test_a_connection_that_ends_early_is_resumed(weights: Weights, tmp_path: Path, hub_server: HubServer) -> None:
    hub_server.deliver = 40_000
    assert pull(weights, tmp_path, hub_server).read_bytes() == CONTENT
    assert [r for _, r in hub_server.asked] == ["bytes=0-", "bytes=40000-", "bytes=80000-"]


def test_a_hub_that_does_not_resume_is_read_from_the_start(
    weights: Weights, tmp_path: Path, hub_server: HubServer
) -> None:
    hub_server.deliver = 40_000
    hub_server.resumes = False
    with pytest.raises(ModelUnavailable, match="ended early"):
        pull(weights, tmp_path, hub_server)
    hub_server.deliver = None
    assert pull(weights, tmp_path, hub_server).read_bytes() == CONTENT


def test_what_arrived_before_a_failure_is_kept(weights: Weights, tmp_path: Path, hub_server: HubServer) -> None:
    hub_server.deliver = 40_000

    def interrupt(done: int, total: int) -> None:
        if done >= 40_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(weights, tmp_path, hub_server, on_progress=interrupt)
    assert not (tmp_path / "fake.gguf").exists()
    hub_server.deliver = None
    hub_server.asked.clear()
    assert pull(weights, tmp_path, hub_server).read_bytes() == CONTENT
    assert [r for _, r in hub_server.asked] == ["bytes=40000-"]


def test_other_bytes_are_refused_and_nothing_stays(weights: Weights, tmp_path: Path, hub_server: HubServer) -> None:
    hub_server.content = CONTENT[:-1] + b"!"
    with pytest.raises(ModelCorrupt, match=sha256(hub_server.content)[:12]) as failed:
        pull(weights, tmp_path, hub_server)
    assert failed.value.mend
    assert left_behind(tmp_path) == set()


@pytest.mark.parametrize("content", [CONTENT + b"more", CONTENT[:100], b""])
def test_a_file_of_another_size_is_refused_before_it_is_read(
    weights: Weights, tmp_path: Path, hub_server: HubServer, content: bytes
) -> None:
    hub_server.content = content
    with pytest.raises(ModelUnavailable, match="bytes instead of"):
        pull(weights, tmp_path, hub_server)
    assert len(hub_server.asked) == 1


def test_a_corrupt_file_is_replaced(weights: Weights, tmp_path: Path, hub_server: HubServer) -> None:
    (tmp_path / "fake.gguf").write_bytes(b"x" * len(CONTENT))
    assert pull(weights, tmp_path, hub_server).read_bytes() == CONTENT


@pytest.mark.parametrize("status", [403, 404, 416, 500])
def test_a_refusal_is_told(weights: Weights, tmp_path: Path, hub_server: HubServer, status: int) -> None:
    hub_server.status = status
    with pytest.raises(ModelUnavailable, match=f"answered {status}"):
        pull(weights, tmp_path, hub_server)


@pytest.mark.parametrize("hub", ["http://127.0.0.1:9", "file:///etc", "nonsense"])
def test_a_hub_that_is_not_there(weights: Weights, tmp_path: Path, hub: str) -> None:
    with pytest.raises(ModelUnavailable) as failed:
        pull_weights(weights, tmp_path, source="hub", hub=hub)
    assert failed.value.mend


def test_a_hub_without_the_file_is_not_asked(weights: Weights, tmp_path: Path, hub_server: HubServer) -> None:
    with pytest.raises(ModelUnavailable, match="has no file"):
        pull(weights.replace(hub_file=None), tmp_path, hub_server)
    assert hub_server.asked == []


def test_a_disk_that_is_too_small_is_told_before_anything_is_fetched(
    weights: Weights, tmp_path: Path, hub_server: HubServer
) -> None:
    with pytest.raises(DiskFull, match=r"1000000\d{6} MB are needed for fake") as failed:
        pull(weights.replace(size=10**18), tmp_path, hub_server)
    assert "XDG_CACHE_HOME" in failed.value.mend
    assert hub_server.asked == []


def test_a_folder_that_cannot_be_written(weights: Weights, tmp_path: Path, hub_server: HubServer) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelUnavailable, match="file") as failed:
        pull(weights, tmp_path / "file" / "models", hub_server)
    assert failed.value.mend
