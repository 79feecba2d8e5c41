"""What is particular to containers: the words that an engine is given, and how it fails. What every job may expect is
asked of them in test_conformance.py, where an engine runs."""

from __future__ import annotations

import csv
import io
import itertools
import os
import secrets
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sandbox_parts import processes_with, wait_until

from lamarck.errors import BadInput, SandboxUnavailable
from lamarck.records import JobLimits
from lamarck.sandbox.bubblewrap import BubblewrapSandbox
from lamarck.sandbox.containers import ContainerSandbox
from lamarck.sandbox.engine import Engine, explain_engine, find_engine, image_archive
from lamarck.sandbox.pool import WarmSandbox
from lamarck.sandbox.sandbox import Job, Mount, Sandbox, StopReason
from lamarck.sandbox.selection import choose_sandbox
from lamarck.settings import SandboxSettings

MakeJob = Callable[..., Job]


@pytest.fixture
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """A program of that name, alone on PATH, that does what a shell script says."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def make(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    return make


# --- the words -------------------------------------------------------------------------------------------------------


def words_for(job: Job, engine: str = "docker", **fields: bool) -> list[str]:
    sandbox = ContainerSandbox(Engine(engine, f"/usr/bin/{engine}", **fields))
    return sandbox.run_arguments(job, "lamarck-job-x", Path("/run/lamarck/x"), (4_000_001, 4_000_000))


def values_of(words: list[str], option: str) -> list[str]:
    return [value for word, value in itertools.pairwise(words) if word == option]


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_an_engine_is_told_to_isolate(engine: str) -> None:
    limits = JobLimits(memory_mb=100, processes=10, scratch_mb=7)
    words = words_for(Job(argv=("/bin/true",), limits=limits), engine)
    assert words[:3] == ["run", "--rm", "--pull=never"]
    assert "--read-only" in words
    for option, wanted in {
        "--network": ["none"],
        "--ipc": ["none"],
        "--cap-drop": ["ALL"],
        "--memory": ["100m"],
        "--memory-swap": ["100m"],
        "--cpus": ["1"],
        "--pids-limit": ["11"],
        "--user": ["4000001:4000000"],
        "--name": ["lamarck-job-x"],
    }.items():
        assert values_of(words, option) == wanted
    assert "no-new-privileges" in values_of(words, "--security-opt")
    tmpfs = {value.partition(":")[0]: value for value in values_of(words, "--tmpfs")}
    assert set(tmpfs) == {"/scratch", "/tmp", "/dev/shm", "/dev/mqueue"}
    assert f"size={7 << 20}" in tmpfs["/scratch"]
    assert not {"--privileged", "--cap-add", "--device", "--volume", "-v", "--env", "-e"} & set(words)


def test_a_rootless_engine_keeps_the_users_id() -> None:
    job = Job(argv=("/bin/true",))
    assert "--userns=keep-id" in words_for(job, "podman", is_rootless=True)
    assert "--userns=keep-id" not in words_for(job, "podman")


def test_everything_but_shared_folders_is_read_only(tmp_path: Path) -> None:
    odd = tmp_path / 'a,b"c d'
    odd.mkdir()
    job = Job(
        argv=("/bin/true",),
        files={"x": b""},
        mounts=(Mount(source=odd), Mount(source=tmp_path, target="/given"), Mount(source=Path("/usr/lib"))),
        shared={"it": tmp_path},
    )
    fields = [next(csv.reader(io.StringIO(value))) for value in values_of(words_for(job), "--mount")]
    by_target = {next(f[7:] for f in each if f.startswith("target=")): each for each in fields}
    assert len(by_target) == len(fields)
    assert {target for target, each in by_target.items() if "readonly" not in each} == {"/scratch/it"}
    assert {str(odd), "/given", "/job", "/usr", "/etc/passwd", "/opt/lamarck/door"} <= set(by_target)
    assert "/usr/lib" not in by_target  # shown already
    assert f"source={odd}" in by_target[str(odd)]


def test_the_image_is_empty_folders_and_links() -> None:
    with tarfile.open(fileobj=io.BytesIO(image_archive())) as archive:
        members = archive.getmembers()
    assert all(member.isdir() or member.issym() for member in members)
    names = [member.name for member in members]
    assert len(names) == len(set(names))
    assert {"usr", "etc", "job", "scratch", "tmp", "proc", "dev/shm"} <= set(names)
    links = {member.name: member.linkname for member in members if member.issym()}
    assert links == {name: os.readlink(f"/{name}") for name in links}


# --- how it fails ----------------------------------------------------------------------------------------------------


def test_an_engine_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxUnavailable, match="docker is not installed") as raised:
        choose_sandbox(SandboxSettings(backend="docker"))
    assert "apt install docker.io" in raised.value.mend


@pytest.mark.parametrize(
    ("said", "mend"),
    [
        ("Error: No such image: lamarck-sandbox:1", "lamarck sandbox image --backend docker"),
        ("Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?", "start docker"),
        ("permission denied while trying to connect to the Docker daemon socket", "group 'docker'"),
        ("something else", "docker run"),
        ("", "docker run"),
    ],
)
def test_what_an_engine_complains_of_has_its_mend(said: str, mend: str) -> None:
    error = explain_engine("docker", said)
    assert mend in error.mend
    assert said[-20:] in str(error)


def test_an_image_that_is_not_there_is_not_pulled(engines: Callable[[str, str], None], tmp_path: Path) -> None:
    engines("docker", f'echo "$@" >> {tmp_path}/asked; echo "Error: No such image: $5" >&2; exit 1')
    with pytest.raises(SandboxUnavailable, match="has no image 'mine:2'") as raised:
        choose_sandbox(SandboxSettings(backend="docker", image="mine:2"))
    assert "lamarck sandbox image --backend docker" in raised.value.mend
    assert (tmp_path / "asked").read_text() == "image inspect --format {{.Id}} mine:2\n"


@pytest.mark.parametrize("image", ["--privileged", "", "a b", "-v/:/x", "x;y", "A\n"])
def test_what_is_no_image_is_refused(image: str) -> None:
    with pytest.raises(BadInput, match="no name of an image"):
        Engine("docker", "/bin/true").has_image(image)


def test_an_engine_that_does_not_start_anything(engines: Callable[[str, str], None], python_job: MakeJob) -> None:
    engines("docker", 'case "$1" in image) exit 0;; run) echo "Error: refused" >&2; exit 125;; esac')
    sandbox = choose_sandbox(SandboxSettings(backend="docker"))
    assert sandbox.name == "docker"
    held = []
    for _ in range(3):
        with pytest.raises(SandboxUnavailable, match="docker cannot run a job: Error: refused"):
            sandbox.run(python_job("print(1)"))
        held.append(len(os.listdir("/proc/self/fd")))
    assert len(set(held)) == 1, "the first job opens what the process keeps, the warden's and its folder's lock"
    assert {row.enforcement for row in sandbox.probe()} == {"absent"}


def test_an_engine_that_says_yes_and_isolates_nothing_is_refused(
    engines: Callable[[str, str], None], python_job: MakeJob
) -> None:
    """It ends with success and nobody ever came for the job."""
    engines("docker", "exit 0")
    with pytest.raises(SandboxUnavailable):
        choose_sandbox(SandboxSettings(backend="docker")).run(python_job("print(1)"))


# --- which one is chosen ---------------------------------------------------------------------------------------------

NO_IMAGE = 'echo "Error: No such image" >&2; exit 1'


def test_bubblewrap_comes_first_where_it_has_cgroups(
    engines: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    engines("docker", "exit 0")
    monkeypatch.setattr("lamarck.sandbox.cgroup.find_places", object)
    assert isinstance(choose_sandbox(SandboxSettings()), WarmSandbox)
    monkeypatch.setattr("lamarck.sandbox.cgroup.find_places", lambda: None)
    chosen = choose_sandbox(SandboxSettings())
    assert isinstance(chosen, ContainerSandbox)
    assert isinstance(choose_sandbox(SandboxSettings(backend="bubblewrap")), WarmSandbox)
    engines("docker", NO_IMAGE)  # whoever has not made it has not asked for containers
    assert isinstance(choose_sandbox(SandboxSettings()), WarmSandbox)


def test_a_container_stands_in_where_there_is_no_bubblewrap(
    engines: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise SandboxUnavailable("bubblewrap (bwrap) is not installed", "install it")

    monkeypatch.setattr("lamarck.sandbox.bubblewrap.find_bubblewrap", missing)
    engines("docker", NO_IMAGE)
    with pytest.raises(SandboxUnavailable, match="bubblewrap") as raised:
        choose_sandbox(SandboxSettings())
    assert "install it; or use a container: make it: `lamarck sandbox image" in raised.value.mend
    engines("podman", "exit 0")
    assert choose_sandbox(SandboxSettings()).name == "podman"


def test_bubblewrap_is_tried_where_the_kernel_may_deny_it(
    engines: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(sandbox: BubblewrapSandbox) -> None:
        raise SandboxUnavailable("denied", "allow it")

    engines("docker", "exit 0")
    monkeypatch.setattr("lamarck.sandbox.selection.may_be_denied", lambda: True)
    monkeypatch.setattr(BubblewrapSandbox, "self_test", denied)
    assert choose_sandbox(SandboxSettings()).name == "docker"


# --- with an engine --------------------------------------------------------------------------------------------------

SUPERVISOR = """
import sys
from pathlib import Path
from lamarck.sandbox.containers import ContainerSandbox
from lamarck.sandbox.sandbox import Job, Mount
program, token, *mounts = sys.argv[1:]
sandbox = ContainerSandbox.of("docker")
print(sandbox.make_shared_folder().parent, flush=True)
print(sandbox._keeper().pid, flush=True)
for _ in range(2):
    argv = (program, "-I", "-S", "-c", "import os, time; os.fork(); time.sleep(300)", token)
    sandbox._start(Job(argv=argv, mounts=tuple(Mount(source=Path(m)) for m in mounts)))
print("started", flush=True)
sys.stdin.read()
"""


def containers() -> list[str]:
    engine = find_engine("docker")
    listed = subprocess.run(
        [engine.program, "ps", "--all", "--quiet", "--filter", "name=lamarck-job-"], capture_output=True, check=True
    )
    return listed.stdout.decode().split()


@pytest.mark.parametrize("victim", ["supervisor", "warden"])
@pytest.mark.parametrize("moment", ["starting", "running"])
def test_nothing_is_left_of_containers(docker: Sandbox, python_job: MakeJob, moment: str, victim: str) -> None:
    token = secrets.token_hex(8)
    job = python_job("")
    command = [sys.executable, "-c", SUPERVISOR, job.argv[0], token, *(str(m.source) for m in job.mounts)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout is not None
        folder = Path(supervisor.stdout.readline().decode().strip())
        warden = int(supervisor.stdout.readline())
        assert supervisor.stdout.readline() == b"started\n"
        if moment == "running":
            assert wait_until(lambda: len(processes_with(token)) >= 4, 30)
        os.kill(warden if victim == "warden" else supervisor.pid, signal.SIGKILL)
        if victim == "warden":
            assert wait_until(lambda: processes_with(token) == [], 30)
            supervisor.kill()
        supervisor.wait(20)
    assert wait_until(lambda: processes_with(token) == [], 30)
    assert wait_until(lambda: containers() == [], 30)
    if victim == "supervisor":
        assert wait_until(lambda: not folder.exists(), 30)


def test_the_time_of_a_job_begins_when_its_container_is_there(docker: Sandbox, python_job: MakeJob) -> None:
    outcome = docker.run(python_job("import time; time.sleep(60)", limits={"wall_seconds": 0.3}))
    assert outcome.reason is StopReason.WALL_TIME
    assert outcome.seconds >= 0.3
    assert docker.run(python_job("print(1)", limits={"wall_seconds": 0.3})).stdout == b"1\n"
