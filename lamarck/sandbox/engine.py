"""Container engines: docker and podman, by their command lines, which are alike in what is used here."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

from lamarck.errors import BadInput, SandboxUnavailable

ENGINES = ("docker", "podman")
IMAGE = "lamarck-sandbox:1"
_SYSTEM = ("usr", "bin", "sbin", "lib", "lib64", "lib32", "libx32")
_PLACES = ("etc", "opt/lamarck/door", "job", "scratch", "tmp", "proc", "dev/shm", "sys")
_OPEN = ("scratch", "tmp", "dev/shm")  # runc gives a tmpfs the mode of the folder that it covers
_PASSED = ("PATH", "HOME", "USER", "LANG", "TMPDIR")
_PASSED_PREFIXES = ("DOCKER_", "CONTAINER", "XDG_", "PODMAN_")
_ASK_SECONDS = 30.0


@dataclass(frozen=True)
class Engine:
    """name: docker or podman. program: its absolute path. is_rootless: its containers are the user's own processes."""

    name: str
    program: str
    is_rootless: bool = False

    def environment(self) -> dict[str, str]:
        """What its command line needs of ours: where the engine is, and the user's configuration of it."""
        return {k: v for k, v in os.environ.items() if k in _PASSED or k.startswith(_PASSED_PREFIXES)}

    def has_image(self, image: str) -> bool:
        """Raises `SandboxUnavailable` when the engine does not answer, `BadInput` for what is no image's name."""
        if not re.fullmatch(r"[a-z0-9][\w./:@-]*", image):
            raise BadInput(f"{image!r} is no name of an image", "set sandbox.image to one, as 'lamarck-sandbox:1'")
        asked = self._ask(["image", "inspect", "--format", "{{.Id}}", image])
        if asked.returncode == 0:
            return True
        said = asked.stderr.decode(errors="replace").strip()
        if "no such image" in said.lower() or "not known" in said.lower():
            return False
        raise explain_engine(self.name, said)

    def make_image(self, image: str) -> None:
        """Raises `SandboxUnavailable`."""
        made = self._ask(["import", "-", image], image_archive())
        if made.returncode != 0:
            raise explain_engine(self.name, made.stderr.decode(errors="replace").strip())

    def remove(self, container: str) -> None:
        """Whether or not it is there. Raises `SandboxUnavailable` when the engine does not answer."""
        self._ask(["rm", "--force", container])

    def _ask(self, arguments: list[str], given: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                [self.program, *arguments],
                input=given if given is not None else b"",
                capture_output=True,
                env=self.environment(),
                cwd="/",
                timeout=_ASK_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SandboxUnavailable(f"{self.name} does not answer: {error}", f"start {self.name}") from error


def find_engine(name: str) -> Engine:
    """By its name. Raises `SandboxUnavailable` when it is not installed."""
    program = shutil.which(name)
    if program is None:
        raise SandboxUnavailable(f"{name} is not installed", f"install it: `apt install {_PACKAGES[name]}`")
    return Engine(name, os.path.abspath(program), is_rootless=name == "podman" and os.geteuid() != 0)


_PACKAGES: Mapping[str, str] = {"docker": "docker.io", "podman": "podman"}


def image_archive() -> bytes:
    """The sandbox's image as a tar archive: empty folders, and the links by which this system's programs find their
    libraries. What a job sees of the system it is shown, read-only, when it starts."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for name in (*_SYSTEM, *_PLACES):
            parts = name.split("/")
            for end in range(1, len(parts) + 1):
                _add(archive, "/".join(parts[:end]))
    return held.getvalue()


def _add(archive: tarfile.TarFile, name: str) -> None:
    if name in archive.getnames():
        return
    entry = tarfile.TarInfo(name)
    place = f"/{name}"
    if name in _SYSTEM and os.path.islink(place):
        entry.type, entry.linkname = tarfile.SYMTYPE, os.readlink(place)
    elif name in _SYSTEM and not os.path.isdir(place):
        return
    else:
        entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name in _OPEN else 0o755
    archive.addfile(entry)


def explain_engine(name: str, said: str) -> SandboxUnavailable:
    """What an engine's command line complained of, as the error to raise."""
    line = said.splitlines()[-1].strip() if said else f"{name} ended without a word"
    lowered = line.lower()
    mend = f"see whether `{name} run` works for this user"
    if "no such image" in lowered or "unable to find image" in lowered or "not known" in lowered:
        mend = f"make the image: `lamarck sandbox image --backend {name}`"
    elif "permission denied" in lowered and "socket" in lowered:
        mend = "let this user talk to the engine (the group 'docker'), or use rootless podman"
    elif "cannot connect" in lowered or "is the docker daemon running" in lowered or "no such file" in lowered:
        mend = f"start {name}, and let it see this machine's folders (a remote engine does not)"
    return SandboxUnavailable(f"{name} cannot run a job: {line[:300]}", mend)
